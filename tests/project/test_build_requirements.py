from __future__ import annotations

import json
from pathlib import Path

import pytest

from hatch_mar.project.build_requirements import find_lacking
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.toml import read_document

HOOK = "[tool.hatch.build.hooks.mar]\n"


def find(root: Path, backend: str, requires: object, more: str) -> list[str]:
    text = f'[build-system]\nrequires = {json.dumps(requires)}\nbuild-backend = "{backend}"\n'
    (root / "pyproject.toml").write_text(text + more)
    pyproject = read_document(root / "pyproject.toml")
    return [str(each) for each in find_lacking(pyproject, HatchSettings(root, pyproject))]


def of_wrapper(root: Path, delegate: str, *requires: str) -> list[str]:
    return find(root, "hatch_mar.backend", requires, f'[tool.mar]\nbuild-backend = "{delegate}"\n')


def of_hook(root: Path, more: str, *requires: str) -> list[str]:
    return find(root, "hatchling.build", requires, more)


PLUGIN, BACKEND, HATCHLING = (
    f"Field `build-system.requires` lacks `{name}`, which the {what} is part of; add it [MAR034]"
    for name, what in [
        ("hatch-mar", "build backend `hatch_mar.backend`"),
        ("setuptools", "build backend `setuptools.build_meta:__legacy__`"),
        ("hatch-mar", "build hook `mar`"),
    ]
)


class TestWrapper:
    NAME = "setuptools.build_meta:__legacy__"

    @pytest.mark.parametrize(
        ("requires", "expected"),
        [
            ([], [PLUGIN, BACKEND]),
            (["wheel"], [PLUGIN, BACKEND]),
            (["hatch-mar"], [BACKEND]),
            (["setuptools>=77"], [PLUGIN]),
            (["setuptools", "setuptools-scm"], [PLUGIN]),
            (["SetupTools ; python_version > '3'", "hatch_mar @ https://example.com/a.whl"], []),
        ],
    )
    def test_lacking(self, tmp_path: Path, requires: list[str], expected: list[str]):
        """Both the wrapper and the backend that it wraps must be required."""
        assert of_wrapper(tmp_path, self.NAME, *requires) == expected

    @pytest.mark.parametrize(
        "requires", [["our-build-tools"], ["hatch-mar[torch]"], ["hatch-mar", "setuptools-scm"]]
    )
    def test_brought(self, tmp_path: Path, requires: list[str]):
        """What another requirement may bring is not lacking: setuptools-scm, for one, requires setuptools."""
        assert of_wrapper(tmp_path, self.NAME, *requires) == []

    def test_other(self, tmp_path: Path):
        """Of a backend that is not known it is not known either where it comes from."""
        assert of_wrapper(tmp_path, "our.backend", "hatch-mar") == []
        assert of_wrapper(tmp_path, "setuptoolsy", "hatch-mar") == []

    @pytest.mark.parametrize("requires", ["hatchling", [5]])
    def test_not_valid(self, tmp_path: Path, requires: object):
        """What is not an array of strings is another fault."""
        assert find(tmp_path, "hatch_mar.backend", requires, "") == []


class TestHook:
    @pytest.mark.parametrize(
        "more", [HOOK, "[tool.hatch.build.targets.wheel.hooks.mar]\n", "[tool.hatch.build.targets.mar]\n"]
    )
    @pytest.mark.parametrize("requires", [["hatchling"], ["hatchling>=1.27", "hatch-vcs"]])
    def test_lacking(self, tmp_path: Path, more: str, requires: list[str]):
        """A project that uses the hook or the target must require this package."""
        assert of_hook(tmp_path, more, *requires) == [HATCHLING]
        assert of_hook(tmp_path, more, *requires, "hatch-mar") == []

    @pytest.mark.parametrize(
        "more",
        [
            "",
            f"{HOOK}enable-by-default = false\n",
            f'{HOOK}dependencies = ["hatch-mar"]\n',
            f'{HOOK}[tool.hatch.build.targets.wheel]\ndependencies = ["our-build-tools"]\n',
            f"{HOOK}[tool.hatch.build.hooks.other]\nrequire-runtime-dependencies = true\n",
        ],
        ids=["unused", "off", "hook", "target", "runtime"],
    )
    def test_brought(self, tmp_path: Path, more: str):
        """It may come by hatchling's own settings, or not be needed."""
        assert of_hook(tmp_path, more, "hatchling") == []


def test_other_backend(tmp_path: Path):
    """Other builds make no archives, which is another finding."""
    assert find(tmp_path, "flit_core.buildapi", [], HOOK) == []
