from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.build.plan import plan_project
from hatch_mar.build.run import build_all
from hatch_mar.errors import HatchMarError
from hatch_mar.trial import in_build
from hatch_mar.trial.candidate import Options
from tests.archives import SomeProject, needs_posix, tree

DOUBLE = "def handle(data, context):\n    return data and [2 * row['body'] for row in data]\n"


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_build, "Options", partial(Options, stand_in=True, bare=True))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text(DOUBLE)
    (tmp_path / "answer.json").write_text("4\n")
    return tmp_path


def build(root: Path, expect: Any = "answer.json", **keys: Any) -> list[bool]:
    """Whether each archive was unchanged."""
    table = {
        "handler": "handler.py",
        "try": True,
        "examples": [{"input": 2, **({} if expect is None else {"expect": expect})}],
        **keys,
    }
    project = SomeProject(root, {"tool": {"mar": table}})
    planned = plan_project(project, root / "dist")
    return [artifact.unchanged for artifact in build_all(planned)]


class TestTry:
    def test_as_expected(self, root: Path):
        """An archive that answers as expected is put in place."""
        assert build(root) == [False]
        assert (root / "dist" / "digits.mar").exists()

    def test_differs(self, root: Path):
        """If it does not, the old one stays."""
        build(root)
        before = tree(root / "dist")
        (root / "handler.py").write_text(DOUBLE.replace("2 *", "3 *"))

        with pytest.raises(HatchMarError, match=r"^digits: `example #1`: the answer is 6, expected 4$"):
            build(root)
        assert tree(root / "dist") == before

    def test_does_not_load(self, root: Path):
        """The message names the project's file, and how a build gets what is missing."""
        (root / "handler.py").write_text("import nowhere\n" + DOUBLE)

        with pytest.raises(HatchMarError) as error:
            build(root, ignore=["MAR231"])
        assert error.value.faults[0].startswith(
            "handler.py:1: ModuleNotFoundError: No module named 'nowhere'"
        )
        assert "`dependencies` of `[tool.hatch.build.hooks.mar]`" in error.value.faults[0]

    def test_all_faults(self, root: Path):
        """Every archive is tried whatever the others do, and all faults are reported."""
        other = {"model-name": "other", "examples": [{"input": 1, "expect": 3}]}

        with pytest.raises(HatchMarError) as error:
            build(root, 5, archives=[{}, other])
        assert list(error.value.faults) == [
            "digits: `example #1`: the answer is 4, expected 5",
            "other: `example #1`: the answer is 2, expected 3",
        ]

    def test_off(self, root: Path):
        """Without `try`, none of the archive's code runs."""
        (root / "handler.py").write_text("open('ran', 'w')\n" + DOUBLE)

        assert build(root, 5, **{"try": False}) == [False]

    def test_missing_file(self, root: Path):
        """An example's file that does not exist is an error of one line."""
        with pytest.raises(HatchMarError, match=r"cannot be used: File not found: `absent.json`"):
            build(root, "absent.json")


class TestAgain:
    def test_unchanged(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive that has not changed since it was tried is not tried again."""
        age(root)
        # a file that was written just before a build may change unnoticed, and so is not remembered
        monkeypatch.setattr("hatch_mar.archive.packager.unchanged.FINE", 0)
        build(root)
        monkeypatch.setattr(in_build, "try_draft", lambda *_: pytest.fail("tried again"))

        assert build(root) == [True]

    def test_expectation(self, root: Path):
        """An archive is tried again if only an expectation has changed."""
        age(root)
        build(root)
        (root / "answer.json").write_text(json.dumps(5))

        with pytest.raises(HatchMarError, match=r"expected 5$"):
            build(root)


def age(root: Path) -> None:
    """Make the files old enough for the build to remember them."""
    for file in root.iterdir():
        os.utime(file, (1_600_000_000, 1_600_000_000))


SCRIPT = """
import sys
from functools import partial
from hatch_mar.cli import main
from hatch_mar.trial import in_build
from hatch_mar.trial.candidate import Options

in_build.Options = partial(Options, stand_in=True, bare=True)
sys.exit(main(["build"]))
"""


class TestInterrupted:
    @needs_posix
    def test_ctrl_c(self, root: Path):
        """Ctrl-C ends the worker of a build, and leaves neither an archive nor anything else."""
        (root / "pyproject.toml").write_text(
            '[project]\nname = "digits"\nversion = "1"\n[tool.mar]\nhandler = "handler.py"\ntry = true\n'
            'ignore = ["MAR252"]\n'  # the mark's path is this machine's
        )
        mark = root / "worker"
        hang = f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
        (root / "handler.py").write_text(
            f"import os, pathlib, time\ndef handle(data, context):\n    {hang}\n    return data\n"
        )
        temporary = root / "t"
        temporary.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            cwd=root,
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)

        assert (process.returncode, error) == (130, b"")
        assert list(temporary.iterdir()) == []
        assert list((root / "dist").iterdir()) == []
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)
