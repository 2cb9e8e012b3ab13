"""What zips and tars have in common while they are unpacked."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats import unpacking as stream
from hatch_mar.archive.formats.unpacking import Names, Stopped, inflate
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import MEMBERS, Budget
from hatch_mar.finding import Place
from tests.budgets import enough_for
from tests.checks.containers import deflated


class TestInflate:
    @given(st.binary(max_size=2000), st.binary(max_size=20))
    def test_any(self, data: bytes, after: bytes) -> None:
        """The stream's bytes are given, and the file's position ends up after it."""
        file = BytesIO(deflated(data) + after)

        assert b"".join(inflate(file, -15, 2000, "It", Budget())) == data
        assert file.read() == after

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (deflated(b"x" * 100)[:-1], "MAR802"),
            (b"", "MAR802"),
            (b"\xff", "MAR803"),
            (deflated(b"x" * 101), "MAR806"),
        ],
        ids=["cut off", "empty", "damaged", "too large"],
    )
    def test_stopped(self, data: bytes, code: str) -> None:
        with pytest.raises(Stopped) as stopped:
            list(inflate(BytesIO(data), -15, 100, "It", Budget()))

        assert stopped.value.rule.code == code

    def test_checksum(self) -> None:
        """The window of a gzip checks its checksum too."""
        data = bytearray(gzip.compress(b"x" * 100))
        data[-8] ^= 1

        with pytest.raises(Stopped, match=r"^It is damaged: .* incorrect data check$"):
            list(inflate(BytesIO(bytes(data)), 31, 100, "It", Budget()))


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
        monkeypatch.setattr(stream, "LARGEST_NAMES", 5)
        with pytest.raises(Stopped, match=r"^The members' names have more than 5 bytes$"):
            check("m/a", "m/b")
