"""Arrays of NumPy, whose objects are pickled (numpy/lib/format.py, "Format Version 1.0")."""

from __future__ import annotations

from typing import Any

from hatch_mar.budget import Budget
from hatch_mar.weights.kinds.pickle_file import loading_of, read_pickles
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import Slice, View

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 1 << 16
"""Bytes. Those of arrays with thousands of fields have fewer."""
LOADER = "numpy.load(allow_pickle=True)"


def find_objects(view: View, budget: Budget) -> tuple[Loading, ...]:
    """What numpy.load would import for the objects of an array; nothing for an array of numbers."""
    version = view.read(len(MAGIC), 1)
    size = 2 if version == b"\x01" else 4
    start = len(MAGIC) + 2 + size
    length = int.from_bytes(view.read(start - size, size), "little")
    if length > LONGEST_HEADER:
        return (Loading(LOADER, unknown=f"the header of the array has {length} bytes"),)
    if not has_objects(view.read(start, length)):
        return ()
    after = start + length
    pickles = read_pickles(Slice(view, after, view.size - after), budget)
    return (loading_of(pickles, 1, (), LOADER),)


def has_objects(header: bytes) -> bool:
    """Whether the header declares objects, or cannot be read and might."""
    text = header.decode("latin-1")
    if "O" not in text and "object" not in text:
        return False
    import ast

    try:
        return is_object(ast.literal_eval(text.strip())["descr"])
    except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
        return True


def is_object(descr: Any) -> bool:
    """Whether a dtype has objects: a string, or a list of (name, dtype) or (name, dtype, shape)."""
    if isinstance(descr, str):
        return "O" in descr or "object" in descr
    if isinstance(descr, list):
        return any(is_object(field[1]) for field in descr)
    return isinstance(descr, tuple) and is_object(descr[0])
