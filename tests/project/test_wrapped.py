from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.wrapped import WrappedProject, may_need_wheel
from tests.project.fake_backend import BUILD_WHEEL, PREPARE_METADATA, install_backend

PYPROJECT = """\
[project]
name = "digits"
dynamic = ["version", "dependencies"]
[tool.mar]
build-backend = "fake"
"""

MakeProject = Callable[..., WrappedProject]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProject:
    def make(*hooks: str, settings: Any = None) -> WrappedProject:
        root = tmp_path / "project"
        root.mkdir()
        (root / "pyproject.toml").write_text(PYPROJECT)
        install_backend(tmp_path / "site", monkeypatch, *hooks)
        return WrappedProject(root, settings)

    return make


class TestMetadata:
    @pytest.mark.parametrize("hook", [PREPARE_METADATA, BUILD_WHEEL], ids=["prepared", "of a wheel"])
    def test_values(self, make: MakeProject, hook: str) -> None:
        """What `pyproject.toml` leaves to the backend is the backend's."""
        project = make(hook)

        assert (project.name(), project.version(), project.dependencies()) == ("digits", "2.0", ["torch"])
        assert project.metadata["Author"] == "Zoë"

    def test_once(self, make: MakeProject, capfd: pytest.CaptureFixture[str]) -> None:
        """The backend is asked once, and what it prints is shown."""
        project = make(PREPARE_METADATA)

        project.version()
        project.dependencies()

        assert capfd.readouterr().out == "prepare null\n"

    def test_settings(self, make: MakeProject, capfd: pytest.CaptureFixture[str]) -> None:
        """It gets the config settings."""
        project = make(PREPARE_METADATA, BUILD_WHEEL, settings={"a": ["1", "2"], "b": ""})
        project.version()
        [*project.wheel_files()]

        given = '{"a": ["1", "2"], "b": ""}'
        assert capfd.readouterr().out == f"prepare {given}\nbuild_wheel {given} null\n"


class TestWheel:
    def test_files(self, make: MakeProject) -> None:
        """The files of the wheel, without its metadata."""
        assert [member.name for member in make(BUILD_WHEEL).wheel_files()] == ["digits/__init__.py"]

    def test_once(self, make: MakeProject, capfd: pytest.CaptureFixture[str]) -> None:
        """It is built once, for the metadata as well."""
        project = make(BUILD_WHEEL)

        project.version()
        assert [*project.wheel_files()] == [*project.wheel_files()]

        assert capfd.readouterr().out == "build_wheel null null\n"


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
