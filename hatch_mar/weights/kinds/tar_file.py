"""Tars, among them those of pickles that torch.save wrote before 0.2 (torch/serialization.py, `legacy_load`).

torch.load gives every file that is not a zip to `tarfile`, which goes by the checksum of the first
header alone, and then unpickles three members wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import Slice, View
from hatch_mar.weights.weights import Weights
from hatch_mar.weights.weights_suffixes import OF_TORCH

LOADED = (*(suffix for suffix in OF_TORCH if suffix != ".tar"), ".pt.tar", ".pth.tar")
"""Suffixes of what is meant for torch.load. Other tars are for other readers."""
BLOCK = 512
CHECKSUM = slice(148, 156)
PICKLES = frozenset((b"sys_info", b"pickle", b"tensors", b"storages"))
RENAMING = (b"x", b"g", b"L", b"X")
"""Kinds of headers that may give the next member another name (POSIX, pax; GNU tar)."""
WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
"""Links, devices, directories and pipes, after which `tarfile` passes over nothing, whatever their size."""
REFUSAL = "weights_only refuses the tar that torch before 0.2 wrote"


def inspect_tar(head: bytes) -> Weights | None:
    return Weights(Kind.TAR) if is_tar(head) else None


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a tar to `tarfile`, whatever mark of its own it lacks."""
    return read_size(head[:BLOCK]) is not None


def find_legacy(names: frozenset[bytes], name: str) -> tuple[Loading, ...]:
    """What torch.load does with a tar of this name that has members of these, beyond unpickling them."""
    unknown = "not all of the pickles in its tar are followed"
    if len(names & PICKLES) < 2:
        if not name.lower().endswith(LOADED):
            return ()
        # headers have more ways to name a member than are read here
        unknown = "it is a tar, which torch.load unpickles if it has the members of torch before 0.2"
    return (Loading("torch.load", unknown=unknown, refusals=(REFUSAL,)),)


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
        elif kind in WITHOUT_DATA or (kind == b"\0" and name.endswith(b"/")):
            continue
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
    checksum, size = read_number(header[CHECKSUM]), read_number(header[124:136])
    rest = header[: CHECKSUM.start] + b" " * 8 + header[CHECKSUM.stop :]
    # some old tars took bytes for signed (tarfile.py, `calc_chksums`)
    sums = sum(rest), sum(rest) - 256 * sum(byte > 127 for byte in rest)
    return size if checksum in sums and size is not None and size >= 0 else None


def read_number(field: bytes) -> int | None:
    """A number in octal, or in GNU tar's base 256 (tarfile.py, `nti`)."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return None
