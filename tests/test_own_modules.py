from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import hatch_mar
from hatch_mar.own_modules import leave_out_modules
from tests.archives import needs_posix


@pytest.mark.parametrize("entry", ["", ".", "{}", "{}/../project"])
def test_left_out(project: Path, monkeypatch: pytest.MonkeyPatch, entry: str):
    """The working directory is not searched, however it is written; afterwards it is again."""
    monkeypatch.chdir(project)
    path = [entry.format(project), "/somewhere"]
    monkeypatch.setattr(sys, "path", path[:])

    with leave_out_modules():
        assert sys.path == ["/somewhere"]
    assert sys.path == path


def test_others(project: Path, monkeypatch: pytest.MonkeyPatch):
    """Nor are other directories that are given."""
    monkeypatch.setattr(sys, "path", [str(project), "/somewhere"])

    with leave_out_modules(project):
        assert sys.path == ["/somewhere"]


def test_this_package(monkeypatch: pytest.MonkeyPatch):
    """What has this package in it is kept, because processes are given the path."""
    root = Path(hatch_mar.__file__).parents[1]
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [str(root)])

    with leave_out_modules(root):
        assert sys.path == [str(root)]


@needs_posix
def test_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A working directory that has been deleted is no fault."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    os.rmdir(folder)
    path = [*sys.path]

    with leave_out_modules():
        assert sys.path == path
