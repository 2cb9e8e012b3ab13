"""Paths of the machine that builds the archive, in its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.checks.machine_paths import check
from tests.checks import subject


def paths(root: Path, source: str) -> list[str]:
    archive = subject({"h.py": source.replace("ROOT", str(root))})
    archive.root = root
    return [str(each) for each in check(archive)]


@pytest.mark.parametrize(
    "source",
    [
        "a = 'ROOT/data'",
        "import sys\nsys.path.append('ROOT')",
        "def f(): open(f'ROOT/{f}')",
        "a = ['ROOT/b'] * 2",
    ],
)
def test_paths(tmp_path: Path, source: str):
    [text] = paths(tmp_path, source)

    assert text.startswith("digits.mar/h.py:")
    assert f"MAR252 `{tmp_path}" in text


@pytest.mark.parametrize(
    "source",
    [
        "'''See ROOT/data.'''",
        "def f():\n    '''ROOT/data'''",
        "if __name__ == '__main__':\n    a = 'ROOT/data'",
        "a = 'ROOT-other/data'",
        "# ROOT/data",
        "a = 'see ROOT'",
    ],
)
def test_silence(tmp_path: Path, source: str):
    """What only explains, or does not run in the worker, is no fault."""
    assert paths(tmp_path, source) == []


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The home folder counts, unless it is one that a server may have too."""
    project = tmp_path / "home" / "project"
    project.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(project.parent))
    assert len(paths(project, f"a = '{project.parent}/data'")) == 1

    monkeypatch.setenv("HOME", "/srv")
    assert paths(project, "a = '/srv/data'") == []


def test_file():
    """Of an archive that is not a project's, nothing is known of the machine."""
    assert list(check(subject({"h.py": "a = '/somewhere/else'"}))) == []


def test_most(tmp_path: Path):
    assert len(paths(tmp_path, "\n".join(f"a = 'ROOT/{number}'" for number in range(30)))) == 20
