"""Weights that were saved on a GPU, and a handler that loads them to where they were.

`BaseHandler` passes `map_location` itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.archive.archive import Member
from hatch_mar.checks.load_calls import find_load_calls
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import quote, quote_some

WITHOUT_MAP_LOCATION = Rule(
    code="MAR433",
    severity="warning",
    title="Weights that were saved on a GPU are loaded without `map_location`",
    consequence="a worker without a GPU dies with `Attempting to deserialize object on a CUDA device`",
    fix="pass `map_location`, such as the worker's device, or save the weights after `.cpu()`",
)


def check(subject: Subject) -> Iterator[Finding]:
    if subject.model_config.settings.get("deviceType") == "gpu":
        return
    members = [member for member in subject.archive.members if find_gpus(subject, member)]
    calls = find_load_calls(subject) if members else []
    for member in members:
        for call in calls:
            if call.loader == "torch.load" and not has_location(call.node) and call.opens(subject, member):
                gpus = quote_some(find_gpus(subject, member))
                text = f"{quote(member.name)} was saved on {gpus}, and is loaded without `map_location`"
                yield WITHOUT_MAP_LOCATION.at(subject.place(call.module.member, call.node.lineno), text)
                break


def find_gpus(subject: Subject, member: Member) -> list[str]:
    return [device for device in subject.weights(member).saved_on if device.startswith("cuda")]


def has_location(call: ast.Call) -> bool:
    """Whether a call passes `map_location`, or may do so."""
    if len(call.args) > 1 or isinstance(call.args[0], ast.Starred):
        return True
    return any(
        keyword.arg is None or (keyword.arg == "map_location" and not is_none(keyword.value))
        for keyword in call.keywords
    )


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
