"""A workflow that is right, and what the checks find in those that differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.workflow import check
from hatch_mar.finding import Finding
from tests.archives import INSTANT
from tests.checks import encoded

FLOW = """\
def prepare(data, context):
    return data

def finish(data, context):
    return data
"""
GLOBALS = """\
  min-workers: 1
  max-workers: 4
  batch-size: 3
  max-batch-delay: 50
  retry-attempts: 1
  timeout-ms: 5000
"""
MODELS = "  net: {url: net.mar}\n"
DAG = "  prepare: [net]\n  net: [finish]\n"


def spec(models: str = MODELS, dag: str = DAG, defaults: str = "") -> str:
    """A specification, whose first model is in its second line if there are no defaults."""
    return f"models:\n{defaults}{models}dag:\n{dag}"


def subject(
    text: str | bytes | None = None,
    flow: str | None = FLOW,
    *,
    files: Mapping[str, str | bytes] = {},
    manifest: Mapping[str, Any] = {},
    **keys: Any,
) -> Subject:
    """A workflow as a check sees it; `manifest` are keys of the manifest's `workflow`."""
    made = Manifest.for_workflow(workflow_name="w", spec_file="s.yaml", handler="f.py", created=INSTANT)
    document = {**made.document, "workflow": {**made.workflow, **manifest}}
    members: dict[str, str | bytes] = {"s.yaml": spec() if text is None else text, **files}
    if flow is not None:
        members["f.py"] = flow
    packed = tuple(Member(name, BytesSource(encoded(data))) for name, data in members.items())
    return Subject(Archive(made._replace(document=document), packed), "w.war", **keys)


def findings(*arguments: Any, **keys: Any) -> Iterator[Finding]:
    return check(subject(*arguments, **keys))


def found(*arguments: Any, **keys: Any) -> list[str]:
    """What is found, with the severity and without the archive's name."""
    return [f"{each.severity}: {str(each).replace('w.war/', '', 1)}" for each in findings(*arguments, **keys)]
