from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

from hatch_mar.errors import ConfigError
from hatch_mar.project.hatch_sdist import is_swept_in, name_exclude, name_ignore_list
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.toml import read_document

PROJECT = '[project]\nname = "digits"\nversion = "1.0"\n'


def settings(root: Path, text: str = "", hatch_toml: str | None = None) -> HatchSettings:
    (root / "pyproject.toml").write_text(PROJECT + text)
    if hatch_toml is not None:
        (root / "hatch.toml").write_text(hatch_toml)
    return HatchSettings(root, read_document(root / "pyproject.toml"), apply=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[tool.hatch.build]\nexclude = ['*.mar']\n",
        "[tool.hatch.build]\nexclude = ['*.mar']\n[tool.hatch.build.targets.sdist]\nexclude = []\n",
        "[tool.hatch.build]\ninclude = ['/digits']\n",
        "[tool.hatch.build]\ninclude = ['/digits']\nonly-include = ['store']\n",
        "[tool.hatch.build]\nonly-include = ['store/deep']\n",
        "[tool.hatch.build.targets.sdist]\npackages = ['store']\n",
        "[tool.hatch.build.targets.wheel]\nexclude = ['*.mar']\n",
        "[tool.hatch.build]\nignore-vcs = true\n",
    ],
)
@pytest.mark.parametrize("ignored", ["", "*.mar\n", "/store/\n"])
@pytest.mark.parametrize("path", ["store/deep/digits.mar", "dist/digits.mar", "digits.mar"])
def test_as_hatchling(tmp_path: Path, text: str, ignored: str, path: str):
    """Before a file is there, the answer is that which hatchling gives when it is."""
    (tmp_path / ".gitignore").write_text(ignored)
    answer = is_swept_in(Path(path), settings(tmp_path, text))
    for each in ("store/deep/digits.mar", "dist/digits.mar", "digits.mar"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    shipped = {Path(file.path) for file in SdistBuilder(str(tmp_path)).recurse_included_files()}

    assert answer is (tmp_path / path in shipped)


@pytest.mark.parametrize("setting", ["artifacts = ['*.mar']", "only-include = ['store/digits.mar']"])
def test_on_purpose(tmp_path: Path, setting: str):
    """What a setting names is not there by accident."""
    found = settings(tmp_path, f"[tool.hatch.build]\n{setting}\n")

    assert not is_swept_in(Path("store/digits.mar"), found)


@pytest.mark.parametrize("key", ["exclude", "artifacts", "include"])
def test_not_valid(tmp_path: Path, key: str):
    """A pattern that is none is one line."""
    with pytest.raises(ConfigError) as error:
        is_swept_in(Path("a"), settings(tmp_path, f"[tool.hatch.build]\n{key} = ['!']\n"))

    assert len(error.value.faults) == 1


@pytest.mark.parametrize("target", ["sdist", "wheel"])
@pytest.mark.parametrize(
    ("text", "hatch_toml", "own"),
    [
        ("", None, "`exclude` in `[tool.hatch.build]`"),
        ("[tool.hatch.build]\nexclude = ['a']\n", None, "`exclude` in `[tool.hatch.build]`"),
        ("[tool.hatch.build.targets.{}]\ninclude = ['a']\n", None, "`exclude` in `[tool.hatch.build]`"),
        (
            "[tool.hatch.build.targets.{}]\nexclude = ['a']\n",
            None,
            "`exclude` in `[tool.hatch.build.targets.{}]`",
        ),
        ("[tool.hatch.build.targets.other]\nexclude = ['a']\n", None, "`exclude` in `[tool.hatch.build]`"),
        ("", "[build]\n", "`exclude` in `[build]` of `hatch.toml`"),
        ("", "[build.targets.{}]\nexclude = []\n", "`exclude` in `[build.targets.{}]` of `hatch.toml`"),
    ],
)
def test_exclude(tmp_path: Path, target: str, text: str, hatch_toml: str | None, own: str):
    """The table is the one in force, since a target's own patterns replace those for all targets."""
    found = settings(tmp_path, text.format(target), hatch_toml and hatch_toml.format(target))

    assert name_exclude(found, target) == own.format(target)


class TestIgnoreList:
    def test_own(self, tmp_path: Path):
        """The project's `.gitignore`, also if there is none yet."""
        (tmp_path / ".git").mkdir()
        assert name_ignore_list(settings(tmp_path)) == "`.gitignore`"

        (tmp_path / ".gitignore").touch()
        assert name_ignore_list(settings(tmp_path)) == "`.gitignore`"

    def test_of_the_repository(self, tmp_path: Path):
        """Not that of a repository around the project, where the pattern would mean another folder."""
        (tmp_path / ".gitignore").touch()
        (tmp_path / "project").mkdir()

        assert name_ignore_list(settings(tmp_path / "project")) == "`exclude` in `[tool.hatch.build]`"

    def test_not_read(self, tmp_path: Path):
        """Not one that hatchling does not read for this target."""
        found = settings(tmp_path, "[tool.hatch.build.targets.wheel]\nignore-vcs = true\n")

        assert name_ignore_list(found, "wheel") == "`exclude` in `[tool.hatch.build]`"
        assert name_ignore_list(found, "sdist") == "`.gitignore`"
