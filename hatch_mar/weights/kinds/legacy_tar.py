"""The tar of pickles that torch.save wrote before 0.2 (torch/serialization.py, `legacy_load`).

torch.load gives every file that is not a zip to `tarfile`, which goes by the checksum of the first
header alone, and then unpickles three members wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.budget import Budget
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_file import globals_of, read_pickles
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import Slice, View
from hatch_mar.weights.weights import Weights

BLOCK = 512
CHECKSUM = slice(148, 156)
PICKLES = frozenset((b"sys_info", b"pickle", b"tensors", b"storages"))
RENAMING = (b"x", b"g", b"L", b"X")
"""Kinds of headers that may give the next member another name (POSIX, pax; GNU tar)."""
MOST_MEMBERS = 10_000
REFUSAL = "weights_only refuses the tar that torch before 0.2 wrote"


def inspect_tar(view: View, budget: Budget) -> Weights | None:
    """A tar with members that torch.load would unpickle, or None."""
    pickles, names = [], set()
    unknown = "not all of the pickles in its tar are followed"
    for number, (name, member) in enumerate(list_members(view)):
        if number == MOST_MEMBERS:
            break
        if name in PICKLES:
            names.add(name)
            pickles += read_pickles(member, budget)
    if len(names) < 2 and not any(pickle.globals for pickle in pickles):
        return None
    loading = Loading("torch.load", "", globals_of(pickles, 1), unknown, (REFUSAL,))
    return Weights(Kind.PICKLE, legacy=True, loadings=(loading,))


def list_members(view: View) -> Iterator[tuple[bytes, View]]:
    """The names and the bytes of a tar's members, up to the first block that is not a header.

    A member after a header that may rename it has the name that is in that header, if it is one of `PICKLES`.
    """
    position, renamed = 0, b""
    while (size := read_size(header := view.read(position, BLOCK))) is not None:
        position += BLOCK
        name, kind = header[:100].partition(b"\0")[0].removeprefix(b"./"), header[156:157]
        if kind in RENAMING:
            said = view.read(position, min(size, 1 << 16))
            renamed = next((each for each in sorted(PICKLES) if says(said, each)), renamed)
        else:
            yield renamed or name, Slice(view, position, size)
            renamed = b""
        position += -(-size // BLOCK) * BLOCK


def says(data: bytes, name: bytes) -> bool:
    """Whether a header gives a member this name: a pax record, or GNU's bare one."""
    return b"path=" + name + b"\n" in data or b"path=./" + name + b"\n" in data or data.rstrip(b"\0") == name


def read_size(header: bytes) -> int | None:
    """The size of a member; None if this is not its header, which its checksum says."""
    if len(header) < BLOCK:
        return None
    try:
        checksum = int(header[CHECKSUM].strip(b" \0") or b"0", 8)
        field = header[124:136]
        size = int.from_bytes(field[1:], "big") if field[0] == 0x80 else int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None
    total = sum(header) - sum(header[CHECKSUM]) + 8 * ord(" ")
    return size if checksum == total and size >= 0 else None
