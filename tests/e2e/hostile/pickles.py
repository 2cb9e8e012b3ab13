"""Pickles, an operation at a time (Lib/pickletools.py has them all), and the zips that torch.save writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from struct import pack
from typing import Any

from tests.e2e.hostile.case import SHELL


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + pack("<I", len(data)) + data


def binary(data: bytes) -> bytes:
    return b"B" + pack("<I", len(data)) + data


def imported(path: str) -> bytes:
    module, _, name = path.rpartition(".")
    return f"c{module}\n{name}\n".encode()


def imported_by_stack(module: str, name: str) -> bytes:
    """STACK_GLOBAL, which protocol 4 brought, and with it names with dots."""
    return text(module) + text(name) + b"\x93"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def call_by_name(path: str, *arguments: str) -> bytes:
    return call(imported(path), *map(text, arguments))


TOUCH = call_by_name("posix.system", SHELL)
"""Operations that create the marker."""


def saved(torch: Any, value: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n("
    b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x06tQ"
    b"K\0K\x06\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
)
STATE_DICT = b"}X\x01\0\0\0w" + TENSOR + b"s."
"""The operations of a state_dict of one tensor."""


def before_state_dict(payload: bytes) -> bytes:
    """The pickle of a state_dict that runs `payload` first and forgets what it gave."""
    protocol = b"\4" if b"\x93" in payload else b"\2"
    return b"\x80" + protocol + payload + b"0" + STATE_DICT


def torch_zip(
    data: bytes, root: str = "archive", extra: Mapping[str, bytes] = {}, method: int = zipfile.ZIP_STORED
) -> bytes:
    """What torch.save writes, with `data` for its pickle and `extra` members below its root."""
    members = {"data.pkl": data, "version": b"3\n", "byteorder": b"little", "data/0": pack("<6f", *range(6))}
    return zipped({f"{root}/{name}": content for name, content in (members | dict(extra)).items()}, method)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            compressed = method if name.endswith(".pkl") else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), content, compressed)
    return out.getvalue()


def evil_zip(payload: bytes = TOUCH, **options: Any) -> bytes:
    return torch_zip(before_state_dict(payload), **options)
