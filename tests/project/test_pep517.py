from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.pyproject import PyProject

WITHOUT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import os
import zipfile

METADATA = "Metadata-Version: 2.1\\nName: Digits\\nVersion: 2.0\\nRequires-Dist: torch\\n"
INFO = "digits-2.0.dist-info"


def prepare_metadata_for_build_wheel(directory, settings=None):
    os.mkdir(os.path.join(directory, INFO))
    with open(os.path.join(directory, INFO, "METADATA"), "w") as file:
        file.write(METADATA)
    return INFO


def build_wheel(directory, settings=None, metadata=None):
    assert os.environ["HATCH_MAR_SKIP"] == "1"
    name = "digits-2.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as file:
        file.writestr("digits/__init__.py", "version = 2")
        file.writestr("digits-2.0.data/scripts/run", "")
        file.writestr(f"{INFO}/METADATA", METADATA)
    return name
"""
FAILING = """
def prepare_metadata_for_build_wheel(directory, settings=None):
    raise RuntimeError("no version in sight")


def build_wheel(directory, settings=None, metadata=None):
    raise RuntimeError("no version in sight")
"""


def project(root: Path, text: str) -> PyProject:
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    return PyProject(root)


@pytest.mark.skipif(importlib.util.find_spec("build") is None, reason="needs the module `build`")
class TestBackend:
    """A real backend, called in an isolated environment."""

    def test_metadata(self, tmp_path: Path):
        """The metadata is the project's."""
        (tmp_path / "backend.py").write_text(BACKEND)
        found = project(tmp_path, WITHOUT)

        assert (found.name(), found.version()) == ("Digits", "2.0")
        assert found.dependencies() == ["torch"]

    def test_wheel(self, tmp_path: Path):
        """The wheel's files are returned without the wheel's metadata."""
        (tmp_path / "backend.py").write_text(BACKEND)
        [member] = project(tmp_path, WITHOUT).wheel_files()

        assert (member.name, b"".join(member.source.chunks())) == ("digits/__init__.py", b"version = 2")

    def test_failing(self, tmp_path: Path):
        """A failure of the backend is one line."""
        (tmp_path / "backend.py").write_text(FAILING)
        with pytest.raises(ConfigError) as error:
            project(tmp_path, WITHOUT).version()

        expected = f"The build backend of `{tmp_path}` failed: RuntimeError: no version in sight"
        assert str(error.value) == expected
