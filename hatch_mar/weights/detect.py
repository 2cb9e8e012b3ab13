"""The rules of recognition, in their order: the first that fits names the file."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.onnx import inspect_onnx
from hatch_mar.weights.kinds.pickle_file import also_a_pickle, inspect_pickle
from hatch_mar.weights.kinds.pointers import (
    LONGEST_DVC_FILE,
    annex_pointer,
    dvc_file,
    first_line,
    inspect_pointer,
)
from hatch_mar.weights.kinds.safetensors import inspect_safetensors
from hatch_mar.weights.kinds.signatures import inspect_signature
from hatch_mar.weights.kinds.torch_zip import inspect_zip
from hatch_mar.weights.report import Weights
from hatch_mar.weights.view import View
from hatch_mar.weights.wording import quoted
from hatch_mar.zip_records import LOCAL_SIGNATURE

HEAD = 4096
"""Bytes that most rules look at."""


def inspect(file: BinaryIO, name: str = "") -> Weights:
    """What a seekable stream is: a file on disk, or an entry of an archive.

    Whatever its bytes are, it has a kind. The name helps only where the bytes leave a doubt.

    Raises:
        OSError: the stream cannot be read.
    """
    view = View(file)
    head = view.read(0, HEAD)
    if not head:
        return Weights(Kind.EMPTY)
    # torch takes a file for a zip if it begins so (torch/serialization.py, `_is_zipfile`)
    if head.startswith(LOCAL_SIGNATURE):
        return inspect_zip(view)
    found = (
        inspect_pointer(view, head)
        or inspect_safetensors(view, head)
        or inspect_signature(view, head)
        or inspect_onnx(view, head, name)
    )
    if found is not None:
        return also_a_pickle(view, found)
    unknown = Weights(Kind.UNKNOWN, first_line(head) or "no format that is known here", complete=False)
    return inspect_pickle(view) or unknown


def inspect_path(path: str | os.PathLike[str]) -> Weights:
    """What stands at a path, be it nothing or a directory.

    Raises:
        OSError: it cannot be read.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return missing(os.fspath(path))
    if stat.S_ISDIR(mode):
        return directory(path)
    if not stat.S_ISREG(mode):
        return Weights(Kind.UNKNOWN, "no regular file", complete=False)
    with open(path, "rb") as file:
        return inspect(file, os.path.basename(os.fspath(path)))


def missing(path: str) -> Weights:
    """Why a file is not there: the data tools leave a trace."""
    if os.path.islink(path):
        target = os.readlink(path)
        if "/annex/objects/" in target:
            return annex_pointer(target)
        return Weights(Kind.MISSING, f"a link to {quoted(target)}, where nothing is", complete=False)
    if os.path.isfile(path + ".dvc"):
        with open(path + ".dvc", "rb") as file:
            text = file.read(LONGEST_DVC_FILE)
        return dvc_file(Kind.DVC_POINTER, text, f"run `dvc pull {os.path.basename(path)}.dvc`")
    return Weights(Kind.MISSING, complete=False)


def directory(path: str | os.PathLike[str]) -> Weights:
    """A directory of torch.distributed.checkpoint has `.metadata` and a `.distcp` file for each rank."""
    with os.scandir(path) as entries:
        names = {entry.name for entry in entries}
    is_checkpoint = ".metadata" in names and any(name.endswith(".distcp") for name in names)
    return Weights(Kind.DCP if is_checkpoint else Kind.DIRECTORY, complete=False)
