"""Builds of a project whose weights `hatch-mar fetch` brings."""

from __future__ import annotations

import hashlib
import random

import pytest

from tests.e2e.conftest import ARCHIVES, SDIST, WHEEL, Project
from tests.e2e.delivery import assert_delivered, listing

WEIGHTS = random.Random(0).randbytes(100_000)
REMOTE_FILE = """
[[tool.mar.remote-files]]
path = "weights/{model}.pt"
url = "https://example.invalid/{model}.pt"
sha256 = "{digest}"
"""


@pytest.fixture
def clone(project: Project) -> Project:
    """A fresh clone, which has the weights of one model."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    project.configure(mar=ARCHIVES + REMOTE_FILE.format(model="digits", digest=digest))
    project.weights("digits").unlink()
    return project


class TestClone:
    def test_hatch(self, clone: Project) -> None:
        """A build stops with one line, which says how to go on; with the file, it works."""
        output = clone.run("hatch", "build", status=1)

        assert (
            "Field `tool.mar.archives[0].serialized-file`: file not found: `weights/digits.pt`;"
            " run `hatch-mar fetch weights/digits.pt` [MAR021]"
        ) in output.splitlines()
        assert output.count("MAR") == 1
        assert not (clone.root / "dist").exists() or listing(clone.root / "dist") == set()

        clone.weights("digits").write_bytes(WEIGHTS)
        clone.run("hatch", "build")
        assert_delivered(clone, clone.root / "dist", SDIST, WHEEL)

    def test_python_build(self, clone: Project) -> None:
        """Other bytes in its place stop a build with both digests, and neither sdist nor wheel is left."""
        clone.weights("digits").write_text("<!doctype html><title>Sign in</title>")
        actual = hashlib.sha256(clone.weights("digits").read_bytes()).hexdigest()

        output = clone.run("python", "-m", "build", status=1)

        [line] = [line for line in output.splitlines() if "MAR" in line]
        assert line.startswith("Field `tool.mar.remote-files[0].sha256` is `")
        assert f", but `weights/digits.pt` has `{actual}`; run `hatch-mar fetch weights/digits.pt`" in line
        assert "Traceback" not in output
        assert listing(clone.root / "dist") == set()
