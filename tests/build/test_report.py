from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.packager.pack import Artifact
from hatch_mar.build.report import describe, list_warnings
from tests.build import LEAST, planned


@pytest.mark.parametrize("unchanged", [False, True])
def test_describe(tmp_path: Path, unchanged: bool) -> None:
    """A path is relative to the project if it is inside, and has no control characters."""
    more = " (unchanged)" if unchanged else ""

    inside = Artifact(tmp_path / "p" / "dist" / "a\x1b.mar", unchanged)
    assert describe(inside, tmp_path / "p") == os.path.join("dist", r"a\x1b.mar") + more
    outside = Artifact(tmp_path / "a.mar", unchanged)
    assert describe(outside, tmp_path / "p") == f"{tmp_path / 'a.mar'}{more}"


def test_warnings(project: Path) -> None:
    """A warning that several archives share is one line."""
    (project / "handler.py").write_text("import secret_lib\n\ndef handle(data, context): ...\n")
    archives = [{"model-name": "a"}, {"model-name": "b"}]

    [line] = list_warnings(planned(project, {**LEAST, "archives": archives}))

    assert line.startswith("Warning: ")
    assert "`secret_lib`" in line
