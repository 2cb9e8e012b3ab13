from __future__ import annotations

import sys
from email.message import Message
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project import pep517
from hatch_mar.project.config.models import Destination
from hatch_mar.project.pyproject import PyProject
from tests.archives import needs_posix

STATIC = """
[project]
name = "Digits"
version = "1.0"
dependencies = ["torch>=2", "numpy; python_version > '3'"]

[project.optional-dependencies]
serve = ["torchserve"]
"""
DYNAMIC = """
[project]
name = "Digits"
dynamic = ["version", "dependencies", "optional-dependencies"]
"""
WITHOUT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def test_new(tmp_path: Path) -> None:
    """A file that is yet to be written may be taken for an empty one."""
    assert PyProject(tmp_path, new=True).pyproject == {}

    with pytest.raises(ConfigError, match=r"^File not found: "):
        PyProject(tmp_path / "none", new=True)


def test_wrapper_refuses(tmp_path: Path) -> None:
    """The backend around another is not asked for what it would refuse."""
    (tmp_path / "pyproject.toml").write_text('[build-system]\nbuild-backend = "hatch_mar.backend"\n')
    project = PyProject(tmp_path)

    for ask in (project.version, lambda: [*project.wheel_files()]):
        with pytest.raises(ConfigError) as error:
            ask()
        assert [finding.code for finding in error.value.findings] == ["MAR005"]


@pytest.fixture
def _never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*arguments: object) -> None:
        pytest.fail("the build backend was asked")

    monkeypatch.setattr(pep517, "report_failures", ask)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of a fake build backend."""
    metadata = Message()
    metadata["Name"] = "digits"
    metadata["Version"] = "3.0"
    metadata["Requires-Dist"] = "torch>=2"
    metadata["Requires-Dist"] = "numpy; python_version > '3'"
    metadata["Requires-Dist"] = "torchserve; extra == 'serve'"
    questions: list[str] = []

    def read_metadata(root: Path, isolation: bool | None) -> Message:
        questions.append("metadata")
        return metadata

    monkeypatch.setattr(pep517, "read_metadata", read_metadata)
    return questions


def project(root: Path, text: str = STATIC) -> PyProject:
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    return PyProject(root)


class TestFile:
    def test_missing(self, tmp_path: Path):
        """A missing `pyproject.toml` is an error."""
        with pytest.raises(ConfigError) as error:
            PyProject(tmp_path)

        assert str(error.value) == f"File not found: `{tmp_path / 'pyproject.toml'}` [MAR001]"

    def test_subdirectory(self, tmp_path: Path):
        """Who is in a directory of the project is told where the project is."""
        project(tmp_path)
        (tmp_path / "src/digits").mkdir(parents=True)
        with pytest.raises(ConfigError) as error:
            PyProject(tmp_path / "src/digits")

        assert f"; there is one in `{tmp_path}`; run the command there, or with `--project`" in str(
            error.value
        )

    def test_missing_directory(self, tmp_path: Path):
        """A project that is named wrongly is not taken for a directory of another one."""
        project(tmp_path)
        with pytest.raises(ConfigError, match=r"^File not found: `[^`]*` \[MAR001\]$"):
            PyProject(tmp_path / "absent")

    @pytest.mark.parametrize(
        "data", [b"[project", b"a = 1\na = 2\n", b"\xff\xfe"], ids=["open", "twice", "no text"]
    )
    def test_no_toml(self, data: bytes, tmp_path: Path):
        """Invalid TOML is an error that names the file."""
        (tmp_path / "pyproject.toml").write_bytes(data)
        with pytest.raises(ConfigError) as error:
            PyProject(tmp_path)

        assert str(error.value).startswith(f"Cannot read `{tmp_path / 'pyproject.toml'}`: ")
        assert len(error.value.faults) == 1

    def test_directory(self, tmp_path: Path):
        """A directory in place of the file is an error."""
        (tmp_path / "pyproject.toml").mkdir()
        with pytest.raises(ConfigError, match=r"^Cannot read `.*`: "):
            PyProject(tmp_path)

    @needs_posix
    def test_root(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The root is absolute, and does not change with the working directory."""
        project(tmp_path)
        monkeypatch.chdir(tmp_path)
        found = PyProject(Path("."))
        monkeypatch.chdir("/")

        assert found.root == tmp_path


class TestConfig:
    def test_read(self, tmp_path: Path):
        """What `[tool.mar]` says of the project is read without its archives."""
        found = project(tmp_path, "[tool.mar]\nhandler = 1\npublish.staging = 's3://models'").config()

        assert found.publish == {"staging": Destination("s3://models")}

    @pytest.mark.parametrize("text", ["tool = 1", "[tool]\nmar = 1"])
    def test_not_table(self, text: str, tmp_path: Path):
        """Something else than a table is an error, and not taken for a project that says nothing."""
        with pytest.raises(ConfigError, match="must be a table"):
            project(tmp_path, text).config()


@pytest.mark.usefixtures("_never_asked")
class TestStatic:
    def test_values(self, tmp_path: Path):
        """The backend is not called for what `pyproject.toml` declares."""
        found = project(tmp_path)

        assert (found.name(), found.version()) == ("Digits", "1.0")
        assert found.dependencies() == ["torch>=2", "numpy; python_version > '3'"]
        assert found.optional_dependencies() == {"serve": ["torchserve"]}

    def test_left_out(self, tmp_path: Path):
        """Without declared dependencies, the list is empty."""
        found = project(tmp_path, '[project]\nname = "a"\nversion = "1"\n')

        assert found.dependencies() == []
        assert found.optional_dependencies() == {}

    def test_hatch(self, tmp_path: Path):
        """Hatch's settings decide the build directory and the date of archives."""
        settings = '[tool.hatch.build]\ndirectory = "out"\nreproducible = false\n'
        backend = '[build-system]\nbuild-backend = "hatchling.build"\n'
        found = project(tmp_path, backend + settings)

        assert (found.build_directory, found.reproducible) == (tmp_path / "out", False)
        # hatchling also builds a project that names no backend
        assert project(tmp_path, settings).build_directory == tmp_path / "out"
        other = '[build-system]\nbuild-backend = "flit_core.buildapi"\n'
        assert project(tmp_path, other + settings).build_directory == tmp_path / "dist"


class TestValues:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[project]\ndependencies = 5\n", "Field `project.dependencies` must be an array of strings"),
            ("[project]\ndependencies = ['a', 5]\n", "Field `project.dependencies[1]` must be a string"),
            ("[project]\ndynamic = 5\n", "Field `project.dynamic` must be an array of strings"),
            ("[[project]]\n", "Field `project` must be a table"),
        ],
    )
    def test_dependencies(self, tmp_path: Path, text: str, expected: str):
        """A value of another type is an error that names the key."""
        with pytest.raises(ConfigError) as error:
            project(tmp_path, text).dependencies()

        assert [finding.text for finding in error.value.findings] == [expected]

    @pytest.mark.parametrize(
        ("value", "key", "expected"),
        [
            ("5", "", "must be a table of arrays of strings"),
            ("{ a = 'b' }", ".a", "must be an array of strings"),
            ("{ a = ['b', ''] }", ".a[1]", "must not be empty"),
        ],
    )
    def test_optional_dependencies(self, tmp_path: Path, value: str, key: str, expected: str):
        """So it is in a group of optional dependencies."""
        text = f'[project]\nname = "a"\noptional-dependencies = {value}\n'
        with pytest.raises(ConfigError) as error:
            project(tmp_path, text).optional_dependencies()

        expected = f"Field `project.optional-dependencies{key}` {expected}"
        assert [finding.text for finding in error.value.findings] == [expected]

    def test_hatch(self, tmp_path: Path):
        """And in hatch's own tables."""
        backend = '[build-system]\nbuild-backend = "hatchling.build"\n'
        with pytest.raises(ConfigError, match=r"^Field `tool.hatch` must be a table \[MAR004\]$"):
            print(project(tmp_path, f"{backend}[tool]\nhatch = 3\n").reproducible)


class TestDynamic:
    def test_values(self, tmp_path: Path, questions: list[str]):
        """The backend is called once for what is left to it."""
        found = project(tmp_path, DYNAMIC)

        assert (found.name(), found.version()) == ("Digits", "3.0")
        assert found.dependencies() == ["torch>=2", "numpy; python_version > '3'"]
        assert questions == ["metadata"]

    def test_no_project(self, tmp_path: Path, questions: list[str]):
        """Without a `project` table, everything is left to the backend."""
        found = project(tmp_path, WITHOUT)

        assert (found.name(), found.version()) == ("digits", "3.0")
        assert found.dependencies() == ["torch>=2", "numpy; python_version > '3'"]

    def test_optional_dependencies(self, tmp_path: Path, questions: list[str]):
        """Optional dependencies left to the backend are an error, as metadata does not separate them."""
        with pytest.raises(ConfigError) as error:
            project(tmp_path, DYNAMIC).optional_dependencies()

        expected = (
            "Field `project.optional-dependencies` is left to the build backend; only `hatch build`"
            " can take an archive's requirements from there"
        )
        assert [finding.text for finding in error.value.findings] == [expected]
        assert questions == []

    def test_without_build(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """If `build` is not installed, the message says what to install."""
        monkeypatch.setitem(sys.modules, "build", None)
        with pytest.raises(ConfigError) as error:
            project(tmp_path, DYNAMIC).version()

        assert str(error.value).endswith("only `build` can ask: pip install 'hatch-mar[cli]'")
        assert len(error.value.faults) == 1
