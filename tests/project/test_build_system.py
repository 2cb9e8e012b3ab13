from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.build_system import name_builders, require_plugin, why_not_wrapped, wrap

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("tomlkit")
from hatch_mar.project.toml_text import TomlText

FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
ARCHIVES = '[[tool.mar.archives]]\nmodel-name = "a"\n'


def wrapped(text: str) -> tuple[str, list[str]]:
    """The text of a `pyproject.toml` when its backend is wrapped, and the lines about that."""
    edits, document = wrap(tomllib.loads(text)), TomlText(text)
    for edit in edits:
        edit.apply(document)
    return document.text, [edit.done for edit in edits]


class TestWrap:
    def test_declared(self) -> None:
        """The backend that is declared moves, with its place and its comment kept."""
        text, lines = wrapped("# first\n" + FLIT + "# last\n")

        assert text == (
            '# first\n[build-system]\nrequires = ["flit_core", "hatch-mar"]\n'
            'build-backend = "hatch_mar.backend"\n# last\n'
            '\n[tool.mar]\nbuild-backend = "flit_core.buildapi"\n'
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
        return why_not_wrapped(root, tomllib.loads(text))

    def test_package(self, tmp_path: Path) -> None:
        """A package."""
        assert self.why(tmp_path, FLIT) is None

    @pytest.mark.parametrize(
        ("name", "text"),
        [("setup.py", ""), ("setup.cfg", "[metadata]\nname = a\n"), ("setup.cfg", "[options]\n")],
    )
    @pytest.mark.parametrize("pyproject", ["[tool.ruff]\n", "[project]\nname = 'a'\n"])
    def test_setuptools(self, tmp_path: Path, name: str, text: str, pyproject: str) -> None:
        """A package that says by another file that setuptools builds it."""
        assert self.why(tmp_path, pyproject) == "the project has no `[build-system]`"

        (tmp_path / name).write_text(text)
        assert self.why(tmp_path, pyproject) is None

    @pytest.mark.parametrize("text", [b"[flake8]\nmax-line-length = 99\n", b"no section", b"\xff"])
    def test_other_settings(self, tmp_path: Path, text: bytes) -> None:
        """A `setup.cfg` without the tables of setuptools makes no package."""
        (tmp_path / "setup.cfg").write_bytes(text)

        assert self.why(tmp_path, "") == "the project has no `[build-system]`"

    @pytest.mark.parametrize(
        ("tool", "key"),
        [("[tool.uv]\npackage", "uv.package"), ("[tool.poetry]\npackage-mode", "poetry.package-mode")],
    )
    def test_no_package(self, tmp_path: Path, tool: str, key: str) -> None:
        """A project that says that it is not a package."""
        assert self.why(tmp_path, f"{FLIT}{tool} = false\n") == f"`tool.{key}` is false"
        assert self.why(tmp_path, f"{FLIT}{tool} = true\n") is None

    def test_in_tree(self, tmp_path: Path) -> None:
        """A backend of the project's own."""
        reason = self.why(tmp_path, FLIT + 'backend-path = ["."]\n')

        assert reason == "`build-system.backend-path` allows no build backend from outside the project"


class TestRequire:
    @pytest.mark.parametrize("requirement", ["hatch-mar", "hatch_mar>=1", "Hatch.Mar @ file:///x"])
    def test_already(self, requirement: str) -> None:
        """A requirement in any spelling is enough."""
        assert require_plugin({"build-system": {"requires": ["a", requirement]}}) == []

    def test_added(self) -> None:
        """Otherwise it is added."""
        [edit] = require_plugin({"build-system": {"requires": ["a", "hatch-mar-other"]}})

        assert edit.done == "Added `hatch-mar` to `build-system.requires`"

    @pytest.mark.parametrize("requires", ["a", [1]])
    def test_not_an_array(self, requires: object) -> None:
        """Another type is refused."""
        with pytest.raises(ConfigError, match=r"^Field `build-system.requires` must be an array of strings$"):
            require_plugin({"build-system": {"requires": requires}})

    def test_missing(self) -> None:
        """So is a table without the key, as build frontends refuse it (PEP 518)."""
        with pytest.raises(ConfigError, match=r"^Field `build-system.requires` is required; "):
            require_plugin({"build-system": {}})


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
    assert name_builders(delegate) == f"`python -m build` and `uv build` build the archives{more}"
