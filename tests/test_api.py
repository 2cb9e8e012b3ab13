"""`import hatch_mar`, as its page of the reference shows it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import hatch_mar
from hatch_mar import HatchMarError

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"

PYPROJECT = """
[project]
name = "digits"
version = "1.0"
[tool.mar]
handler = "handler.py"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "handler.py").write_text("def handle(data, context):\n    return data\n")
    return tmp_path


def test_names():
    """Every public name can be imported, and other names raise AttributeError."""
    assert all(hasattr(hatch_mar, name) for name in hatch_mar.__all__)
    assert not hasattr(hatch_mar, "nothing_such")


class TestPage:
    def test_names(self):
        """The page has every public name."""
        page = PAGE.read_text(encoding="utf-8")
        shown = re.findall(r"^::: hatch_mar\.(\w+)$", page, re.M)

        assert sorted([*shown, "__version__"]) == sorted(hatch_mar.__all__)
        assert "`hatch_mar.__version__`" in page

    def test_example(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """The example on it runs."""
        [example] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
        project = root / "path" / "to" / "project"
        project.mkdir(parents=True)
        for name in ("pyproject.toml", "handler.py"):
            shutil.copy(root / name, project)
        (root / "digits.pt").write_bytes(b"weights")
        (root / "model-store").mkdir()

        exec(example, {})

        path, sha256, digest, handler, members = capsys.readouterr().out.splitlines()
        assert path == str(project / "dist" / "digits.mar")
        assert len(sha256) == len(digest) == 64
        assert (handler, members) == ("base_handler", "['digits.pt']")


def test_load(root: Path):
    """The archives of a project are built from a script."""
    found = [planned.build().path for planned in hatch_mar.load(".")]

    assert found == [root / "dist" / "digits.mar"]


def test_output(root: Path):
    """A directory that the script gives wins over `export-path`."""
    (root / "pyproject.toml").write_text(f'{PYPROJECT}export-path = "store"\n')

    assert [planned.path for planned in hatch_mar.load(".")] == [root / "store" / "digits.mar"]
    assert [planned.path for planned in hatch_mar.load(".", "here")] == [root / "here" / "digits.mar"]


def test_isolation(root: Path):
    """A script may forbid an isolated environment, too."""
    backend = '[build-system]\nrequires = ["nothing-such"]\nbuild-backend = "nothing_such"\n'
    text = PYPROJECT.replace('version = "1.0"', 'dynamic = ["version"]')
    (root / "pyproject.toml").write_text(text + backend)
    pytest.importorskip("build")

    with pytest.raises(HatchMarError, match=r" needs `nothing-such`, which this environment lacks; "):
        hatch_mar.load(isolation=False)


@pytest.mark.parametrize("name", ["digits.mar", "digits.tar.gz", "digits"])
def test_values(name: str, root: Path):
    """An archive of Python values is packed by its suffix and read back, its path a string."""
    archive = hatch_mar.model_archive("digits", version="1.0", handler="handler.py")
    artifact = hatch_mar.pack(archive, f"store/{name}")
    with hatch_mar.read(f"store/{name}") as found:
        assert archive.manifest == found.manifest
        assert [member.name for member in found.members] == ["handler.py"]
    assert (artifact.sha256 is None) is (name == "digits")


@pytest.mark.parametrize("name", ["digits.zip", "digits.tgz"])
def test_other_suffix(name: str, root: Path):
    """A suffix that TorchServe takes for something else is an error."""
    archive = hatch_mar.model_archive("digits", version="1.0", handler="handler.py")
    with pytest.raises(HatchMarError, match="Unknown kind of archive"):
        hatch_mar.pack(archive, name)


def test_faults(root: Path):
    """All faults of the values are raised at once."""
    with pytest.raises(HatchMarError) as error:
        hatch_mar.model_archive("_1", version="1.0", handler="absent.py", runtme="python")
    assert len(error.value.faults) == 2
