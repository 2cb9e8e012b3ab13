"""Whether the weights are those of the model, where its class is plain enough to tell its tensors.

pytorch/serve, ts/torch_handler/base_handler.py (`_load_pickled_model`): `load_state_dict` is strict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hatch_mar.budget import STEPS
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import MOST_NAMES, and_more, quote, quote_some
from hatch_mar.weights.kind import Kind

if TYPE_CHECKING:
    from hatch_mar.pysource.rehearsal.layers import Shape
    from hatch_mar.weights.shapes import Shapes

MISFIT = Rule(
    code="MAR307",
    title="The state_dict does not fit the model",
    consequence="the worker dies with `RuntimeError: Error(s) in loading state_dict`",
    fix="save the state_dict of this class, or pack the class that it was saved from",
)


def check_fit(subject: Subject, module: str, name: str) -> Iterator[Finding]:
    """Compare the weights with the tensors of the class that the module defines."""
    member = subject.named_member("serializedFile")
    weights = subject.weights(member) if member else None
    if member is None or weights is None or weights.kind is not Kind.STATE_DICT or weights.prefix:
        return
    expected = find_tensors(subject, module)
    if expected is None:
        return
    from hatch_mar.weights.shapes import read_shapes

    with member.source.open() as stream:
        present = read_shapes(stream, subject.budget)
    if present is not None and (misfit := describe_misfit(expected, present)):
        yield MISFIT.at(subject.place(member), f"The state_dict does not fit `{name}`: {misfit}")


def find_tensors(subject: Subject, module: str) -> Mapping[str, Shape] | None:
    from hatch_mar.pysource.rehearsal.network import Network

    network = Network(subject.module, subject.manifest.document, None, subject.members)
    allowed = network.steps
    try:
        return network.find_tensors(module)
    finally:
        subject.budget.spend(STEPS, allowed - network.steps)


def describe_misfit(expected: Mapping[str, Shape], present: Shapes) -> str:
    """What `load_state_dict` would refuse; empty if there is nothing."""
    from hatch_mar.pysource.rehearsal.layers import COUNTER

    # torch adds the counter, which old batch norms do not have
    lacking = [name for name in expected if name not in present and not name.endswith(COUNTER)]
    unknown = [name for name in present if name not in expected]
    others = [
        f"{quote(name)} is of shape {show_shape(found)} instead of {show_shape(shape)}"
        for name, shape in expected.items()
        if (found := present.get(name)) is not None and found != shape and shape
    ]
    parts = [f"it lacks {quote_some(lacking)}"] if lacking else []
    parts += [f"it has {quote_some(unknown)}, which the class does not have"] if unknown else []
    return ", and ".join(parts + others[:MOST_NAMES]) + and_more(len(others) - MOST_NAMES)


def show_shape(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"
