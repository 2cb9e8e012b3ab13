"""Builds of projects whose names and values would control a terminal, or command the service that builds.

What a build shows of them is text, on any output: one line for each fault, and never a traceback.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.archives import needs_posix
from tests.e2e.conftest import CHECKOUT, Run
from tests.project.fake_backend import BUILD_SDIST, BUILD_WHEEL, HEAD

NAME = "w\u202eé字.pt"
SHOWN = r"w\u202e\xe9\u5b57.pt"
"""The same in ASCII."""
PAINT = "\x1b[2J\r::add-mask::a\n  ::error file=x::b\u2028##[error]c\u202e\x85\x7f"

HOOK = """\
[build-system]
requires = ["hatchling", "hatch-mar"]
build-backend = "hatchling.build"
[tool.hatch.build.hooks.mar]
[tool.hatch.build.targets.wheel]
only-include = ["handler.py"]
[tool.mar]
"""
WRAPPER = """\
[build-system]
requires = ["hatch-mar"]
build-backend = "hatch_mar.backend"
[tool.mar]
build-backend = "fake"
"""
ARCHIVE = """\
handler = "handler.py"
{mar}
[project]
name = "reader"
version = "1.0"
"""

BUILD = ("python", "-m", "build", "--no-isolation", "--skip-dependency-check", "--wheel")
FRONTENDS = {
    "hatchling": (HOOK, ("python", "-m", "hatchling", "build")),
    "target": (HOOK, ("python", "-m", "hatchling", "build", "-t", "mar")),
    "build": (HOOK, BUILD),
    "wrapped": (WRAPPER, BUILD),
}
ASCII = {"PYTHONIOENCODING": "ascii"}
ASCII_NAMES = ASCII | {"LC_ALL": "C", "PYTHONUTF8": "0"}
"""With these Python cannot even look for a file whose name is not ASCII."""

pytestmark = [needs_posix, pytest.mark.parametrize("frontend", FRONTENDS)]


def build(frontend: str, run: Run, root: Path, mar: str, *, status: int, **variables: str) -> set[str]:
    """Build a project; returns the lines about its archive, when all are found to be harmless."""
    pyproject, command = FRONTENDS[frontend]
    (root / "site").mkdir()
    (root / "site" / "fake.py").write_text("\n".join((HEAD, BUILD_WHEEL, BUILD_SDIST)), encoding="utf-8")
    (root / "handler.py").write_text("def handle(data, context):\n    return data\n")
    (root / "pyproject.toml").write_text(pyproject + ARCHIVE.format(mar=mar), encoding="utf-8")
    output = run(*command, cwd=root, status=status, PYTHONPATH=f"{CHECKOUT}:{root / 'site'}", **variables)

    assert not re.search(r"Traceback|UnicodeEncodeError|^\s*::|##\[", output, re.MULTILINE)
    lines = {line for line in output.split("\n") if re.search(r"MAR\d|Cannot access", line)}
    assert all(map(str.isprintable, lines))
    return lines


def test_name(frontend: str, run: Run, tmp_path: Path):
    """Of a name, what the output's encoding lacks is escaped."""
    (tmp_path / NAME).write_bytes(b"x")
    lines = build(frontend, run, tmp_path, f"serialized-file = {json.dumps(NAME)}", status=0, **ASCII)

    fault = f"Warning: {SHOWN}: MAR902 Member `{SHOWN}` is not ASCII"
    assert lines == {f"{fault}; rename it, or set `LC_ALL=C.UTF-8` where TorchServe runs"}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has names in UTF-8, whatever the locale")
def test_name_without_encoding(frontend: str, run: Run, tmp_path: Path):
    """Where a name cannot even be looked for, a line says why."""
    mar = f"serialized-file = {json.dumps(NAME)}"

    fault = f"Cannot access `{tmp_path / SHOWN}`: the encoding of names is ascii here; set `PYTHONUTF8=1`"
    assert build(frontend, run, tmp_path, mar, status=1, **ASCII_NAMES) == {fault}


def test_key(frontend: str, run: Run, tmp_path: Path):
    """Keys and values that would paint the terminal do not."""
    mar = f"export-path = {json.dumps(PAINT)}\n{json.dumps(PAINT)} = 1"

    lines = build(frontend, run, tmp_path, mar, status=1)
    assert sorted(line[-8:] for line in lines) == ["[MAR003]", "[MAR004]"]


def test_file(frontend: str, run: Run, tmp_path: Path):
    """Nor do names of files."""
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / PAINT).write_bytes(b"x")

    [line] = build(frontend, run, tmp_path, 'extra-files = ["extra"]', status=1)
    assert line.startswith(r"Field `tool.mar.extra-files`: archive member `\x1b[2J\r::add-mask::a\n")
