"""What zips and tars have in common while they are unpacked."""

from __future__ import annotations

import pytest

from hatch_mar.archive.formats.unpacking import EMPTY, Stopped, explain_stop
from hatch_mar.errors import ReadError
from hatch_mar.finding import Place


class TestExplainStop:
    def test_finding(self) -> None:
        """The error holds the finding, with the file and the fix where the rule's own does not fit."""
        with pytest.raises(ReadError) as error, explain_stop("m.mar"):
            raise Stopped(EMPTY, "The file is empty", "copy it")

        assert error.value.findings == (EMPTY.at(Place("m.mar"), "The file is empty", "copy it"),)
