from __future__ import annotations

from hatch_mar.errors import ConfigError, HatchMarError
from hatch_mar.finding import Place
from hatch_mar.project.config.schema import CLASH

FINDING = CLASH.at(Place("pyproject.toml"), "Two", "rename one")


class TestHatchMarError:
    def test_lines(self):
        """Each fault is a line, whether a rule found it or not."""
        error = ConfigError("The disk is full", FINDING)

        assert error.faults == ("The disk is full", "Two; rename one [MAR007]")
        assert str(error) == "The disk is full\nTwo; rename one [MAR007]"

    def test_control_characters(self):
        """What a terminal would obey is escaped, whoever it came from."""
        finding = CLASH.at(Place("pyproject.toml"), "Two `\x1b[31m`", "rename one")
        error = ConfigError("No `a\x1b[2J`", finding)

        assert error.faults == ("No `a\\x1b[2J`", "Two `\\x1b[31m`; rename one [MAR007]")

    def test_findings(self):
        """Those that a rule found are there as findings too."""
        error = HatchMarError("The disk is full", FINDING)

        assert error.findings == (FINDING,)
        assert error.causes == ("The disk is full", FINDING)
