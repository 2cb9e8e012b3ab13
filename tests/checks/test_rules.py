"""The rules as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_mar.checks import rules
from hatch_mar.cli.check import list_rules
from hatch_mar.finding import Rule

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"


def test_page():
    """The page of the docs is what `hatch-mar check --list --output-format markdown` prints."""
    assert DOCS.read_text(encoding="utf-8") == f"{list_rules('markdown')}\n"


def test_codes():
    """No code is given twice."""
    codes = [rule.code for rule in rules()]

    assert sorted(set(codes)) == codes


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_words(rule: Rule):
    """A rule says what is wrong, what happens and what to do, each in a line without a full stop."""
    assert re.fullmatch(r"MAR[0-9]{3}", rule.code)
    assert rule.severity in ("error", "warning", "note")
    for text in (rule.title, rule.consequence, rule.fix):
        assert text
        assert "\n" not in text
        assert not text.endswith(".")
