"""Findings about the manifest of a workflow."""

from __future__ import annotations

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.workflow.registration import check
from tests.checks.workflow import found, subject

MANIFEST = "WAR-INF/MANIFEST.json: MAR851"
AGAIN = "add it, or build the archive again"


@pytest.mark.parametrize("key", ["createdOn", "archiverVersion"])
def test_lacks(key: str):
    """TorchServe refuses a manifest that does not say who wrote it, and when."""
    made = subject()
    document = {name: value for name, value in made.manifest.document.items() if name != key}
    archive = Archive(made.manifest._replace(document=document), made.archive.members)

    assert [str(finding) for finding in check(Subject(archive, "w.war"))] == [
        f"w.war/{MANIFEST} The workflow's manifest has no `{key}`; {AGAIN}"
    ]


def test_handler():
    """A handler must be named, even if no node is a function."""
    assert found("models: {net: {url: net.mar}}\ndag: {net: []}\n", manifest={"handler": None}) == [
        (
            f"error: {MANIFEST} TorchServe does not register a workflow without a handler, even if it has"
            " only models; set `handler`, to an empty file if no function is needed"
        )
    ]


def test_name():
    """The name may be given with the registration."""
    assert found(manifest={"workflowName": ""}) == [
        f"warning: {MANIFEST} The workflow's manifest has no `workflowName`; {AGAIN}"
    ]


@pytest.mark.parametrize("key", ["workflowName", "specFile", "handler"])
def test_not_a_string(key: str):
    """A list is refused, of which nothing else is said; a number is taken for its digits."""
    assert found(manifest={key: ["f.py"]}) == [
        (
            f"error: WAR-INF/MANIFEST.json: MAR103 `workflow.{key}` in the manifest is not a string;"
            " make it a string"
        )
    ]
    assert "MAR103" not in "".join(found(manifest={key: 3}))


def test_spec():
    assert found(manifest={"specFile": None}) == [
        f"error: {MANIFEST} The workflow's manifest does not name a `specFile`; {AGAIN}"
    ]
    assert found(manifest={"specFile": "./s.yaml"}) == []
