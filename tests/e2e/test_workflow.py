"""Workflow archives, beside those of torch-workflow-archiver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from hatch_mar.build.plan import plan_project
from tests.archives import SomeProject
from tests.e2e.conftest import Run

MANIFEST = "WAR-INF/MANIFEST.json"
SPEC = "models:\n  min-workers: 1\ndag:\n  pre: []\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "flows/spec.yaml": SPEC,
        "flows/handler.py": "def pre(data, context): return data\n",
        "flows/words.txt": "a\n",
        "more.txt": "b\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        {"handler": "flows/handler.py"},
        {"handler": "flows/handler.py", "extra-files": "flows/words.txt,more.txt"},
        {"handler": "flows/handler.py", "workflow-name": "Flow-2_b.1"},
    ],
)
def test_same_as_torch_workflow_archiver(options: dict[str, str], root: Path, run: Run, tmp_path: Path):
    """The same options give the same members and manifest."""
    values = {"workflow-name": "flow", "spec-file": "flows/spec.yaml"} | options
    (tmp_path / "theirs").mkdir()
    (tmp_path / "tmp").mkdir()
    arguments = [word for key, value in values.items() for word in (f"--{key}", value)]
    run(
        "torch-workflow-archiver",
        *arguments,
        "--export-path",
        tmp_path / "theirs",
        cwd=root,
        TMPDIR=str(tmp_path / "tmp"),
    )
    project = SomeProject(root, {"tool": {"mar": {"workflows": [values]}}})
    [planned] = plan_project(project, tmp_path / "ours")
    planned.build()

    name = f"{values['workflow-name']}.war"
    assert contents(tmp_path / "theirs" / name) == contents(tmp_path / "ours" / name)


def contents(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, but for what names its writer and time, and the other members."""
    with ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    assert list(manifest) == ["createdOn", "workflow", "archiverVersion"]
    return manifest | {"createdOn": "", "archiverVersion": ""}, members
