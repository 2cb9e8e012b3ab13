"""The names and shapes of the tensors in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from hatch_mar.budget import Budget
from hatch_mar.weights.kinds.safetensors import read_header
from hatch_mar.weights.kinds.torch_zip import read_state_dict
from hatch_mar.weights.pickles.torch_objects import Tensor
from hatch_mar.weights.view import View
from hatch_mar.zip_records import LOCAL_SIGNATURE

Shapes = Mapping[str, "tuple[int, ...] | None"]
"""The shapes of tensors by their names; None for one that cannot be told."""


def read_shapes(file: BinaryIO, budget: Budget | None = None) -> Shapes | None:
    """The tensors in a file of safetensors, or in a state_dict that torch has saved as a zip.

    None for any other file, and for one that is damaged.

    Raises:
        OSError: the stream cannot be read.
        Exhausted: the budget does not suffice.
    """
    view = View(file, budget)
    if view.read(0, len(LOCAL_SIGNATURE)) == LOCAL_SIGNATURE:
        found = read_state_dict(view)
        if found is None or found.others:
            return None
        values = (found.items or {}).items()
        return {name: value.shape if isinstance(value, Tensor) else None for name, value in values}
    try:
        header = read_header(view)
    except ValueError:
        return None
    return dict.fromkeys(header) if header is not None else None
