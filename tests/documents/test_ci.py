"""Jobs of continuous integration, run as a page shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.ci import Action, list_steps, run_job

GITHUB = {
    "jobs": {
        "build": {
            "steps": [
                {"uses": "actions/checkout@v4"},
                {"run": "echo $X >x", "env": {"X": "1"}, "working-directory": "deep"},
                {"run": "false"},
                {"run": "touch never"},
            ]
        }
    }
}
GITLAB = {"build": {"script": ["cd deep", "echo $X >x"], "variables": {"X": "$CI_TAG/1"}}}


def test_github():
    """The steps of a workflow that run something, each with its own variables and folder."""
    assert next(list_steps(GITHUB, "build", {})) == ("echo $X >x", {"X": "1"}, "deep")
    assert len([*list_steps(GITHUB, "build", {})]) == 3


def test_action():
    """Of the actions, only that of hatch-mar is run, with its inputs."""
    steps = [
        {"uses": "actions/checkout@v4"},
        {"uses": "ORG/hatch-mar@v0.1.0", "with": {"project": "a"}},
        {"uses": "ORG/hatch-mar@v0.1.0"},
    ]

    assert [*list_steps({"jobs": {"build": {"steps": steps}}}, "build", {})] == [
        Action({"project": "a"}),
        Action({}),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="pages are run on Linux")
class TestRun:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "deep").mkdir()
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def test_failing(self, folder: Path):
        """A step that fails ends its job."""
        with pytest.raises(subprocess.CalledProcessError, match="false"):
            run_job(GITHUB, "build", os.environ)
        assert (folder / "deep/x").read_text() == "1\n"
        assert not (folder / "never").exists()

    def test_gitlab(self, folder: Path):
        """The lines of a script are one, and variables name those of GitLab."""
        run_job(GITLAB, "build", {**os.environ, "CI_TAG": "v1"})

        assert (folder / "deep/x").read_text() == "v1/1\n"
