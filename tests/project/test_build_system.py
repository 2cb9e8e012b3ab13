from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.build_system import name_builders, require_plugin, why_not_wrapped, wrap
from hatch_mar.project.pyproject import PyProject

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

tomlkit = pytest.importorskip("tomlkit")

FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
ARCHIVES = '[[tool.mar.archives]]\nmodel-name = "a"\n'


def wrapped(text: str) -> tuple[str, list[str]]:
    """The text of a `pyproject.toml` when its backend is wrapped, and the lines about that."""
    expected = tomllib.loads(text)
    expected.setdefault("tool", {}).setdefault("mar", {})
    document = tomlkit.parse(text)
    tables, lines = wrap(expected, document)
    found: str = document.as_string() + tables
    assert tomllib.loads(found) == expected
    return found, lines


class TestWrap:
    def test_declared(self) -> None:
        """The backend that is declared moves, with its place and its comment kept."""
        text, lines = wrapped("# first\n" + FLIT + "# last\n")

        assert text == (
            '# first\n[build-system]\nrequires = ["flit_core", "hatch-mar"]\n'
            'build-backend = "hatch_mar.backend"\n# last\n'
            '[tool.mar]\nbuild-backend = "flit_core.buildapi"\n\n'
        )
        assert lines == [
            (
                "Set `build-system.build-backend` to `hatch_mar.backend`, and `tool.mar.build-backend` to"
                " `flit_core.buildapi`"
            ),
            "Added `hatch-mar` to `build-system.requires`",
        ]

    @pytest.mark.parametrize(
        "text",
        ['[build-system]\nrequires = ["setuptools"]\n', '[project]\nname = "a"\n'],
        ids=["no key", "no table"],
    )
    def test_default(self, text: str) -> None:
        """A project that names no backend is built by setuptools (PEP 517)."""
        found = tomllib.loads(wrapped(text)[0])

        assert found["build-system"] == {
            "requires": ["setuptools", "hatch-mar"],
            "build-backend": "hatch_mar.backend",
        }
        assert found["tool"]["mar"] == {"build-backend": "setuptools.build_meta:__legacy__"}

    @pytest.mark.parametrize(
        "mar",
        [
            f'[tool.mar]\n# mine\nhandler = "a"\n\n{ARCHIVES}[tool.ruff]\n',
            f'[tool.ruff]\n[project]\nname = "a"\n{ARCHIVES}',
            '[tool]\nmar.handler = "a"\n',
            '[tool.mar]\nbuild-backend = "outdated"\n',
        ],
        ids=["table", "only archives", "dotted", "set already"],
    )
    def test_table(self, mar: str) -> None:
        """The key is added to a table that is there, however it is written."""
        text, _ = wrapped(FLIT + mar)

        assert 'build-backend = "flit_core.buildapi"' in text
        assert "outdated" not in text

    def test_not_valid(self) -> None:
        """What is no backend's name is not moved."""
        with pytest.raises(ConfigError, match=r"^Field `build-system.build-backend` must be a string"):
            wrapped("[build-system]\nrequires = []\nbuild-backend = 5\n")


class TestWhyNot:
    def why(self, root: Path, text: str) -> str | None:
        (root / "pyproject.toml").write_text(text)
        return why_not_wrapped(PyProject(root))

    @pytest.mark.parametrize("text", [FLIT, '[project]\nname = "a"\n'])
    def test_can_be(self, tmp_path: Path, text: str) -> None:
        """A package."""
        assert self.why(tmp_path, text) is None

    @pytest.mark.parametrize("name", ["setup.py", "setup.cfg"])
    def test_setuptools(self, tmp_path: Path, name: str) -> None:
        """A package whose `pyproject.toml` has only tools' tables."""
        assert self.why(tmp_path, "[tool.ruff]\n") == "there is no build backend"

        (tmp_path / name).touch()
        assert self.why(tmp_path, "[tool.ruff]\n") is None

    def test_in_tree(self, tmp_path: Path) -> None:
        """A backend of the project's own."""
        reason = self.why(tmp_path, FLIT + 'backend-path = ["."]\n')

        assert reason == "`build-system.backend-path` allows no build backend from outside the project"


class TestRequire:
    @pytest.mark.parametrize("requirement", ["hatch-mar", "hatch_mar>=1", "Hatch.Mar @ file:///x"])
    def test_already(self, requirement: str) -> None:
        """A requirement in any spelling is enough."""
        expected: dict[str, Any] = {"build-system": {"requires": ["a", requirement]}}

        assert require_plugin(expected, {}) == []
        assert expected["build-system"]["requires"] == ["a", requirement]

    def test_not_an_array(self) -> None:
        """Another type is refused."""
        with pytest.raises(ConfigError, match=r"^Field `build-system.requires` must be an array$"):
            require_plugin({"build-system": {"requires": "a"}}, {})


@pytest.mark.parametrize(
    ("delegate", "more"),
    [
        ("flit_core.buildapi", "; `flit build` does not"),
        ("maturin", "; `maturin build` does not"),
        ("poetry.core.masonry.api", ""),
        (None, ""),
    ],
)
def test_builders(delegate: object, more: str) -> None:
    """What goes around the wrapper is named."""
    assert name_builders(delegate) == f"`python -m build` and `uv build` build them{more}"
