"""Files that begin with a pickle: plain ones, and those of torch.save before 1.6."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from pickle import PROTO

from hatch_mar.budget import OPERATIONS
from hatch_mar.text import count_of, first_messages
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickled_value import find_misfits, inspect_value
from hatch_mar.weights.loading import NOT_OF_TORCH, Loading
from hatch_mar.weights.pickles.code_runners import is_listed
from hatch_mar.weights.pickles.disassembler import HIGHEST_PROTOCOL, OPAQUE
from hatch_mar.weights.pickles.interpreter import Interpreter, Pickle, interpret
from hatch_mar.weights.pickles.joblib_arrays import ArrayInterpreter, is_wrapper
from hatch_mar.weights.view import Slice, View
from hatch_mar.weights.weights import Weights
from hatch_mar.weights.weights_suffixes import OF_JOBLIB, OF_PICKLE, OF_TORCH
from hatch_mar.zip_records import LOCAL_SIGNATURE

MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of torch.save before 1.6 (torch/serialization.py, `MAGIC_NUMBER`)."""
PROTOCOL = 1001
"""The second (`PROTOCOL_VERSION`)."""
MARKS = tuple(PROTO + bytes([protocol]) for protocol in range(HIGHEST_PROTOCOL + 1))
"""How pickles begin since protocol 2. An empty map of msgpack is the first byte of these alone."""
LEGACY_PICKLES = 5
"""These two, then the saver's system, the object, and the storages' keys."""
MOST_PICKLES = 1000
DEEPEST = 3
"""How many pickles a pickle may lie in that is looked at."""

COINCIDENCE = 8
"""Operations that the bytes of something else hardly ever give by chance."""


def inspect_pickle(view: View, name: str) -> Weights | None:
    """What a file is as a pickle, or None if nothing says that it is one."""
    pickles = read_pickles(view)
    first = pickles[0]
    if is_legacy(pickles):
        return inspect_legacy(view, pickles)
    if not is_evident(view, pickles, name):
        return None
    refusals = (*first.refusals, NOT_OF_TORCH)
    loading = loading_of(pickles, 1, refusals, name_loader(name, pickles))
    weights = inspect_value(first)._replace(loadings=(loading,))
    if not first.fault or first.blind or loading.unknown:
        return weights
    if first.cut:
        return weights._replace(kind=Kind.TRUNCATED, reason="a pickle whose end is missing")
    return weights._replace(kind=Kind.CORRUPT, reason=f"it begins like a pickle, but {first.fault}")


def find_hidden_pickle(view: View, name: str) -> tuple[Loading, ...]:
    """What loaders would import that take a file of another kind for a pickle, if it can be one.

    torch.load and pickle.load unpickle any file that is not a zip, whatever its signature.
    """
    pickles = read_pickles(view)
    if not is_evident(view, pickles, name):
        return ()
    certain = LEGACY_PICKLES if is_legacy(pickles) else 1
    loading = loading_of(pickles, certain, pickles[0].refusals, name_loader(name, pickles))
    return (loading,) if loading.unsafe_globals or loading.unknown else ()


def is_evident(view: View, pickles: Sequence[Pickle], name: str) -> bool:
    """Whether a file that begins with these pickles is meant to be unpickled.

    Any first byte may be an operation: "N.B." is a pickle of None and a word of English, and a list of
    animals that begins with "cat" and "dog" imports `dog` from `at`. So it takes more than that: the
    mark of a protocol, a whole file that is one pickle, a call of something that it imports, an import
    of what runs code, or a suffix that pickles have.
    """
    first = pickles[0]
    if view.read(0, 2) in MARKS or is_legacy(pickles):
        return True
    imports = [pair for pair in first.globals if is_importable(pair)]
    if any(is_listed(*pair) for pair in imports):
        return True
    if imports and first.calls > 0:
        return True
    if not first.fault:
        return first.end == view.size
    if first.blind:
        enough = 2 if has_suffix(name) else COINCIDENCE
        return first.framed or first.operations >= enough
    return bool(imports) and has_suffix(name)


def has_suffix(name: str) -> bool:
    return name.lower().endswith((*OF_TORCH, *OF_PICKLE, *OF_JOBLIB))


def name_loader(name: str, pickles: Sequence[Pickle]) -> str:
    """What is most likely to unpickle a file. All of them read the same pickle."""
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in OF_JOBLIB or has_arrays(pickles):
        return "joblib.load"
    return "torch.load" if is_legacy(pickles) or suffix in OF_TORCH else "pickle.load"


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
    return inspect_value(main)._replace(
        legacy=True,
        loadings=loadings,
        damage=first_messages([*find_misfits(main), *unknown]),
    )


def read_pickles(view: View, depth: int = 0, memory: int | None = None) -> list[Pickle]:
    """The pickles that a file begins with, at least one. No more of it is read than holds them.

    The last one may have a fault, since what follows a pickle is mostly data.

    Args:
        depth: in how many pickles the file lies.
        memory: how many bytes they may take together; as many as a file may, if not given.
    """
    memory = view.budget.memory_for_a_file() if memory is None else memory
    pickles: list[Pickle] = []
    position = 0
    while not pickles or (position < view.size and len(pickles) < MOST_PICKLES):
        left = memory - sum(each.memory for each in pickles)
        pickle = follow(view, position, depth, left)
        if has_arrays([pickle]):
            # arrays are operations to any other unpickler than joblib's, which is not meant to read them
            plain = pickle._replace(blind=False)
            pickle = follow(view, position, depth, left - plain.memory, ArrayInterpreter)
            pickles += [pickle, plain]
        elif pickles and not is_legacy(pickles):
            pickles.append(pickle._replace(value=OPAQUE, storages=(), tensors=(), memory=0))
        else:
            pickles.append(pickle)
        if pickle.fault or (is_legacy(pickles) and len(pickles) == LEGACY_PICKLES):
            break
        position = pickle.end
    return pickles


def follow(
    view: View, position: int, depth: int, memory: int, unpickler: type[Interpreter] = Interpreter
) -> Pickle:
    """The pickle at an offset, as an unpickler of that type reads it, with what lies in its bytes."""
    pickle = interpret(view, position, view.budget.count_left(OPERATIONS), unpickler, memory)
    view.budget.spend(OPERATIONS, pickle.operations + 1)
    found, unknown = dict.fromkeys(pickle.globals), ""
    for start, end in pickle.embedded:
        part = Slice(view, start, end - start)
        if depth == DEEPEST or not part.size or part.read(0, 4) == LOCAL_SIGNATURE:
            unknown = "it gives torch.load bytes that are not looked at"
            continue
        pickles = read_pickles(part, depth + 1, memory - pickle.memory)
        certain = LEGACY_PICKLES if is_legacy(pickles) else 1
        found.update(dict.fromkeys(globals_of(pickles, certain)))
        unknown = unknown or find_unknown(pickles, certain)
    if unknown and not pickle.fault:
        pickle = pickle._replace(fault=unknown, blind=True)
    return pickle._replace(globals=tuple(found))


def has_arrays(pickles: Iterable[Pickle]) -> bool:
    """Whether joblib finds arrays between their operations."""
    return any(is_wrapper(pair) for pickle in pickles for pair in pickle.globals)


def is_legacy(pickles: Sequence[Pickle]) -> bool:
    magic = pickles[0].value
    return type(magic) is int and magic == MAGIC


def loading_of(
    pickles: Sequence[Pickle], certain: int, refusals: tuple[str, ...], loader: str = "torch.load"
) -> Loading:
    """What a loader would do with the pickles, of which only the first `certain` ones cannot be data."""
    return Loading(
        loader,
        globals=globals_of(pickles, certain),
        unknown=find_unknown(pickles, certain),
        refusals=refusals,
    )


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


def find_unknown(pickles: Sequence[Pickle], certain: int) -> str:
    """Why the pickles could not all be followed to where an unpickler ends; empty if they could.

    One after the `certain` ones that breaks off without a global is data.
    """
    if len(pickles) == MOST_PICKLES:
        return f"it has more than the {MOST_PICKLES} pickles that are read"
    for number, pickle in enumerate(pickles):
        if pickle.blind and (number < certain or pickle.globals):
            return pickle.fault
    return ""
