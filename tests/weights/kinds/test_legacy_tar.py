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

        assert (found.kind, found.legacy) == (Kind.PICKLE, True)
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

    def test_other(self):
        """Any other tar is a tar."""
        found = inspect_bytes(packed({"a.txt": b"cat", "b.txt": b"dog"}))

        assert (found.kind, found.loadings) == (Kind.TAR, ())
