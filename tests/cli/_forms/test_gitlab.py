"""The Code Quality report that GitLab makes of findings."""

from __future__ import annotations

import json

import pytest

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._forms.gitlab import show_report
from hatch_mar.cli._forms.located import Located
from hatch_mar.finding import Place

FINDING = UNFINISHED.at(Place("handler.py", 3), "It is wrong", "fix it")


def test_entry(capsys: pytest.CaptureFixture[str]):
    """An entry has every property that GitLab requires, and nothing else."""
    show_report([Located(FINDING, "models/handler.py", 3, "It is wrong; fix it", "0a")])

    assert json.loads(capsys.readouterr().out) == [
        {
            "description": "It is wrong; fix it",
            "check_name": "MAR131",
            "fingerprint": "0a",
            "severity": "critical",
            "location": {"path": "models/handler.py", "lines": {"begin": 3}},
        }
    ]


def test_without_line(capsys: pytest.CaptureFixture[str]):
    """What is about a whole file is shown at its first line, and a note is only information."""
    show_report([Located(FINDING._replace(severity="note"), "a.mar", None, "It is wrong", "0a")])

    [entry] = json.loads(capsys.readouterr().out)
    assert (entry["location"]["lines"]["begin"], entry["severity"]) == (1, "info")


def test_nothing(capsys: pytest.CaptureFixture[str]):
    """Without findings, the report is an empty array, which tells GitLab that all are fixed."""
    show_report([])

    assert json.loads(capsys.readouterr().out) == []
