"""Files that torch does not write: pointers, signatures, safetensors and ONNX."""

from __future__ import annotations

import io
import tarfile
from struct import pack

import pytest

from hatch_mar.weights import Kind, Weights
from tests.weights.files import ANNEX, DVC, LFS, ONNX, field, inspected, problems, safetensors

WEIGHT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BIAS = {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]}
HEADER = {"__metadata__": {"format": "pt"}, "weight": WEIGHT, "bias": BIAS}


class TestPointers:
    def test_empty(self):
        assert inspected(b"").describe() == "empty file"

    def test_lfs(self):
        found = inspected(LFS)

        assert found.describe() == "git-lfs pointer (the real file has 12345 bytes)"
        assert found.oid == "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

    def test_lfs_of_nothing(self):
        """A pointer that lost its lines is one still."""
        assert Weights(Kind.LFS_POINTER) == inspected(LFS[:45])

    def test_large_lfs(self):
        """A file that only begins so is no pointer."""
        assert Kind.UNKNOWN is inspected(LFS + bytes(2000)).kind

    def test_annex(self):
        expected = Weights(Kind.ANNEX_POINTER, oid="SHA256E-s123--4d7a214614ab2935.pt", real_size=123)

        assert inspected(ANNEX) == expected

    def test_dvc(self):
        expected = Weights(Kind.DVC_FILE, oid="a304afb96060aad90176268345e10355", real_size=37891850)

        assert inspected(DVC) == expected

    @pytest.mark.parametrize(
        "page",
        [
            b"<!DOCTYPE html><html>",
            b"\n <html lang='en'>",
            b"\xef\xbb\xbf<!doctype HTML>",
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        ],
    )
    def test_html(self, page: bytes):
        assert Kind.HTML is inspected(page).kind

    def test_html_words(self):
        assert inspected(b"<html>\n<body>").describe() == "web page: text that begins `<html>`"

    def test_text(self):
        """What a server says instead of the file."""
        assert inspected(b"Entry not found").describe() == "unknown: text that begins `Entry not found`"

    def test_escapes(self):
        """A terminal gets no escape sequences out of a file."""
        assert inspected(b"a\x1b[2Jb").describe() == "unknown: no format that is known here"


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
        found = inspected(head + bytes(600))

        assert (kind, True, ()) == (found.kind, found.complete, found.globals)

    def test_gguf(self):
        assert inspected(b"GGUF" + pack("<IQQ", 3, 3, 0)).describe() == "GGUF model, 3 tensors"

    def test_flatbuffer(self):
        assert Weights(Kind.TORCHSCRIPT, lite=True) == inspected(b"\x10\x00\x00\x00PTMF" + bytes(20))

    def test_tar(self):
        assert Weights(Kind.TAR) == inspected(tarred("a", "b"))

    def test_tar_of_torch(self):
        """torch before 0.2 wrote a tar with pickles, which weights_only refuses."""
        found = inspected(tarred("sys_info", "pickle", "tensors", "storages"))

        assert (found.kind, found.legacy, found.complete) == (Kind.PICKLE, True, False)
        assert found.refusals

    @pytest.mark.parametrize("digits", [b"99999999999", b"77777777777", b"           ", b"\x80" + bytes(10)])
    def test_tar_sizes(self, digits: bytes):
        data = tarred("a", "b")

        assert Kind.TAR is inspected(data[:124] + digits + data[135:]).kind


def tarred(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    return data.getvalue()


class TestSafetensors:
    def test_whole(self):
        found = inspected(safetensors(HEADER, bytes(12)))

        assert found.describe() == "safetensors, 2 tensors, float32, bfloat16"
        assert problems(found) == ()

    def test_empty(self):
        assert Weights(Kind.SAFETENSORS) == inspected(safetensors({}))

    def test_header_of_640(self):
        """A length whose first bytes are those of a pickle of protocol 2."""
        data = safetensors({**HEADER, "__metadata__": {"note": ""}}, bytes(12))
        padding = 640 - int.from_bytes(data[:8], "little")
        data = safetensors({**HEADER, "__metadata__": {"note": "x" * padding}}, bytes(12))

        assert data.startswith(b"\x80\x02")
        assert Kind.SAFETENSORS is inspected(data).kind

    @pytest.mark.parametrize("cut", [1, 11, 12])
    def test_truncated(self, cut: int):
        found = inspected(safetensors(HEADER, bytes(12))[:-cut])
        has = "1 byte" if cut == 11 else f"{12 - cut} bytes"

        assert Kind.TRUNCATED is found.kind
        assert found.reason == f"safetensors that have {has} of 12 behind their header"

    def test_truncated_header(self):
        found = inspected(safetensors(HEADER)[:-20])

        assert (found.kind, found.reason) == (Kind.TRUNCATED, "safetensors that end inside their header")

    @pytest.mark.parametrize(
        ("header", "damage"),
        [
            (
                {"weight": {**WEIGHT, "shape": [3]}},
                "tensor `weight` has 8 bytes, which its shape does not need",
            ),
            ({"weight": {**WEIGHT, "dtype": "F31"}}, "tensor `weight` has the unknown dtype `F31`"),
            ({"weight": WEIGHT, "x": {**WEIGHT}}, "tensor `x` does not follow the one before it"),
            ({}, "8 bytes after the last tensor"),
        ],
    )
    def test_damage(self, header: object, damage: str):
        assert inspected(safetensors(header, bytes(8))).damage == (damage,)

    @pytest.mark.parametrize(
        "header",
        [
            b"{]",
            b'{"a": 1}',
            b'{"a": {}}',
            b'{"a": {"data_offsets": 3}}',
            b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, "8"]}}',
            b'{"a": {"dtype": [], "shape": [1], "data_offsets": [0, 8]}}',
            b'{"a": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 8]}}',
            b'{"a": {"dtype": "F32", "shape": [' + b"1," * 100 + b'1], "data_offsets": [0, 8]}}',
            b'{"a": 1, "a": 2}',
            b'{"a": ' + b"9" * 5000 + b"}",
            b"{" + b'"a": {' * 100_000,
            b'{"\xff": 1}',
            b'{"a": [NaN]}',
        ],
    )
    def test_corrupt(self, header: bytes):
        """Whatever the header holds, nothing is raised."""
        assert Kind.CORRUPT is inspected(pack("<Q", len(header)) + header + bytes(8)).kind

    def test_long_header(self):
        """A header that is too long to be read is left alone."""
        length = 9 << 20
        found = inspected(pack("<Q", length) + b"{" + b" " * length)

        assert found.remarks == ("its header is too long to be looked at",)


class TestOnnx:
    def test_model(self):
        assert inspected(ONNX).describe() == "ONNX model"

    def test_truncated(self):
        assert Kind.TRUNCATED is inspected(ONNX[:-6]).kind

    @pytest.mark.parametrize(
        "data", [b"\x08\x0a\x07\x07\x07", b"\x08\x0a" + field(9, b"x"), b"\x08\x0a" + field(2, b"x")]
    )
    def test_other(self, data: bytes):
        """Fields that a model has not, and a message without a graph."""
        assert Kind.UNKNOWN is inspected(data).kind

    def test_order(self):
        """Fields in another order are taken for a model's if the name says so."""
        data = field(7, b"graph") + b"\x08\x0a"

        assert Kind.UNKNOWN is inspected(data, "model.bin").kind
        assert Kind.ONNX is inspected(data, "model.onnx").kind
