"""Weights that were saved on a GPU, and a handler that loads them to where they were.

`BaseHandler` passes `map_location` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hatch_mar.archive.archive import Member
from hatch_mar.checks.load_calls import find_load_calls
from hatch_mar.checks.packed_code import find_words
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.text import quote, quote_some

WITHOUT_MAP_LOCATION = Rule(
    code="MAR433",
    severity="warning",
    title="Weights that were saved on a GPU are loaded without `map_location`",
    consequence=(
        "a worker without a GPU dies with `Attempting to deserialize object on a CUDA device`, or with"
        " `Could not run … with arguments from the 'CUDA' backend` if it is TorchScript"
    ),
    fix="pass `map_location`, such as the worker's device, or save the weights after `.cpu()`",
)

LOADERS = ("torch.load", "torch.jit.load")
REPLACING = re.compile(rb"\btorch(?:\.jit)?\.load\s*=")
"""How code puts another function, which may know where to load to, in the place of torch's."""


def check(subject: Subject) -> Iterator[Finding]:
    if subject.setting("deviceType") == "gpu":
        return
    members = [member for member in subject.archive.members if find_gpus(subject, member)]
    loads = find_load_calls(subject) if members and not find_words(subject, REPLACING) else {}
    for member in members:
        calls = loads.get(member.name, ())
        call = next((call for call in calls if call.name in LOADERS and not has_location(call)), None)
        if call:
            gpus = quote_some(find_gpus(subject, member))
            text = f"{quote(member.name)} was saved on {gpus}, and is loaded without `map_location`"
            yield WITHOUT_MAP_LOCATION.at(subject.place(call.module.member, call.line), text)


def find_gpus(subject: Subject, member: Member) -> list[str]:
    return [device for device in subject.weights(member).saved_on if device.startswith("cuda")]


def has_location(call: Call) -> bool:
    """Whether a call passes `map_location`, or may do so."""
    given = (*call.args[1:2], call.keywords.get("map_location"))
    return not call.is_whole or any(value is not None for value in given)
