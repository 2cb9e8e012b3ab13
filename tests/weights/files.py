"""Weights files written by hand, byte by byte."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from struct import pack

from tests.weights.found import Found, inspect


class Counting(io.BytesIO):
    """A stream that counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def problems(found: Found) -> tuple[str, ...]:
    """Everything wrong inside a file."""
    return found.damage + found.refusals


def inspect_bytes(data: bytes, name: str = "") -> Found:
    return inspect(io.BytesIO(data), name)


def text(string: str) -> bytes:
    """BINUNICODE"""
    data = string.encode()
    return b"X" + pack("<I", len(data)) + data


def short(string: str) -> bytes:
    """SHORT_BINUNICODE, which weights_only does not know"""
    data = string.encode()
    return b"\x8c" + pack("<B", len(data)) + data


def number(value: int) -> bytes:
    """BININT"""
    return b"J" + pack("<i", value)


def stored(key: str, numel: int, kind: str = "FloatStorage") -> bytes:
    """A storage by its persistent id."""
    return (
        b"("
        + text("storage")
        + f"ctorch\n{kind}\n".encode()
        + text(key)
        + text("cpu")
        + number(numel)
        + b"tQ"
    )


def tensor(key: str = "0", numel: int = 2, kind: str = "FloatStorage", size: int | None = None) -> bytes:
    """A tensor over the storage `key`, as `torch.Tensor.__reduce_ex__` gives it."""
    shape = number(numel if size is None else size) + b"\x85K\x01\x85"
    hooks = b"ccollections\nOrderedDict\n)R"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + stored(key, numel, kind)
        + b"K\x00"
        + shape
        + b"\x89"
        + hooks
        + b"tR"
    )


def dictionary(items: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def protocol2(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def state_dict(*names: str) -> bytes:
    """A pickle of one-dimensional tensors; that of number n is two floats in `data/n`."""
    return protocol2(dictionary({name: tensor(str(index)) for index, name in enumerate(names)}))


def zipped(records: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as file:
        for name, content in records.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            file.writestr(info, content)
    return data.getvalue()


def saved(pickle: bytes, sizes: Mapping[str, int] | None = None, root: str = "model") -> dict[str, bytes]:
    """The records that torch.save writes; `sizes` are the bytes of the storages."""
    return {
        f"{root}/data.pkl": pickle,
        f"{root}/byteorder": b"little",
        **{f"{root}/data/{key}": bytes(size) for key, size in (sizes or {}).items()},
        f"{root}/version": b"3\n",
    }


TENSORS = saved(state_dict("weight", "bias"), {"0": 8, "1": 8})
"""The records of a state_dict of two tensors."""


def safetensors(header: object, data: bytes = b"") -> bytes:
    encoded = json.dumps(header).encode()
    return pack("<Q", len(encoded)) + encoded + data


def field(tag: int, content: bytes) -> bytes:
    """A protobuf field with a length below 128."""
    return bytes([tag << 3 | 2, len(content)]) + content


ONNX = b"\x08\x0a" + field(2, b"pytorch") + field(3, b"2.13.0") + field(7, b"graph") + field(8, b"\x10\x11")

LFS = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""
DVC = b"""outs:
- md5: a304afb96060aad90176268345e10355
  size: 37891850
  hash: md5
  path: model.pt
"""
ANNEX = b"/annex/objects/SHA256E-s123--4d7a214614ab2935.pt\n"
