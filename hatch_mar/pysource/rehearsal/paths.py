"""Paths of the worker, as text."""

from __future__ import annotations

import posixpath

MODEL_DIR = "/\0model"
"""The directory that the archive is unpacked to; it is not known, and no path has a null character."""


def absolute(text: str) -> str:
    """The full path of one as the worker opens it, which runs in the model's directory.

    pytorch/serve, frontend, WorkerLifeCycle.java (`startWorker`).
    """
    return posixpath.normpath(posixpath.join(MODEL_DIR, text))


def member_name(text: str) -> str | None:
    """The name in the archive that a path stands for, `.` for the root; None if it leads elsewhere."""
    path = absolute(text)
    if path != MODEL_DIR and not path.startswith(f"{MODEL_DIR}/"):
        return None
    return posixpath.relpath(path, MODEL_DIR)
