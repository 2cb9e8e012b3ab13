from __future__ import annotations

import io
import tarfile
from struct import pack

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from tests.weights.files import inspect_bytes


class TestSignatures:
    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
            (b"\x93NUMPY\x01\x00", Kind.NPY),
            (b"\x7fELF\x02\x01\x01", Kind.ELF),
            (b"\xcf\xfa\xed\xfe", Kind.MACHO),
            (b"\xca\xfe\xba\xbe", Kind.MACHO),
            (b"MZ\x90\x00", Kind.PE),
            (b"\x1f\x8b\x08", Kind.GZIP),
            (b"BZh91AY", Kind.BZIP2),
            (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
            (b"\xfd7zXZ\x00", Kind.XZ),
            (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
            (b"\x1c\x00\x00\x00TFL3", Kind.TFLITE),
        ],
    )
    def test_kind(self, head: bytes, kind: Kind):
        found = inspect_bytes(head + bytes(600))

        assert (found.kind, found.complete, found.globals) == (kind, True, ())

    def test_gguf(self):
        assert inspect_bytes(b"GGUF" + pack("<IQQ", 3, 3, 0)).describe() == "GGUF model, 3 tensors"

    def test_flatbuffer(self):
        assert inspect_bytes(b"\x10\x00\x00\x00PTMF" + bytes(20)) == Weights(Kind.TORCHSCRIPT, lite=True)

    def test_tar(self):
        assert inspect_bytes(tarred("a", "b")) == Weights(Kind.TAR)

    @pytest.mark.parametrize("digits", [b"99999999999", b"77777777777", b"           ", b"\x80" + bytes(10)])
    def test_tar_sizes(self, digits: bytes):
        data = tarred("a", "b")

        assert inspect_bytes(data[:124] + digits + data[135:]).kind is Kind.TAR


def tarred(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    return data.getvalue()
