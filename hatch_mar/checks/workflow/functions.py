"""The functions of a workflow's graph: TorchServe runs a worker for each, with the workflow's handler."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hatch_mar.checks.handler import UNPARSABLE, entry_point, importing
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.workflow.manifest import LACKING
from hatch_mar.checks.workflow.spec_file import SpecFile
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.pysource.module import PYTHON, Module
from hatch_mar.text import did_you_mean, quote
from hatch_mar.torchserve.workflow_spec import Spec

NEITHER = Rule(
    code="MAR855",
    title="A node of the workflow's graph is neither a model nor a function",
    consequence="its worker dies, and the registration fails with `Failed to start workers for model …`",
    fix="correct the name, add the model to `models`, or define the function in the handler",
)


def check(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    subject = file.subject
    functions = [node for node in spec.nodes if node not in spec.models]
    handler = subject.value("handler")
    if not functions or not handler:
        return
    name = handler.removesuffix(".py").replace("/", ".")
    module = subject.module(name)
    if module is None:
        if Reach(subject).look_up(name) != "compiled":
            text = f"The archive has no `{handler}`, whose function {quote(functions[0])} is a node of `dag`"
            yield LACKING.at(subject.set_by("handler"), text, "pack the handler's file at the archive's root")
        return
    if module.fault:
        place = subject.place(module.member, module.line)
        yield UNPARSABLE.at(place, f"The workflow's handler is not {PYTHON}: {module.fault}")
    yield from islice(check_functions(file, spec, module, functions), MOST_FINDINGS)
    if "/" not in handler:
        yield from importing.check(subject, name, None)


def check_functions(file: SpecFile, spec: Spec, module: Module, functions: list[str]) -> Iterator[Finding]:
    if module.tree is None:
        return
    for node in functions:
        if module.names.has(node):
            yield from entry_point.check_function(file.subject, module, node)
        elif not (module.names.stars or module.names.has("__getattr__")):
            yield report_neither(file, spec, module, node)


def report_neither(file: SpecFile, spec: Spec, module: Module, node: str) -> Finding:
    place = file.place(spec.nodes[node])
    text = f"Node {quote(node)} of `dag` is neither a model nor a function of `{module.member.name}`"
    known = [*spec.models, *(name for name, _ in module.names.items())]
    fix = did_you_mean(node, known) or None
    if module.only_class:
        return NEITHER.at(
            place, f"{text}, so TorchServe uses class `{module.only_class.name}`", fix, severity="warning"
        )
    return NEITHER.at(place, text, fix)
