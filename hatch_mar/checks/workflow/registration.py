"""What the manifest of a workflow must have (WorkflowArchive.java, `validate`)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from hatch_mar.checks.archive_names import NOT_A_STRING, non_strings
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule

LACKING = Rule(
    code="MAR851",
    title="The workflow lacks what TorchServe needs to register it",
    consequence="the registration fails with a `NullPointerException`, or a message that it is not defined",
    fix="add it, or build the archive again",
)
NO_HANDLER = "TorchServe does not register a workflow without a handler, even if it has only models"


def check(subject: Subject) -> Iterator[Finding]:
    place, workflow = subject.set_by("manifest"), subject.manifest.workflow
    for key in non_strings(workflow, ("workflowName", "specFile", "handler")):
        yield NOT_A_STRING.at(place, f"`workflow.{key}` in the manifest is not a string")
    for key in ("createdOn", "archiverVersion"):
        if subject.manifest.document.get(key) is None:
            yield LACKING.at(place, f"The workflow's manifest has no `{key}`")
    if workflow.get("workflowName") in (None, ""):
        yield LACKING.at(place, "The workflow's manifest has no `workflowName`", severity="warning")
    if workflow.get("handler") is None:
        fix = "set `handler`, to an empty file if no function is needed"
        yield LACKING.at(subject.set_by("workflow-name"), NO_HANDLER, fix)
    spec = subject.value("specFile")
    if workflow.get("specFile") in (None, ""):
        yield LACKING.at(subject.set_by("spec-file"), "The workflow's manifest does not name a `specFile`")
    elif spec and posixpath.normpath(spec) not in subject.members:
        yield LACKING.at(subject.set_by("spec-file"), f"The archive has no `{spec}`")
