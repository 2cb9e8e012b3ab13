"""Repositories without a `[tool.mar]`: after `hatch-mar init --write`, their builds make archives."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.conftest import CHECKOUT, Run
from tests.proposal import HANDLER, SCRIPTED, write

EXAMPLE = CHECKOUT / "example_project"
TABLES = ("[tool.hatch.build.hooks.mar]", "# Only needed in this repository")
"""What the example's tables for hatch-mar begin with, and what comes after them."""

PYPROJECT = """\
[project]
name = "reader"
version = "1.0"
description = "Reads digits"
requires-python = ">=3.10"
"""
BUILD_SYSTEMS = {
    "hatchling": ("hatchling.build", "hatchling", ""),
    "setuptools": ("setuptools.build_meta", "setuptools>=77", ""),
    "flit": ("flit_core.buildapi", "flit_core>=3.12", ""),
    "poetry": ("poetry.core.masonry.api", "poetry-core>=2", ""),
    "uv": ("uv_build", "uv_build>=0.9,<1", ""),
}
SOURCES = {
    "src/reader/__init__.py": "",
    "src/reader/read.py": "def read(data):\n    return data\n",
    "src/reader/serving.py": f"from .read import read\n{HANDLER}",
    "weights/digits.pt": SCRIPTED,
}


@pytest.fixture(scope="module")
def released(plugin_wheel: Path) -> dict[str, str]:
    """Variables with which installers find hatch-mar as if it were released."""
    return dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), str(plugin_wheel.parent))


def init(run: Run, root: Path) -> str:
    return run("python", "-m", "hatch_mar", "init", "--write", cwd=root, PYTHONPATH=str(CHECKOUT))


def test_example(run: Run, tmp_path: Path, released: dict[str, str]) -> None:
    """The example without its tables gets both archives, which are those that it always had."""
    root = tmp_path / "example"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    file = root / "pyproject.toml"
    run("python", "-m", "hatch_mar", "build", "--output", "before", cwd=root, PYTHONPATH=str(CHECKOUT))
    text = file.read_text(encoding="utf-8")
    start, end = map(text.index, TABLES)
    stripped = text[:start].replace(', "hatch-mar"]', "]")
    assert "hatch-mar" not in stripped
    assert text[end:]
    file.write_text(stripped, encoding="utf-8")

    assert "`hatch build` builds the archives" in init(run, root)
    run("hatch", "build", cwd=root, **released)

    for name in ("digits.mar", "digits-scripted.mar"):
        assert (root / "dist" / name).read_bytes() == (root / "before" / name).read_bytes()


@pytest.mark.parametrize("label", BUILD_SYSTEMS)
def test_sources(run: Run, tmp_path: Path, released: dict[str, str], label: str) -> None:
    """A package in `src` of any backend is packed, since its handler has relative imports."""
    backend, requirement, settings = BUILD_SYSTEMS[label]
    system = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n'
    write(tmp_path, {**SOURCES, "pyproject.toml": f"{system}\n{PYPROJECT}{settings}", "README.md": ""})

    init(run, tmp_path)
    run("python", "-m", "build", "--installer", "uv", cwd=tmp_path, **released)

    assert {path.name for path in (tmp_path / "dist").iterdir()} == {
        *("digits.mar", "reader-1.0-py3-none-any.whl", "reader-1.0.tar.gz")
    }
    with ZipFile(tmp_path / "dist/digits.mar") as archive:
        assert {"digits.pt", "reader/serving.py", "reader/read.py"} < {*archive.namelist()}
    run("python", "-m", "hatch_mar", "check", cwd=tmp_path, PYTHONPATH=str(CHECKOUT))


def test_no_build_system(run: Run, tmp_path: Path, released: dict[str, str]) -> None:
    """A project that names no backend is built by setuptools, as it always was."""
    write(tmp_path, {**SOURCES, "pyproject.toml": PYPROJECT})

    init(run, tmp_path)
    run("uv", "build", "--python", sys.executable, cwd=tmp_path, **released)

    assert {path.suffix for path in (tmp_path / "dist").iterdir()} >= {".mar", ".whl", ".gz"}
