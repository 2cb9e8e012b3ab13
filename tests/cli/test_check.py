"""`hatch-mar check`."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.archive.manifest import Manifest
from hatch_mar.cli import main
from hatch_mar.cli._findings import FORMS
from tests.archives import INSTANT

PYPROJECT = """
[project]
name = "digits"
version = "1.0"
[tool.mar]
handler = "handler.py"
{more}
"""
HATCHLING = '[build-system]\nbuild-backend = "hatchling.build"\n'
HOOK = "[tool.hatch.build.hooks.mar]\n"
GOOD = "def handle(data, context):\n    return data\n"
WARNED = "import nothing_such\n" + GOOD
BAD = "def handle(:\n"
WORKFLOW = """
[[tool.mar.workflows]]
workflow-name = "w"
spec-file = "w.yaml"
handler = "handler.py"
"""
SPEC = "models: {}\ndag: {handle: []}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, GOOD)
    return tmp_path


def written(root: Path, handler: str, more: str = "") -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.format(more=more))
    (root / "handler.py").write_text(handler)


class TestProject:
    def test_in_order(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """If nothing is found, the output says so."""
        assert main(["check"]) == 0
        assert capsys.readouterr() == ("All checks passed\n", "")

    def test_some(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A finding about some of the archives says about which, unless that is plain."""
        archives = ["model-name = 'a'\nextra-files = ['lib.py']", "model-name = 'b'", "model-name = '1'"]
        written(
            project, "import lib\n" + GOOD, "".join(f"[[tool.mar.archives]]\n{each}\n" for each in archives)
        )
        (project / "lib.py").touch()

        assert main(["check"]) == 1
        one, other = capsys.readouterr().out.splitlines()
        assert one.endswith('pack it with `extra-files = ["lib.py"]` (archives `b`, `1`)')
        assert "MAR009" in other
        assert "archive " not in other

        main(["check", "--output-format", "github"])
        assert capsys.readouterr().out.splitlines()[0].endswith("(archives `b`, `1`)")
        main(["check", "b"])
        assert "(archive" not in capsys.readouterr().out

    def test_error(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An error is shown with its place and fix, and sets the exit status."""
        written(project, BAD)

        assert main(["check"]) == 1
        assert capsys.readouterr().out.startswith("error: handler.py:1: MAR208 ")

    def test_warning(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A warning is shown, and sets the exit status with `--strict`."""
        written(project, WARNED)

        assert main(["check"]) == 0
        assert capsys.readouterr().out.startswith("warning: handler.py:1: MAR231 ")
        assert main(["check", "--strict"]) == 1

    def test_ignored(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`ignore` switches a code off."""
        written(project, WARNED, 'ignore = ["MAR231"]')

        assert main(["check", "--strict"]) == 0
        assert capsys.readouterr() == ("All checks passed\n", "")

    def test_by_name(self, project: Path):
        """An archive is checked by its name, from anywhere."""
        assert main(["check", "digits", "--project", str(project)]) == 0

    def test_misspelled_name(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For a misspelled name, the most similar one is suggested."""
        assert main(["check", "digit"]) == 1
        assert capsys.readouterr().err == "Unknown archive `digit`; did you mean `digits`?\n"

    @pytest.mark.parametrize(
        ("backend", "more", "expected"),
        [
            (
                "flit_core.buildapi",
                'build-backend = "flit_core.buildapi"',
                "warning: Field `tool.mar.build-backend` has",
            ),
            ("hatch_mar.backend", "", "error: Field `tool.mar.build-backend` is required by"),
        ],
        ids=["not wrapped", "wraps nothing"],
    )
    def test_wrapping(
        self, project: Path, backend: str, more: str, expected: str, capsys: pytest.CaptureFixture[str]
    ):
        """A backend that is only half wrapped makes no archive."""
        written(
            project, GOOD, f'{more}\n[build-system]\nrequires = ["hatch-mar"]\nbuild-backend = "{backend}"'
        )

        assert main(["check", "--strict"]) == 1
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith(expected)

    def test_wrapped(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A wrapped backend need not be installed for a check."""
        system = '[build-system]\nrequires = ["hatch-mar"]\nbuild-backend = "hatch_mar.backend"'
        written(project, GOOD, f'build-backend = "fkae"\n{system}')

        assert main(["check", "--strict"]) == 0

    @pytest.mark.parametrize(("more", "status"), [("", 1), ('ignore = ["MAR034"]', 0)])
    def test_lacking(self, project: Path, more: str, status: int, capsys: pytest.CaptureFixture[str]):
        """What the build needs and does not require is an error, which can be ignored."""
        system = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        written(project, GOOD, f"{more}\n{system}{HOOK}")

        assert main(["check"]) == status
        assert ("MAR034" in capsys.readouterr().out) is bool(status)

    def test_project_is_a_file(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A project that is not a directory is named as it was typed."""
        expected = "Not a directory: `handler.py`; a project is the directory of its `pyproject.toml`\n"

        assert main(["check", "--project", "handler.py"]) == 1
        assert capsys.readouterr().err == expected

    def test_no_project(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A missing `pyproject.toml` is named as it was typed."""
        assert main(["check", "--project", "absent"]) == 1
        assert capsys.readouterr().out == "error: File not found: `absent/pyproject.toml` [MAR001]\n"

    def test_unknown_name(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A name that is neither a file nor an archive is an error."""
        assert main(["check", "other"]) == 1
        assert capsys.readouterr().err == "Unknown archive `other`; the project has `digits`\n"


class TestBuildHook:
    """A project of hatchling's whose build hook is not enabled."""

    MISSING = (
        "Only `hatch-mar build` and `hatch build -t mar` write these archives;"
        " add `[tool.hatch.build.hooks.mar]`"
    )

    def test_missing(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """This is a warning, about `[tool.mar]` and all archives."""
        archives = "".join(f"[[tool.mar.archives]]\nmodel-name = '{name}'\n" for name in "ab")
        written(project, GOOD, archives + HATCHLING)

        assert main(["check"]) == 0
        assert capsys.readouterr().out == f"warning: {self.MISSING} [MAR028]\n"
        assert main(["check", "--strict", "--json"]) == 1
        [found] = json.loads(capsys.readouterr().out)
        assert [found[name] for name in ("line", "key", "archives")] == [5, "tool.mar", ["a", "b"]]

    @pytest.mark.parametrize("more", ["", HATCHLING + HOOK])
    def test_nothing(self, project: Path, capsys: pytest.CaptureFixture[str], more: str):
        """Nothing is said with the hook, or about another backend."""
        written(project, GOOD, more)

        assert main(["check", "--strict"]) == 0
        assert capsys.readouterr().out == "All checks passed\n"

    def test_ignored(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """It is not said of what ignores it, an archive or a workflow."""
        ignoring = f"[[tool.mar.archives]]\nmodel-name = 'a'\nignore = ['MAR028']\n{HATCHLING}"
        workflow = f"{WORKFLOW}ignore = ['MAR028']\n"
        (project / "w.yaml").write_text(SPEC)
        written(project, GOOD, ignoring + workflow)

        assert main(["check", "--strict"]) == 0

        written(project, GOOD, f"{ignoring}{workflow}[[tool.mar.archives]]\nmodel-name = 'b'\n")
        capsys.readouterr()
        assert main(["check", "--json"]) == 0
        assert [found["archives"] for found in json.loads(capsys.readouterr().out)] == [["b"]]

    def test_workflows(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """It is said of a project that has workflows alone."""
        (project / "w.yaml").write_text(SPEC)
        text = PYPROJECT.format(more=HATCHLING).replace('[tool.mar]\nhandler = "handler.py"\n', "")
        (project / "pyproject.toml").write_text(text + WORKFLOW)

        assert main(["check"]) == 0
        assert "MAR028" in capsys.readouterr().out

    def test_options(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An unknown option of the hook is found beside faults of `[tool.mar]`, in `hatch.toml` too."""
        written(project, GOOD, f"force = 1\n{HATCHLING}")
        (project / "hatch.toml").write_text("[build.hooks.mar]\nhandler = 'a'\n")

        assert main(["check", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [[each[name] for name in ("code", "file", "line", "key")] for each in found] == [
            ["MAR003", "hatch.toml", 2, "build.hooks.mar.handler"],
            ["MAR004", "pyproject.toml", 7, "tool.mar.force"],
        ]


class TestUnwrapped:
    SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "setuptools.build_meta"\n'

    def test_note(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Another backend that no archives come of is a note, without a word on hatchling's hook."""
        written(project, GOOD, self.SYSTEM)

        assert main(["check", "--strict"]) == 0
        first, last = capsys.readouterr().out.splitlines()
        assert first.startswith("note: Only `hatch-mar build` writes these archives; ")
        assert ("hatch.build" in first, last) == (False, "All checks passed")

    def test_ignored(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """It can be ignored."""
        written(project, GOOD, f"ignore = ['MAR033']\n{self.SYSTEM}")

        assert main(["check"]) == 0
        assert capsys.readouterr().out == "All checks passed\n"


class TestBackend:
    """A project that leaves its version to its build backend."""

    SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "{name}"\n'

    def write(self, root: Path, name: str, more: str = "") -> None:
        text = PYPROJECT.format(more=more).replace('version = "1.0"', 'dynamic = ["version"]')
        (root / "pyproject.toml").write_text(self.SYSTEM.format(name=name) + text)

    @pytest.mark.parametrize("form", FORMS)
    def test_failing(self, project: Path, capsys: pytest.CaptureFixture[str], form: str):
        """What was found before is shown, and that the backend fails is a line on standard error."""
        (project / "fails.py").write_text("raise ValueError('of all things')")
        mar = 'build-backend = "fails"\n'  # which has no effect
        self.write(project, 'fails"\nbackend-path = ["."] #', mar)

        assert main(["check", "--output-format", form]) == 1
        out, err = capsys.readouterr()
        assert out.count("MAR029") == {"full": 2, "markdown": 2, "sarif": 4}.get(form, 1)
        assert "checks passed" not in out.lower()
        asking, fault = err.splitlines()
        assert (
            asking
            == f"Asking the build backend of `{project}` for its metadata, which runs code of the project"
        )
        assert fault == f"The build backend of `{project}` failed: ValueError: of all things"

    @pytest.mark.parametrize("form", FORMS)
    def test_failing_alone(self, project: Path, capsys: pytest.CaptureFixture[str], form: str):
        """Where nothing was found before, nothing is printed, nor that all checks passed."""
        self.write(project, "nothing_such")

        assert main(["check", "--output-format", form]) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 2)

    def test_wrapper(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """What keeps our own backend from being asked is a finding, found once."""
        self.write(project, "hatch_mar.backend")

        assert main(["check", "--json"]) == 1
        out, err = capsys.readouterr()
        [found] = json.loads(out)
        assert (found["code"], found["key"], err) == ("MAR005", "tool.mar.build-backend", "")


class TestFile:
    def test_in_order(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that was just built is in order."""
        main(["build"])
        capsys.readouterr()

        assert main(["check", "dist/digits.mar", "--strict"]) == 0
        assert capsys.readouterr().out == "All checks passed\n"

    @pytest.mark.parametrize("name", ["nosuch.mar", "store/nosuch"])
    def test_missing(self, project: Path, capsys: pytest.CaptureFixture[str], name: str):
        """A missing file is named as it was typed."""
        expected = f"File not found: `{name}`, and no archive of the project has that name; it has `digits`\n"

        assert main(["check", name]) == 1
        assert capsys.readouterr().err == expected

    def test_missing_without_project(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """The same holds without a project."""
        monkeypatch.chdir(tmp_path)
        expected = "File not found: `nosuch.mar`, and there is no `pyproject.toml` that declares it\n"

        assert main(["check", "nosuch.mar"]) == 1
        assert capsys.readouterr().err == expected

    def test_not_an_archive(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A file that is not an archive is an error."""
        (project / "page.mar").write_text("<html>")

        assert main(["check", "page.mar"]) == 1
        assert "MAR801" in capsys.readouterr().out

    def test_workflow(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A workflow's file is checked as its project is."""
        for name, dag in {"right": "{handle: []}", "wrong": "{handle: [handle]}"}.items():
            spec = f"models: {{}}\ndag: {dag}\n"
            manifest = Manifest.for_workflow(
                workflow_name=name, spec_file="s.yaml", handler="h.py", created=INSTANT
            )
            with ZipFile(project / f"{name}.war", "w") as file:
                for member, data in {manifest.name: manifest.to_json(), "s.yaml": spec, "h.py": GOOD}.items():
                    file.writestr(member, data)

        assert main(["check", "right.war"]) == 0
        assert main(["check", "wrong.war"]) == 1
        assert capsys.readouterr().out == (
            "All checks passed\n"
            "error: wrong.war/s.yaml:2: MAR854 Node `handle` of `dag` leads to itself;"
            " remove one of the steps\n"
        )

    def test_named_otherwise(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """What a file is decides its name alone, of which another kind of archive is told."""
        main(["build"])
        (project / "dist/digits.mar").rename(project / "digits.war")
        capsys.readouterr()

        assert main(["check", "digits.war"]) == 1
        assert capsys.readouterr().out == (
            "error: digits.war/WAR-INF/MANIFEST.json: MAR199 Not a workflow archive: `digits.war` has no"
            " `WAR-INF/MANIFEST.json`; it has `MAR-INF/MANIFEST.json`, so name it `digits.mar`\n"
        )

    def test_without_manifest(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A directory without a manifest is an error."""
        (project / "model").mkdir()
        (project / "model" / "handler.py").write_text(GOOD)

        assert main(["check", "model/"]) == 1
        assert "MAR199" in capsys.readouterr().out

    def test_folder_of_archives(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """If it has archives, it is said to name them."""
        main(["build"])
        capsys.readouterr()

        assert main(["check", f"{project}/dist/"]) == 1
        assert capsys.readouterr().out.endswith(
            f"; name the archives in it, such as `{project.as_posix()}/dist/digits.mar`\n"
        )


class TestCodes:
    def test_ignore(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`--ignore` switches codes off, as the key does."""
        written(project, WARNED)

        assert main(["check", "--strict", "--ignore", "MAR902,MAR231"]) == 0
        assert capsys.readouterr().out == "All checks passed\n"
        assert main(["check", "--strict", "--ignore", "MAR902", "--ignore", "MAR203"]) == 1

    def test_select(self, project: Path):
        """`--select` switches all others off."""
        written(project, WARNED)

        assert main(["check", "--strict", "--select", "MAR902"]) == 0
        assert main(["check", "--strict", "--select", "MAR902, MAR231"]) == 1
        assert main(["check", "--strict", "--select", "MAR231", "--ignore", "MAR231"]) == 0

    @pytest.mark.parametrize("option", ["--select", "--ignore"])
    def test_configuration(self, option: str, project: Path, capsys: pytest.CaptureFixture[str]):
        """What leaves no configuration to check is shown in any case."""
        written(project, GOOD, "handlr = 1")
        code = "MAR902" if option == "--select" else "MAR003"

        assert main(["check", option, code]) == 1
        assert "[MAR003]" in capsys.readouterr().out

    def test_unknown(self, project: Path, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit) as status:
            main(["check", "--ignore", "MAR231,MAR2311"])

        assert status.value.code == 2
        assert "`MAR2311` is not the code of a check; did you mean `MAR231`?" in capsys.readouterr().err

    def test_file(self, project: Path):
        """A file has no configuration, so that options say what a project's keys would."""
        written(project, WARNED, 'archive-name = "a.b"')
        assert main(["build"]) == 0
        file = "dist/a.b.mar"

        assert main(["check", "--strict", file]) == 1
        assert main(["check", "--strict", file, "--ignore", "MAR231"]) == 0
        assert main(["check", "--strict", file, "--ignore", "MAR231", "--consumer", "kserve"]) == 1
        assert main(["check", "--strict", file, "--ignore", "MAR231", "--consumer", "windows"]) == 0


class TestOutput:
    def test_json(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`--json` prints everything about a finding."""
        written(project, BAD)
        main(["check", "--json"])
        [found] = json.loads(capsys.readouterr().out)

        assert list(found) == ["code", "severity", "file", "line", "key", "archives", "message", "fix"]
        assert tuple(found.values())[:4] == ("MAR208", "error", "handler.py", 1)

    def test_github(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`github` prints annotations."""
        written(project, BAD)
        main(["check", "--output-format", "github"])

        assert capsys.readouterr().out.startswith("::error file=handler.py,line=1,title=MAR208::")

    @pytest.mark.parametrize(
        ("more", "code", "line", "key"),
        [
            ("serialised-file = 'a'", "MAR003", 7, "tool.mar.serialised-file"),
            ("force = 1", "MAR004", 7, "tool.mar.force"),
            ("extra-files = [\n'a',\n1]", "MAR004", 7, "tool.mar.extra-files[1]"),
            ("[[tool.mar.archives]]\nversion = ' '", "MAR004", 8, "tool.mar.archives[0].version"),
            ("[tool.mar.archives.foo]", "MAR004", 7, "tool.mar.archives"),
            ("config-file = 'a'\nconfig = { a = 1 }", "MAR006", 8, "tool.mar.config"),
            ("[[tool.mar.archives]]\n[[tool.mar.archives]]", "MAR007", 8, "tool.mar.archives[1]"),
            ("model-name = '3d-unet'", "MAR009", 7, "tool.mar.model-name"),
            ("ignore = ['MAR231', 'MAR998']", "MAR010", 7, "tool.mar.ignore[1]"),
            ("model-file = 'absent.py'", "MAR021", 7, "tool.mar.model-file"),
            ("extra-files = '*.json'", "MAR022", 7, "tool.mar.extra-files"),
            ("requirements-from = ['dependency-groups.a']", "MAR026", 7, "tool.mar.requirements-from"),
            ("export-path = 'taken'", "MAR027", 7, "tool.mar.export-path"),
            ("exclude = ['a', '!']", "MAR004", 7, "tool.mar.exclude[1]"),
            (f"config = {{ a = {'[' * 60}{']' * 60} }}", "MAR004", 7, "tool.mar.config"),
            (f"{HATCHLING}[tool.hatch]\nbuild = 1", "MAR004", 10, "tool.hatch.build"),
            (f"{HATCHLING}{HOOK}a = 1", "MAR003", 10, "tool.hatch.build.hooks.mar.a"),
        ],
    )
    def test_configuration(  # noqa: PLR0917
        self, project: Path, capsys: pytest.CaptureFixture[str], more: str, code: str, line: int, key: str
    ):
        """Faults of the configuration and of the layout are findings, with a line and a key."""
        (project / "taken/digits.mar").mkdir(parents=True)
        written(project, GOOD, more)

        assert main(["check", "--json"]) == 1
        [found] = json.loads(capsys.readouterr().out)
        assert [found[name] for name in ("code", "file", "line", "key")] == [
            code,
            "pyproject.toml",
            line,
            key,
        ]

        assert main(["check", "--output-format", "github"]) == 1
        assert capsys.readouterr().out.startswith(f"::error file=pyproject.toml,line={line},title={code}::")
        assert main(["check"]) == 1
        assert capsys.readouterr().out.startswith("error: ")

    def test_misspelled_handler(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For a misspelled built-in handler, the most similar one is suggested."""
        text = PYPROJECT.format(more="").replace("handler.py", "image_classifierr")
        (project / "pyproject.toml").write_text(text)

        assert main(["check", "--output-format", "github"]) == 1
        assert capsys.readouterr().out == (
            "::error file=pyproject.toml,line=6,title=MAR021::Field `tool.mar.handler`: file not found:"
            " `image_classifierr.py`; did you mean `image_classifier`?\n"
        )

    def test_not_toml(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Invalid TOML is a finding, with its line."""
        written(project, GOOD, "x = ")

        assert main(["check", "--json"]) == 1
        [found] = json.loads(capsys.readouterr().out)
        assert [found["code"], found["file"], found["line"]] == ["MAR001", "pyproject.toml", 7]

    def test_configuration_beside_layout(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A missing file hides nothing that is wrong with the configuration."""
        written(project, GOOD, "model-file = 'absent.py'\nignore = ['MAR999']")

        assert main(["check", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [each["code"] for each in found] == ["MAR010", "MAR021"]

    def test_archives_of_a_default(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A default is about all archives that inherit it, an archive's own key about that one."""
        archives = "".join(f"[[tool.mar.archives]]\nmodel-name = '{name}'\n" for name in "ab")
        written(project, GOOD, f"force = 1\n{archives}version = 2\n")

        assert main(["check", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [(each["key"], each["archives"]) for each in found] == [
            ("tool.mar.force", ["a", "b"]),
            ("tool.mar.archives[1].version", ["b"]),
        ]

    def test_one_path(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Archives that only a build directory brings together are refused as a build refuses them."""
        archives = "[[tool.mar.archives]]\n[[tool.mar.archives]]\nexport-path = 'dist'\n"
        written(project, GOOD, archives)

        assert main(["check", "--json"]) == 1
        [found] = json.loads(capsys.readouterr().out)
        assert (found["code"], found["archives"]) == ("MAR007", ["digits"])
        assert main(["build"]) == 1

    def test_build_directory(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """What is in the way is looked for where a build would write."""
        (project / "out/digits.mar").mkdir(parents=True)
        written(project, GOOD, f"{HATCHLING}{HOOK}[tool.hatch.build]\ndirectory = 'out'")

        assert main(["check", "--json"]) == 1
        assert [each["code"] for each in json.loads(capsys.readouterr().out)] == ["MAR027"]

    def test_sdist(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """So is the sdist, which a build would write to the archive's path."""
        written(project, GOOD, "archive-format = 'tgz'\narchive-name = 'digits-1.0'")

        for command in ("check", "build"):
            assert main([command]) == 1
            assert "has the name of the project's sdist" in "".join(capsys.readouterr())

    def test_foreign(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """So are files in the directory that is to be replaced, which no build wrote."""
        written(project, GOOD, "archive-format = 'no-archive'")
        assert main(["build", "--quiet"]) == 0
        assert main(["check"]) == 0
        capsys.readouterr()
        (project / "dist/digits/notes.txt").touch()

        for command in ("check", "build"):
            assert main([command]) == 1
            shown = "".join(capsys.readouterr())
            assert f"Cannot replace `{project / 'dist/digits'}`: no build wrote `notes.txt` in it" in shown
            assert "[MAR035]" in shown

    def test_archives(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A finding that archives share is shown once, with all their names."""
        written(
            project, BAD, "[[tool.mar.archives]]\nmodel-name = 'a'\n[[tool.mar.archives]]\nmodel-name = 'b'"
        )

        assert main(["check", "--json"]) == 1
        [found] = json.loads(capsys.readouterr().out)
        assert found["archives"] == ["a", "b"]

    def test_all_at_once(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A fault in one archive's layout does not hide those of other archives."""
        one, other = (f"[[tool.mar.archives]]\nmodel-name = '{name}'\n" for name in "ab")
        more = f"{one}model-file = 'm.py'\n{other}"
        written(project, BAD, more)

        assert main(["check", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert [(each["code"], each["archives"]) for each in found] == [("MAR021", ["a"]), ("MAR208", ["b"])]

    def test_list(self, capsys: pytest.CaptureFixture[str]):
        """`--list` shows all checks, as text and as JSON."""
        assert main(["check", "--list"]) == 0
        text = capsys.readouterr().out
        assert main(["check", "--list", "--json"]) == 0
        rules = json.loads(capsys.readouterr().out)

        assert len(text.splitlines()) == len(rules)
        assert "MAR203" in text

    def test_list_some(self, capsys: pytest.CaptureFixture[str]):
        """`--list` with codes shows all that is known of these checks."""
        assert main(["check", "--list", "MAR901", "mar003"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert main(["check", "--list", "MAR901", "--json"]) == 0
        [rule] = json.loads(capsys.readouterr().out)

        assert lines[0] == "MAR901, warning for kserve: KServe does not find the archive"
        assert lines[1] == f"  What happens: {rule['consequence']}"
        assert lines[3] == f"  More:         {DOCUMENTATION}reference/checks/MAR901/"
        assert lines[4:6] == ["", "MAR003, error: A field is unknown"]
        assert lines[-1] == "  It cannot be ignored."

    def test_list_unknown(self, capsys: pytest.CaptureFixture[str]):
        with pytest.raises(SystemExit) as status:
            main(["check", "--list", "MAR90"])

        assert status.value.code == 2
        assert "`MAR90` is not the code of a check; did you mean `MAR90" in capsys.readouterr().err

    def test_help(self, capsys: pytest.CaptureFixture[str]):
        """The help has an example."""
        with pytest.raises(SystemExit) as status:
            main(["check", "--help"])

        assert status.value.code == 0
        assert "example:\n  hatch-mar check" in capsys.readouterr().out
