"""What surrounds the code: the layers, the documents, CI and the tools that contributors use."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hatch_mar import __version__
from tests.archives import needs_cpython

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
DOCUMENTS = [
    *(file for folder in (".", "benchmarks", "example_project") for file in (ROOT / folder).glob("*.md")),
    *(ROOT / "docs").rglob("*.md"),
]

UNTESTED = "migration/shims/"
"""The stand-ins for torch-model-archiver, which the tests of migrate run as programs."""

needs_311 = pytest.mark.skipif(
    sys.implementation.name != "cpython" or sys.version_info < (3, 11),
    reason="its tool needs CPython 3.11",
)


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with this environment's own programs first on `PATH`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@needs_311
class TestLayers:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        """The code and the contracts it must keep, to be broken."""
        shutil.copytree(
            ROOT / "hatch_mar", tmp_path / "hatch_mar", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        return tmp_path

    def lint_imports(self, folder: Path) -> subprocess.CompletedProcess[str]:
        return run("lint-imports", "--no-logo", "--no-cache", cwd=folder, PYTHONPATH=str(folder))

    def test_kept(self, copy: Path):
        """The code keeps its contracts."""
        result = self.lint_imports(copy)

        assert result.returncode == 0, result.stdout

    @pytest.mark.parametrize(
        ("file", "code", "contract"),
        [
            ("text.py", "import hatch_mar.archive.archive", "Imports point down"),
            ("project/config/values.py", "import hatch_mar.inspection.diff", "Imports point down"),
            ("new.py", "", "Imports point down"),
            ("api.py", "import hatchling.metadata.core", "Only hatch_mar.hatch imports hatchling and hatch"),
            ("trial/process.py", "import torch", "Nothing imports torch"),
            ("hatch/builder.py", "import hatch_mar.release.filesystems", "No build fetches"),
            (
                "weights/kinds/onnx.py",
                "import hatch_mar.weights.detect",
                "No two folders or modules of one folder",
            ),
        ],
        ids=["up", "sideways", "without a floor", "hatchling", "torch", "build", "circle"],
    )
    def test_broken(self, copy: Path, file: str, code: str, contract: str):
        """A forbidden import is reported, as is a root module that is in no layer."""
        with (copy / "hatch_mar" / file).open("a", encoding="utf-8") as module:
            module.write(f"\n{code}\n")

        result = self.lint_imports(copy)

        assert result.returncode == 1
        assert re.search(rf"^{re.escape(contract)}.*BROKEN", result.stdout, re.M), result.stdout


class TestHouse:
    def test_root(self):
        """The package's root has at most ten modules: a new one belongs into a folder."""
        modules = [file.name for file in (ROOT / "hatch_mar").glob("*.py") if not file.name.startswith("__")]

        assert len(modules) <= 10, modules

    def test_folders(self):
        """Every folder says in a sentence what it is for, but those laid out as other people's packages."""
        folders = [
            file
            for file in (ROOT / "hatch_mar").rglob("__init__.py")
            if not {"ts", "shims"} & {*file.relative_to(ROOT).parts}
        ]
        docstrings = {
            str(file.relative_to(ROOT)): ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
            for file in folders
        }

        assert len(docstrings) > 25
        assert [
            name for name, text in docstrings.items() if not text or "." not in text.split("\n\n")[0]
        ] == []

    def test_output(self):
        """Lines leave through one module, but those of programs that run by themselves.

        It is `hatch_mar.output`, and for what hatchling is to show `hatch_mar.hatch.display`.
        """
        programs = {"shims", "child", "stand_in"}
        printing = [
            str(file.relative_to(ROOT))
            for file in (ROOT / "hatch_mar").rglob("*.py")
            if not programs & {*file.parts}
            and any(map(prints, ast.walk(ast.parse(file.read_text(encoding="utf-8")))))
        ]

        assert printing == [str(Path("hatch_mar", "hatch", "display.py"))]

    def test_mirror(self):
        """Every module with functions has its tests at the same place in the tree.

        A folder whose modules are one thing to others may have the tests of them all in `test_FOLDER.py`.
        """
        untested = []
        for file in (ROOT / "hatch_mar").rglob("*.py"):
            name = file.relative_to(ROOT / "hatch_mar")
            folder = ROOT / "tests" / name.parent
            mirrors = (folder / f"test_{file.stem.rstrip('_')}.py", folder / f"test_{name.parent.name}.py")
            if has_functions(file) and not file.stem.startswith("_") and not any(map(Path.exists, mirrors)):
                untested.append(name.as_posix())

        assert [name for name in untested if not name.startswith(UNTESTED)] == []


def prints(node: ast.AST) -> bool:
    """Whether code calls `print`, a method of `sys.stdout` or `sys.stderr`, or one of hatchling's `app`."""
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return bool(
        re.fullmatch(r"print|sys\.(stdout|stderr)\.write(lines)?|.*\bapp\.(display\w*|abort)", called)
    )


def has_functions(file: Path) -> bool:
    """Whether a module defines a function that does something, unlike those of a protocol."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return any(not isinstance(function.body[-1], ast.Expr) for function in functions)


class TestWorkflows:
    def check(self, file: Path) -> subprocess.CompletedProcess[str]:
        kind = "github-actions" if file == ACTION else "github-workflows"
        schema = ("--builtin-schema", f"vendor.{kind}")
        return run(sys.executable, "-m", "check_jsonschema", *schema, str(file))

    @needs_cpython("PyPy would have to compile check-jsonschema's dependencies")
    @pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
    def test_valid(self, file: Path):
        """Workflows and the action fit the schemas that GitHub's editor checks them by."""
        result = self.check(file)

        assert result.returncode == 0, result.stdout

    @needs_cpython("PyPy would have to compile check-jsonschema's dependencies")
    def test_invalid(self, tmp_path: Path):
        """A misspelled key does not fit it."""
        file = tmp_path / "release.yml"
        release = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
        file.write_text(release.replace("runs-on:", "run-on:"), encoding="utf-8")

        assert self.check(file).returncode == 1

    @pytest.mark.parametrize(
        ("tag", "status"), [(f"v{__version__}", 0), (__version__, 1), ("v0.0.0", 1), ("v", 1)]
    )
    @pytest.mark.skipif(sys.platform == "win32", reason="a release is built on Linux")
    def test_tag(self, tag: str, status: int):
        """A tag that is not the version is refused before anything is built."""
        release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
        steps = release["jobs"]["build"]["steps"]
        commands = [step["run"] for step in steps if "run" in step]
        [refuse] = [command for command in commands if "GITHUB_REF_NAME" in command]

        result = run("bash", "-eo", "pipefail", "-c", refuse, GITHUB_REF_NAME=tag)

        assert result.returncode == status, result.stderr
        assert commands.index(refuse) < commands.index("hatch build")

    def test_publishing(self):
        """Only the job that publishes may ask for an identity, and it waits for the tests and the build."""
        release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
        publish = release["jobs"]["publish"]
        allowed = [name for name, job in release["jobs"].items() if "id-token" in job.get("permissions", {})]

        assert release["permissions"] == {"contents": "read"}
        assert allowed == ["publish"]
        assert publish["needs"] == ["test", "build"]


class TestPreCommit:
    @needs_311
    @pytest.mark.parametrize(
        ("command", "file"),
        [
            ("validate-config", ".pre-commit-config.yaml"),
            ("validate-manifest", ".pre-commit-hooks.yaml"),
        ],
    )
    def test_valid(self, command: str, file: str):
        """pre-commit accepts its configuration here, and the hook for others."""
        result = run(sys.executable, "-m", "pre_commit", command, file)

        assert result.returncode == 0, result.stdout

    def test_versions(self):
        """Hooks and CI judge by the same versions."""
        config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
        hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
        dependencies = {pin for hook in hooks for pin in hook.get("additional_dependencies", [])}
        of_hooks = dict(pin.split("==") for pin in dependencies)
        requirements = (ROOT / "tests/requirements.txt").read_text(encoding="utf-8")
        of_ci = dict(re.findall(r"^([\w-]+)==([\w.]+)", requirements, re.M))

        assert {"import-linter", "mypy", "ruff"} <= of_ci.keys()
        assert of_hooks["ruff"] == of_ci["ruff"]
        assert {name: of_ci.get(name, version) for name, version in of_hooks.items()} == of_hooks


def anchors_of(document: Path) -> set[str]:
    """What a repository's host makes of a document's headings."""
    text = re.sub(r"^( *)```.*?^\1```", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


class TestDocuments:
    def test_commands(self):
        """`.ci/run` runs the README's two commands as they stand there, one after the other."""
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        commands = [command.strip() for command in re.findall(r"^```sh\n(.*?)^```$", readme, re.M | re.S)]
        ci = (ROOT / ".ci/run").read_text(encoding="utf-8")

        assert len(commands) == 2
        assert re.findall(r'^bash -c "(.*)"$', ci, re.M) == commands

    def test_door(self):
        """The README is no longer than somebody reads who has just met it."""
        assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130

    def test_speed(self):
        """The README's times are those that the benchmarks have written."""
        results = (ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8")
        seconds = {
            command: float(time)
            for command, time in re.findall(r"^\| 1024 MiB of weights \| (.*?) \| ([\d.]+)", results, re.M)
        }
        readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

        assert (
            f"packs 1 GiB of weights in {seconds['hatch-mar archive']:.1f} s, `cp` takes"
            f" {seconds['cp']:.1f} s, and `torch-model-archiver` {seconds['torch-model-archiver']:.0f} s"
        ) in readme

    @pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
    def test_links(self, file: Path):
        """Links into the repository lead somewhere, also to the headings of where they lead."""
        text = re.sub(r"^( *)```.*?^\1```$", "", file.read_text(encoding="utf-8"), flags=re.M | re.S)
        links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", text)

        assert [link for link, _ in links if not (file.parent / link).exists()] == []
        assert [
            (link, anchor)
            for link, anchor in links
            if anchor and anchor not in anchors_of(file.parent / link if link else file)
        ] == []

    def test_files(self):
        """A page names each file in its text before showing it: a host may hide the titles of blocks."""
        unnamed = [
            f"{file.relative_to(ROOT)}: {title}"
            for file in DOCUMENTS
            if not file.match("reference/checks/MAR*.md")  # an example is files and commands, without text
            for text in [file.read_text(encoding="utf-8")]
            for title in re.findall(r'^ *```\w+ title="([^" ]+)', text, re.M)
            if f"`{title}`" not in text.partition(f'title="{title}')[0]
        ]

        assert unnamed == []

    def test_paths(self):
        """What CONTRIBUTING.md sends its reader to exists: folders, files and names in them."""
        text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
        paths = re.findall(r"(?<!`)`([\w.-]+/[\w./-]*|[\w-]*\.[a-z]+)`", text)
        names = re.findall(r"`([A-Z]\w+)`(?: in|, in) `([\w./]+)`", text)

        assert len(paths) > 20
        assert [path for path in paths if not (ROOT / path).exists()] == []
        assert len(names) >= 6
        assert [
            (name, path)
            for name, path in names
            if not re.search(rf"^(class )?{name}\b", (ROOT / path).read_text(encoding="utf-8"), re.M)
        ] == []
