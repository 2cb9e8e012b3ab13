"""Files that are pickles from their first byte: plain ones, and torch.save before 1.6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pickle import PROTO

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_contents import contents, misfits
from hatch_mar.weights.pickles import interpreter
from hatch_mar.weights.pickles.interpreter import Pickle, read
from hatch_mar.weights.pickles.stack import MOST_OPERATIONS
from hatch_mar.weights.report import Weights
from hatch_mar.weights.view import View
from hatch_mar.weights.wording import counted, some

MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of torch.save before 1.6 (torch/serialization.py, `MAGIC_NUMBER`)."""
PROTOCOL = 1001
"""The second (`PROTOCOL_VERSION`)."""
LEGACY_PICKLES = 5
"""These two, the saver's system, the object, and the storages' keys."""
MOST_PICKLES = 1000
FIRST_WINDOW = 1 << 16
"""Bytes of a file that are read first; most have no more pickle than that."""
GROWTH = 8


def inspect_pickle(view: View) -> Weights | None:
    """A file that is a pickle, or None."""
    pickles = window(view)
    first = pickles[0]
    if is_legacy(pickles):
        return legacy(view, pickles)
    after = view.size - first.end
    found = contents(first)._replace(
        globals=imports(pickles, 1),
        complete=is_complete(pickles, 1),
        refusals=(*first.refusals, "torch.save did not write it"),
    )
    # "N.B." is a pickle of None and a word of English, "class Net:" begins as an import does.
    is_marked = view.read(0, 1) == PROTO
    if not is_marked and (first.fault or after) and not any(importable(pair) for pair in first.globals):
        return None
    if not first.fault:
        return found._replace(remarks=(f"{counted(after, 'byte')} after the pickle's STOP",) if after else ())
    if first.blind or first.globals:
        return found._replace(remarks=(unfinished(first.fault),))
    if first.cut:
        return found._replace(kind=Kind.TRUNCATED, reason="a pickle of which the end is missing")
    return found._replace(kind=Kind.CORRUPT, reason=f"it begins as a pickle, but {first.fault}")


def unfinished(fault: str) -> str:
    return f"its pickle was not read to the end: {fault}"


def also_a_pickle(view: View, found: Weights) -> Weights:
    """A file of another kind, of which torch.load would make a pickle: it looks at no other signature."""
    pickles = window(view)
    pairs = tuple(pair for pair in pickles[0].globals if importable(pair))
    # One operation alone is the first byte of anything.
    is_hidden = pickles[0].blind and pickles[0].operations > 1
    if not pairs and not is_hidden:
        return found
    remarks = (*found.remarks, "its first bytes are also a pickle")
    return found._replace(globals=pairs, complete=not pickles[0].fault, remarks=remarks)


def legacy(view: View, pickles: Sequence[Pickle]) -> Weights:
    """torch.save before 1.6: five pickles, then each storage's element count and bytes."""
    pairs = imports(pickles, LEGACY_PICKLES)
    refusals = some(refusal for pickle in pickles for refusal in pickle.refusals)
    found = Weights(Kind.CORRUPT, legacy=True, globals=pairs, complete=False, refusals=refusals)
    last = pickles[-1]
    if last.blind:
        return found._replace(kind=Kind.PICKLE, remarks=(unfinished(last.fault),))
    if last.fault or len(pickles) < LEGACY_PICKLES:
        if last.cut or not last.fault:
            return found._replace(
                kind=Kind.TRUNCATED, reason="a file of torch.save that ends among its pickles"
            )
        return found._replace(reason=f"a file of torch.save, but its pickle cannot be read: {last.fault}")
    _, version, _, main, _ = pickles
    sizes = {storage.key: storage.size for storage in main.storages}
    known = [size for size in sizes.values() if size is not None]
    needed = last.end + sum(8 + size for size in known)
    if len(known) == len(sizes) and view.size < needed:
        reason = f"a file of torch.save that has {counted(view.size, 'byte')} of {needed}"
        return found._replace(kind=Kind.TRUNCATED, reason=reason)
    after = view.size - needed if len(known) == len(sizes) else 0
    unknown = () if version.value == PROTOCOL else ("its format's version is unknown",)
    return contents(main)._replace(
        legacy=True,
        globals=pairs,
        damage=some([*misfits(main), *unknown]),
        refusals=refusals,
        remarks=(f"{counted(after, 'byte')} after the last storage",) if after else (),
    )


def window(view: View) -> list[Pickle]:
    """The pickles a file begins with, read from as little of it as holds them."""
    size = FIRST_WINDOW
    most = min(view.size, interpreter.LARGEST_PICKLE)
    while True:
        pickles = read_all(view.read(0, min(size, most)))
        ends_early = pickles[-1].cut or pickles[-1].end == size
        if size >= most or not ends_early:
            break
        size *= GROWTH
    if pickles[-1].cut and most < view.size:
        fault = f"it has more than the {interpreter.LARGEST_PICKLE} bytes that are read"
        pickles[-1] = pickles[-1]._replace(fault=fault, cut=False, blind=True)
    return pickles


def read_all(data: bytes) -> list[Pickle]:
    """The pickles that stand one after another, at least one. The last may have a fault: what follows
    a pickle is mostly data."""
    pickles: list[Pickle] = []
    position, left = 0, MOST_OPERATIONS
    while not pickles or (position < len(data) and len(pickles) < MOST_PICKLES):
        pickle = read(data, position, left)
        pickles.append(pickle)
        if pickle.fault or (is_legacy(pickles) and len(pickles) == LEGACY_PICKLES):
            break
        position, left = pickle.end, left - pickle.operations
    return pickles


def is_legacy(pickles: Sequence[Pickle]) -> bool:
    magic = pickles[0].value
    return type(magic) is int and magic == MAGIC


def imports(pickles: Sequence[Pickle], certain: int) -> tuple[tuple[str, str], ...]:
    """What the pickles import. Behind the first `certain` ones data may pass for a pickle, so names count
    only if they can be imported."""
    return tuple(dict.fromkeys(distinct_imports(pickles, certain)))


def distinct_imports(pickles: Sequence[Pickle], certain: int) -> Iterator[tuple[str, str]]:
    for number, pickle in enumerate(pickles):
        yield from (pair for pair in pickle.globals if number < certain or importable(pair))


def importable(pair: tuple[str, str]) -> bool:
    return all(part.isidentifier() for name in pair for part in name.split("."))


def is_complete(pickles: Sequence[Pickle], certain: int) -> bool:
    """Whether every pickle was read to its end. One behind the `certain` ones that breaks off without an
    import is data."""
    return len(pickles) < MOST_PICKLES and not any(
        pickle.fault and (number < certain or pickle.globals) for number, pickle in enumerate(pickles)
    )
