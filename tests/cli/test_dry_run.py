"""`hatch-mar build --dry-run`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from hatch_mar.cli import main
from tests.archives import tree

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
serialized-file = "weights/model.pth"
model-file = "model.py"
config = { minWorkers = 1 }
"""


@pytest.fixture
def root(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(project)
    # of files that have just been written, a build remembers nothing
    for file in (file for file in project.rglob("*") if file.is_file()):
        os.utime(file, ns=(10**18 + 1, 10**18 + 1))
    monkeypatch.setattr("hatch_mar.archive.packager.unchanged.FINE", -(1 << 62))
    return project


def plan(*options: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main(["build", "--dry-run", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_text(root: Path, capsys: pytest.CaptureFixture[str]):
    """What would be packed, why, from what and where, is shown, and nothing is written at all."""
    before = tree(root)
    assert main(["build", "--dry-run"]) == 0
    first, *members = capsys.readouterr().out.splitlines()

    assert tree(root) == before
    assert not (root / ".hatch").exists()
    assert first == f"{root / 'dist/digits.mar'} would be packed: it does not exist yet"
    assert [re.split("  +", line.strip()) for line in members] == [
        [members[0].split("  MAR")[0].strip(), "MAR-INF/MANIFEST.json", "made by the build"],
        ["43 bytes", "handler.py", "handler.py"],
        ["14 bytes", "model-config.yaml", "made by the build"],
        [f"{len((root / 'weights/model.pth').read_bytes())} bytes", "model.pth", "weights/model.pth"],
        ["15 bytes", "model.py", "model.py"],
    ]


def test_as_built(root: Path, capsys: pytest.CaptureFixture[str]):
    """What is announced is what is then built, and is unchanged after that, until an input changes."""
    assert plan(capsys=capsys)[0]["unchanged"] is False
    assert main(["build"]) == 0
    before = tree(root)
    [found] = plan(capsys=capsys)
    assert tree(root) == before
    assert (found["unchanged"], found["reason"]) == (True, None)

    main(["inspect", "--json", str(found["path"])])
    [inspected] = json.loads(capsys.readouterr().out)
    members = found["members"]
    assert isinstance(members, list)
    assert {each["name"]: each["size"] for each in members} == {
        each["name"]: each["size"] for each in inspected["members"]
    }

    assert main(["build", "--dry-run"]) == 0
    assert " would stay as it is: " in capsys.readouterr().out
    (root / "model.py").write_text("class Other: ...\n")
    [found] = plan(capsys=capsys)
    assert (found["unchanged"], tree(root)["dist/digits.mar"]) == (False, before["dist/digits.mar"])
    assert "has changed since the last build" in str(found["reason"])


def test_output(root: Path, capsys: pytest.CaptureFixture[str]):
    """`--output` and names decide as in a build, and no folder is made."""
    [found] = plan("digits", "--output", "store", capsys=capsys)

    assert found["path"] == str(root / "store/digits.mar")
    assert not (root / "store").exists()


def test_faults(root: Path, capsys: pytest.CaptureFixture[str]):
    """Faults are those of a build."""
    (root / "handler.py").write_text("def handle(:\n")
    shown = []
    for options in ([], ["--dry-run"]):
        assert main(["build", *options]) == 1
        shown.append(capsys.readouterr())

    assert shown[0] == shown[1]
    assert "MAR208" in shown[0].err
