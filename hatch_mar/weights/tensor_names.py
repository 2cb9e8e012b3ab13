"""The names of the tensors of a file."""

from __future__ import annotations

from typing import BinaryIO

from hatch_mar.budget import Budget
from hatch_mar.weights.kinds.safetensors import read_header
from hatch_mar.weights.kinds.torch_zip import read_state_dict
from hatch_mar.weights.view import View
from hatch_mar.zip_records import LOCAL_SIGNATURE


def read_tensor_names(file: BinaryIO, budget: Budget | None = None) -> frozenset[str] | None:
    """The names in a file of safetensors, or in a state_dict that torch has saved as a zip.

    None for any other file, and for one that is damaged.

    Raises:
        OSError: the stream cannot be read.
        Exhausted: the budget does not suffice.
    """
    view = View(file, budget)
    if view.read(0, len(LOCAL_SIGNATURE)) == LOCAL_SIGNATURE:
        found = read_state_dict(view)
        return None if found is None or found.others else frozenset(found.items or ())
    try:
        header = read_header(view)
    except ValueError:
        return None
    return frozenset(header) if header is not None else None
