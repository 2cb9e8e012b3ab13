from __future__ import annotations

import io
import tarfile

import pytest

from hatch_mar.weights.kind import Kind
from tests.weights.files import inspect_bytes, protocol2, text

SYSTEM = protocol2(b"cos\nsystem\n" + text("true") + b"\x85R")
MEMBERS = {
    "storages": protocol2(b"K\x00"),
    "tensors": protocol2(b"K\x00"),
    "pickle": SYSTEM,
    "sys_info": protocol2(b"}"),
}


def packed(members: dict[str, bytes], layout: int = tarfile.USTAR_FORMAT, prefix: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def without_magic(tar: bytes) -> bytes:
    """The tar as Unix V7 wrote it."""
    data = bytearray(tar)
    for start in range(0, len(data), 512):
        if data[start + 257 : start + 262] == b"ustar":
            data[start + 257 : start + 265] = bytes(8)
            data[start + 148 : start + 156] = b" " * 8
            data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    return bytes(data)


def change(header: bytes, fields: dict[int, bytes]) -> bytes:
    """A header with other fields, by their offsets, and the right checksum."""
    data = bytearray(header)
    for start, value in fields.items():
        data[start : start + len(value)] = value
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


class TestTar:
    @pytest.mark.parametrize(
        "data",
        [
            packed(MEMBERS),
            packed(MEMBERS, prefix="./"),
            without_magic(packed(MEMBERS)),
            packed({f"other{number}": b"x" for number in range(40)} | MEMBERS),
        ],
        ids=["ustar", "dot", "v7", "late"],
    )
    def test_followed(self, data: bytes):
        """The pickles of a tar are followed, wherever they are in it, but not to the end of all."""
        found = inspect_bytes(data)

        assert found.kind is Kind.TAR
        assert found.unsafe_globals == (("os", "system"),)
        assert not found.complete
        assert found.refusals

    def test_renamed(self):
        """A header of pax may give a member its name."""
        pax = packed({"path": b""})  # for its header alone
        record = b"15 path=pickle\n"
        header = bytearray(pax[:512])
        header[156:157], header[124:136] = b"x", b"%011o\0" % len(record)
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        data = bytes(header) + record.ljust(512, b"\0") + packed({"harmless": SYSTEM})

        assert inspect_bytes(data).unsafe_globals == (("os", "system"),)

    @pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"5", b"6"])
    def test_size_without_data(self, kind: bytes):
        """tarfile passes over no data of a link or a directory, whatever its size."""
        header = change(packed({"first": b""})[:512], {156: kind, 124: b"%011o" % 5000})

        assert inspect_bytes(header + packed(MEMBERS)).unsafe_globals == (("os", "system"),)

    def test_signed(self):
        """An old tar takes bytes for signed in its checksum."""
        header = bytearray(change(packed({"\u00e9": b""})[:512], {}))
        total = sum(header[:148]) + 256 + sum(header[156:]) - 256 * sum(byte > 127 for byte in header)
        header[148:156] = b"%06o\0 " % total

        assert inspect_bytes(bytes(header) + packed(MEMBERS)).unsafe_globals == (("os", "system"),)

    def test_number_before_nul(self):
        """A number ends at a NUL."""
        header = change(packed({"first": b""})[:512], {124: b"0\0" + b"7" * 9})

        assert inspect_bytes(header + packed(MEMBERS)).unsafe_globals == (("os", "system"),)

    def test_suffix(self):
        """A tar under the name of weights cannot be told; its headers have many ways to name a member."""
        data = packed({"a.txt": b"cat"})

        assert not inspect_bytes(data, "net.pt").complete
        assert inspect_bytes(data, "data.tar").complete

    def test_other(self):
        """Any other tar is a tar."""
        found = inspect_bytes(packed({"a.txt": b"cat", "b.txt": b"dog"}))

        assert (found.kind, found.loadings) == (Kind.TAR, ())
