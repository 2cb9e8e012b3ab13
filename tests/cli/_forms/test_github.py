"""The annotations that GitHub makes of findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._forms.github import show_report
from hatch_mar.cli._forms.located import locate_findings
from hatch_mar.finding import Place
from tests.archives import needs_posix


@needs_posix
def test_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """No name ends the command or one of its properties early, and a note is a notice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "a:b,c%.py").touch()
    finding = UNFINISHED.at(Place("a:b,c%.py", 3), "100%: a, b\n::error::", "fix it", severity="note")
    show_report(locate_findings([finding], among=(), root=Path()))

    assert capsys.readouterr().out == (
        "::notice file=a%3Ab%2Cc%25.py,line=3,title=MAR131::100%25: a, b\\n::error::; fix it\n"
    )
