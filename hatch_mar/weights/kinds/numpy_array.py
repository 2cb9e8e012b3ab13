"""Arrays of NumPy, whose objects are pickled (numpy/lib/format.py, "Format Version 1.0")."""

from __future__ import annotations

import re
from typing import Any

from hatch_mar.budget import CODE
from hatch_mar.weights.kinds.pickle_file import loading_of, read_pickles
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import Slice, View

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 1 << 16
"""Bytes. Those of arrays with thousands of fields have fewer."""
LONG = re.compile(r"(?<=\d)L\b")
"""A number as Python 2 wrote it, which numpy.load mends (`_filter_header`)."""
LOADER = "numpy.load(allow_pickle=True)"


def locate_header(view: View) -> tuple[int, int]:
    """The offset of an array's header, and its length."""
    version = view.read(len(MAGIC), 1)
    size = 2 if version == b"\x01" else 4
    start = len(MAGIC) + 2 + size
    return start, int.from_bytes(view.read(start - size, size), "little")


def find_objects(view: View) -> tuple[Loading, ...]:
    """What numpy.load would import for the objects of an array; nothing for an array of numbers."""
    start, length = locate_header(view)
    if length > LONGEST_HEADER:
        return (Loading(LOADER, unknown=f"the header of the array has {length} bytes"),)
    view.budget.spend(CODE, length)
    if not has_objects(view.read(start, length)):
        return ()
    after = start + length
    pickles = read_pickles(Slice(view, after, view.size - after))
    return (loading_of(pickles, 1, (), LOADER),)


def has_objects(header: bytes) -> bool:
    """Whether the header declares objects, or cannot be read and might."""
    import ast

    # as numpy does: `O` may be written `\x4f`, so that its text alone says nothing
    text = LONG.sub("", header.decode("latin-1"))
    try:
        return is_object(ast.literal_eval(text.strip())["descr"])
    except (ValueError, TypeError, LookupError, SyntaxError, MemoryError, RecursionError):
        return True


def is_object(descr: Any) -> bool:
    """Whether a dtype has objects: a string, a tuple that begins with one, or fields of (name, dtype, ...).

    As to numpy (`descr_to_dtype`), fields are whatever can be iterated: a dictionary, or the text "aO".
    """
    if isinstance(descr, str):
        return "O" in descr or "object" in descr
    if isinstance(descr, tuple):
        return is_object(descr[0])
    return any(is_object(field[1]) for field in descr)
