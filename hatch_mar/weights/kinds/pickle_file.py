"""Files that begin with a pickle: plain ones, and those of torch.save before 1.6."""

from __future__ import annotations

from collections.abc import Sequence
from pickle import PROTO

from hatch_mar.text import count_of, first_messages
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_contents import find_misfits, inspect_contents
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.pickles import interpreter
from hatch_mar.weights.pickles.interpreter import Pickle, interpret
from hatch_mar.weights.pickles.stack import MOST_OPERATIONS
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights

MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of torch.save before 1.6 (torch/serialization.py, `MAGIC_NUMBER`)."""
PROTOCOL = 1001
"""The second (`PROTOCOL_VERSION`)."""
LEGACY_PICKLES = 5
"""These two, then the saver's system, the object, and the storages' keys."""
MOST_PICKLES = 1000
FIRST_WINDOW = 1 << 16
"""Bytes of a file that are read first. The pickles of most files are shorter."""
GROWTH = 8


def inspect_pickle(view: View) -> Weights | None:
    pickles = read_pickles(view)
    first = pickles[0]
    if is_legacy(pickles):
        return inspect_legacy(view, pickles)
    after = view.size - first.end
    loading = loading_of(pickles, 1, (*first.refusals, "torch.save did not write it"))
    weights = inspect_contents(first)._replace(loadings=(loading,))
    # "N.B." is a pickle of None and a word of English, "class Net:" begins as an import does.
    is_marked = view.read(0, 1) == PROTO
    if not is_marked and (first.fault or after) and not any(is_importable(pair) for pair in first.globals):
        return None
    if not first.fault or first.blind or first.globals:
        return weights
    if first.cut:
        return weights._replace(kind=Kind.TRUNCATED, reason="a pickle whose end is missing")
    return weights._replace(kind=Kind.CORRUPT, reason=f"it begins like a pickle, but {first.fault}")


def note_hidden_pickle(view: View, weights: Weights) -> Weights:
    """The same weights, with the globals of a pickle if the file of another kind begins with one.

    torch.load unpickles any file that is not a zip, whatever its signature.
    """
    [first, *_] = pickles = read_pickles(view)
    pairs = tuple(pair for pair in first.globals if is_importable(pair))
    # A single operation is just the first byte of anything.
    is_hidden = first.blind and first.operations > 1
    if not pairs and not is_hidden:
        return weights
    return weights._replace(loadings=(loading_of(pickles, 1, first.refusals),))


def inspect_legacy(view: View, pickles: Sequence[Pickle]) -> Weights:
    """A file of torch.save before 1.6: five pickles, then each storage's element count and bytes."""
    refusals = first_messages(refusal for pickle in pickles for refusal in pickle.refusals)
    loadings = (loading_of(pickles, LEGACY_PICKLES, refusals),)
    damaged = Weights(Kind.CORRUPT, legacy=True, loadings=loadings)
    last = pickles[-1]
    if last.blind:
        return damaged._replace(kind=Kind.PICKLE)
    if last.cut or (not last.fault and len(pickles) < LEGACY_PICKLES):
        reason = "a file of torch.save that ends inside its pickles"
        return damaged._replace(kind=Kind.TRUNCATED, reason=reason)
    if last.fault:
        return damaged._replace(reason=f"a file of torch.save, but its pickle cannot be read: {last.fault}")
    _, version, _, main, _ = pickles
    sizes = {storage.key: storage.size for storage in main.storages}
    known = [size for size in sizes.values() if size is not None]
    needed = last.end + sum(8 + size for size in known)
    if len(known) == len(sizes) and view.size < needed:
        reason = f"a file of torch.save that has {view.size} of its {count_of(needed, 'byte')}"
        return damaged._replace(kind=Kind.TRUNCATED, reason=reason)
    unknown = () if version.value == PROTOCOL else ("its format version is unknown",)
    return inspect_contents(main)._replace(
        legacy=True,
        loadings=loadings,
        damage=first_messages([*find_misfits(main), *unknown]),
    )


def read_pickles(view: View) -> list[Pickle]:
    """The pickles that a file begins with, at least one. No more of it is read than holds them."""
    size = FIRST_WINDOW
    most = min(view.size, interpreter.LARGEST_PICKLE)
    while True:
        pickles = parse_pickles(view.read(0, min(size, most)))
        ends_early = pickles[-1].cut or pickles[-1].end == size
        if size >= most or not ends_early:
            break
        size *= GROWTH
    if pickles[-1].cut and most < view.size:
        fault = f"it has more than the {interpreter.LARGEST_PICKLE} bytes that are read"
        pickles[-1] = pickles[-1]._replace(fault=fault, cut=False, blind=True)
    return pickles


def parse_pickles(data: bytes) -> list[Pickle]:
    """The pickles one after another, at least one.

    The last one may have a fault, since what follows a pickle is mostly data.
    """
    pickles: list[Pickle] = []
    position, left = 0, MOST_OPERATIONS
    while not pickles or (position < len(data) and len(pickles) < MOST_PICKLES):
        pickle = interpret(data, position, left)
        pickles.append(pickle)
        if pickle.fault or (is_legacy(pickles) and len(pickles) == LEGACY_PICKLES):
            break
        position, left = pickle.end, left - pickle.operations
    return pickles


def is_legacy(pickles: Sequence[Pickle]) -> bool:
    magic = pickles[0].value
    return type(magic) is int and magic == MAGIC


def globals_of(pickles: Sequence[Pickle], certain: int) -> tuple[tuple[str, str], ...]:
    """The distinct globals of the pickles.

    After the first `certain` ones data may look like a pickle, so that names count only if
    they could be imported.
    """
    pairs = (
        pair
        for number, pickle in enumerate(pickles)
        for pair in pickle.globals
        if number < certain or is_importable(pair)
    )
    return tuple(dict.fromkeys(pairs))


def is_importable(pair: tuple[str, str]) -> bool:
    return all(part.isidentifier() for name in pair for part in name.split("."))


def loading_of(pickles: Sequence[Pickle], certain: int, refusals: tuple[str, ...]) -> Loading:
    """What torch.load would do with the pickles, of which the first `certain` ones are no data."""
    return Loading(
        "torch.load",
        globals=globals_of(pickles, certain),
        unknown=find_unknown(pickles, certain),
        refusals=refusals,
    )


def find_unknown(pickles: Sequence[Pickle], certain: int) -> str:
    """Why the pickles could not all be followed to where an unpickler ends; empty if they could.

    One after the `certain` ones that breaks off without a global is data.
    """
    if len(pickles) == MOST_PICKLES:
        return f"it has more than the {MOST_PICKLES} pickles that are read"
    for number, pickle in enumerate(pickles):
        if pickle.blind and (number < certain or pickle.globals):
            return pickle.fault
        if pickle.fault and ("joblib.numpy_pickle", "NumpyArrayWrapper") in pickle.globals:
            return "joblib's arrays are between its operations"
    return ""
