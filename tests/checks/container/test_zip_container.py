"""A zip, as a stream and by its directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from struct import pack

import pytest

from hatch_mar.checks.container import stream, zip_container
from hatch_mar.zip_records import CENTRAL_HEADER, END, ZIP64_END, ZIP64_LOCATOR
from tests.checks.containers import (
    DEFLATED,
    DESCRIPTOR,
    MANIFEST,
    Entry,
    bomb,
    deflated,
    described,
    model,
    write,
)
from tests.memory import bounded

MOST_MEMORY = 64 << 20
LIMIT_32 = 0xFFFFFFFF


def check(path: Path, *, deep: bool = True) -> list[str]:
    return [str(finding) for finding in zip_container.check(path, deep=deep)]


class TestDirectory:
    def test_listed_twice(self, tmp_path: Path) -> None:
        """The directory lists each member once."""
        first = Entry("y", b"y")
        data = first.local() + first.central(0) * 2
        end = END.pack(b"PK\x05\x06", 0, 0, 2, 2, len(data) - len(first.local()), len(first.local()), 0)
        path = write(tmp_path / "m.mar", data + end)

        assert check(path) == [
            (
                f"{path}: MAR815 The directory lists the member at byte 0 twice;"
                f" {zip_container.DISAGREEMENT.fix}"
            )
        ]


class TestDeep:
    def test_shallow(self, tmp_path: Path) -> None:
        """Without `deep` nothing is read of members whose header has their size."""
        path = write(tmp_path / "m.mar", model().replace(b"handle(", b"HANDLE("))

        assert check(path, deep=False) == []
        assert [text.split()[1] for text in check(path)] == ["MAR803"]

    def test_descriptors_are_read(self, tmp_path: Path) -> None:
        """A member whose size comes after its data is always read."""
        data = model(described("x", b"x" * 99)).replace(deflated(b"x" * 99), deflated(b"y" * 99))

        assert [text.split()[1] for text in check(write(tmp_path / "m.mar", data), deep=False)] == ["MAR803"]


def many(count: int) -> bytes:
    """A zip of a manifest and so many empty members."""
    first = Entry("MAR-INF/MANIFEST.json", MANIFEST)
    start, member = len(first.local()), Entry("").local()[:26] + pack("<2H", 12, 0)
    names = [b"%012d" % number for number in range(count)]
    local = first.local() + b"".join([member + name for name in names])
    size = len(member) + 12
    central = Entry("").central(0)[:28] + pack("<H12x", 12)
    directory = first.central(0) + b"".join(
        [central + pack("<I", start + size * number) + name for number, name in enumerate(names)]
    )
    end = ZIP64_END.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, *(count + 1,) * 2, len(directory), len(local))
    end += ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, len(local) + len(directory), 1)
    end += END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end


def overlap() -> bytes:
    """A zip whose directory lists its one member a hundred thousand times."""
    fake = CENTRAL_HEADER.pack(b"PK\x01\x02", *(0,) * 14, 0, 7) * 100_000
    return Entry("x").local() + fake + END.pack(b"PK\x05\x06", 0, 0, 0, 0, len(fake), 31, 0)


def with_zip64_sizes(size: int) -> bytes:
    """A zip with a member of this size, by its ZIP64 extra field."""
    return model(Entry("x", b"", 0, 0, LIMIT_32, LIMIT_32, extra=pack("<2H2Q", 1, 16, size, size)))


HOSTILE: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "stored, 4 GiB": (
        "MAR802",
        lambda: model(Entry("x", bytes(10 << 20), size=LIMIT_32 - 1, packed=LIMIT_32 - 1)),
    ),
    "deflated, 4 GiB": (
        "MAR806",
        lambda: model(Entry("x", b"x", DEFLATED, size=LIMIT_32 - 1), bytes(10 << 20)),
    ),
    "16 EiB": ("MAR802", lambda: with_zip64_sizes(1 << 62)),
    "negative size": ("MAR815", lambda: with_zip64_sizes(1 << 63)),
    "long names": ("MAR806", lambda: b"".join(Entry(b"%065535d" % n).local() for n in range(600))),
    "bomb": (
        "MAR806",
        lambda: Entry("x", flags=DESCRIPTOR, method=DEFLATED).local()[:-2] + bomb(500),
    ),
    "entries that overlap": ("MAR815", overlap),
}
"""Files that claim much, with the code that is found."""


class TestBounds:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile(self, name: str, tmp_path: Path) -> None:
        """Whatever a file claims, it takes little memory and is read no further than a limit."""
        code, data = HOSTILE[name]
        path = write(tmp_path / "m.mar", data())

        with bounded(MOST_MEMORY):
            codes = [finding.code for finding in zip_container.check(path)]

        assert codes[-1] == code
        assert len(codes) <= 21

    def test_most_members(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The most members that are allowed are in order, and one more is not. Neither takes much memory."""
        most = 20_000
        monkeypatch.setattr(stream, "MOST_ENTRIES", most)
        allowed, refused = write(tmp_path / "m.mar", many(most - 1)), write(tmp_path / "n.mar", many(most))

        with bounded(MOST_MEMORY * most // 200_000):
            assert check(allowed, deep=False) == []
            assert [text.split()[1] for text in check(refused)] == ["MAR806"]
