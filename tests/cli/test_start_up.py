"""What a command loads before it works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {
    "concurrent.futures",
    "hashlib",
    "packaging",
    "pathspec",
    "pkgutil",
    "tarfile",
    "yaml",
    "zipfile",
}
"""Modules that take milliseconds to import, and that packing one handler does not need.

`dataclasses`, which imports `inspect`, is worth its 3 ms to what follows the handler's code.
"""

RELEASE = ("fetch", "verify", "publish", "deploy")

HELP = """
import argparse, sys
from hatch_mar.cli import main
try:
    main([sys.argv[1], "--help"])
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("archive", ("hatch_mar.checks", "hatch_mar.project.layout", "hatch_mar.archive.packager")),
        *((command, ("fsspec", "http.", "hatch_mar.trial", "ssl", "yaml")) for command in RELEASE),
    ],
)
def test_help(command: str, needless: tuple[str, ...]):
    """The help of `archive` imports nothing that packs or checks, and no other one what talks to servers."""
    program = [sys.executable, "-c", HELP, command]
    result = subprocess.run(program, capture_output=True, encoding="utf-8", check=True)
    modules = result.stderr.split()

    assert f"usage: hatch-mar {command}" in result.stdout
    assert f"hatch_mar.cli.{command}" in modules
    assert [name for name in modules if name.startswith(needless)] == []


ARCHIVE = ["archive", "--model-name", "m", "--version", "1", "--handler", "handler.py"]
# argparse itself imports some of them, since Python 3.14
PROGRAM = f"""
import argparse, sys
argparse.ArgumentParser().format_help()
before = set(sys.modules)
from hatch_mar.cli import main
main({ARCHIVE})
print(*set(sys.modules) - before, file=sys.stderr)
"""


def test_archive(project: Path):
    """`hatch-mar archive` of one handler imports none of the slow modules."""
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, cwd=project, capture_output=True, encoding="utf-8", check=True)

    assert result.stdout == "m.mar\n"
    assert SLOW & {*result.stderr.split()} == set()
