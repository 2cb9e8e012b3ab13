"""A file that another one needs beside it."""

from __future__ import annotations

from typing import NamedTuple


class ExternalFile(NamedTuple):
    """A file beside a model that has data of its tensors."""

    path: str
    """Relative to the folder of the model."""
    needed: int
    """The bytes that it has at least, if it is whole."""
