"""The SARIF log that is made of findings.

`sarif-schema-2.1.0.json` is the schema of the OASIS SARIF Technical Committee, unchanged. OASIS lets
everybody incorporate it into their software (https://github.com/oasis-tcs/sarif-spec/issues/583).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.checks import rules
from hatch_mar.cli._forms.located import Located
from hatch_mar.cli._forms.sarif import show_report
from hatch_mar.finding import RULES, Place
from tests.archives import needs_cpython, needs_posix

FINDING = UNFINISHED.at(Place("handler.py", 3), "It is wrong", "fix it")
LOCATED = Located(FINDING, "models/handler.py", 3, "It is wrong; fix it", "0a")


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    def show(*located: Located) -> Any:
        show_report(located)
        return json.loads(capsys.readouterr().out)

    return show


@needs_cpython("PyPy would have to compile what jsonschema needs")
class TestSchema:
    @pytest.fixture
    def faults(self) -> Any:
        from jsonschema import Draft7Validator

        schema = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
        return lambda log: [error.message for error in Draft7Validator(schema).iter_errors(log)]

    def test_every_rule(self, shown: Any, faults: Any):
        """A log with findings of every rule is valid."""
        found = [
            LOCATED._replace(finding=rule.at(Place("a"), rule.title), line=line, fingerprint=rule.code)
            for rule, line in zip(rules(), [None, *range(1, 1000)])
        ]

        assert len(found) > 100
        assert faults(shown(*found)) == []

    def test_none(self, shown: Any, faults: Any):
        """Without findings, there are results, but none, which tells GitHub that all are fixed."""
        log = shown()

        assert log["runs"][0]["results"] == []
        assert faults(log) == []

    def test_invalid(self, shown: Any, faults: Any):
        """The schema refuses what SARIF does not have."""
        log = shown(LOCATED)
        log["runs"][0]["results"][0]["level"] = "notice"

        assert len(faults(log)) == 1


class TestRun:
    def test_rules(self, shown: Any):
        """The run has all rules, and each result has the index of its own."""
        [run] = shown(LOCATED)["runs"]
        listed = run["tool"]["driver"]["rules"]
        [result] = run["results"]

        assert {rule["id"] for rule in listed} >= {
            code for code, rule in RULES.items() if rule.__class__.__module__ == "hatch_mar.finding"
        }
        assert listed[result["ruleIndex"]]["id"] == result["ruleId"] == "MAR131"
        assert listed[result["ruleIndex"]]["helpUri"].endswith("/MAR131/")

    def test_result(self, shown: Any):
        [result] = shown(LOCATED)["runs"][0]["results"]

        assert result["level"] == "error"
        assert result["message"] == {"text": "It is wrong; fix it"}
        assert result["partialFingerprints"] == {"hatchMarFinding/v1": "0a"}
        assert result["locations"] == [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "models/handler.py", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3},
                }
            }
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("`[tool.mar]` is wrong", "`[tool.mar]` is wrong"),
            ("`[a](https://b)` is wrong", "`\\[a](https://b)` is wrong"),
            ("`[[a](b)` is wrong", "`\\[\\[a](b)` is wrong"),
        ],
    )
    def test_links(self, shown: Any, text: str, expected: str):
        """A name of somebody else's does not become a link; a table of TOML stays as it is."""
        [result] = shown(LOCATED._replace(text=text))["runs"][0]["results"]

        assert result["message"] == {"text": expected}


class TestArtifact:
    def location(self, shown: Any, path: str) -> dict[str, str]:
        [result] = shown(LOCATED._replace(path=path))["runs"][0]["results"]
        found: dict[str, str] = result["locations"][0]["physicalLocation"]["artifactLocation"]
        return found

    @pytest.mark.parametrize(
        ("path", "uri"),
        [
            ("a b/数.py", "a%20b/%E6%95%B0.py"),
            ("a:b?c#d%e.py", "a%3Ab%3Fc%23d%25e.py"),
            pytest.param("\udcff.py", "%FF.py", marks=needs_posix),
        ],
        ids=["not ASCII", "delimiters", "not UTF-8"],
    )
    def test_relative(self, shown: Any, path: str, uri: str):
        """A path is a URI, whatever characters it has."""
        assert self.location(shown, path) == {"uri": uri, "uriBaseId": "%SRCROOT%"}

    def test_absolute(self, shown: Any, tmp_path: Path):
        """A file outside of the repository is not said to be in it."""
        path = tmp_path / "a b.py"

        assert self.location(shown, path.as_posix()) == {"uri": path.as_uri()}
