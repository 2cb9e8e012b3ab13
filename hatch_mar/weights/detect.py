"""Which kind of weights a file is: the first rule that fits decides.

Nothing in the file is run, only its table of contents and its pickles are read, and memory stays
bounded whatever it claims.
"""

from __future__ import annotations

from typing import BinaryIO

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.onnx import inspect_onnx
from hatch_mar.weights.kinds.pickle_file import inspect_pickle, note_hidden_pickle
from hatch_mar.weights.kinds.pointers import describe_text, inspect_pointer
from hatch_mar.weights.kinds.safetensors import inspect_safetensors
from hatch_mar.weights.kinds.signatures import inspect_signature
from hatch_mar.weights.kinds.torch_zip import inspect_zip
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights
from hatch_mar.zip_records import LOCAL_SIGNATURE

HEAD = 4096
"""Bytes that most rules look at."""


def inspect_weights(file: BinaryIO, name: str = "") -> Weights:
    """What a seekable stream is: a file on disk, or an entry of an archive.

    Any bytes have a kind, if only `Kind.UNKNOWN`. The name decides only where the bytes leave a doubt.

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
    weights = (
        inspect_pointer(view, head)
        or inspect_safetensors(view, head)
        or inspect_signature(view, head)
        or inspect_onnx(view, head, name)
    )
    if weights is not None:
        return note_hidden_pickle(view, weights)
    unknown = Weights(Kind.UNKNOWN, describe_text(head) or "not a known format")
    return inspect_pickle(view) or unknown
