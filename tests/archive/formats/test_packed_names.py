"""The names of an archive's members together."""

from __future__ import annotations

import pytest

from hatch_mar.archive.formats import packed_names
from hatch_mar.archive.formats.packed_names import Names
from hatch_mar.archive.formats.unpacking import Stopped
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import MEMBERS, Budget
from hatch_mar.finding import Place
from tests.budgets import enough_for


def check(*names: str, budget: Budget | None = None) -> list[str]:
    """The codes found in a container of these names, the first part of which is cut off."""
    found = Names(budget=budget)
    for name in names:
        found.add(name.partition("/")[2], name)
    return [finding.code for finding in found.check(Place("m.tar.gz"))]


class TestNames:
    def test_in_order(self) -> None:
        assert check("m/", f"m/{MANIFEST_NAME}", "m/a", "m/b/", "m/b/c") == []

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("m/../x/", "MAR111"),
            (f"m/{MANIFEST_NAME}", "MAR112"),
            ("m/a/", "MAR113"),
        ],
    )
    def test_fault(self, name: str, code: str) -> None:
        """Faults that only unpacking meets: of folders, and of a second manifest."""
        assert check(f"m/{MANIFEST_NAME}", "m/a", name) == [code]

    def test_misplaced_manifest(self) -> None:
        """A manifest elsewhere is a fault only if there is none in its place."""
        assert check(f"m/n/{MANIFEST_NAME}") == ["MAR807"]
        assert check(f"m/n/{MANIFEST_NAME}", f"m/{MANIFEST_NAME}") == []

    def test_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither more names nor longer ones are kept than a model has."""
        with pytest.raises(Stopped, match=r"^The archive has more members than a command reads$"):
            check("m/a", "m/b", "m/c", budget=enough_for(MEMBERS, 2))
        monkeypatch.setattr(packed_names, "LARGEST_NAMES", 5)
        with pytest.raises(Stopped, match=r"^The members' names have more than 5 bytes$"):
            check("m/a", "m/b")
