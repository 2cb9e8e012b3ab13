"""What loading a file of the archive would import and do, whatever the file is packed as and called.

A handler opens extra files and packages as it does the weights, so every member is looked at. Only of what
TorchServe's own code loads is it known by what: the weights for a model file, and a vocabulary, by
`torch.load`, whatever their suffix, which since torch 2.6 imports nothing but the names of its own list.
Everyone else may have told the loader to trust the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.budget import Exhausted
from hatch_mar.checks.handler_facts import find_loaded
from hatch_mar.checks.many import show_first
from hatch_mar.checks.pickled_classes import Pair, PickledNames
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule, Severity
from hatch_mar.text import and_more, quote, quote_some
from hatch_mar.weights.loading import NOT_OF_TORCH, Loading

REFUSED = Rule(
    code="MAR411",
    title="TorchServe's `torch.load` refuses to unpickle a file",
    consequence="torch 2.6 and newer load with `weights_only=True`, which allows only certain names",
    fix="save a plain dictionary, as a state_dict is, or list in `allow-globals` what you trust and the"
    " handler allows",
)
PICKLE = Rule(
    code="MAR412",
    severity="warning",
    title="Loading a file imports what `weights_only` does not allow",
    consequence="a handler can only load it if it trusts it (`weights_only=False`), which can run any code",
    fix=(
        "save plain data, such as a state_dict; or list in `allow-globals` what you trust, which must also"
        " be importable in the worker"
    ),
)
CODE = Rule(
    code="MAR413",
    title="Loading a file runs code that the file brings",
    consequence="whoever made the file runs what they like on the server, and wherever else it is loaded",
    fix="do not load it anywhere; get the file from a source that you trust",
)
UNKNOWN = Rule(
    code="MAR414",
    severity="warning",
    title="What loading a file does cannot be determined",
    consequence="it may import anything and run any code",
    fix="save plain data, such as a state_dict; or trust its source, and ignore this",
)
EFFECT = Rule(
    code="MAR415",
    severity="warning",
    title="Loading a file does more than read it",
    consequence="the worker does it when it loads the file, with all of its permissions",
    fix="get the file from a source that you trust",
)
UNPICKLERS = ("torch.load", "pickle.load", "joblib.load")
"""The loaders that read the same pickles, so that what one of them would import, all of them would."""


class Concern(NamedTuple):
    """What is the matter with some of a file's loadings."""

    file: str
    loadings: tuple[Loading, ...]
    things: tuple[str, ...]
    """Names that are imported, or reasons."""

    @property
    def loaders(self) -> str:
        """Who loads what: "`torch.load` of `w.pt`"."""
        loaders = " or ".join(
            f"`{loader}`" for loader in dict.fromkeys(each.loader for each in self.loadings)
        )
        parts = list(dict.fromkeys(each.part for each in self.loadings if each.part))
        shown = f" ({parts[0]}{and_more(len(parts) - 1)})" if parts else ""
        return f"{loaders} of {quote(self.file)}{shown}"

    @property
    def reason(self) -> str:
        return self.things[0] + and_more(len(self.things) - 1)


def check(subject: Subject) -> Iterator[Finding]:
    own = find_known(subject)
    # these first, so that they are never among those that are only counted
    first = [subject.named_member("serializedFile"), *own]
    members = sorted(subject.archive.members, key=lambda member: member not in first)
    worker = PickledNames(subject)
    found = (
        (member.name, finding)
        for member in members
        for finding in check_member(subject, member, worker, by_torchserve=member in own)
    )
    yield from show_first(subject, found)


def find_known(subject: Subject) -> list[Member]:
    """The members that TorchServe's own code is known to load: none if the handler is too long to tell."""
    try:
        return find_loaded(subject)
    except Exhausted:
        # what a file would do is looked at all the same
        return []


def check_member(
    subject: Subject, member: Member, worker: PickledNames, *, by_torchserve: bool
) -> Iterator[Finding]:
    """What is wrong with a file, whose unpickler is TorchServe's own `torch.load` or anyone's.

    Args:
        worker: tells what it can import.
    """
    loadings = subject.weights(member).loadings
    if not loadings:  # as most files have none
        return
    own = [each for each in loadings if by_torchserve and each.loader in UNPICKLERS and not each.part]
    others = [each for each in loadings if each not in own]
    by_torch = dict.fromkeys(each._replace(loader="torch.load") for each in own)
    yield from check_loadings(subject, member, worker, by_torch, trusted=False)
    yield from check_loadings(subject, member, worker, others, trusted=True)


def check_loadings(
    subject: Subject, member: Member, worker: PickledNames, loadings: Iterable[Loading], *, trusted: bool
) -> Iterator[Finding]:
    """What is wrong with loading a file in these ways, each rule once.

    Args:
        trusted: the loader may have been told to trust the file, and then does all that it asks for. If
            not, it is TorchServe's, and fails instead.
    """
    place = subject.place(member)

    def concern(find: Callable[[Loading], Iterable[str]]) -> Concern | None:
        found = {loading: tuple(find(loading)) for loading in loadings}
        concerned = tuple(loading for loading in found if found[loading])
        things = tuple(dict.fromkeys(chain(*found.values())))
        return Concern(member.name, concerned, things) if things else None

    def names(pairs: Iterable[Pair]) -> Iterator[str]:
        return (name for name in map(".".join, pairs) if name not in subject.allow_globals)

    runners = concern(lambda each: names(each.code_runners))
    if runners:
        runs = "runs what it is given" if len(runners.things) == 1 else "run what they are given"
        yield CODE.at(place, f"{runners.loaders} imports {quote_some(runners.things)}, which {runs}")

    imports = {each: imports_of(each, trusted=trusted) for each in loadings}
    granted = (
        pair for pair in chain(*imports.values()) if trusted or ".".join(pair) in subject.allow_globals
    )
    faults = worker.find_faults(member, granted)

    def lacking(rule: Rule) -> Concern | None:
        return concern(lambda each: (".".join(pair) for pair in imports[each] if faults.get(pair) is rule))

    for fault in dict.fromkeys(faults.values()):
        if found := lacking(fault):
            text = f"{found.loaders} imports {quote_some(found.things)}"
            yield worker.report(fault, member, text, found.things, certain=not trusted)

    rule = PICKLE if trusted else REFUSED
    if found := concern(lambda each: names(pair for pair in imports[each] if pair not in faults)):
        yield rule.at(place, f"{found.loaders} imports {quote_some(found.things)}")
    elif not (trusted and (runners or faults)) and (
        found := concern(lambda each: refusals_of(each, trusted=trusted))
    ):
        yield rule.at(place, f"`torch.load(weights_only=True)` refuses {quote(member.name)}: {found.reason}")

    if found := concern(lambda each: [each.unknown] if each.unknown else []):
        severity: Severity = "warning" if trusted else "error"
        yield UNKNOWN.at(
            place, f"What {found.loaders} does cannot be determined: {found.reason}", severity=severity
        )

    if found := concern(lambda each: each.effects):
        yield EFFECT.at(place, f"{found.loaders} {found.reason}")


def imports_of(loading: Loading, *, trusted: bool) -> Iterable[Pair]:
    """What torch's list lacks; if it is not refused, without what `CODE` says already."""
    said = set(loading.code_runners) if trusted else ()
    return [pair for pair in loading.unsafe_globals if pair not in said]


def refusals_of(loading: Loading, *, trusted: bool) -> Iterable[str]:
    """Why torch refuses the file. A pickle that torch did not write is for another loader than torch's."""
    if not trusted:
        return loading.refusals
    return [each for each in loading.refusals if loading.loader == "torch.load" and each != NOT_OF_TORCH]
