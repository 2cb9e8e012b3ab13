from __future__ import annotations

import gc
import io
import random
import zipfile
from struct import pack, pack_into
from weakref import ref

import pytest

from hatch_mar.weights.kinds import zip_index
from hatch_mar.weights.kinds.zip_index import (
    IndexEntry,
    ZipFault,
    ZipIndex,
    find_unreachable,
    read_content,
    read_index,
)
from hatch_mar.weights.view import View
from tests.weights.files import zipped

FILES = {"a/one": b"1", "a/two": b"22", "a/three": b"333"}


def indexed(data: bytes) -> ZipIndex:
    return read_index(View(io.BytesIO(data)))


def fault(data: bytes) -> ZipFault:
    with pytest.raises(ZipFault) as raised:
        indexed(data)
    return raised.value


def patched(data: bytes, signature: bytes, offset: int, value: bytes, last: bool = False) -> bytes:
    """A zip with other bytes at an offset from a signature."""
    at = (data.rindex(signature) if last else data.index(signature)) + offset
    return data[:at] + value + data[at + len(value) :]


def zip64(files: dict[str, bytes]) -> bytes:
    """A zip with the two end records of ZIP64, which torch writes at any size."""
    data = zipped(files)
    end = data.rindex(b"PK\5\6")
    count, size, offset = int.from_bytes(data[end + 10 : end + 12], "little"), end, 0
    offset = int.from_bytes(data[end + 16 : end + 20], "little")
    record = pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size - offset, offset)
    return data[:end] + record + pack("<4sLQL", b"PK\6\7", 0, end, 1) + data[end:]


class TestReadIndex:
    def test_once(self):
        """It is read once, and kept no longer than the file."""
        view = View(io.BytesIO(zipped(FILES)))
        assert read_index(view) is read_index(view)

        kept = ref(view)
        del view
        gc.collect()
        assert kept() is None

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_zipfile(self, method: int):
        """The entries are those that `zipfile` wrote, with their sizes."""
        index = indexed(zipped(FILES, method))

        assert [(name, len(data)) for name, data in FILES.items()] == [
            (e.name, e.size) for e in index.entries
        ]

    def test_zip64(self):
        assert [entry.name for entry in indexed(zip64(FILES)).entries] == list(FILES)

    def test_wide_sizes(self):
        """Sizes may be only in the ZIP64 field of an entry."""
        data = io.BytesIO()
        with (
            zipfile.ZipFile(data, "w") as file,
            file.open(zipfile.ZipInfo("a"), "w", force_zip64=True) as entry,
        ):
            entry.write(b"123")
        wide = data.getvalue()
        extra = pack("<HHQQ", 1, 16, 3, 3)
        at = wide.index(b"PK\1\2")
        central = wide[at : wide.rindex(b"PK\5\6")]
        changed = bytearray(central[:46] + b"a" + extra)
        pack_into("<LL", changed, 20, 0xFFFFFFFF, 0xFFFFFFFF)
        pack_into("<H", changed, 30, len(extra))
        end = bytearray(wide[wide.rindex(b"PK\5\6") :])
        pack_into("<L", end, 12, len(changed))

        assert indexed(wide[:at] + bytes(changed) + bytes(end)).entries[0].size == 3
        lacking = changed.replace(pack("<HH", 1, 16), pack("<HH", 2, 16))
        assert str(fault(wide[:at] + bytes(lacking) + bytes(end))) == "its ZIP64 sizes are missing"

    def test_empty(self):
        assert indexed(zipped({})).entries == ()

    def test_comment(self):
        """A comment is part of the zip, and what follows it is not."""
        data = zipped(FILES)
        commented = data[:-2] + pack("<H", 5) + b"hello"

        assert indexed(commented) == indexed(data)
        assert indexed(commented + b"abc") == indexed(data)

    def test_large_comment(self):
        data = zipped(FILES)[:-2] + pack("<H", 0xFFFF) + b"c" * 0xFFFF

        assert len(indexed(data).entries) == 3

    def test_folded(self):
        """torch ignores the case of names."""
        assert [entry.folded for entry in indexed(zipped({"A/B\u00c4": b""})).entries] == ["a/b\u00c4"]


class TestTruncated:
    @pytest.mark.parametrize("cut", [1, 3, 21, 22, 60, 150])
    def test_end(self, cut: int):
        """A zip is cut off, however many bytes are missing at its end."""
        assert fault(zipped(FILES)[:-cut]).cut

    def test_inner(self):
        """The end of a zip inside a zip is not the end of the outer one."""
        data = zipped({"a/inner.zip": zipped(FILES), "a/data": bytes(1000)})

        assert fault(data[:-300]).cut


class TestFaults:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"PK\3\4" + zipped(FILES), "its directory is not where its end record says"),
            (zipped({"b": b"x"}) + zipped(FILES), "its directory is not where its end record says"),
            (patched(zipped(FILES), b"PK\5\6", 8, pack("<HH", 4, 4)), "its directory is damaged"),
            (patched(zipped(FILES), b"PK\5\6", 8, pack("<HH", 3, 4)), "it is one part of a split zip"),
            (patched(zipped(FILES), b"PK\5\6", 4, pack("<H", 1)), "it is one part of a split zip"),
            (patched(zipped(FILES), b"PK\1\2", 0, b"PK\1\3"), "its directory is damaged"),
            (patched(zipped(FILES), b"PK\1\2", 28, b"\xff\xff"), "its directory is damaged"),
            (patched(zipped(FILES), b"PK\1\2", 46, b"\0"), "its directory is damaged"),
            (patched(zipped(FILES), b"PK\1\2", 42, pack("<L", 20)), "overlaps another"),
            (patched(zipped(FILES), b"PK\1\2", 20, pack("<L", 999)), "overlaps another"),
            (patched(zipped(FILES), b"PK\1\2", 20, pack("<L", 999), last=True), "overlaps the directory"),
            (patched(zipped(FILES), b"PK\1\2", 8, pack("<H", 1)), "is encrypted"),
            (patched(zip64(FILES), b"PK\6\7", 16, pack("<L", 2)), "it is one part of a split zip"),
            (patched(zip64(FILES), b"PK\6\7", 8, pack("<Q", 2)), "its ZIP64 end record is missing"),
            (patched(zip64(FILES), b"PK\6\6", 4, pack("<Q", 45)), "its ZIP64 end record is damaged"),
            (
                patched(zip64(FILES), b"PK\5\6", 16, pack("<L", 2)),
                "its two end records contradict each other",
            ),
        ],
    )
    def test_fault(self, data: bytes, message: str):
        """What two readers would read differently is a fault."""
        assert message in str(fault(data))

    @pytest.mark.parametrize("name", ["a/one", "A/One"])
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_duplicate(self, name: str):
        """Two entries of one name are a fault, since readers choose differently."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as file:
            file.writestr("a/one", b"1")
            file.writestr(name, b"2")

        assert str(fault(data.getvalue())) == f"it has the entry `{name}` twice"

    def test_entries(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(zip_index, "MOST_ENTRIES", 2)

        assert "its directory is larger than" in str(fault(zipped(FILES)))

    def test_random(self):
        """Whatever the bytes, nothing but a ZipFault is raised."""
        rng = random.Random(3)
        sound = zip64(FILES)
        for _ in range(5000):
            data = bytearray(sound)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            view = View(io.BytesIO(bytes(data)))
            try:
                index = read_index(view)
                list(find_unreachable(view, index))
                for entry in index.entries:
                    read_content(view, entry, 100)
            except ZipFault:
                continue


class TestContent:
    def read(self, data: bytes, most: int = 100) -> bytes:
        view = View(io.BytesIO(data))
        return read_content(view, read_index(view).entries[0], most)

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_content(self, method: int):
        assert self.read(zipped({"a": b"x" * 50}, method)) == b"x" * 50

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (zipped({"a": bytes(101)}), "is larger than the 100 bytes that are read"),
            (zipped({"a": b"x"}, zipfile.ZIP_BZIP2), "is compressed in a way that torch cannot read"),
            (patched(zipped({"abc": b"x"}), b"abc", 0, b"abd"), "has a different name in its own header"),
            (patched(zipped({"abc": b"x"}), b"PK\3\4", 0, b"PK\3\5"), "is not where the directory says"),
            (patched(zipped({"a": b"x"}), b"PK\1\2", 24, pack("<L", 3)), "does not have the size"),
            (patched(zipped({"a": b"x" * 99}, 8), b"PK\1\2", 24, pack("<L", 3)), "does not have the size"),
            (patched(zipped({"a": b"\xff\xff\xff"}), b"PK\1\2", 10, pack("<H", 8)), "cannot be inflated"),
        ],
    )
    def test_fault(self, data: bytes, message: str):
        with pytest.raises(ZipFault, match=message):
            self.read(data)

    def test_bomb(self):
        """No more is inflated than the directory says."""
        data = zipped({"a": bytes(10_000_000)}, zipfile.ZIP_DEFLATED)
        lying = patched(data, b"PK\1\2", 24, pack("<L", 50))

        with pytest.raises(ZipFault, match="does not have the size"):
            self.read(lying)


class TestUnreachable:
    def names(self, data: bytes) -> list[str]:
        view = View(io.BytesIO(data))
        found: list[IndexEntry] = list(find_unreachable(view, read_index(view)))
        return [entry.name for entry in found]

    def test_none(self):
        assert self.names(zipped(FILES)) == []

    def test_hole(self):
        """A download in parts may leave zeros."""
        data = zipped(FILES)
        at = data.index(b"a/two") - 30

        assert self.names(data[:at] + bytes(30) + data[at + 30 :]) == ["a/two"]

    def test_lengths(self):
        """A header may be too long for the room that its entry has."""
        assert self.names(patched(zipped(FILES), b"PK\3\4", 28, pack("<H", 50))) == ["a/one"]
