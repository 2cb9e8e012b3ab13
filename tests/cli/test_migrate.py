from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hatch_mar.cli import main

TOOL = "torch-model-archiver"
LEAST = f"{TOOL} --model-name digits --version 1.0 --handler handler.py"
TABLE = """\
[[tool.mar.archives]]
model-name = "digits"
version = "1.0"
handler = "handler.py"
"""
WORKFLOW = "torch-workflow-archiver --workflow-name flow --spec-file spec.yaml --handler handler.py"
WORKFLOW_TABLE = """\
[[tool.mar.workflows]]
workflow-name = "flow"
spec-file = "spec.yaml"
handler = "handler.py"
"""
HATCHLING = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
needs_posix = pytest.mark.skipif(os.name != "posix", reason="These commands are for a POSIX shell")


class Migrate:
    """`hatch-mar migrate`, run in a project."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capfd = capfd

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """What it prints."""
        try:
            found = main(["migrate", *arguments])
        except SystemExit as end:
            found = int(end.code or 0)
        self.out, self.err = self._capfd.readouterr()
        assert found == status, self.err
        return self.out

    def translate(self, command: str) -> str:
        """The tables that a command becomes."""
        return self("--", *command.split())

    def run(self, script: str, *options: str, status: int = 0) -> str:
        """The tables that a shell script becomes."""
        return self(*options, "--", "sh", "-ec", script, status=status)

    @property
    def pyproject(self) -> Path:
        return self.root / "pyproject.toml"


@pytest.fixture
def migrate(project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Migrate:
    monkeypatch.chdir(project)
    return Migrate(project, capfd)


class TestTranslate:
    @pytest.mark.parametrize(
        "tool",
        [
            TOOL,
            f"/none/{TOOL}",
            "python3 -m model_archiver.model_packaging",
            "hatch-mar archive",
            "python -m hatch_mar archive",
        ],
    )
    def test_model(self, migrate: Migrate, tool: str) -> None:
        """The tool itself is not run, and nothing is packed."""
        assert migrate.translate(LEAST.replace(TOOL, tool)) == TABLE
        assert migrate.err == ""
        assert not [*migrate.root.glob("*.mar")]

    def test_workflow(self, migrate: Migrate) -> None:
        """The same holds for torch-workflow-archiver."""
        assert migrate.translate(WORKFLOW) == WORKFLOW_TABLE

    def test_project(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """Paths become relative to the project, wherever the command runs."""
        monkeypatch.chdir(migrate.root / "weights")

        assert 'handler = "weights/handler.py"' in migrate("--project", "..", "--", *LEAST.split())

    def test_note(self, migrate: Migrate) -> None:
        """Paths that exist only on this machine are noted."""
        (migrate.root.parent / "a.txt").touch()

        migrate.translate(f"{LEAST} --extra-files ../a.txt")

        assert migrate.err == "Note: archive `digits` takes `../a.txt` from outside the project\n"

    def test_missing(self, migrate: Migrate) -> None:
        """No file need exist, but a build would refuse the archive, which is noted."""
        migrate.translate(f"{LEAST} --serialized-file none.pth")

        assert migrate.err == (
            "Note: a build refuses archive `digits`: Field `serialized-file`: file not found: `none.pth`"
            " [MAR021]\n"
        )

    def test_fault(self, migrate: Migrate) -> None:
        """A value that cannot be expressed is an error of one line."""
        migrate("--", TOOL, "--model-name=", "--version=1", "--handler=a", status=1)

        assert (migrate.out, migrate.err) == ("", "Option `--model-name` must not be empty [MAR004]\n")

    def test_usage(self, migrate: Migrate) -> None:
        """Wrong usage of the tool is wrong usage."""
        migrate("--", TOOL, "--model-name", "digits", status=2)

        assert "torch-model-archiver: error: " in migrate.err

    def test_help_of_tool(self, migrate: Migrate) -> None:
        """The tool's own `--help` works."""
        assert migrate.translate(f"{TOOL} -h").startswith("usage: torch-model-archiver [-h]")


@needs_posix
class TestRun:
    def test_tables(self, migrate: Migrate) -> None:
        """A script is run, after a message; only the tables go to standard output."""
        (migrate.root / "spec.yaml").write_text("models: {}\ndag: {handle: []}\n")

        assert migrate.run(f"echo packing; {WORKFLOW}; {LEAST}") == f"{TABLE}\n{WORKFLOW_TABLE}"

        lines = [line for line in migrate.err.splitlines() if not line.startswith("Warning: ")]
        assert lines == [
            f"Running `sh -ec 'echo packing; {WORKFLOW}; {LEAST}'`, and recording what it packs",
            "packing",
        ]
        assert (migrate.root / "digits.mar").exists()

    def test_no_pack(self, migrate: Migrate) -> None:
        """With `--no-pack`, its calls are only recorded."""
        assert migrate.run(f"{LEAST}; {WORKFLOW}", "--no-pack") == f"{TABLE}\n{WORKFLOW_TABLE}"
        assert not [*migrate.root.glob("*.[mw]ar")]

    def test_notes(self, migrate: Migrate) -> None:
        """Notes at the end say what the tables do not express."""
        migrate.run(f"{LEAST}; rm handler.py; mkdir store; mv digits.mar store")

        assert [line for line in migrate.err.splitlines() if line.startswith("Note: ")] == [
            (
                "Note: the command moved or copied an archive to `store/digits.mar`; for a build to write it"
                ' there, set `export-path = "store"`'
            ),
            "Note: a build refuses archive `digits`: Field `handler`: file not found: `handler.py` [MAR021]",
        ]

    def test_failed(self, migrate: Migrate) -> None:
        """If the command fails, nothing is written, and the status is 1."""
        migrate.pyproject.write_text(HATCHLING)

        migrate.run(f"{LEAST}; exit 7", "--write", status=1)

        assert migrate.out == ""
        assert migrate.err.splitlines()[-1] == (
            f"`sh -ec '{LEAST}; exit 7'` ended with exit status 7, so nothing is written"
        )
        assert migrate.pyproject.read_text() == HATCHLING

    def test_unseen(self, migrate: Migrate) -> None:
        """Archives that appear without a call are named."""
        migrate.run("touch a.mar", status=1)

        assert "Archives appeared, but no call was recorded: `a.mar`; " in migrate.err

    def test_write(self, migrate: Migrate) -> None:
        """The tables are added to `pyproject.toml`."""
        migrate.pyproject.write_text(HATCHLING)

        assert migrate.run(LEAST, "--write").splitlines()[0] == f"Added `digits` to `{migrate.pyproject}`"
        assert migrate.pyproject.read_text().endswith(TABLE)

    def test_refused(self, migrate: Migrate) -> None:
        """That a build refuses what the tool packs is noted, and nothing promises that it builds."""
        migrate.pyproject.write_text(HATCHLING)
        (migrate.root / "VERSION").write_text("1\n")
        options = "--model-name t -v 1 --handler base_handler --extra-files VERSION"

        out = migrate.run(f"{LEAST}; {TOOL} {options}", "--write")

        assert out.splitlines()[0] == f"Added `digits`, `t` to `{migrate.pyproject}`"
        assert "builds the archives" not in out
        notes = [line for line in migrate.err.splitlines() if line.startswith("Note: ")]
        assert len(notes) == 1
        assert notes[0].startswith("Note: a build refuses archive `t`: ")
        assert ": MAR402 " in notes[0]

    def test_not_written(self, migrate: Migrate) -> None:
        """Tables that cannot be added are printed, so that the command need not run again."""
        migrate.pyproject.write_text(TABLE)

        assert migrate.run(LEAST, "--write", status=1) == TABLE
        assert migrate.err.endswith("already has `digits`; remove or rename one of them\n")
        assert migrate.pyproject.read_text() == TABLE

    @pytest.mark.parametrize("options", [[], ["--write"]])
    def test_some_at_fault(self, migrate: Migrate, options: list[str]) -> None:
        """A call that no table can express does not lose the others."""
        migrate.pyproject.write_text(HATCHLING)

        other = LEAST.replace("digits", "b")

        assert migrate.run(f"{LEAST}; {other} --version=", *options, status=1) == TABLE
        assert migrate.err.splitlines()[-1].endswith("Option `--version` must not be empty [MAR004]")
        assert migrate.pyproject.read_text() == HATCHLING

    def test_no_directory(self, migrate: Migrate) -> None:
        """A project must be a directory."""
        migrate("--project", "none", "--", *LEAST.split(), status=1)

        assert migrate.err == "Not a directory: `none`\n"

    def test_no_project(self, migrate: Migrate) -> None:
        """A missing project is an error before anything is run."""
        migrate.run(LEAST, "--write", status=1)

        assert migrate.err == "File not found: `pyproject.toml` [MAR001]\n"
        assert not [*migrate.root.glob("*.mar")]


class TestSetupPy:
    """A project that setuptools builds without a `pyproject.toml`."""

    def test_created(self, migrate: Migrate) -> None:
        """The file is created, with all that a build needs."""
        (migrate.root / "setup.py").touch()

        assert migrate("--write", "--", *LEAST.split()).splitlines() == [
            f"Created `{migrate.pyproject}`",
            f"Added `digits` to `{migrate.pyproject}`",
            "Added `[build-system]` with `setuptools` and `hatch-mar` as `requires`",
            (
                "Set `build-system.build-backend` to `hatch_mar.backend`, and `tool.mar.build-backend` to"
                " `setuptools.build_meta:__legacy__`"
            ),
            "`python -m build` and `uv build` build the archives",
        ]
        assert migrate.pyproject.read_text() == (
            '[build-system]\nrequires = ["setuptools", "hatch-mar"]\nbuild-backend = "hatch_mar.backend"\n\n'
            f'[tool.mar]\nbuild-backend = "setuptools.build_meta:__legacy__"\n\n{TABLE}'
        )

    def test_other_setup_cfg(self, migrate: Migrate) -> None:
        """The settings of other tools make no package."""
        (migrate.root / "setup.cfg").write_text("[flake8]\n")
        migrate("--write", "--", *LEAST.split(), status=1)

        assert migrate.err == "File not found: `pyproject.toml` [MAR001]\n"


class TestJson:
    TABLES = {"archives": [{"model-name": "digits", "version": "1.0", "handler": "handler.py"}]}  # noqa: RUF012

    def test_tables(self, migrate: Migrate) -> None:
        """`--json` prints the tables and the notes."""
        note = "archive `digits` takes `../a.txt` from outside the project"
        (migrate.root.parent / "a.txt").touch()
        found = json.loads(migrate("--json", "--", *LEAST.split(), "--extra-files=../a.txt"))

        [table] = self.TABLES["archives"]
        assert found == {
            "tables": {"archives": [table | {"extra-files": ["../a.txt"]}]},
            "notes": [note],
            "changes": [],
        }
        assert migrate.err == ""

    def test_write(self, migrate: Migrate) -> None:
        """It prints what was written, too."""
        migrate.pyproject.write_text(HATCHLING)
        found = json.loads(migrate("--json", "--write", "--", *LEAST.split()))

        assert found["tables"] == self.TABLES
        assert found["changes"][0] == f"Added `digits` to `{migrate.pyproject}`"

    def test_not_written(self, migrate: Migrate) -> None:
        """Tables that cannot be added are printed nevertheless, and why is a line."""
        migrate.pyproject.write_text(TABLE)
        found = json.loads(migrate("--json", "--write", "--", *LEAST.split(), status=1))

        assert (found["tables"], found["changes"]) == (self.TABLES, [])
        assert migrate.err.startswith("Table `tool.mar.archives` already has `digits`; ")

    def test_help_of_tool(self, migrate: Migrate) -> None:
        """The tool's own `--help` is no JSON, and goes to standard error."""
        assert migrate("--json", "--", TOOL, "--help") == ""
        assert migrate.err.startswith("usage: torch-model-archiver [-h]")


class TestExportPath:
    def test_ignored(self, migrate: Migrate) -> None:
        """Archives that are built into the project are kept out of the next sdist."""
        (migrate.root / ".git").mkdir()
        migrate.pyproject.write_text(HATCHLING)
        lines = migrate("--write", "--", *LEAST.split(), "--export-path=store").splitlines()

        file = migrate.root / ".gitignore"
        assert lines[-1] == f"Added `/store/*.mar` to `{file}`, which keeps built archives out of sdists"
        assert file.read_text() == "/store/*.mar\n"

    @pytest.mark.parametrize(
        ("name", "text", "is_added"),
        [
            ("pyproject.toml", HATCHLING.replace("hatchling.build", "scikit_build_core.build"), True),
            ("pyproject.toml", HATCHLING.replace("hatchling.build", "hatch_mar.backend"), True),
            ("setup.py", "", True),
            ("pyproject.toml", "[project]\nname = 'a'\n", False),
        ],
    )
    def test_other_backend(self, migrate: Migrate, name: str, text: str, is_added: bool) -> None:
        """So they are wherever a build makes them."""
        (migrate.root / ".git").mkdir()
        (migrate.root / name).write_text(text)
        lines = migrate("--write", "--", *LEAST.split(), "--export-path=store").splitlines()

        file = migrate.root / ".gitignore"
        assert lines[-1].startswith(f"Added `/store/*.mar` to `{file}`, which ") is is_added
        assert (file.exists() and file.read_text()) == (is_added and "/store/*.mar\n")

    @pytest.mark.parametrize("options", [[], ["--write"]])
    def test_not_ignored(self, migrate: Migrate, options: list[str]) -> None:
        """Without `--write` nothing is written, nor if the tables cannot be added."""
        (migrate.root / ".git").mkdir()
        migrate.pyproject.write_text(HATCHLING + TABLE)
        status = 1 if options else 0
        migrate(*options, "--", *LEAST.split(), "--export-path=store", status=status)

        assert not (migrate.root / ".gitignore").exists()


class TestUsage:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("archive.sh", "", "sh archive.sh"),
            ("archive.sh", "#!/bin/bash -e\n", "bash -e archive.sh"),
            ("archive", "#!/usr/bin/env python3\n", "python3 archive"),
            ("archive", "#!/usr/bin/env -S bash -u\n", "bash -u archive"),
            ("archive.bash", "", "bash archive.bash"),
            ("archive.py", "", "python archive.py"),
            ("Makefile", "", "make -f Makefile"),
            ("rules.mk", "", "make -f rules.mk"),
            ("a b.ipynb", "{}", "jupyter execute 'a b.ipynb'"),
        ],
    )
    def test_script(self, migrate: Migrate, name: str, text: str, expected: str) -> None:
        """If a script is given instead of a command, the message shows what to type."""
        (migrate.root / name).write_text(text)

        migrate(name, "--write", status=2)

        assert (migrate.out, migrate.err) == (
            "",
            (
                "hatch-mar migrate no longer reads scripts, it runs them:"
                f" hatch-mar migrate --write -- {expected}\n"
            ),
        )

    def test_huge_script(self, migrate: Migrate) -> None:
        """A file that is larger than the memory is not read to its end."""
        with open(migrate.root / "archive.py", "wb") as file:
            file.truncate(1 << 40)

        migrate("archive.py", status=2)

        assert migrate.err.endswith("hatch-mar migrate -- python archive.py\n")

    @pytest.mark.parametrize("name", ["Dockerfile", "ci.yml", "deploy/train.Dockerfile"])
    def test_no_script(self, migrate: Migrate, name: str) -> None:
        """For a file that no program runs, the message suggests a shell."""
        (migrate.root / name).parent.mkdir(exist_ok=True)
        (migrate.root / name).touch()

        migrate(name, status=2)

        assert migrate.err == (
            "hatch-mar migrate no longer reads files, it runs commands: start a shell, and give it the steps"
            f" of `{name}`: hatch-mar migrate -- sh\n"
        )

    def test_command(self, migrate: Migrate) -> None:
        """For a command without `--`, the message shows it with `--`."""
        migrate("--project", "x", "make", "weights", status=2)

        assert migrate.err == "A command is given after `--`: hatch-mar migrate --project x -- make weights\n"

    @pytest.mark.parametrize("arguments", [[], ["--"], ["--write"], ["a.sh", "--", "sh"]])
    def test_no_command(self, migrate: Migrate, arguments: list[str]) -> None:
        """A missing command is wrong usage."""
        migrate(*arguments, status=2)

        assert migrate.err.endswith("hatch-mar migrate: error: a COMMAND is needed, after `--`\n")

    def test_help(self, migrate: Migrate) -> None:
        """The help has an example that works as it stands."""
        out = migrate("--help")

        assert out.startswith(
            "usage: hatch-mar migrate [-q | -v] [--write] [--project DIR] [--no-pack] [--json] -- COMMAND"
        )
        assert "example:\n  hatch-mar migrate --write -- sh scripts/archive.sh\n" in out
