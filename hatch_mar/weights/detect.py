"""Which kind of weights a file is: the first rule that fits decides.

Nothing in the file is run, only its table of contents and its pickles are read, and memory stays
bounded whatever it claims.
"""

from __future__ import annotations

from typing import BinaryIO

from hatch_mar.budget import Budget
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.ends import find_cut
from hatch_mar.weights.kinds.onnx import inspect_onnx
from hatch_mar.weights.kinds.pickle_file import find_hidden_pickle, inspect_pickle
from hatch_mar.weights.kinds.pointers import describe_text, inspect_pointer
from hatch_mar.weights.kinds.safetensors import inspect_safetensors
from hatch_mar.weights.kinds.signatures import inspect_signature
from hatch_mar.weights.kinds.tar_file import inspect_tar
from hatch_mar.weights.kinds.torch_zip import find_hidden_zip, inspect_zip
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights
from hatch_mar.weights.within import find_within
from hatch_mar.zip_records import LOCAL_SIGNATURE

DEEPEST = 3
"""How many containers a file may be in that is looked at."""
CONTAINERS = (Kind.ZIP, Kind.TAR, Kind.GZIP, Kind.BZIP2, Kind.XZ)
HEAD = 4096
"""Bytes that most rules look at."""


def inspect_weights(file: BinaryIO, name: str = "", budget: Budget | None = None) -> Weights:
    """What a seekable stream is: a file on disk, or an entry of an archive.

    Any bytes have a kind, if only `Kind.UNKNOWN`. The name decides only where the bytes leave a doubt.
    Whatever the kind, `loadings` has what would be unpickled.

    Raises:
        OSError: the stream cannot be read.
        Exhausted: the budget does not suffice.
    """
    return inspect_view(View(file, budget), name, 0)


def inspect_view(view: View, name: str, depth: int) -> Weights:
    """What a file is that lies in `depth` others, and what is packed in it."""

    def look(part: View, inner: str) -> tuple[Loading, ...]:
        if depth < DEEPEST:
            return inspect_view(part, inner, depth + 1).loadings
        is_container = inspect_outside(part, inner).kind in CONTAINERS
        return (Loading("pickle.load", unknown="it is in too many containers"),) if is_container else ()

    weights = inspect_outside(view, name)
    within = dict.fromkeys(find_within(view, weights.kind, name, look))
    return weights._replace(loadings=(*weights.loadings, *within))


def inspect_outside(view: View, name: str) -> Weights:
    """What a file is, without a look at what is packed in it."""
    head = view.read(0, HEAD)
    if not head:
        return Weights(Kind.EMPTY)
    # torch takes a file for a zip if it begins so (torch/serialization.py, `_is_zipfile`)
    if head.startswith(LOCAL_SIGNATURE):
        return inspect_zip(view)
    weights = (
        inspect_tar(head)
        or inspect_pointer(view, head)
        or inspect_safetensors(view, head)
        or inspect_signature(head)
        or inspect_onnx(view, head, name)
    )
    if weights is not None:
        weights = weights._replace(damage=(*weights.damage, *find_cut(view, weights.kind)))
        return weights._replace(loadings=(*weights.loadings, *find_hidden_pickle(view, name)))
    pickle = inspect_pickle(view, name)
    if pickle is None:
        text = describe_text(head)
        if name.lower().endswith(".safetensors"):
            return Weights(Kind.CORRUPT, f"not safetensors, but {text or 'something else'}")
        return Weights(Kind.UNKNOWN, text or "not a known format")
    # a zip after a pickle is what `zipfile`, and torch before 1.6, take the file for
    return pickle._replace(loadings=(*pickle.loadings, *find_hidden_zip(view)))
