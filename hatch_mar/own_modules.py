"""Keeps modules of a project from being imported, which may well have the name of one that is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HERE = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir))
"""What has this package in it, which stays importable."""


@contextmanager
def leave_out_modules(*projects: str | os.PathLike[str]) -> Iterator[None]:
    """Import nothing from the working directory and these others, such as a `build.py`, meanwhile.

    A directory is in the search path of a script that is in it, with `PYTHONPATH=.`, and so on.
    """
    path = [*sys.path]
    try:
        left_out = {os.path.realpath(each) for each in (os.curdir, *projects)} - {HERE}
        sys.path[:] = [entry for entry in path if os.path.realpath(entry) not in left_out]
    except OSError:
        pass  # the working directory has been deleted, and has no modules
    try:
        yield
    finally:
        sys.path[:] = path
