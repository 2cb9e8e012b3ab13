from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.build.report import line_of, list_warnings, relative
from tests.build import LEAST, planned


@pytest.mark.parametrize("unchanged", [False, True])
def test_line_of(tmp_path: Path, unchanged: bool) -> None:
    """A path is relative to the project if it is inside."""
    more = " (unchanged)" if unchanged else ""

    inside = Artifact(tmp_path / "p" / "dist" / "a.mar", unchanged)
    assert line_of(inside, tmp_path / "p") == os.path.join("dist", "a.mar") + more
    outside = Artifact(tmp_path / "a.mar", unchanged)
    assert line_of(outside, tmp_path / "p") == f"{tmp_path / 'a.mar'}{more}"


def test_relative(tmp_path: Path) -> None:
    """A path inside the project is shown relative to it, as in hatch's own output."""
    assert relative(tmp_path / "dist/a.mar", tmp_path) == str(Path("dist/a.mar"))
    assert relative(tmp_path, tmp_path / "dist") == str(tmp_path)


def test_warnings(project: Path) -> None:
    """A warning that several archives share is one line."""
    (project / "handler.py").write_text("import secret_lib\n\ndef handle(data, context): ...\n")
    archives = [{"model-name": "a"}, {"model-name": "b"}]

    [line] = list_warnings(planned(project, {**LEAST, "archives": archives}))

    assert line.startswith("Warning: ")
    assert "`secret_lib`" in line
