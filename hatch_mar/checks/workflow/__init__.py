"""A workflow: its manifest, its specification, and the handler with the functions of its graph.

The rules come from pytorch/serve, frontend/…/ensemble/WorkFlow.java and Dag.java and
workflow/WorkflowManager.java, and were seen with TorchServe 0.12, to which
tests/e2e/test_served_workflow.py shows them. It registers a workflow whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.checks.workflow import (
    graph,
    graph_functions,
    graph_models,
    registration,
    spec_file,
    spec_values,
)
from hatch_mar.checks.workflow.spec_file import SpecFile
from hatch_mar.finding import Finding
from hatch_mar.torchserve import workflow_spec


def check(subject: Subject) -> Iterator[Finding]:
    yield from registration.check(subject)
    member = subject.named_member("specFile")
    if member is None:
        return
    data = subject.text(member)
    document = workflow_spec.read(data, subject.budget, is_whole=len(data) < LARGEST_TEXT)
    file = SpecFile(subject, member)
    yield from spec_file.check(file, document.faults)
    if document.table is None:
        return
    spec = workflow_spec.Spec(document.table)
    yield from spec_values.check(file, document.table)
    yield from graph_models.check(file, spec)
    yield from graph.check(file, spec)
    yield from graph_functions.check(file, spec)
