"""The weights: whether they are there, whole, and what the handler will load.

How `BaseHandler` loads them is in pytorch/serve, ts/torch_handler/base_handler.py
(`initialize`): with a model file by `torch.load` and `load_state_dict`; without one a `.pt` by
`torch.jit.load`, a `.onnx` by ONNX Runtime, a `.so` as AOTInductor's, and nothing else. A handler
with loading code of its own may load any kind, so then only damage is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_mar.archive.archive import Member
from hatch_mar.checks.handler_facts import handler_module, loads_as_base_handler
from hatch_mar.checks.packed_code import find_words
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.wholeness import find_fault
from hatch_mar.finding import Finding, Rule

if TYPE_CHECKING:
    from hatch_mar.weights.weights import Weights

MISSING = Rule(
    code="MAR401",
    title="The weights are not in the archive",
    consequence="the worker dies with `FileNotFoundError`",
    fix="set `serialized-file`, which packs the file and names it in the manifest",
)
NONE = Rule(
    code="MAR402",
    title="There is neither a weights file nor a model file",
    consequence="`BaseHandler` dies with `AttributeError: 'NoneType' object has no attribute 'endswith'`",
    fix="set `serialized-file`, or override `initialize` in your own handler",
)
NOT_A_STATE_DICT = Rule(
    code="MAR406",
    title="With a model file, the weights are not a state_dict",
    consequence="`BaseHandler` passes what `torch.load` gives it to `load_state_dict`, which fails",
    fix="save `model.state_dict()`",
)
NOT_TORCHSCRIPT = Rule(
    code="MAR407",
    title="Without a model file, a `.pt` file is not TorchScript",
    consequence="`BaseHandler` loads it with `torch.jit.load`, which fails",
    fix="set `model-file`, or save `torch.jit.script(model)`",
)
SUFFIX = Rule(
    code="MAR408",
    title="Without a model file, nothing loads weights of this suffix",
    consequence="`BaseHandler` dies with `RuntimeError: No model weights could be loaded`",
    fix="set `model-file`, or write a handler whose `initialize` loads the file",
)
OTHER_KIND = Rule(
    code="MAR409",
    title="The weights are not what their suffix says",
    consequence="`BaseHandler` chooses the loader by the suffix, and loading fails",
    fix="export the model again, or rename the file",
)
PREFIX = Rule(
    code="MAR410",
    title="The state_dict was saved from a wrapper around the model",
    consequence="`load_state_dict` fails with missing and unexpected keys",
    fix=(
        "save the inner model's state_dict: `model.module` of DataParallel, `model._orig_mod` of"
        " torch.compile"
    ),
)
LOADS = re.compile(rb"load(?!s\b)\w*\s*\(|\bopen\s*\(|from_pretrained|InferenceSession|serialized_?[fF]ile")
"""Calls that may read weights, but `json.loads`, and what the manifest calls their file."""
SUFFIXES = {".onnx": ("onnx",), ".so": ("elf", "macho")}
"""The kinds (`hatch_mar.weights.kind.Kind`) that `BaseHandler` expects of a suffix, apart from `.pt`."""


def check(subject: Subject) -> Iterator[Finding]:
    name = subject.value("serializedFile")
    as_base = loads_as_base_handler(subject)
    if name is None:
        if as_base and subject.value("modelFile") is None:
            yield NONE.at(
                subject.set_by("handler"),
                "The handler loads a model, but the archive has neither weights nor a model file",
            )
        return
    member = subject.named_member("serializedFile")
    if member is None:
        yield MISSING.at(subject.set_by("serialized-file"), f"The archive has no `{name}`")
        return
    weights = subject.weights(member)
    if fault := find_fault(weights):
        place = subject.place(member)
        if as_base or may_load(subject, member):
            yield fault.rule.at(place, f"The weights are {fault.text}", fault.fix)
        else:
            text = f"The weights, which no code of the archive seems to load, are {fault.text}"
            yield fault.rule.at(place, text, fault.fix, severity="warning")
    elif as_base:
        yield from check_kind(subject, member, weights)


def may_load(subject: Subject, member: Member) -> bool:
    """Whether the handler is not the archive's, or the archive's code has a word for what loads weights."""
    if handler_module(subject) is None:
        return True
    name = re.escape(PurePosixPath(member.name).name.encode())
    return bool(find_words(subject, re.compile(LOADS.pattern + b"|" + name)))


def check_kind(subject: Subject, member: Member, weights: Weights) -> Iterator[Finding]:
    """What `BaseHandler` could not load."""
    place, description = subject.place(member), weights.describe()
    suffix = PurePosixPath(member.name).suffix
    if subject.value("modelFile") is not None:
        if weights.kind.value != "state-dict":
            yield NOT_A_STATE_DICT.at(
                place, f"The weights must be a state_dict, but are: {description}", fix_for(weights)
            )
        elif weights.prefix:
            yield PREFIX.at(place, f"Every key of the state_dict begins with `{weights.prefix}`")
    elif suffix == ".pt":
        if weights.kind.value != "torchscript" or weights.lite:
            yield NOT_TORCHSCRIPT.at(place, f"The weights must be TorchScript, but are: {description}")
    elif suffix not in SUFFIXES:
        text = f"Without a model file, TorchServe does not load `{suffix or member.name}`"
        is_script = weights.kind.value == "torchscript" and not weights.lite
        yield SUFFIX.at(
            place, text, "rename it to `*.pt`, which is loaded as TorchScript" if is_script else None
        )
    elif weights.kind.value not in SUFFIXES[suffix]:
        text = f"`{member.name}` is loaded as its suffix says, but it is: {description}"
        yield OTHER_KIND.at(place, text)


def fix_for(weights: Weights) -> str | None:
    keys = "".join(f"[{key!r}]" for key in weights.keys)
    if weights.kind.value == "checkpoint":
        return f"save what is at {keys} in a file of its own"
    if weights.kind.value == "torchscript":
        return "remove `model-file`, which TorchScript does not need, or save `model.state_dict()`"
    return None
