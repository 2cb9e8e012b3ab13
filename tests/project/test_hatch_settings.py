from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.toml import read_document

HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'

Read = Callable[..., HatchSettings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the settings in a `pyproject.toml`, and in a `hatch.toml` if there is one."""

    def read(text: str, hatch_toml: str | None = None) -> HatchSettings:
        (tmp_path / "pyproject.toml").write_text(text)
        if hatch_toml is not None:
            (tmp_path / "hatch.toml").write_text(hatch_toml)
        return HatchSettings(tmp_path, read_document(tmp_path / "pyproject.toml"))

    return read


class TestFiles:
    def test_default(self, read: Read, tmp_path: Path):
        """Without settings, hatchling's defaults hold."""
        settings = read(HATCHLING)

        assert (settings.directory, settings.reproducible) == (tmp_path / "dist", True)

    def test_pyproject(self, read: Read, tmp_path: Path):
        """`[tool.hatch.build]` is read."""
        settings = read(f'{HATCHLING}[tool.hatch.build]\ndirectory = "out"\nreproducible = false\n')

        assert (settings.directory, settings.reproducible) == (tmp_path / "out", False)

    def test_hatch_toml(self, read: Read, tmp_path: Path):
        """`[build]` of `hatch.toml` replaces `[tool.hatch.build]` as a whole."""
        text = f'{HATCHLING}[tool.hatch.build]\ndirectory = "out"\nreproducible = false\n'

        assert read(text, '[build]\ndirectory = "other"\n').directory == tmp_path / "other"
        assert read(text, "[build]\n").directory == tmp_path / "dist"
        assert read(text, "[build]\n").reproducible is True

    def test_hatch_toml_without_build(self, read: Read, tmp_path: Path):
        """A `hatch.toml` that has other tables only leaves `[tool.hatch.build]` as it is."""
        text = f'{HATCHLING}[tool.hatch.build]\ndirectory = "out"\n'

        assert read(text, "[envs.default]\n").directory == tmp_path / "out"

    def test_other_backend(self, read: Read, tmp_path: Path):
        """Hatch's settings are nothing to another backend, not even those that hatchling would refuse."""
        backend = '[build-system]\nbuild-backend = "flit_core.buildapi"\n'
        text = f"{backend}[tool.hatch.build]\ndirectory = 5\n[tool.hatch.build.hooks.mar]\n"
        settings = read(text, "[build")

        assert (settings.directory, settings.reproducible, [*settings.hooks()]) == (
            tmp_path / "dist",
            True,
            [],
        )

    def test_target(self, read: Read, tmp_path: Path):
        """A setting of the target `mar` wins; those of other targets are about wheels and sdists."""
        text = (
            f'{HATCHLING}[tool.hatch.build]\ndirectory = "out"\n'
            '[tool.hatch.build.targets.wheel]\ndirectory = "wheels"\nreproducible = false\n'
        )
        mar = '[tool.hatch.build.targets.mar]\ndirectory = "archives"\n'

        assert read(text).directory == tmp_path / "out"
        assert read(text).reproducible is True
        assert read(text + mar).directory == tmp_path / "archives"

    @pytest.mark.parametrize(
        ("directory", "expected"), [("", "."), ("../out", "../out"), ("/srv/out", "/srv/out")]
    )
    def test_directory(self, read: Read, tmp_path: Path, directory: str, expected: str):
        """The directory is relative to the project, and without detours."""
        settings = read(f'{HATCHLING}[tool.hatch.build]\ndirectory = "{directory}"\n')

        assert settings.directory == (tmp_path / expected).resolve()


class TestFaults:
    @pytest.mark.parametrize(
        ("table", "value", "message"),
        [
            ("build", "directory = 5", "`{build}.directory`{where} must be a string"),
            ("build", "reproducible = 1", "`{build}.reproducible`{where} must be a boolean"),
            ("build", "targets = 1", "`{build}.targets`{where} must be a table"),
            ("build.targets", "mar = 1", "`{build}.targets.mar`{where} must be a table"),
            (
                "build.targets.mar",
                "directory = []",
                "`{build}.targets.mar.directory`{where} must be a string",
            ),
            ("build", "hooks = 1", "`{build}.hooks`{where} must be a table"),
            ("build.hooks", "mar = 1", "`{build}.hooks.mar`{where} must be a table"),
            ("build.targets.wheel", "hooks = 1", "`{build}.targets.wheel.hooks`{where} must be a table"),
        ],
    )
    @pytest.mark.parametrize("in_hatch_toml", [False, True])
    def test_type(self, read: Read, table: str, value: str, message: str, in_hatch_toml: bool):
        """A value of a wrong type is one line, with its key and the file if that is `hatch.toml`."""
        if in_hatch_toml:
            settings = read(HATCHLING, f"[{table}]\n{value}\n")
        else:
            settings = read(f"{HATCHLING}[tool.hatch.{table}]\n{value}\n")
        with pytest.raises(ConfigError) as error:
            print(settings.directory, settings.reproducible, [*settings.hooks()])

        build, where = ("build", " in `hatch.toml`") if in_hatch_toml else ("tool.hatch.build", "")
        assert str(error.value) == f"Field {message.format(build=build, where=where)} [MAR004]"

    def test_not_toml(self, read: Read, tmp_path: Path):
        """A `hatch.toml` that cannot be read is a finding with its line."""
        with pytest.raises(ConfigError, match=r"^Cannot read `.*hatch\.toml`: ") as error:
            read(HATCHLING, "\nbuild = = 1")

        [finding] = error.value.findings
        assert finding.place[:2] == ("hatch.toml", 2)


class TestHooks:
    @pytest.mark.parametrize(
        ("pyproject", "hatch_toml", "expected"),
        [
            ("", None, []),
            ("[tool.hatch.build.hooks.other]\n", None, []),
            ("[tool.hatch.build.hooks.mar]\n", None, ["tool.hatch.build.hooks.mar"]),
            (
                "[tool.hatch.build.targets.wheel.hooks.mar]\n[tool.hatch.build.targets.sdist]\n",
                None,
                ["tool.hatch.build.targets.wheel.hooks.mar"],
            ),
            ("[tool.hatch.build.hooks.mar]\n", "[build]\n", []),
            ("", "[build.hooks.mar]\n", ["build.hooks.mar"]),
            ("", "[build.targets.sdist.hooks.mar]\n", ["build.targets.sdist.hooks.mar"]),
        ],
    )
    def test_places(self, read: Read, pyproject: str, hatch_toml: str | None, expected: list[str]):
        """The hook's tables are found for all targets and for one, in the file that counts."""
        settings = read(HATCHLING + pyproject, hatch_toml)

        assert [".".join(map(str, place.key)) for place, _ in settings.hooks()] == expected
