"""The same findings in very many files."""

from __future__ import annotations

from hatch_mar.checks.many import show_first
from hatch_mar.checks.wholeness import DAMAGED, POINTER
from hatch_mar.finding import MOST_FINDINGS, Place
from tests.checks import subject


class TestShowFirst:
    def test_few(self):
        found = [("a", DAMAGED.at(Place("a"), "A")), ("b", POINTER.at(Place("b"), "B"))]

        assert list(show_first(subject({}), found)) == [finding for _, finding in found]

    def test_many(self):
        """The first of each rule are shown, and the names of some others."""
        names = [f"{number:02}.pt" for number in range(MOST_FINDINGS + 2)]
        found = [(name, DAMAGED.at(Place(name), name)) for name in (*names, names[-1])]

        *shown, last = show_first(subject({}), [*found, ("p", POINTER.at(Place("p"), "P"))])

        assert [finding.message for finding in shown] == [*names[:MOST_FINDINGS], "P"]
        assert last.rule is DAMAGED
        assert last.message == "The same is true of 2 more files: `20.pt`, `21.pt`"

    def test_severities(self):
        """Warnings of a rule neither hide its errors nor are counted as such."""
        names = [f"{number:02}.pt" for number in range(MOST_FINDINGS + 1)]
        found = [(name, DAMAGED.at(Place(name), name, severity="warning")) for name in names]
        found.append(("z", DAMAGED.at(Place("z"), "z")))

        *_, error, last = show_first(subject({}), found)

        assert (error.message, error.severity) == ("z", "error")
        assert (last.message, last.severity) == ("The same is true of 1 more file: `20.pt`", "warning")
