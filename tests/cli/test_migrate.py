from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.cli import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LEAST = "--model-name digits --version 1.0 --handler handler.py"
TABLE = """\
[[tool.mar.archives]]
model-name = "digits"
version = "1.0"
handler = "handler.py"
"""
NOT_A_NAME = (
    "must begin with a letter, followed by letters, digits, `_`, `-` and `.` (never two dots in a row)"
)
HATCHLING = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "reader"
version = "1.0"
"""


class Migrate:
    """`hatch-mar migrate`, run in a project."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """What it prints; where it fails, on standard error, and then nothing else."""
        try:
            found = main(["migrate", *arguments])
        except SystemExit as end:
            found = int(end.code or 0)
        self.out, self.err = self._capsys.readouterr()
        assert status == found, self.err
        if status:
            assert self.out == ""
        return self.err if status else self.out

    def command(self, options: str) -> dict[str, Any]:
        """The one table that a command becomes."""
        [archive] = tables(self("--", *options.split()))
        return archive

    def script(self, text: str, *arguments: str, name: str = "archive.sh", status: int = 0) -> str:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")
        return self(*arguments, name, status=status)

    def write(self, pyproject: str, options: str = LEAST, status: int = 0) -> str:
        """What is said when a command is written into a `pyproject.toml`."""
        self.pyproject.write_bytes(pyproject.encode())
        said = self("--write", "--", *options.split(), status=status)
        if status:
            assert self.pyproject.read_bytes() == pyproject.encode()
        return said

    @property
    def pyproject(self) -> Path:
        return self.root / "pyproject.toml"

    @property
    def written(self) -> str:
        return self.pyproject.read_bytes().decode()


def tables(printed: str) -> list[dict[str, Any]]:
    found = tomllib.loads(printed)["tool"]["mar"]["archives"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def migrate(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Migrate:
    monkeypatch.chdir(project)
    return Migrate(project, capsys)


class TestCommand:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "torch-model-archiver",
            "/usr/bin/torch-model-archiver",
            "python -m model_archiver.model_packaging",
        ],
    )
    def test_least(self, migrate: Migrate, name: str) -> None:
        """A command becomes a table, whose defaults are left out, whether the tool is named or not."""
        assert migrate("--", *f"{name} {LEAST}".split()) == TABLE

    def test_all(self, migrate: Migrate) -> None:
        """Every option is a key."""
        expected = """\
[[tool.mar.archives]]
model-name = "digits"
version = "2"
handler = "handler.py"
model-file = "model.py"
serialized-file = "weights/model.pth"
extra-files = ["labels/*.json", "vocab", "a.txt"]
requirements-file = "requirements.txt"
config-file = "model-config.yaml"
runtime = "python3"
export-path = "model-store"
archive-format = "tgz"
"""
        options = (
            "--model-n digits -v2 --handler=handler.py --model-file model.py --ser weights/model.pth"
            " --extra-files labels/*.json,vocab,,a.txt -r requirements.txt -c model-config.yaml"
            " --runtime python3 --export-path model-store --archive-format tgz --force"
        )

        assert migrate("--", *options.split()) == expected

    @pytest.mark.parametrize(
        "more", ["--runtime python", "--archive-format default", "-f", "--requirements-file="]
    )
    def test_defaults(self, migrate: Migrate, more: str) -> None:
        """What is the default anyway is left out."""
        assert migrate("--", *f"{LEAST} {more}".split()) == TABLE

    def test_toml(self, migrate: Migrate) -> None:
        """Whatever stands in a value, TOML has it, long arrays on lines of their own."""
        names = [f'{n}\x7f\t"é"' * 9 for n in range(3)]

        printed = migrate("--", *LEAST.split(), "--version", 'a "b" é', "--extra-files", ",".join(names))

        [archive] = tables(printed)
        assert (archive["version"], archive["extra-files"]) == ('a "b" é', names)
        assert "extra-files = [\n  " in printed

    def test_help_of_tool(self, migrate: Migrate) -> None:
        """The tool's own help is there too."""
        assert migrate("--", "torch-model-archiver", "-h").startswith("usage: torch-model-archiver [-h]")


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("weights/model.pth", "weights/model.pth"),
            ("./weights//model.pth", "weights/model.pth"),
            ("weights/../weights/model.pth", "weights/model.pth"),
            ("{root}/weights/model.pth", "weights/model.pth"),
            ("{root}/../other.pth", "{parent}/other.pth"),
            ("../other.pth", "../other.pth"),
        ],
    )
    def test_file(self, migrate: Migrate, path: str, expected: str) -> None:
        """Paths are relative to the project, but for absolute ones that lead elsewhere."""
        root, parent = migrate.root.as_posix(), migrate.root.parent.as_posix()

        archive = migrate.command(f"{LEAST} --serialized-file {path.format(root=root)}")

        assert expected.format(parent=parent) == archive["serialized-file"]

    def test_project(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """They were relative to the working directory, which need not be the project's."""
        monkeypatch.chdir(migrate.root / "weights")
        options = f"{LEAST} --serialized-file model.pth --extra-files ../labels/*/,. --export-path ."

        [archive] = tables(migrate("--project", "..", "--", *options.split()))

        assert archive["handler"] == "weights/handler.py"
        assert archive["serialized-file"] == "weights/model.pth"
        assert archive["extra-files"] == ["labels/*/", "weights"]
        assert archive["export-path"] == "weights"

    def test_link(self, migrate: Migrate) -> None:
        """`..` behind a link is where it leads."""
        (migrate.root / "weights/deep").mkdir()
        try:
            (migrate.root / "link").symlink_to("weights/deep", target_is_directory=True)
        except OSError:
            pytest.skip("no links here")

        archive = migrate.command(f"{LEAST} --serialized-file link/../model.pth")

        assert archive["serialized-file"] == "weights/model.pth"

    def test_outside(self, migrate: Migrate) -> None:
        """A path that leads out of the project is worth a note."""
        migrate.command(f"{LEAST} --extra-files ../a.txt")

        assert migrate.err == "Note: archive `digits` takes `../a.txt` from outside the project\n"

    def test_stars(self, migrate: Migrate) -> None:
        """`**` was no more than `*`, and stays so."""
        assert migrate.command(f"{LEAST} --extra-files a/**/*.txt")["extra-files"] == ["a/*/*.txt"]

    @pytest.mark.parametrize(
        ("handler", "expected"),
        [
            ("image_classifier", "image_classifier"),
            ("./image_classifier", "./image_classifier"),
            ("./handler.py", "handler.py"),
            ("./handler:handle", "handler:handle"),
            ("package.module:handle", "package.module:handle"),
            ("text_handler", "text_handler"),
            ("vision_handler", "vision_handler"),
        ],
    )
    def test_handler(self, migrate: Migrate, handler: str, expected: str) -> None:
        """A handler stays the file, built-in or module that it was."""
        (migrate.root / "text_handler.py").touch()

        assert migrate.command(f"{LEAST} --handler {handler}")["handler"] == expected


class TestFaults:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("--model-name _a", f"Option `--model-name` {NOT_A_NAME}: `_a` [MAR004]"),
            ("--model-name=", "Option `--model-name` must not be empty"),
            ("--version=", "Option `--version` must not be empty"),
            ("--handler=", "Option `--handler` must not be empty"),
            ("-r *.txt", "Option `--requirements-file` must name one file, and no pattern: `*.txt`"),
        ],
    )
    def test_value(self, migrate: Migrate, options: str, expected: str) -> None:
        """What no key can hold is one line."""
        assert migrate("--", *f"{LEAST} {options}".split(), status=1) == f"{expected}\n"

    @pytest.mark.parametrize("options", ["--model-name digits", f"{LEAST} more", f"{LEAST} --none"])
    def test_usage(self, migrate: Migrate, options: str) -> None:
        """A command that the tool would not take is wrong usage."""
        assert "torch-model-archiver: error: " in migrate("--", *options.split(), status=2)

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ([], "a SCRIPT is needed or, after `--`, a command"),
            (["--"], "a SCRIPT is needed or, after `--`, a command"),
            (["--none"], "unrecognized arguments: --none"),
            (["--set", "A", "x.sh"], "argument --set: expected NAME=VALUE: `A`"),
        ],
    )
    def test_own_usage(self, migrate: Migrate, arguments: list[str], expected: str) -> None:
        """So is what is none of its own."""
        assert migrate(*arguments, status=2).splitlines()[-1] == f"hatch-mar migrate: error: {expected}"

    def test_script(self, migrate: Migrate) -> None:
        """All faults of a script are told at once, each with its line."""
        text = """\
cd "$WHERE"
torch-model-archiver --model-name a -v $VERSION --handler "$(pick)"
cd /
torch-model-archiver --model-name a -v 1
torch-model-archiver --model-name _a -v 1 --handler a
"""
        expected = """\
archive.sh:2: the working directory depends on `$WHERE`, which is not known
archive.sh:2: `$VERSION` is not known; give it with `--set VERSION=...`
archive.sh:2: `$(pick)` is not known; write what it stands for
archive.sh:4: the following arguments are required: --handler
"""
        expected += f"archive.sh:5: Option `--model-name` {NOT_A_NAME}: `_a` [MAR004]\n"

        assert migrate.script(text, status=1) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "pip install torch-model-archiver",
            "pip install torch-model-archiver $MORE",
            "echo torch-model-archiver --model-name a",
            "torch-model-archiver --help",
            "torch-model-archiver",
            "# torch-model-archiver --model-name a -v 1 --handler a",
        ],
    )
    def test_nothing_found(self, migrate: Migrate, text: str) -> None:
        """A script that does not call the tool is a fault."""
        expected = "archive.sh: no torch-model-archiver command found\n"

        assert migrate.script(text, status=1) == expected

    def test_no_script(self, migrate: Migrate) -> None:
        """So is one that is not there, or none at all."""
        assert migrate("none.sh", status=1) == "File not found: `none.sh`\n"
        assert migrate.script("\n'", status=1) == "archive.sh:2: a quote is not closed\n"

    def test_clash(self, migrate: Migrate) -> None:
        """Two commands that write one file cannot be two archives."""
        text = f"torch-model-archiver {LEAST}\ntorch-model-archiver {LEAST} -r requirements.txt\n"
        expected = (
            "Fields `tool.mar.archives[0]` and `tool.mar.archives[1]` both write `digits.mar`;"
            " give one of them another `model-name`, `archive-name`, `archive-format` or `export-path`"
            " [MAR007]\n"
        )

        assert migrate.script(text, status=1) == expected


class TestScripts:
    @pytest.mark.parametrize(
        "line",
        [
            f"torch-model-archiver {LEAST}",
            f"/opt/bin/torch-model-archiver {LEAST} && echo done",
            f"python3 -m model_archiver.model_packaging {LEAST} | tee log",
            f"TMPDIR=/tmp/a torch-model-archiver {LEAST} > log 2>&1",
            f"sudo poetry run torch-model-archiver {LEAST}",
            f"\t@torch-model-archiver {LEAST}",
            f"bash -c 'torch-model-archiver {LEAST}'",
            f"if ! torch-model-archiver {LEAST}; then exit 1; fi",
            f"ARGS='{LEAST}'; torch-model-archiver $ARGS",
            f"tool=torch-model-archiver; $tool {LEAST}",
            "torch-model-archiver --model-name digits --version ${VERSION:-1.0} --handler handler.py",
            "cd weights; torch-model-archiver --model-name digits --version 1.0 --handler ../handler.py",
            f"torch-model-archiver {LEAST}\ntorch-model-archiver {LEAST}",
        ],
    )
    def test_found(self, migrate: Migrate, line: str) -> None:
        """The tool is found wherever a script calls it."""
        assert migrate.script(f"#!/bin/bash\nset -e\n{line}\n") == TABLE

    def test_set(self, migrate: Migrate) -> None:
        """A variable can be given, be it that the script sets it or not."""
        text = "V=$(date)\ntorch-model-archiver --model-name $NAME -v $V --handler handler.py"

        assert migrate.script(text, "--set", "NAME=digits", "--set=V=1.0") == TABLE

    def test_several(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """Scripts, standard input and a command may come together."""
        monkeypatch.setattr("sys.stdin", io.StringIO("torch-model-archiver --model-n b -v 1 --handler h"))
        (migrate.root / "a.sh").write_text("torch-model-archiver --model-n a -v 1 --handler h")

        printed = migrate("a.sh", "-", "--", *LEAST.split())

        assert [table["model-name"] for table in tables(printed)] == ["digits", "a", "b"]
        assert printed.count("\n\n[[") == 2

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("Dockerfile", f"FROM a\n# it's\nRUN torch-model-archiver {LEAST}\n"),
            ("ci.yml", f"name: Don't\nsteps:\n  - run: torch-model-archiver {LEAST}\n"),
            ("ci.yaml", f"steps:\n  - run: |\n      pip install torch\n      torch-model-archiver {LEAST}\n"),
        ],
    )
    def test_other_files(self, migrate: Migrate, name: str, text: str) -> None:
        """Dockerfiles and YAML have commands too."""
        assert migrate.script(text, name=name) == TABLE

    def test_line_in_yaml(self, migrate: Migrate) -> None:
        """A fault in a workflow is at its own line of the file."""
        text = "steps:\n  - run: |\n      a\n      torch-model-archiver -v ${{ a }}\n"

        expected = "ci.yml:4: `${{ a }}` is not known; write what it stands for\n"

        assert migrate.script(text, name="ci.yml", status=1) == expected


class TestWrite:
    def test_hatchling(self, migrate: Migrate) -> None:
        """All that `hatch build` needs is added, and what was done is said."""
        expected = f"""\
Added `digits` to `{migrate.pyproject}`
Added `hatch-mar` to `build-system.requires`
Added `[tool.hatch.build.hooks.mar]`
`hatch build` builds them
"""
        assert migrate.write(HATCHLING) == expected
        assert migrate.written == (
            HATCHLING.replace('["hatchling"]', '["hatchling", "hatch-mar"]')
            + "\n[tool.hatch.build.hooks.mar]\n\n"
            + TABLE
        )

    def test_other_backend(self, migrate: Migrate) -> None:
        """With another backend there is another command, and nothing else to add."""
        text = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        expected = f"""\
Added `digits` to `{migrate.pyproject}`
`hatch-mar build` builds them, for the build backend is `flit_core.buildapi`, not hatchling
"""
        assert migrate.write(text) == expected
        assert migrate.written == f"{text}\n{TABLE}"

    def test_no_backend(self, migrate: Migrate) -> None:
        """The same without any."""
        said = migrate.write("")

        assert said.splitlines()[-1] == "`hatch-mar build` builds them, for there is no build backend"
        assert migrate.written == TABLE

    def test_comments(self, migrate: Migrate) -> None:
        """Comments, blanks and the order of everything stay."""
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
        migrate.write(text)

        before, after = text.splitlines(), migrate.written.splitlines()
        assert after.pop(before.index("    # more to come") + 1) == '    "hatch-mar"'
        assert before == after[: len(before)]
        assert ["", "[tool.hatch.build.hooks.mar]", "", *TABLE.splitlines()] == after[len(before) :]

    def test_second(self, migrate: Migrate) -> None:
        """Another archive joins those that are there, and nothing is added twice."""
        migrate.write(HATCHLING)
        first = migrate.written

        said = migrate("--write", "--", *LEAST.replace("digits", "letters").split())

        assert said == f"Added `letters` to `{migrate.pyproject}`\n`hatch build` builds them\n"
        assert first + "\n" + TABLE.replace("digits", "letters") == migrate.written

    @pytest.mark.parametrize("requirement", ["hatch-mar", "hatch_mar>=1", "Hatch.Mar @ file:///x"])
    def test_required_already(self, migrate: Migrate, requirement: str) -> None:
        """The plugin may be required in any spelling."""
        text = HATCHLING.replace('"hatchling"]', f'"hatchling", "{requirement}"]')

        migrate.write(text)

        assert migrate.written.startswith(text)

    @pytest.mark.parametrize(
        "hook",
        [
            "[tool.hatch.build.hooks.mar]\n",
            "[tool.hatch.build]\nhooks.mar = {}\n",
            "[tool.hatch.build.targets.wheel.hooks.mar]\n",
        ],
    )
    def test_hook_already(self, migrate: Migrate, hook: str) -> None:
        """So may the hook be switched on in any place."""
        assert "Added `[tool" not in migrate.write(f"{HATCHLING}\n{hook}")
        assert migrate.written.endswith(f"\n{hook}\n{TABLE}")

    def test_hatch_toml(self, migrate: Migrate) -> None:
        """A `hatch.toml` with a build of its own is where the hook must go, and that is said."""
        (migrate.root / "hatch.toml").write_text("[build]\n")
        expected = "Add `[build.hooks.mar]` to `hatch.toml`, which goes before `[tool.hatch.build]`"

        assert expected in migrate.write(HATCHLING).splitlines()
        assert "hooks" not in migrate.written

    def test_newlines(self, migrate: Migrate) -> None:
        """Lines end as they did."""
        migrate.write(HATCHLING.replace("\n", "\r\n"))

        assert migrate.written.count("\n") == migrate.written.count("\r\n") > HATCHLING.count("\n")

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
    def test_mode_and_link(self, migrate: Migrate) -> None:
        """The file keeps its mode, and a link stays a link."""
        file = migrate.root / "real.toml"
        file.write_text(HATCHLING)
        file.chmod(0o640)
        migrate.pyproject.symlink_to(file.name)

        migrate("--write", "--", *LEAST.split())

        assert migrate.pyproject.is_symlink()
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
        assert TABLE in file.read_text()
        assert not [path for path in migrate.root.iterdir() if path.name.endswith(".part")]

    def test_project(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """The project may be elsewhere."""
        migrate.pyproject.write_text(HATCHLING)
        monkeypatch.chdir(migrate.root / "weights")

        migrate("--write", "--project", "..", "--", *LEAST.split())

        assert 'handler = "weights/handler.py"' in migrate.written


class TestWriteFaults:
    def test_present(self, migrate: Migrate) -> None:
        """An archive of the same name is not overwritten."""
        expected = "Table `tool.mar` has an archive `digits` already\n"

        assert migrate.write(f"{HATCHLING}\n{TABLE}", status=1) == expected

    def test_itself_archive(self, migrate: Migrate) -> None:
        """A table that is itself the archive would turn into defaults."""
        expected = (
            "Table `tool.mar` is itself an archive; make it `[[tool.mar.archives]]`,"
            " so that others may follow\n"
        )

        assert migrate.write('[tool.mar]\nhandler = "base_handler"\n', status=1) == expected

    def test_inherited(self, migrate: Migrate) -> None:
        """A default that the command knows nothing of would change the archive."""
        text = (
            '[tool.mar]\nhandler = "h.py"\nextra-files = ["a"]\n\n[[tool.mar.archives]]\nmodel-name = "b"\n'
        )
        expected = (
            "Archive `digits` would inherit `extra-files` from `tool.mar`,"
            " which its command does not set; move that to the archives it is for\n"
        )

        assert migrate.write(text, status=1) == expected

    @pytest.mark.parametrize(
        "text",
        [
            '[tool.mar]\narchives = [{model-name = "a", handler = "b"}]\n',
            "tool = {}\n",
            HATCHLING + "[tool]\nhatch = {}\n",
        ],
    )
    def test_inline(self, migrate: Migrate, text: str) -> None:
        """What is written inline cannot be added to."""
        expected = (
            f"Cannot add to `{migrate.pyproject}`, whose `tool` tables are written inline;"
            " run this without `--write`, and paste what it prints\n"
        )

        assert migrate.write(text, status=1) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("tool = 1", "Field `tool` must be a table"),
            ("[tool]\nmar = 1", "Field `tool.mar` must be a table"),
            ("[tool.mar]\narchives = 1", "Field `tool.mar.archives` must be an array of tables"),
            ("[tool.mar]\narchives = [1]", "Field `tool.mar.archives` must be an array of tables"),
            (
                '[build-system]\nrequires = "a"\nbuild-backend = "hatchling.build"',
                "Field `build-system.requires` must be an array",
            ),
            (HATCHLING + "[tool.hatch]\nbuild = 1", "Field `tool.hatch.build` must be a table"),
            (
                "[[tool.mar.archives]]\nxyz = 1\nhandler = 'a'",
                "Unknown field `tool.mar.archives[0].xyz` [MAR003]",
            ),
        ],
    )
    def test_not_sound(self, migrate: Migrate, text: str, expected: str) -> None:
        """What is wrong already is named, and stays as it is."""
        assert migrate.write(text, status=1) == f"{expected}\n"

    def test_missing(self, migrate: Migrate) -> None:
        """There must be a `pyproject.toml`."""
        expected = "File not found: `pyproject.toml`\n"

        assert migrate("--write", "--", *LEAST.split(), status=1) == expected

    def test_without_tomlkit(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """Writing needs an extra, printing does not."""
        monkeypatch.setitem(sys.modules, "tomlkit", None)
        expected = "Option `--write` needs tomlkit: pip install 'hatch-mar[cli]'\n"

        assert migrate.write(HATCHLING, status=1) == expected
        assert migrate("--", *LEAST.split()) == TABLE

    def test_not_written(self, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the file cannot be replaced it is as it was, and nothing lies beside it."""

        def refused(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "replace", refused)
        before = {*migrate.root.iterdir(), migrate.pyproject}
        expected = f"Cannot write `{migrate.pyproject}`: Permission denied\n"

        assert migrate.write(HATCHLING, status=1) == expected
        assert before == {*migrate.root.iterdir()}


class TestHelp:
    def test_example(self, migrate: Migrate) -> None:
        """The help has both usages and an example."""
        out = migrate("--help")

        assert out.startswith("usage: hatch-mar migrate [--write]")
        assert "-- torch-model-archiver --model-name ..." in out
        assert "example:\n  hatch-mar migrate scripts/archive.sh --write\n" in out
