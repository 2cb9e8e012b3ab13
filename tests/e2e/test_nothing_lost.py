"""Whatever is built, no archive is lost, and nothing is left that nobody asked for."""

from __future__ import annotations

import random
import stat
import tarfile
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from hatch_mar.archive.formats.reader import read
from tests.archives import needs_posix
from tests.e2e.conftest import HOOK, PYPROJECT, SDIST, WHEEL, Project, Run
from tests.e2e.delivery import lines_of


def listing(directory: Path) -> set[str]:
    """The names in a directory; not the `.gitignore` that uv puts there."""
    return {path.name for path in directory.iterdir()} - {".gitignore"}


class Workspace:
    """A workspace of uv with two members, `aa` and `bb`, whose models have other weights."""

    def __init__(self, root: Path, run: Run, plugin: str) -> None:
        self.root = root
        self._run = run
        self._plugin = plugin
        root.mkdir()
        (root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
        for name in ("aa", "bb"):
            self.write(name, "digits")

    def write(self, name: str, model: str) -> None:
        """Write a member, whose model has this name."""
        member = self.root / "packages" / name
        package = member / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "handler.py").write_text("def handle(data, context):\n    return data\n")
        (member / "net.pt").write_bytes(self.weights(name))
        pyproject = PYPROJECT.format(plugin=self._plugin).replace('"reader"', f'"{name}"')
        archive = f'handler = "{name}/handler.py"\nserialized-file = "net.pt"\nmodel-name = "{model}"\n'
        (member / "pyproject.toml").write_text(f"{pyproject}{HOOK}\n[tool.mar]\n{archive}")

    def weights(self, name: str) -> bytes:
        return random.Random(name).randbytes(100_000)

    def build(self, status: int = 0) -> str:
        return self._run("uv", "build", "--all-packages", cwd=self.root, status=status)

    def owner(self, archive: str = "digits.mar") -> str:
        """The member whose weights are in the archive."""
        with ZipFile(self.root / "dist" / archive) as file:
            assert file.testzip() is None
            return {self.weights(name): name for name in ("aa", "bb")}[file.read("net.pt")]


@pytest.fixture
def workspace(tmp_path: Path, run: Run, plugin_uri: str) -> Workspace:
    return Workspace(tmp_path / "ws", run, plugin_uri)


class TestTwoProjects:
    """Members of a workspace are built side by side into one directory."""

    def test_one_name(self, workspace: Workspace) -> None:
        """If both have an archive of one name, one is built, and the other stops and names both."""
        for _ in range(2):
            output = workspace.build(status=2)

            winner = workspace.owner()
            [loser] = {"aa", "bb"} - {winner}
            path = workspace.root / "dist" / "digits.mar"
            packages = workspace.root / "packages"
            assert (
                f"Cannot write `{path}`: it belongs to project `{winner}` (`{packages / winner}`),"
                f" and project `{loser}` (`{packages / loser}`) would replace it;"
                " set another `model-name`, `archive-name` or `export-path` in one of the two,"
                " or delete the archive if it is a leftover"
            ) in output
            assert "Traceback" not in output
            assert {name for name in listing(path.parent) if not name.startswith(winner)} <= {
                "digits.mar",
                f"{loser}-1.0.tar.gz",
            }

    def test_other_name(self, workspace: Workspace) -> None:
        """With another name for one of them, as the message says, both are built."""
        workspace.build(status=2)
        winner = workspace.owner()
        [loser] = {"aa", "bb"} - {winner}
        workspace.write(loser, "letters")

        workspace.build()

        assert workspace.owner("digits.mar") == winner
        assert workspace.owner("letters.mar") == loser

    def test_leftover(self, workspace: Workspace) -> None:
        """What was deleted belongs to nobody, as the message says too."""
        workspace.build(status=2)
        winner = workspace.owner()
        [loser] = {"aa", "bb"} - {winner}
        (workspace.root / "dist" / "digits.mar").unlink()
        workspace.write(winner, "letters")

        workspace.build()

        assert workspace.owner("digits.mar") == loser
        assert workspace.owner("letters.mar") == winner


VERSIONED = """\
[tool.mar]
model-name = "digits"
archive-name = "{{model-name}}-{{version}}"
version = "{version}"
archive-format = "{form}"
handler = "reader/handler.py"
serialized-file = "weights/digits.pt"
"""
SUFFIXES = {"default": ".mar", "tgz": ".tar.gz", "no-archive": ""}


@pytest.mark.parametrize("form", SUFFIXES)
class TestClean:
    """Cleaning removes what earlier builds of the same models wrote."""

    @pytest.fixture(autouse=True)
    def _built(self, form: str, project: Project) -> None:
        """An archive of the version before, and next to it what is none of this model's."""
        project.configure(mar=VERSIONED.format(version="1.0.0", form=form))
        project.run("python", "-m", "hatchling", "build", "-t", "wheel")
        project.configure(mar=VERSIONED.format(version="1.0.1", form=form))
        (project.root / "dist" / f"other{SUFFIXES[form]}").write_bytes(b"another's")
        (project.root / "dist" / f"digits-notes{SUFFIXES[form]}").write_bytes(b"notes")

    def kept(self, form: str) -> set[str]:
        return {f"other{SUFFIXES[form]}", f"digits-notes{SUFFIXES[form]}"}

    def test_only(self, form: str, project: Project) -> None:
        """`hatch clean` removes the archive, its records and the wheel.

        hatchling's own cleaning of sdists removes every `.tar.gz`, whoever wrote it.
        """
        project.run("hatch", "clean", *(["-t", "wheel"] if form == "tgz" else []))

        assert listing(project.root / "dist") == self.kept(form)
        assert not (project.root / ".hatch").exists()

    @pytest.mark.parametrize("target", ["wheel", "mar"])
    def test_before_a_build(self, target: str, form: str, project: Project) -> None:
        """With `-c`, only the archive of the new version is there in the end."""
        project.run("hatch", "build", "-c", "-t", target)

        names = {*self.kept(form), f"digits-1.0.1{SUFFIXES[form]}", WHEEL}
        assert listing(project.root / "dist") == names


@needs_posix
class TestMode:
    @pytest.mark.parametrize("umask", ["022", "077"])
    @pytest.mark.parametrize("command", ["python -m build -w", "hatch build -t wheel", "hatch-mar build"])
    def test_as_the_wheel(self, command: str, umask: str, project: Project) -> None:
        """An archive has the wheel's mode, whatever the umask."""
        project.run("sh", "-c", f"umask {umask}; exec {command}")

        files = [*(project.root / "dist").glob("*.mar"), *(project.root / "dist").glob("*.whl")]
        assert len(files) >= 2
        assert {oct(stat.S_IMODE(file.stat().st_mode)) for file in files} == {"0o644"}


class TestLongName:
    @pytest.mark.parametrize("form", SUFFIXES)
    def test_again(self, form: str, project: Project) -> None:
        """A model whose name has 240 letters is built, found unchanged, and cleaned."""
        name = "m" * 240
        archive = f'model-name = "{name}"\narchive-format = "{form}"\nhandler = "reader/handler.py"\n'
        project.configure(mar=f"[tool.mar]\n{archive}")
        path = project.root / "dist" / f"{name}{SUFFIXES[form]}"
        build = ("python", "-m", "hatchling", "build", "-t", "wheel")

        assert f"{path.name}\n" in project.run(*build)
        with read(path) as found:
            assert found.manifest.subject == name
        assert f"{path.name} (unchanged)\n" in project.run(*build)
        assert listing(path.parent) == {path.name, WHEEL}

        project.run(*build, "-c")
        assert listing(path.parent) == {path.name, WHEEL}

    def test_too_long(self, project: Project) -> None:
        """One that no file can have ends the build before anything is written, with one line."""
        name = "m" * 260
        archive = f'model-name = "{name}"\nhandler = "reader/handler.py"\n'
        project.configure(mar=f"[tool.mar]\n{archive}")

        output = project.run("python", "-m", "hatchling", "build", "-t", "wheel", status=1)

        path = project.root / "dist" / f"{name}.mar"
        assert output == (
            f"Cannot write `{path}`: its name is too long for the file system;"
            " set a shorter `archive-name` [MAR031]\n"
        )
        assert listing(path.parent) == set()


ONE = """\
[tool.mar]
model-name = "digits"
handler = "reader/handler.py"
serialized-file = "weights/digits.pt"
"""


def train(project: Project, seed: int) -> bytes:
    """New weights."""
    weights = random.Random(seed).randbytes(100_000)
    project.weights("digits").write_bytes(weights)
    return weights


class TestInsideTheWheel:
    """An archive whose `export-path` is in a package."""

    ARTIFACTS = '[tool.hatch.build]\nartifacts = ["*.mar"]\n'
    OF_WHEEL = '[tool.hatch.build.targets.wheel]\nartifacts = ["*.mar"]\n'

    @staticmethod
    def configure(project: Project, artifacts: str) -> None:
        project.configure(artifacts + HOOK, ONE + 'export-path = "reader/store"\n')

    @staticmethod
    def shipped(wheel: Path) -> list[bytes]:
        """The weights of the archives in a wheel."""
        with ZipFile(wheel) as file:
            archives = [name for name in file.namelist() if name.endswith(".mar")]
            return [ZipFile(BytesIO(file.read(name))).read("digits.pt") for name in archives]

    @pytest.mark.parametrize(
        "command",
        [
            "hatch build",
            "python -m build",
            "python -m build -w",
            "uv build",
            "uv build --wheel",
            "python -m pip wheel --no-deps . -w dist",
        ],
    )
    def test_of_this_build(self, project: Project, command: str) -> None:
        """The wheel has the archive of this very build, also if there is one of an earlier build."""
        self.configure(project, self.ARTIFACTS)

        for seed in range(2):
            weights = train(project, seed)
            project.run(*command.split())

            assert self.shipped(project.root / "dist" / WHEEL) == [weights]

    def test_of_the_wheel(self, project: Project) -> None:
        """It may be an artifact of the wheel alone, where the wheel is built in the project."""
        self.configure(project, self.OF_WHEEL)

        for seed in range(2):
            weights = train(project, seed)
            project.run("hatch", "build")

            assert self.shipped(project.root / "dist" / WHEEL) == [weights]

    @pytest.mark.parametrize(("command", "status"), [("python -m build", 1), ("uv build", 2)])
    def test_not_in_the_sdist(self, project: Project, command: str, status: int) -> None:
        """Where the wheel is built from the sdist, there is none, and a line says what to set."""
        self.configure(project, self.OF_WHEEL)

        output = project.run(*command.split(), status=status)

        assert (
            "`reader/store/digits.mar` would be missing from the wheel, since it is not in the sdist;"
            " set `artifacts` in `[tool.hatch.build]`, so that both have it"
        ) in " ".join(output.split())
        assert not (project.root / "dist" / WHEEL).exists()

    def test_installed(self, project: Project) -> None:
        """An installation has it, though other archives would not be built for one."""
        self.configure(project, self.ARTIFACTS)
        weights = train(project, 0)

        # with a cache of its own, which keeps the wheel
        cache = str(project.root.parent / "uv")
        project.run("uv", "pip", "install", "--no-deps", "--target", "site", ".", UV_CACHE_DIR=cache)

        with ZipFile(project.root / "site/reader/store/digits.mar") as archive:
            assert archive.read("digits.pt") == weights

    def test_not_declared(self, project: Project) -> None:
        """Without `artifacts`, what git ignores is not in the wheel, and nothing is said of it."""
        self.configure(project, "")

        for seed in range(2):
            train(project, seed)
            output = project.run("hatch", "build")

            assert self.shipped(project.root / "dist" / WHEEL) == []
            assert "Warning" not in output


class TestEarlierOutput:
    @pytest.mark.parametrize("command", ["hatch build", "python -m build"])
    def test_in_the_sdist(self, project: Project, command: str) -> None:
        """An archive that the next sdist would take up is warned of; the line to add keeps it out."""
        project.configure(mar=ONE + 'export-path = "archives"\n')
        ignored = project.root / ".gitignore"
        ignored.write_text("/weights/\n")
        for _ in range(2):
            output = project.run(*command.split())
            [warning] = lines_of(output, ("Warning",))
            assert warning == (
                "Warning: `archives/digits.mar` is among the files that hatchling puts into the sdist;"
                " add `/archives/*.mar` to `.gitignore`"
            )
        assert "reader-1.0/archives/digits.mar" in self.sdist_names(project)

        with ignored.open("a") as file:
            file.write("/archives/*.mar\n")
        output = project.run(*command.split())

        assert "Warning" not in output
        assert [name for name in self.sdist_names(project) if "archives" in name] == []

    @staticmethod
    def sdist_names(project: Project) -> list[str]:
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            return sdist.getnames()


class TestWarnings:
    def test_again(self, project: Project) -> None:
        """A build that finds the archive unchanged shows the warnings of the checks again."""
        project.configure(mar=ONE)
        handler = project.root / "reader/handler.py"
        handler.write_text("import my_secret_lib\n" + handler.read_text())

        first, second = (project.run("hatch", "build", "-t", "wheel") for _ in range(2))

        assert "digits.mar (unchanged)" in second
        assert lines_of(first, ("Warning",)) == lines_of(second, ("Warning",))
        [warning] = lines_of(second, ("Warning",))
        assert "`my_secret_lib` is neither in the archive nor in its requirements" in warning


class TestUnpackedSdist:
    def test_with_weights(self, project: Project) -> None:
        """In an unpacked sdist a build makes no archive even if the weights are there; its advice does."""
        project.configure(mar=ONE)
        weights = train(project, 0)
        project.run("python", "-m", "build", "-s", HATCH_MAR_SKIP="1")
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            sdist.extractall(project.root.parent, filter="data")
        project.root = project.root.parent / "reader-1.0"
        project.weights("digits").parent.mkdir()
        project.weights("digits").write_bytes(weights)

        output = project.run("python", "-m", "build", "-w")
        advice = "seldom has the weights; `hatch-mar build` builds them here"
        assert f"Archives not built: this is an unpacked sdist, which {advice}" in output
        assert project.archives() == set()

        project.run("hatch-mar", "build")
        with ZipFile(project.root / "dist/digits.mar") as archive:
            assert archive.read("digits.pt") == weights
