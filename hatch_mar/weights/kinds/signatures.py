"""Formats with a signature in their first bytes."""

from __future__ import annotations

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from hatch_mar.zip_records import END_SIGNATURE

SIGNATURES = (
    (0, b"GGUF", Kind.GGUF),
    (0, b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (0, b"\x93NUMPY", Kind.NPY),
    (0, b"\x7fELF", Kind.ELF),
    (0, b"\xcf\xfa\xed\xfe", Kind.MACHO),
    (0, b"\xce\xfa\xed\xfe", Kind.MACHO),
    (0, b"\xca\xfe\xba\xbe", Kind.MACHO),
    (0, b"MZ", Kind.PE),
    (0, b"\x1f\x8b", Kind.GZIP),
    (0, b"BZh", Kind.BZIP2),
    (0, b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (0, b"\xfd7zXZ\x00", Kind.XZ),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (0, END_SIGNATURE, Kind.ZIP),
    (4, b"TFL3", Kind.TFLITE),
    (257, b"ustar", Kind.TAR),
)
"""Offset, bytes, kind. An empty zip begins with its end record."""
LITE_FLATBUFFER = b"PTMF"
"""At offset 4 of TorchScript for the lite interpreter, as a flatbuffer
(torch/csrc/jit/serialization/mobile_bytecode.fbs, `file_identifier`)."""


def inspect_signature(head: bytes) -> Weights | None:
    if head[4:8] == LITE_FLATBUFFER:
        return Weights(Kind.TORCHSCRIPT, lite=True)
    kind = next((kind for offset, signature, kind in SIGNATURES if head.startswith(signature, offset)), None)
    if kind is Kind.GGUF:
        # The number of tensors, since version 2 (ggml/docs/gguf.md).
        return Weights(kind, tensors=int.from_bytes(head[8:16], "little"))
    return Weights(kind) if kind else None
