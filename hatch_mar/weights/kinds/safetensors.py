"""safetensors files (https://github.com/huggingface/safetensors, "Format")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any

from hatch_mar.budget import JSON
from hatch_mar.text import count_of, first_messages, quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights

LARGEST_HEADER = 100_000_000
"""Bytes; safetensors itself refuses more."""
LARGEST_READ = 8 << 20
"""Bytes of a header that are read, enough for 70,000 tensors. As JSON it may take 20 times the memory."""
LONGEST_NUMBER = 20
MOST_DIMENSIONS = 64

DTYPES = {
    "BOOL": ("bool", 8),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F4": ("float4_e2m1fn", 4),
    "F6_E2M3": ("float6_e2m3", 6),
    "F6_E3M2": ("float6_e3m2", 6),
    "I16": ("int16", 16),
    "U16": ("uint16", 16),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "I32": ("int32", 32),
    "U32": ("uint32", 32),
    "F32": ("float32", 32),
    "C64": ("complex64", 64),
    "I64": ("int64", 64),
    "U64": ("uint64", 64),
    "F64": ("float64", 64),
}
"""torch's names, and the bits of an element (safetensors/src/tensor.rs, `Dtype`)."""


def inspect_safetensors(view: View, head: bytes) -> Weights | None:
    """A file of a length in eight bytes, a JSON header of that length, and the tensors; or None."""
    length = read_length(head)
    if length is None:
        return None
    if 8 + length > view.size:
        if head[8:10] not in (b'{"', b"{}", b"{ "):
            return None
        return Weights(Kind.TRUNCATED, "safetensors that end inside their header")
    try:
        header = read_header(view)
        return Weights(Kind.SAFETENSORS) if header is None else inspect_header(header, view.size - 8 - length)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Weights(Kind.CORRUPT, "safetensors, but their header cannot be read")


def read_length(head: bytes) -> int | None:
    """The length of the header; None if a file that begins so is of another kind."""
    length = int.from_bytes(head[:8], "little")
    return length if head[8:9] == b"{" and 2 <= length <= LARGEST_HEADER else None


def read_header(view: View) -> dict[str, Any] | None:
    """What the header says of each tensor; None if it is too long to be read, or the file of another kind.

    Raises:
        ValueError: it is not a JSON object.
    """
    length = read_length(view.read(0, 9))
    if length is None or length > LARGEST_READ:
        return None
    import json

    view.budget.spend(JSON, length)
    try:
        header = json.loads(view.read(8, length), object_pairs_hook=refuse_repeated_keys, parse_int=parse_int)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(header, dict):
        raise ValueError(header)
    return {name: entry for name, entry in header.items() if name != "__metadata__"}


def inspect_header(tensors: dict[str, Any], room: int) -> Weights:
    damage = list(find_tensor_faults(tensors))
    needed = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
    if needed > room:
        reason = f"safetensors that have {count_of(room, 'byte')} of {needed} after their header"
        return Weights(Kind.TRUNCATED, reason)
    if needed < room:
        damage.append(f"{count_of(room - needed, 'byte')} after the last tensor")
    counts = Counter(DTYPES[entry["dtype"]][0] for entry in tensors.values() if entry["dtype"] in DTYPES)
    dtypes = tuple(name for name, _ in counts.most_common())
    return Weights(Kind.SAFETENSORS, tensors=len(tensors), dtypes=dtypes, damage=first_messages(damage))


def find_tensor_faults(tensors: dict[str, Any]) -> Iterator[str]:
    """Tensors whose bytes do not fit their shape, and tensors with a gap between them or that overlap."""
    end = 0
    for name, entry in sorted(tensors.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        start, stop = entry["data_offsets"]
        if type(start) is not int or type(stop) is not int:
            raise ValueError(entry)
        if start != end:
            yield f"tensor {quote(name)} does not follow the one before it"
        end = stop
        if entry["dtype"] not in DTYPES:
            yield f"tensor {quote(name)} has the unknown dtype {quote(entry['dtype'])}"
        elif (stop - start) * 8 != count_elements(entry["shape"]) * DTYPES[entry["dtype"]][1]:
            yield f"tensor {quote(name)} has {count_of(stop - start, 'byte')}, which does not fit its shape"


def count_elements(shape: list[int]) -> int:
    if len(shape) > MOST_DIMENSIONS or not all(type(number) is int for number in shape):
        raise ValueError(shape)
    return prod(shape)


def refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError(pairs)
    return table


def parse_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(digits)
    return int(digits)
