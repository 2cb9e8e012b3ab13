from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.edit import Tables, add_tables, format_tables
from hatch_mar.project.pyproject import PyProject

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ARCHIVE = {"model-name": "digits", "version": "1.0", "handler": "handler.py"}
ARCHIVES: Tables = {"archives": [ARCHIVE]}
WORKFLOWS: Tables = {"workflows": [{"workflow-name": "flow", "spec-file": "spec.yaml"}]}
TABLE = """\
[[tool.mar.archives]]
model-name = "digits"
version = "1.0"
handler = "handler.py"
"""
HATCHLING = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "reader"
version = "1.0"
"""
SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]  # which it needs
build-backend = "setuptools.build_meta"
"""
WRAPPED = """\
[build-system]
requires = ["setuptools", "hatch-mar"]  # which it needs
build-backend = "hatch_mar.backend"

[tool.mar]
build-backend = "setuptools.build_meta"
"""


class Editing:
    """Adds tables to a project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pyproject = root / "pyproject.toml"

    def __call__(self, text: str, tables: Tables = ARCHIVES) -> list[str]:
        """The lines that adding tables to a `pyproject.toml` returns."""
        self.pyproject.write_bytes(text.encode())
        return add_tables(PyProject(self.root), tables)

    def refuse(self, text: str, tables: Tables = ARCHIVES) -> str:
        with pytest.raises(ConfigError) as caught:
            self(text, tables)
        assert self.text == text
        return str(caught.value)

    @property
    def text(self) -> str:
        return self.pyproject.read_bytes().decode()


@pytest.fixture
def edit(project: Path) -> Editing:
    return Editing(project)


class TestToml:
    def test_tables(self) -> None:
        """Every table has its array's header, with a blank line between tables."""
        assert format_tables({**ARCHIVES, **WORKFLOWS}) == (
            TABLE + '\n[[tool.mar.workflows]]\nworkflow-name = "flow"\nspec-file = "spec.yaml"\n'
        )

    def test_values(self) -> None:
        """Any value is read back unchanged; long arrays have an item per line."""
        table: Any = {"version": 'a "b" é', "extra-files": [f'{n}\x7f\t"é"' * 9 for n in range(3)]}

        text = format_tables({"archives": [table]})

        assert tomllib.loads(text) == {"tool": {"mar": {"archives": [table]}}}
        assert "extra-files = [\n  " in text

    def test_not_unicode(self) -> None:
        """A file name that is not UTF-8 is an error."""
        with pytest.raises(ConfigError) as caught:
            format_tables({"archives": [{"extra-files": ["a\udcff"]}]})

        assert str(caught.value) == r"TOML cannot hold `a\udcff`, which is not UTF-8; rename it"


class TestAdd:
    def test_hatchling(self, edit: Editing) -> None:
        """Everything that `hatch build` needs is added and reported."""
        assert edit(HATCHLING) == [
            f"Added `digits` to `{edit.pyproject}`",
            "Added `hatch-mar` to `build-system.requires`",
            "Added `[tool.hatch.build.hooks.mar]`",
            "`hatch build` builds the archives",
        ]
        assert edit.text == (
            HATCHLING.replace('["hatchling"]', '["hatchling", "hatch-mar"]')
            + "\n[tool.hatch.build.hooks.mar]\n\n"
            + TABLE
        )

    def test_other_backend(self, edit: Editing) -> None:
        """Another backend is wrapped, and the lines name what builds the archives then."""
        assert edit(SETUPTOOLS) == [
            f"Added `digits` to `{edit.pyproject}`",
            (
                "Set `build-system.build-backend` to `hatch_mar.backend`,"
                " and `tool.mar.build-backend` to `setuptools.build_meta`"
            ),
            "Added `hatch-mar` to `build-system.requires`",
            "`python -m build` and `uv build` build the archives",
        ]
        assert edit.text == f"{WRAPPED}\n{TABLE}"

    def test_wrapped_already(self, edit: Editing) -> None:
        """Nothing is wrapped twice, and other archives may follow."""
        edit(SETUPTOOLS)
        more = {"archives": [{**ARCHIVE, "model-name": "letters"}]}

        assert edit(edit.text, more) == [
            f"Added `letters` to `{edit.pyproject}`",
            "`python -m build` and `uv build` build the archives",
        ]
        assert edit.text == f"{WRAPPED}\n{TABLE}\n" + TABLE.replace("digits", "letters")

    def test_cannot_be_wrapped(self, edit: Editing) -> None:
        """Where no backend can be wrapped, only the tables are added, and a line names `hatch-mar build`."""
        for text, reason in (
            ("", "the project has no `[build-system]`"),
            ('[project]\nname = "a"\n', "the project has no `[build-system]`"),
            (f"{SETUPTOOLS}\n[tool.uv]\npackage = false\n", "`tool.uv.package` is false"),
            (
                SETUPTOOLS + 'backend-path = ["."]\n',
                "`build-system.backend-path` allows no build backend from outside the project",
            ),
        ):
            assert edit(text)[1:] == [f"`hatch-mar build` builds the archives, since {reason}"]
            assert edit.text == (text and f"{text}\n") + TABLE

    def test_comments(self, edit: Editing) -> None:
        """Comments, blank lines and the order are kept."""
        text = """\
# the first

[project]  # comes first
name = 'reader'   # it reads

[build-system]
build-backend = "hatchling.build"
requires = [
    "hatchling",  # builds
    # more to come
]

[tool.hatch.version]
path = "x.py"

[project.scripts]
read = "reader:main"

[tool.ruff]
# the last"""
        edit(text)

        before, after = text.splitlines(), edit.text.splitlines()
        assert after.pop(before.index("    # more to come") + 1) == '    "hatch-mar",'
        assert after[: len(before)] == before
        assert after[len(before) :] == ["", "[tool.hatch.build.hooks.mar]", "", *TABLE.splitlines()]

    def test_second(self, edit: Editing) -> None:
        """Another archive is added to existing ones, and nothing is added twice."""
        edit(HATCHLING)
        first = edit.text

        assert edit(first, {"archives": [{**ARCHIVE, "model-name": "letters"}]}) == [
            f"Added `letters` to `{edit.pyproject}`",
            "`hatch build` builds the archives",
        ]
        assert edit.text == first + "\n" + TABLE.replace("digits", "letters")

    def test_workflow(self, edit: Editing) -> None:
        """A workflow can be added to a table that is itself an archive, since it inherits nothing."""
        text = '[tool.mar]\nhandler = "base_handler"\n'

        edit(text, WORKFLOWS)

        assert edit.text == f"{text}\n{format_tables(WORKFLOWS)}"

    @pytest.mark.parametrize("requirement", ["hatch-mar", "hatch_mar>=1", "Hatch.Mar @ file:///x"])
    def test_required_already(self, edit: Editing, requirement: str) -> None:
        """The plugin may be required in any spelling."""
        text = HATCHLING.replace('"hatchling"]', f'"hatchling", "{requirement}"]')

        edit(text)

        assert edit.text.startswith(text)

    @pytest.mark.parametrize(
        "hook",
        [
            "[tool.hatch.build.hooks.mar]\n",
            "[tool.hatch.build]\nhooks.mar = {}\n",
            "[tool.hatch.build.targets.wheel.hooks.mar]\n",
        ],
    )
    def test_hook_already(self, edit: Editing, hook: str) -> None:
        """A hook that is already enabled, in any table, is not added again."""
        assert not [line for line in edit(f"{HATCHLING}\n{hook}") if line.startswith("Added `[tool")]
        assert edit.text.endswith(f"\n{hook}\n{TABLE}")

    def test_hatch_toml(self, edit: Editing) -> None:
        """If `hatch.toml` has a `build` table, the message says to add the hook there."""
        (edit.root / "hatch.toml").write_text("[build]\n")

        assert edit(HATCHLING)[2:] == [
            "Add `[build.hooks.mar]` to `hatch.toml`, which overrides `[tool.hatch.build]`",
            "`hatch build` then builds the archives",
        ]
        assert "hooks" not in edit.text

    def test_not_buildable(self, edit: Editing) -> None:
        """Where no build would write the archives, nothing is said of builds but what is left to do."""
        (edit.root / "hatch.toml").write_text("[build]\n")
        edit.pyproject.write_text(HATCHLING)

        assert add_tables(PyProject(edit.root), ARCHIVES, buildable=False)[2:] == [
            "Add `[build.hooks.mar]` to `hatch.toml`, which overrides `[tool.hatch.build]`"
        ]

    def test_off_by_default(self, edit: Editing) -> None:
        """A hook that is not enabled by default is left so, and the variable that enables it is named."""
        text = f"{HATCHLING}\n[tool.hatch.build.hooks.mar]\nenable-by-default = false\n"

        assert edit(text)[2:] == [
            (
                "`hatch build` builds the archives if `HATCH_BUILD_HOOK_ENABLE_MAR` is `true`,"
                " since the hook is not enabled by default"
            )
        ]

    def test_hook_of_another_target(self, edit: Editing) -> None:
        """A hook for a target that is neither an sdist nor a wheel does not count."""
        text = f"{HATCHLING}\n[tool.hatch.build.targets.app.hooks.mar]\n"

        assert "Added `[tool.hatch.build.hooks.mar]`" in edit(text)
        assert edit.text.endswith(f"\n[tool.hatch.build.hooks.mar]\n\n{TABLE}")

    def test_wrapper_without_backend(self, edit: Editing) -> None:
        """Where our own backend is set up by half, the line says what is missing."""
        text = SETUPTOOLS.replace("setuptools.build_meta", "hatch_mar.backend")

        assert edit(text)[1:] == [
            "Added `hatch-mar` to `build-system.requires`",
            (
                "`hatch-mar build` builds the archives, but no other build does:"
                " Field `tool.mar.build-backend` is required by the build backend `hatch_mar.backend`;"
                " name the backend that it wraps, such as `setuptools.build_meta`"
            ),
        ]

    def test_created(self, edit: Editing) -> None:
        """A project with a `setup.py` alone gets a `pyproject.toml`."""
        (edit.root / "setup.py").touch()

        assert add_tables(PyProject(edit.root, new=True), ARCHIVES)[:3] == [
            f"Created `{edit.pyproject}`",
            f"Added `digits` to `{edit.pyproject}`",
            "Added `[build-system]` with `setuptools` and `hatch-mar` as `requires`",
        ]
        assert edit.text == (
            '[build-system]\nrequires = ["setuptools", "hatch-mar"]\nbuild-backend = "hatch_mar.backend"\n'
            '\n[tool.mar]\nbuild-backend = "setuptools.build_meta:__legacy__"\n\n' + TABLE
        )

    @pytest.mark.parametrize("text", [HATCHLING, SETUPTOOLS, f"{SETUPTOOLS}[tool.mar]\n"])
    def test_newlines(self, edit: Editing, text: str) -> None:
        """Line endings are kept."""
        edit(text.replace("\n", "\r\n"))

        assert edit.text.count("\n") == edit.text.count("\r\n") > text.count("\n")

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
    def test_mode_and_link(self, edit: Editing) -> None:
        """The file's mode and a link to it are kept."""
        file = edit.root / "real.toml"
        file.write_text(HATCHLING)
        file.chmod(0o640)
        edit.pyproject.symlink_to(file.name)

        add_tables(PyProject(edit.root), ARCHIVES)

        assert edit.pyproject.is_symlink()
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
        assert TABLE in file.read_text()
        assert not [path for path in edit.root.iterdir() if path.name.endswith(".part")]


class TestRefused:
    def test_present(self, edit: Editing) -> None:
        """An archive or a workflow of the same name is not overwritten."""
        advice = "remove or rename one of them"
        expected = f"Table `tool.mar.archives` already has `digits`; {advice}"
        assert edit.refuse(f"{HATCHLING}\n{TABLE}") == expected
        expected = f"Table `tool.mar.workflows` already has `flow`; {advice}"
        assert edit.refuse(format_tables(WORKFLOWS), WORKFLOWS) == expected

    def test_itself_archive(self, edit: Editing) -> None:
        """A table that is itself an archive is an error, as it would turn into defaults."""
        expected = (
            "Table `tool.mar` is itself an archive; make it `[[tool.mar.archives]]`,"
            " so that others may follow"
        )

        assert edit.refuse('[tool.mar]\nhandler = "base_handler"\n') == expected

    def test_inherited(self, edit: Editing) -> None:
        """A default that would change the archive is an error."""
        text = (
            '[tool.mar]\nhandler = "h.py"\nextra-files = ["a"]\n\n[[tool.mar.archives]]\nmodel-name = "b"\n'
        )
        expected = (
            "Archive `digits` would inherit `extra-files` from `tool.mar`,"
            " which its command does not set; move the defaults to the archives that need them"
        )

        assert edit.refuse(text) == expected

    @pytest.mark.parametrize(
        ("text", "key", "more"),
        [
            ('[tool.mar]\narchives = [{model-name = "a", handler = "b"}]\n', "tool.mar.archives", ""),
            ("tool = {}\n", "tool", ""),
            (
                HATCHLING + "[tool]\nhatch = {}\n",
                "tool.hatch",
                "add `hatch-mar` to `build-system.requires`, add `[tool.hatch.build.hooks.mar]`, and ",
            ),
            (
                SETUPTOOLS + "[tool]\nmar = {}\n",
                "tool.mar",
                (
                    "set `build-system.build-backend` to `hatch_mar.backend`, and `tool.mar.build-backend` to"
                    " `setuptools.build_meta`, add `hatch-mar` to `build-system.requires`, and "
                ),
            ),
        ],
    )
    def test_inline(self, edit: Editing, text: str, key: str, more: str) -> None:
        """A table that cannot be extended is named, with all that is to be done by hand."""
        assert edit.refuse(text) == (
            f"Cannot edit `{edit.pyproject}`, because `{key}` is written inline;"
            f" edit it by hand: {more}paste the tables"
        )

    def test_inline_beside_hatch_toml(self, edit: Editing) -> None:
        """What belongs in another file is named too."""
        (edit.root / "hatch.toml").write_text("[build]\n")

        [_, other] = edit.refuse(HATCHLING + "[tool]\nmar = {}\n").splitlines()

        assert other == "Add `[build.hooks.mar]` to `hatch.toml`, which overrides `[tool.hatch.build]`"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool = 1", "Field `tool` must be a table"),
            ("[tool]\nmar = 1", "Field `tool.mar` must be a table"),
            ("[tool.mar]\narchives = 1", "Field `tool.mar.archives` must be an array of tables"),
            ("[tool.mar]\narchives = [1]", "Field `tool.mar.archives` must be an array of tables"),
            (
                '[build-system]\nrequires = "a"\nbuild-backend = "hatchling.build"',
                "Field `build-system.requires` must be an array of strings",
            ),
            (
                '[build-system]\nbuild-backend = "hatchling.build"',
                "Field `build-system.requires` is required; name what the build backend is part of",
            ),
            (HATCHLING + "[tool.hatch]\nbuild = 1", "Field `tool.hatch.build` must be a table"),
            ("[[tool.mar.archives]]\nxyz = 1\nhandler = 'a'", "Unknown field `tool.mar.archives[0].xyz`"),
        ],
    )
    def test_not_valid(self, edit: Editing, text: str, expected: str) -> None:
        """An invalid file is reported and not changed."""
        assert edit.refuse(text).startswith(expected)

    def test_without_tomlkit(self, edit: Editing, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without tomlkit, the message names the extra to install."""
        monkeypatch.setitem(sys.modules, "tomlkit", None)
        monkeypatch.delitem(sys.modules, "hatch_mar.project.toml_text", raising=False)

        assert edit.refuse(HATCHLING) == "Option `--write` needs tomlkit: pip install 'hatch-mar[cli]'"

    def test_not_written(self, edit: Editing, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the file cannot be replaced, it is unchanged, and nothing else is left."""

        def refuse(*_: object, **folders: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "replace", refuse)
        before = {*edit.root.iterdir(), edit.pyproject}

        assert edit.refuse(HATCHLING) == f"Cannot write `{edit.pyproject}`: Permission denied"
        assert {*edit.root.iterdir()} == before
