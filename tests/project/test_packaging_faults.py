from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.project.packaging_faults import find_packaging_faults
from hatch_mar.project.pyproject import PyProject
from tests.proposal import write

PROJECT = '[project]\nname = "My.Digits"\nversion = "1"\n'
HATCHLING = f'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n{PROJECT}'
SETUPTOOLS = HATCHLING.replace("hatchling.build", "setuptools.build_meta")
WHEEL = "[tool.hatch.build.targets.wheel]\n"
NO_PACKAGE = (
    "hatchling builds no wheel without a package `my_digits`; make one, or name yours in `packages` of"
    " `[tool.hatch.build.targets.wheel]`, or set `bypass-selection = true` there"
)


def find(root: Path, pyproject: str, *files: str) -> list[str]:
    write(root, {"pyproject.toml": pyproject, **dict.fromkeys(files, "")})
    return [*find_packaging_faults(PyProject(root))]


@pytest.mark.parametrize(
    ("pyproject", "files"),
    [
        (HATCHLING, ["my_digits/__init__.py"]),
        (HATCHLING, ["src/my_digits/__init__.py"]),
        (HATCHLING, ["my_digits.py"]),
        (HATCHLING, ["space/my_digits/__init__.py"]),
        (f"{HATCHLING}{WHEEL}packages = []\n", []),
        (f"{HATCHLING}{WHEEL}bypass-selection = true\n", []),
        (f"{HATCHLING}[tool.hatch.build]\nartifacts = ['a']\n", []),
        (f"{HATCHLING}readme = 'a.md'\n{WHEEL}packages = []\n", ["a.md"]),
        (f"{HATCHLING}readme = {{ text = 'a' }}\n{WHEEL}packages = []\n", []),
        (SETUPTOOLS, ["a/b", "tests/c", "docs/d", "no-package/e", "x.py", "y.py"]),
        (SETUPTOOLS, ["x.py", "setup.py", "z.py"]),
        (SETUPTOOLS, ["src/a", "b/c"]),
        (f"{SETUPTOOLS}[tool.setuptools]\npackages = ['a']\n", ["a/b", "b/c"]),
        (SETUPTOOLS.replace("setuptools.build_meta", "flit_core.buildapi"), ["a/b", "b/c"]),
        ("", ["a/b", "b/c"]),
    ],
)
def test_none(tmp_path: Path, pyproject: str, files: list[str]) -> None:
    assert find(tmp_path, pyproject, *files) == []


@pytest.mark.parametrize(
    ("pyproject", "files", "expected"),
    [
        (HATCHLING, ["digits/__init__.py"], NO_PACKAGE),
        (
            f"{HATCHLING}readme = 'a.md'\n",
            ["my_digits.py"],
            "no build succeeds without `a.md`, which `project.readme` names",
        ),
        (
            f"{HATCHLING}[tool.hatch.version]\npath = 'v.py'\n",
            ["my_digits.py"],
            "no build succeeds without `v.py`, which `tool.hatch.version.path` names",
        ),
        (
            SETUPTOOLS,
            ["a/b", "weights/c"],
            (
                "setuptools takes `a`, `weights` for packages of the project, and builds no project with"
                " several; name the project's own in `packages` of `[tool.setuptools]`"
            ),
        ),
        (
            PROJECT,
            ["x.py", "y.py"],
            (
                "setuptools takes `x`, `y` for modules of the project, and builds no project with several;"
                " name the project's own in `py-modules` of `[tool.setuptools]`"
            ),
        ),
    ],
)
def test_found(tmp_path: Path, pyproject: str, files: list[str], expected: str) -> None:
    assert find(tmp_path, pyproject, *files) == [expected]
