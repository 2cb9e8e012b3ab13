"""What is said of archives that two readers take for different things, and how painted ones are shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_mar.checks.archive_file import check_path
from hatch_mar.cli import main
from tests.e2e.hostile.archives import Container, containers

HOSTILE = [each for each in containers() if each.names]
HONEST = [each for each in containers() if each.file.startswith("honest")]
PAINTED = [each for each in containers() if each.file.startswith("painted")]


def write(container: Container, folder: Path) -> Path:
    path = folder / container.file
    path.write_bytes(container.data)
    return path


@pytest.mark.parametrize("container", HOSTILE, ids=lambda each: each.file)
def test_hostile(container: Container, tmp_path: Path):
    """What TorchServe unpacks is what is checked, or it is said that it unpacks nothing."""
    errors = [each.message for each in check_path(write(container, tmp_path)) if each.severity == "error"]

    assert errors
    assert [name for name in container.names if not any(name in error for error in errors)] == []


@pytest.mark.parametrize("container", HONEST, ids=lambda each: each.file)
def test_honest(container: Container, tmp_path: Path):
    """Names that the two readers agree about are no reason to warn of more than a POSIX locale."""
    codes = {each.code for each in check_path(write(container, tmp_path))}

    assert codes <= {"MAR902"}


@pytest.mark.parametrize("container", PAINTED, ids=lambda each: each.file)
@pytest.mark.parametrize(
    "command",
    [["check"], ["check", "--json"], ["check", "--output-format", "github"], ["inspect"]],
    ids=" ".join,
)
def test_painted(
    container: Container, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """No line is a command, and no character controls the terminal."""
    assert main([*command, str(write(container, tmp_path))]) in (0, 1)
    output = "".join(capsys.readouterr())

    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", output) == []
    commands = [line for line in output.splitlines() if line.lstrip().startswith("::")]
    assert [
        line for line in commands if not re.match(r"::(error|warning|notice) file=.*,title=MAR", line)
    ] == []
