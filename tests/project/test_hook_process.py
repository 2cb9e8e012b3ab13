from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.hook_process import call_hook, main
from hatch_mar.project.pyproject import PyProject
from tests.project.fake_backend import install_backend

STATE = """
import os, sys

def build_wheel(directory, *others):
    assert "touched" not in os.environ
    os.environ["touched"] = "1"
    os.chdir(os.sep)
    print("built in", Path.cwd(), others, flush=True)
    print("a warning", file=sys.stderr, flush=True)
    return "\xeb.whl"

def build_sdist(directory):
    print("compiling", flush=True)
    raise RuntimeError("no\\ncompiler")

def get_requires_for_build_sdist():
    sys.exit("no setup.py")

def get_requires_for_build_wheel():
    os._exit(0)

def build_editable(directory):
    import json_of_the_project
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PyProject:
    install_backend(tmp_path / "site", monkeypatch, STATE)
    root = tmp_path / "project"
    root.mkdir()
    (root / "json_of_the_project.py").touch()
    (root / "pyproject.toml").write_text('[tool.mar]\nbuild-backend = "fake"\n')
    return PyProject(root)


def test_call(project: PyProject, capfd: pytest.CaptureFixture[str]) -> None:
    """The result is returned, and what the hook prints is shown as it would be without the call."""
    assert call_hook(project, "build_wheel", "dist", {"a": ["1"]}, None) == "\xeb.whl"
    assert capfd.readouterr() == (f"built in {os.sep} ({{'a': ['1']}}, None)\n", "a warning\n")


def test_main(project: PyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process reads the call from its standard input, and writes the result to a file."""
    monkeypatch.chdir(project.root)
    monkeypatch.setattr("os.environ", dict(os.environ))  # which the hook changes
    result = tmp_path / "result.json"
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(["build_wheel", ["dist"], str(result)])))

    main()

    assert json.loads(result.read_text()) == {"returned": "\xeb.whl"}


def test_state(project: PyProject) -> None:
    """What a hook changes in its process changes nothing here, nor for the next call."""
    here = os.getcwd()
    for _ in range(2):
        call_hook(project, "build_wheel", "dist")

    assert "touched" not in os.environ
    assert os.getcwd() == here


def test_failed(project: PyProject, capfd: pytest.CaptureFixture[str]) -> None:
    """A hook that fails is one line, which says which it was and why, below what it has printed."""
    with pytest.raises(ConfigError) as error:
        call_hook(project, "build_sdist", "dist")

    assert str(error.value) == (
        "The build backend `fake` failed in `build_sdist`, which an archive needs: RuntimeError: no compiler"
    )
    assert capfd.readouterr() == ("compiling\n", "")


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("get_requires_for_build_sdist", "SystemExit: no setup.py"),
        ("get_requires_for_build_wheel", "its process ended with exit status 0"),
    ],
)
def test_ended(project: PyProject, hook: str, reason: str) -> None:
    """So is one that ends its process."""
    with pytest.raises(ConfigError) as error:
        call_hook(project, hook)

    assert str(error.value).endswith(f" failed in `{hook}`, which an archive needs: {reason}")


def test_path(project: PyProject) -> None:
    """The project itself is not where modules are imported from."""
    with pytest.raises(ConfigError, match="No module named 'json_of_the_project'"):
        call_hook(project, "build_editable", "dist")
