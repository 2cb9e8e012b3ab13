"""The options of commands that read a project."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from hatch_mar.cli import main, try_
from hatch_mar.trial.candidate import Options

pytest.importorskip("build")

PYPROJECT = """
[build-system]
requires = [{requires}]
build-backend = "backend"
backend-path = ["."]

[project]
name = "digits"
dynamic = ["version"]

[tool.mar]
handler = "handler.py"
"""
BACKEND = """
import os
import sys

INFO = "digits-2.0.dist-info"
with open(os.path.join(os.path.dirname(__file__), "prefix"), "w") as file:
    file.write(sys.prefix)


def build_wheel(directory, settings=None, metadata=None): ...


def prepare_metadata_for_build_wheel(directory, settings=None):
    os.mkdir(os.path.join(directory, INFO))
    with open(os.path.join(directory, INFO, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: digits\\nVersion: 2.0\\n")
    return INFO
"""
COMMANDS = ["build", "check", "try"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(try_, "Options", partial(Options, stand_in=True, bare=True))
    root = tmp_path / "project"
    root.mkdir()
    (root / "backend.py").write_text(BACKEND)
    (root / "handler.py").write_text("def handle(data, context):\n    return data\n")
    (root / "pyproject.toml").write_text(PYPROJECT.format(requires=""))
    return root


class TestProject:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_here(self, project: Path, command: str, monkeypatch: pytest.MonkeyPatch):
        """By default it is the working directory's."""
        monkeypatch.chdir(project)

        assert main([command, "digits"]) == 0

    @pytest.mark.parametrize("command", COMMANDS)
    def test_elsewhere(self, project: Path, command: str):
        """It may be anywhere."""
        assert main([command, "--project", str(project), "digits"]) == 0


class TestIsolation:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_no_isolation(self, project: Path, command: str, capsys: pytest.CaptureFixture[str]):
        """With `--no-isolation`, what is missing in this environment is an error."""
        (project / "pyproject.toml").write_text(PYPROJECT.format(requires="'nothing-such'"))
        expected = (
            f"The build backend of `{project}` needs `nothing-such`, which this environment lacks;"
            " install what is missing, or use `--isolation`\n"
        )

        assert main([command, "--project", str(project), "--no-isolation"]) == 1
        assert capsys.readouterr().err.endswith(expected)

    @pytest.mark.parametrize(
        ("options", "isolated"), [([], False), (["--no-isolation"], False), (["--isolation"], True)]
    )
    def test_environment(self, project: Path, options: list[str], isolated: bool):
        """The backend runs in this environment, which has all it needs, unless `--isolation` is given."""
        assert main(["check", "--project", str(project), *options]) == 0
        assert ((project / "prefix").read_text() != sys.prefix) is isolated
