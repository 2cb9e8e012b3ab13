from __future__ import annotations

import pytest

from hatch_mar import finding
from hatch_mar.finding import Finding, Key, Place, Rule, dotted_key, field, merge

HANDLER = Place("pyproject.toml", None, ("tool", "mar", "handler"))


@pytest.fixture(autouse=True)
def _no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules created here are not registered for other tests."""
    monkeypatch.setattr(finding, "RULES", {})


def make(code: str = "MAR990") -> Rule:
    return Rule(code=code, severity="warning", title="It is late", consequence="it stops", fix="hurry")


class TestRule:
    def test_registered(self):
        """Creating a rule registers it."""
        made = make()
        found = finding.RULES

        assert found == {"MAR990": made}

    def test_code_twice(self):
        """A code cannot be used twice."""
        make()

        with pytest.raises(ValueError, match=r"^Two rules have the code MAR990$"):
            make()

    def test_at(self):
        """A finding has its rule's severity and fix unless it overrides them."""
        rule = make()

        assert rule.at(HANDLER, "x") == Finding(rule, "warning", HANDLER, "x", "hurry")
        assert rule.at(HANDLER, "x", "wait", severity="note") == Finding(rule, "note", HANDLER, "x", "wait")
        assert rule.at(HANDLER, "x", "").fix == ""

    def test_long(self):
        """A message that quotes something endless ends all the same."""
        assert len(make().at(HANDLER, "x" * 1_000_000).message) == 2000


class TestFinding:
    @pytest.mark.parametrize(
        ("place", "expected"),
        [
            (Place("h.py"), "h.py: MAR990 It is late; hurry"),
            (Place("h.py", 3), "h.py:3: MAR990 It is late; hurry"),
            (HANDLER, "Field `tool.mar.handler`: MAR990 It is late; hurry"),
            (Place(None, None, ("--handler",)), "Option `--handler`: MAR990 It is late; hurry"),
        ],
    )
    def test_text(self, place: Place, expected: str):
        """A finding is one line with its place, code, message and fix."""
        assert str(make().at(place, "It is late")) == expected

    def test_of_the_configuration(self):
        """A finding about the configuration is a sentence that begins with the field."""
        rule = make("MAR090")

        assert str(rule.at(HANDLER, "Field `x` must be y", "")) == "Field `x` must be y [MAR090]"
        assert str(rule.at(HANDLER, "Field `x` must be y", "z")) == "Field `x` must be y; z [MAR090]"

    def test_json(self):
        """In JSON, the file, line and key are separate."""
        place = Place("pyproject.toml", 7, ("tool", "mar", "archives", 1, "handler"))
        found = make().at(place, "It is late")._replace(archives=("a", "b"))

        assert found.to_json() == {
            "code": "MAR990",
            "severity": "warning",
            "file": "pyproject.toml",
            "line": 7,
            "key": "tool.mar.archives[1].handler",
            "archives": ["a", "b"],
            "message": "It is late",
            "fix": "hurry",
        }
        assert found._replace(place=Place("h.py")).to_json()["key"] is None


class TestMerge:
    def test_shared(self):
        """A finding that archives share comes once and names them all; others stay as they are."""
        rule = make()
        one, other = rule.at(Place("h.py"), "one"), rule.at(Place("h.py"), "other")
        named = [
            one._replace(archives=("a",)),
            other._replace(archives=("a",)),
            one._replace(archives=("b",)),
            one._replace(archives=("a",)),
        ]

        assert merge(named) == [one._replace(archives=("a", "b")), other._replace(archives=("a",))]


class TestKey:
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            (("tool", "mar"), "tool.mar"),
            (("tool", "mar", "archives", 0, "examples", 12), "tool.mar.archives[0].examples[12]"),
            (("a", "b c", 'd"e', "é", "\n"), 'a."b c"."d\\"e"."é"."\\n"'),
            ((), ""),
        ],
    )
    def test_dotted(self, key: Key, expected: str):
        """A key is written as in TOML, on one line."""
        assert dotted_key(key) == expected

    def test_field(self):
        """A message distinguishes fields and options."""
        assert field(("tool", "mar")) == "Field `tool.mar`"
        assert field(("--handler",)) == "Option `--handler`"
