"""The functions of a workflow's graph.

TorchServe registers each as a model, whose handler is the function of the workflow's handler and whose
files are those beside it (ModelManager.java, `registerModel`). So each is checked as such a model is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from hatch_mar.archive.archive import Archive
from hatch_mar.checks import handler, map_location, opened_files, pretrained, torchscript_needs
from hatch_mar.checks.handler import entry_point
from hatch_mar.checks.handler_facts import handler_module
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.workflow.spec_file import SpecFile
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.pysource.module import Module
from hatch_mar.text import did_you_mean, quote
from hatch_mar.torchserve.workflow_spec import Spec

NEITHER = Rule(
    code="MAR855",
    title="A node of the workflow's graph is neither a model nor a function",
    consequence="its worker dies, and the registration fails with `Failed to start workers for model …`",
    fix="correct the name, add the model to `models`, or define the function in the handler",
)

FIXES = {
    entry_point.CLASS_NAMED: "name a function",
    entry_point.ASYNC: "make it a plain function",
}
"""What to do about a function, which has no configuration, and whose name is a node's."""

MOST_KNOWN = 1000
"""Names that a wrong one is compared with."""
MOST_FUNCTIONS = 20
"""Those that are followed: each takes a worker, and no server has so many for one workflow."""


def check(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    functions = [node for node in spec.nodes if node not in spec.models]
    if not functions or file.subject.value("handler") is None:
        return
    module = handler_module(next(as_models(file.subject, functions)))
    lacking = {node: module for node in functions if module and not module.may_have(node)}
    for node, where in islice(lacking.items(), MOST_FINDINGS):
        yield report_neither(file, spec, where, node)
    others = [node for node in functions if node not in lacking]
    seen: set[Finding] = set()
    for finding in check_models(list(as_models(file.subject, others[:MOST_FUNCTIONS]))):
        if finding not in seen:
            seen.add(finding)
            yield finding


def check_models(models: Sequence[Subject]) -> Iterator[Finding]:
    for model in models:
        for finding in handler.check(model):
            yield finding._replace(fix=FIXES.get(finding.rule, finding.fix))
    for model in models[:1]:
        # what one function has made in their folder, another may open
        model.rehearsal = [event for each in models for event in each.rehearsal]
        for module in (opened_files, pretrained, torchscript_needs, map_location):
            yield from module.check(model)


def as_models(subject: Subject, functions: Iterable[str]) -> Iterator[Subject]:
    """What TorchServe makes of functions: the files in the handler's folder, and the function as handler."""
    # of an absolute path, Java makes one below the folder
    folder, slash, name = (subject.value("handler") or "").lstrip("/").rpartition("/")
    prefix = folder + slash
    members = [
        member._replace(name=member.name.removeprefix(prefix))
        for member in subject.archive.members
        if member.name.startswith(prefix)
    ]
    modules = {} if prefix else subject.modules
    for function in functions:
        document = {"workflow": {**subject.manifest.workflow, "handler": f"{name}:{function}"}}
        model = Subject(
            Archive(subject.manifest._replace(document=document), members),
            subject.file_name + slash + folder,
            subject.origins,
            root=subject.root,
            server_packages=subject.server_packages,
            consumers=subject.consumers,
            budget=subject.budget,
        )
        model.modules = modules
        yield model


def report_neither(file: SpecFile, spec: Spec, module: Module, node: str) -> Finding:
    place = file.place(spec.nodes[node])
    text = f"Node {quote(node)} of `dag` is neither a model nor a function of `{module.member.name}`"
    known = islice((*spec.models, *module.names.list_bound()), MOST_KNOWN)
    fix = did_you_mean(node, known) or None
    if module.only_class:
        uses = f"so TorchServe uses class `{module.only_class.name}`"
        return NEITHER.at(place, f"{text}, {uses}", fix, severity="warning")
    return NEITHER.at(place, text, fix)
