"""Whatever is built, no archive is lost, and nothing is left that nobody asked for."""

from __future__ import annotations

import random
import stat
from pathlib import Path
from zipfile import ZipFile

import pytest

from hatch_mar.archive.formats.reader import read
from tests.archives import needs_posix
from tests.e2e.conftest import HOOK, PYPROJECT, WHEEL, Project, Run


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
                ".hatch",
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

    @pytest.mark.parametrize("target", ["wheel", "mar"])
    def test_before_a_build(self, target: str, form: str, project: Project) -> None:
        """With `-c`, only the archive of the new version is there in the end."""
        project.run("hatch", "build", "-c", "-t", target)

        names = {*self.kept(form), f"digits-1.0.1{SUFFIXES[form]}", ".hatch", WHEEL}
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
        assert listing(path.parent) == {path.name, WHEEL, ".hatch"}

        project.run(*build, "-c")
        assert listing(path.parent) == {path.name, WHEEL, ".hatch"}

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
