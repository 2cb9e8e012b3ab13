"""What the handler makes of the requests of a batch: a list with an answer for each.

pytorch/serve, ts/service.py (`predict`) and ts/torch_handler/base_handler.py (`handle`, which returns
what `postprocess` returns).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.checks.handler_facts import built_in, handler_function, handler_lineage
from hatch_mar.checks.lineage import Lineage
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.pysource.classes import accepts
from hatch_mar.pysource.functions import FunctionNode, find_wrong_return, reads_first_alone
from hatch_mar.pysource.module import Module
from hatch_mar.torchserve.consumers import TORCHSERVE
from hatch_mar.torchserve.handlers import STEPS

NOT_A_LIST = Rule(
    code="MAR263",
    severity="warning",
    consumer=TORCHSERVE,  # KServe's envelope makes a list of anything
    title="The handler does not return a list",
    consequence=(
        "unless an envelope makes a list of it, requests are answered with `Invalid model predict output`"
    ),
    fix="return a list with an answer for each request",
)
STEP = Rule(
    code="MAR264",
    title="A step of the handler cannot be called as `BaseHandler.handle` calls it",
    consequence="every request is answered with `Prediction failed`, after a `TypeError`",
    fix="take one argument besides `self`, and give all others a default",
)
PLAIN = "make it a plain method, or define an `async` method `handle` that awaits it"
FIRST_ONLY = Rule(
    code="MAR265",
    severity="warning",
    title="The handler looks only at the first request of a batch",
    consequence="requests that come together are answered with `number of batch response mismatched`",
    fix="answer every request, or set `batchSize: 1`",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Check the function that the worker calls, the class's `handle`, or what `BaseHandler.handle` calls."""
    lineage = handler_lineage(subject)
    if function := handler_function(subject):
        yield from check_whole(subject, *function, function[1].name, 0)
    elif lineage and (method := lineage.find_method("handle")):
        yield from check_whole(subject, *method, f"{lineage.name}.handle", 1)
    elif lineage and lineage.is_handled_in_steps:
        yield from check_steps(subject, lineage)
    elif (own := built_in(subject)) and not own.takes_batches:
        yield from report_first_only(subject, subject.set_by("handler"), f"Handler `{own.name}`")


def check_whole(
    subject: Subject, module: Module, function: FunctionNode, name: str, index: int
) -> Iterator[Finding]:
    """Check a function that is given the requests as the parameter at `index`, and returns the answers."""
    yield from check_return(subject, module, function, name)
    if line := reads_first_alone(function, index):
        yield from report_first_only(subject, subject.place(module.member, line), f"`{name}`")


def check_steps(subject: Subject, lineage: Lineage) -> Iterator[Finding]:
    for step in STEPS:
        found = lineage.find_method(step)
        if found is None:
            continue
        module, function = found
        name, place = f"{lineage.name}.{step}", subject.place(module.member, function.lineno)
        if isinstance(function, ast.AsyncFunctionDef):
            yield STEP.at(place, f"`{name}` is `async`, but `BaseHandler.handle` does not await it", PLAIN)
        if not accepts(function, 1, bound=True):
            text = f"`{name}` cannot be called with one argument, the data, as `BaseHandler.handle` calls it"
            yield STEP.at(place, text)
        elif step == "preprocess" and (line := reads_first_alone(function, 1)):
            yield from report_first_only(subject, subject.place(module.member, line), f"`{name}`")
        elif step == "postprocess":
            yield from check_return(subject, module, function, name)
    base = lineage.base
    if base and not base.takes_batches and lineage.find("preprocess") is None:
        place = subject.place(lineage.links[0].module.member, lineage.links[0].definition.lineno)
        yield from report_first_only(subject, place, f"`{base.class_name}.preprocess`")


def check_return(subject: Subject, module: Module, function: FunctionNode, name: str) -> Iterator[Finding]:
    if found := find_wrong_return(function, module.names):
        line, kind = found
        text = f"`{name}` returns {kind}, not a list"
        yield NOT_A_LIST.at(subject.place(module.member, line), text)


def report_first_only(subject: Subject, place: Place, who: str) -> Iterator[Finding]:
    size = subject.setting("batchSize")
    if isinstance(size, int) and size > 1:
        text = f"{who} looks only at the first request, but a batch has up to {size} by `batchSize`"
        yield FIRST_ONLY.at(place, text)
