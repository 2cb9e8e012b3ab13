from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.project.hatch_hook import find_missing_hook, find_wrong_options, name_hatch_builders
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.toml import read_document

HATCHLING = '[build-system]\nbuild-backend = "hatchling.build"\n'


def settings(root: Path, text: str, hatch_toml: str | None = None) -> HatchSettings:
    (root / "pyproject.toml").write_text(text)
    if hatch_toml is not None:
        (root / "hatch.toml").write_text(hatch_toml)
    return HatchSettings(root, read_document(root / "pyproject.toml"))


class TestMissing:
    @pytest.mark.parametrize(
        ("hatch_toml", "fix"),
        [
            (None, "add `[tool.hatch.build.hooks.mar]`"),
            ("[envs.a]\n", "add `[tool.hatch.build.hooks.mar]`"),
            ("[build]\n", "add `[build.hooks.mar]` to `hatch.toml`"),
            ("[build.targets.app.hooks.mar]\n", "add `[build.hooks.mar]` to `hatch.toml`"),
        ],
    )
    def test_said(self, tmp_path: Path, hatch_toml: str | None, fix: str):
        """Without a table for the hook that counts, the finding names the one to add, and its file."""
        [finding] = find_missing_hook(settings(tmp_path, HATCHLING, hatch_toml))

        expected = f"Only `hatch-mar build` and `hatch build -t mar` write these archives; {fix} [MAR028]"
        assert (finding.severity, str(finding)) == ("warning", expected)

    @pytest.mark.parametrize(
        ("text", "hatch_toml"),
        [
            ("", None),
            ('[build-system]\nbuild-backend = "setuptools.build_meta"\n', "[build]\n"),
            (f"{HATCHLING}[tool.hatch.build.hooks.mar]\n", None),
            (f"{HATCHLING}[tool.hatch.build.targets.wheel.hooks.mar]\n", None),
            (f"{HATCHLING}[tool.hatch.build.targets.mar]\n", None),
            (HATCHLING, "[build.hooks.mar]\n"),
            (HATCHLING, "[build.targets.sdist.hooks.mar]\n"),
            (HATCHLING, "[build.targets.mar]\n"),
        ],
    )
    def test_not_said(self, tmp_path: Path, text: str, hatch_toml: str | None):
        """Nothing is said where the hook or the target is used, and under another backend."""
        assert [*find_missing_hook(settings(tmp_path, text, hatch_toml))] == []

    @pytest.mark.parametrize(
        ("tables", "is_off"),
        [
            ("[hooks.mar]\nenable-by-default = false\n", True),
            ("[targets.wheel.hooks.mar]\nenable-by-default = false\n", True),
            ("[hooks.mar]\nenable-by-default = true\n", False),
            ("[hooks.mar]\nenable-by-default = false\n[targets.wheel.hooks.mar]\n", False),
            ("[hooks.mar]\n[targets.wheel.hooks.mar]\nenable-by-default = false\n", False),
            ("[targets.app.hooks.mar]\n[hooks.mar]\nenable-by-default = false\n", True),
        ],
    )
    def test_off_by_default(self, tmp_path: Path, tables: str, is_off: bool):
        """A hook that no target of `hatch build` enables by default is a note, as hatchling merges tables."""
        found = settings(tmp_path, HATCHLING + tables.replace("[", "[tool.hatch.build."))

        assert [finding.severity for finding in find_missing_hook(found)] == ["note"] * is_off
        assert ("HATCH_BUILD_HOOK_ENABLE_MAR" in name_hatch_builders(found)) is is_off
        builders = [SdistBuilder(str(tmp_path)), WheelBuilder(str(tmp_path))]
        assert any("mar" in builder.config.hook_config for builder in builders) is not is_off


class TestOptions:
    def test_wrong(self, tmp_path: Path):
        """An unknown option is found in every table of the hook; hatchling's own keys are known."""
        text = (
            f"{HATCHLING}[tool.hatch.build.hooks.mar]\nhandler = 'a'\nenable-by-default = false\n"
            "[tool.hatch.build.targets.wheel.hooks.mar]\ndependencies = []\nversion = 1\n"
        )

        assert [(each.place.key[-1], str(each)) for each in find_wrong_options(settings(tmp_path, text))] == [
            (key, f"Unknown option `{key}` for build hook `mar`; options belong in `[tool.mar]` [MAR003]")
            for key in ("handler", "version")
        ]
