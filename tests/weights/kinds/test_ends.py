"""Files that end before their own headers say."""

from __future__ import annotations

import random
from struct import pack

import pytest

from hatch_mar.weights.kind import Kind
from tests.weights.files import inspect_bytes


def array(header: str, size: int, version: int = 1) -> bytes:
    """An array of NumPy with this header and so many bytes of numbers."""
    length = pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + bytes(size)


def described(descr: str, shape: str) -> str:
    return f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n"


def hdf5(version: int, size: int, end: int, base: int = 0) -> bytes:
    """The superblock of an HDF5 file that says that it ends there."""
    if version < 2:
        fixed = bytes([version, 0, 0, 0, 0, 8, 8, 0]) + bytes(8 if version == 0 else 12)
    else:
        fixed = bytes([version, 8, 8, 0])
    head = b"\x89HDF\r\n\x1a\n" + fixed + pack("<QQQ", base, (1 << 64) - 1, end)
    return head + bytes(size - len(head))


def elf(size: int, *segments: tuple[int, int, int]) -> bytes:
    """A shared library with these segments, each a kind, an offset and a size."""
    head = (
        b"\x7fELF\x02\x01\x01" + bytes(9 + 16) + pack("<QQIHHHHHH", 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    )
    table = b"".join(pack("<IIQQQQQQ", kind, 0, at, 0, 0, length, 0, 0) for kind, at, length in segments)
    return head + table + bytes(size - len(head) - len(table))


class TestArray:
    @pytest.mark.parametrize(
        ("descr", "shape", "size"),
        [
            ("<f4", "(3, 4)", 48),
            ("<f4", "()", 4),
            ("<f4", "(0, 4)", 0),
            ("|b1", "(2,)", 2),
            ("<U3", "(2,)", 24),
            ("|S3", "(2,)", 6),
            ("<M8[D]", "(2,)", 16),
        ],
    )
    @pytest.mark.parametrize("version", [1, 2])
    def test_kinds(self, descr: str, shape: str, size: int, version: int):
        """All its numbers have to be there."""
        whole = array(described(descr, shape), size, version)

        assert inspect_bytes(whole).damage == ()
        assert inspect_bytes(whole + b"x").damage == ()
        if size:
            [found] = inspect_bytes(whole[:-1]).damage
            assert found == f"it ends after {len(whole) - 1} of {len(whole)} bytes"

    @pytest.mark.parametrize(
        "header",
        [
            described("|O", "(2,)"),
            described("<V8", "(2,)"),
            described("<f4", "(-1,)"),
            described("<f4", "2"),
            described("<f4", "(1.5,)"),
            described("<f4", f"({10**20},)"),
            *("{'descr': [('a', '<f4')], 'shape': (3,)}", "{}", "[]", "(", "\x00", "(" * 9000),
        ],
    )
    def test_unknown(self, header: str):
        """Of objects and records, and of a header that cannot be read, nothing is known."""
        assert inspect_bytes(array(header, 1)).damage == ()


class TestHdf5:
    @pytest.mark.parametrize("version", [0, 1, 2, 3])
    def test_versions(self, version: int):
        assert inspect_bytes(hdf5(version, 200, 200)).damage == ()
        assert inspect_bytes(hdf5(version, 200, 201)).damage == ("it ends after 200 of 201 bytes",)

    def test_base(self):
        """Addresses may be counted from elsewhere."""
        assert inspect_bytes(hdf5(0, 200, 999, base=512)).damage == ()


class TestElf:
    def test_segments(self):
        """What is loaded has to be there, and nothing else."""
        assert inspect_bytes(elf(500, (1, 0, 500), (4, 0, 900))).damage == ()
        assert inspect_bytes(elf(500, (1, 0, 100), (1, 100, 401))).damage == (
            "it ends after 500 of 501 bytes",
        )

    def test_many(self):
        assert inspect_bytes(elf(9000, *[(1, 0, 9001)] * 65)).damage == ()


@pytest.mark.parametrize(
    "data", [array(described("<f4", "(3, 4)"), 48), hdf5(0, 99, 99), elf(200, (1, 0, 200))]
)
def test_mutations(data: bytes):
    """Any bytes are looked at, and the kind stays what the first ones say."""
    chance = random.Random(0)
    for _ in range(300):
        changed = bytearray(data[: chance.randrange(12, len(data))])
        changed[chance.randrange(8, len(changed))] = chance.randrange(256)

        assert inspect_bytes(bytes(changed)).kind in (Kind.NPY, Kind.HDF5, Kind.ELF)
