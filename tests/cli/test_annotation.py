"""The annotations that GitHub makes of findings."""

from __future__ import annotations

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._annotation import annotation
from hatch_mar.finding import Place


def test_escaped():
    """No name ends the command or one of its properties early, and a note is a notice."""
    finding = UNFINISHED.at(Place("a:b,c%.py", 3), "100%: a, b\n::error::", "fix it", severity="note")

    assert annotation(finding).startswith("::notice file=a%3Ab%2Cc%25.py,line=3,title=MAR131::")
    assert "\n" not in annotation(finding)
    assert "100%25: a, b" in annotation(finding)
