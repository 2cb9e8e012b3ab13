"""Where files end by their own headers, as far as the first bytes tell."""

from __future__ import annotations

import ast
import re
from math import prod
from typing import Any

from hatch_mar.budget import CODE
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.numpy_array import LONGEST_HEADER, locate_header
from hatch_mar.weights.view import View

NUMPY_TYPE = re.compile(r"[<>|=]?([?biufcSUmM])(\d+)(?:\[\w+\])?")
CHARACTER = 4
"""Bytes of a character of NumPy."""
LONGEST_NUMBER = 15
"""Digits."""
MOST_DIMENSIONS = 64
MOST_SEGMENTS = 64
HEAD = 64
"""Bytes of the headers of HDF5 and ELF."""
LOADED = 1
"""The kind of a segment that is mapped into memory (`PT_LOAD`)."""


def find_cut(view: View, kind: Kind) -> tuple[str, ...]:
    """That a file ends before its header says; nothing if it does not, or if that is not known."""
    readers = {Kind.NPY: end_of_array, Kind.HDF5: end_of_hdf5, Kind.ELF: end_of_elf}
    needed = readers[kind](view) if kind in readers else None
    return (f"it ends after {view.size} of {needed} bytes",) if needed and needed > view.size else ()


def end_of_array(view: View) -> int | None:
    """numpy/lib/format.py; None for arrays of records and objects."""
    start, length = locate_header(view)
    if length > LONGEST_HEADER:
        return None
    view.budget.spend(CODE, length)
    try:
        header = ast.literal_eval(view.read(start, length).decode("latin-1").strip())
        item = NUMPY_TYPE.fullmatch(header["descr"])
        return start + length + size_of(item, header["shape"]) if item else None
    except (ValueError, TypeError, LookupError, SyntaxError, MemoryError, RecursionError):
        return None


def size_of(item: re.Match[str], shape: Any) -> int:
    if not all(type(number) is int and 0 <= number < 10**LONGEST_NUMBER for number in shape):
        raise ValueError(shape)
    size = int(item[2][:LONGEST_NUMBER]) * (CHARACTER if item[1] == "U" else 1)
    return int(size * prod(shape[:MOST_DIMENSIONS]))


def end_of_hdf5(view: View) -> int | None:
    """HDF5 File Format Specification, II.A: the address of the file's end in its superblock."""
    head = view.read(0, HEAD).ljust(HEAD, b"\0")
    version = head[8]
    if version <= 1:
        width, start = head[13], 24 if version == 0 else 28
    else:
        width, start = head[9], 12
    if width not in (4, 8) or version > 3:
        return None
    base = int.from_bytes(head[start : start + width], "little")
    end = int.from_bytes(head[start + 2 * width : start + 3 * width], "little")
    return end if base == 0 else None


def end_of_elf(view: View) -> int | None:
    """elf(5): the end of the last segment that is loaded; None unless it is of 64 bits and little-endian."""
    head = view.read(0, HEAD).ljust(HEAD, b"\0")
    if head[4:6] != b"\x02\x01":
        return None
    table = int.from_bytes(head[32:40], "little")
    width, count = int.from_bytes(head[54:56], "little"), int.from_bytes(head[56:58], "little")
    if width < 56 or count > MOST_SEGMENTS:
        return None
    ends = []
    for number in range(count):
        segment = view.read(table + number * width, width)
        if int.from_bytes(segment[:4], "little") == LOADED:
            ends.append(int.from_bytes(segment[8:16], "little") + int.from_bytes(segment[32:40], "little"))
    return max(ends, default=None)
