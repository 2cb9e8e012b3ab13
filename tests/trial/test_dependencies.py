from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from hatchling.plugin.manager import PluginManager

from hatch_mar.hatch.builder import MarBuilder
from hatch_mar.trial.dependencies import trial_dependencies


class TestDependencies:
    @pytest.mark.parametrize(
        "mar",
        [
            {"try": True},
            {"archives": [{}, {"try": True}]},
            {"try": True, "archives": [{"try": False}, {}]},
        ],
    )
    def test_tried(self, mar: dict[str, Any]):
        """An archive that is tried needs torch in the build environment."""
        assert trial_dependencies({"tool": {"mar": mar}}) == ["hatch-mar[torch]"]

    @pytest.mark.parametrize(
        "pyproject",
        [
            {},
            {"tool": {"mar": {"examples": [{"input": 1}]}}},
            {"tool": {"mar": {"try": False}}},
            {"tool": {"mar": {"try": "yes"}}},
            {"tool": {"mar": {"try": True, "archives": [{"try": False}]}}},
            {"tool": {"mar": {"try": True, "archives": 1}}},
            {"tool": {"mar": 1}},
        ],
    )
    def test_not_tried(self, pyproject: dict[str, Any]):
        """No other archive does; a wrong table is reported by the build."""
        assert trial_dependencies(pyproject) == []


PROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
try = true
"""
HOOK = "[tool.hatch.build.hooks.mar]\n"


class TestBuild:
    """The dependencies that hatchling gives to a frontend."""

    def test_hook(self, tmp_path: Path):
        """The hook requires torch if an archive is tried."""
        (tmp_path / "pyproject.toml").write_text(PROJECT + HOOK)

        assert WheelBuilder(str(tmp_path)).config.dependencies == ["hatch-mar[torch]"]

    def test_hook_without_try(self, tmp_path: Path):
        """It requires nothing otherwise."""
        (tmp_path / "pyproject.toml").write_text(PROJECT.replace("try = true", "") + HOOK)

        assert WheelBuilder(str(tmp_path)).config.dependencies == []

    @pytest.mark.parametrize("name", ["PIP_BUILD_TRACKER", "HATCH_MAR_SKIP"])
    def test_thrown_away(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """It requires nothing if no archive is built."""
        (tmp_path / "pyproject.toml").write_text(PROJECT + HOOK)
        monkeypatch.setenv(name, "1")

        assert WheelBuilder(str(tmp_path)).config.dependencies == []

    def test_from_sdist(self, tmp_path: Path):
        """It requires nothing in an unpacked sdist, from which no archive is built."""
        (tmp_path / "pyproject.toml").write_text(PROJECT + HOOK)
        (tmp_path / "PKG-INFO").touch()

        assert WheelBuilder(str(tmp_path)).config.dependencies == []

    @pytest.mark.parametrize("hook", [HOOK, ""])
    def test_builder(self, hook: str, tmp_path: Path):
        """`hatch build -t mar` requires it too, with the hook and without."""
        (tmp_path / "pyproject.toml").write_text(PROJECT + hook)
        builder = MarBuilder(str(tmp_path), plugin_manager=PluginManager())

        assert builder.config.dependencies == ["hatch-mar[torch]"]
