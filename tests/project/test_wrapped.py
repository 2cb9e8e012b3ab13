from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.wrapped import WrappedProject, may_need_wheel

PYPROJECT = (
    '[project]\nname = "digits"\ndynamic = ["version", "dependencies"]\n[tool.mar]\nbuild-backend = "fake"\n'
)
METADATA = "Metadata-Version: 2.1\nName: digits\nVersion: 2.0\nAuthor: Zoë\nRequires-Dist: torch\n"
INFO = "digits-2.0.dist-info"


def prepare(directory: str, settings: object) -> str:
    Path(directory, INFO).mkdir()
    Path(directory, INFO, "METADATA").write_text(METADATA, encoding="utf-8")
    return INFO


def build(directory: str, settings: object, metadata: None) -> str:
    with zipfile.ZipFile(Path(directory, "digits.whl"), "w") as file:
        file.writestr("digits/__init__.py", "")
        file.writestr(f"{INFO}/METADATA", METADATA)
        file.writestr(f"{INFO}/licenses/LICENSE", "")
    return "digits.whl"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., WrappedProject]:
    def make(settings: Any = None, **hooks: object) -> WrappedProject:
        module = ModuleType("fake")
        vars(module).update(hooks)
        monkeypatch.setitem(sys.modules, "fake", module)
        (tmp_path / "pyproject.toml").write_text(PYPROJECT)
        return WrappedProject(tmp_path, settings)

    return make


MakeProject = Callable[..., WrappedProject]


class TestMetadata:
    @pytest.mark.parametrize(
        "hooks",
        [{"prepare_metadata_for_build_wheel": prepare}, {"build_wheel": build}],
        ids=["prepared", "of a wheel"],
    )
    def test_values(self, make: MakeProject, hooks: dict[str, object]) -> None:
        """What `pyproject.toml` leaves to the backend is the backend's."""
        project = make(**hooks)

        assert (project.name(), project.version(), project.dependencies()) == ("digits", "2.0", ["torch"])
        assert project.metadata["Author"] == "Zoë"

    def test_once(self, make: MakeProject) -> None:
        """The backend is asked once."""
        calls: list[object] = []
        project = make(prepare_metadata_for_build_wheel=lambda *all_: calls.append(all_) or prepare(*all_))

        project.version()
        project.dependencies()

        assert len(calls) == 1

    @pytest.mark.parametrize("settings", [None, {"a": ["1", "2"]}])
    def test_settings(self, make: MakeProject, settings: Any) -> None:
        """It gets a copy of the config settings, so that it cannot change those of the build itself."""
        calls: list[Any] = []

        def spoil(directory: str, given: Any, *more: object) -> str:
            calls.append(given and {**given, "a": [*given["a"]]})
            if given:
                given["a"].clear()
            return build(directory, given, None) if more else prepare(directory, given)

        project = make(settings, prepare_metadata_for_build_wheel=spoil, build_wheel=spoil)
        project.version()
        [*project.wheel_files()]

        assert calls == [settings, settings]
        assert settings in (None, {"a": ["1", "2"]})


def test_wheel_files(make: MakeProject) -> None:
    """The files of the wheel, without its metadata."""
    project = make(build_wheel=build)

    assert [member.name for member in project.wheel_files()] == ["digits/__init__.py"]


def test_not_importable(tmp_path: Path) -> None:
    """A project whose backend cannot be imported is none."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace('"fake"', '"fkae"'))

    with pytest.raises(ConfigError, match="cannot import `fkae`"):
        WrappedProject(tmp_path)


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        ({"project": {"name": "a", "version": "1"}}, False),
        ({"project": {"name": "a", "dynamic": []}, "tool": {"mar": {"include-project": False}}}, False),
        ({"project": {"name": "a"}, "tool": {"mar": {"include-project": True}}}, True),
        ({"project": {"name": "a"}, "tool": {"mar": {"archives": [{}, {"include-project": True}]}}}, True),
        ({"project": {"name": "a", "dynamic": ["version"]}}, True),
        ({}, True),
    ],
)
def test_may_need_wheel(pyproject: dict[str, Any], expected: bool) -> None:
    """A wheel may be needed for its files, or for metadata that `pyproject.toml` does not have."""
    assert may_need_wheel(pyproject) is expected
