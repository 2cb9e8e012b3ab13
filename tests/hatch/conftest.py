from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

WriteProject = Callable[..., Path]

PROJECT = """\
[build-system]
requires = ["hatchling", "hatch-mar"]
build-backend = "hatchling.build"

[project]
name = "Digits"
version = "1.0"

[tool.hatch.build.targets.wheel]
only-include = ["model.py"]
"""

ARCHIVE = """
[tool.mar]
handler = "handler.py"
serialized-file = "weights/model.pth"
"""


@pytest.fixture
def write_project(project: Path) -> WriteProject:
    """Writes the project's `pyproject.toml`, with one archive unless told otherwise."""

    def write(mar: str = ARCHIVE, more: str = "") -> Path:
        (project / "pyproject.toml").write_text(PROJECT + more + mar, encoding="utf-8")
        return project

    return write
