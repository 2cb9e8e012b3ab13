"""The headers in front of a tar's members, as commons-compress 1.25 takes them (TarArchiveEntry.java)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hatch_mar.archive.formats.pax import decode
from hatch_mar.archive.formats.tar_numbers import parse_number
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, Stopped
from hatch_mar.finding import Rule
from hatch_mar.text import quote

SPARSE_MEMBER = Rule(
    code="MAR825",
    title="A member of the tar is sparse",
    consequence="there are five ways to store its holes, and tools read them differently",
    fix="pack it without `--sparse`; compressed zeros take no room either",
)

BLOCK = 512
"""Bytes of a header, and the unit of all else in a tar."""

SIZE, CHECKSUM = slice(124, 136), slice(148, 156)
MODE = slice(100, 108)
NUMBERS = (MODE, slice(108, 116), slice(116, 124), slice(136, 148), slice(329, 337), slice(337, 345))
"""Mode, user, group, time, and a device's numbers, without which `tarfile` takes any header for the end."""
POSIX, GNU = b"ustar\0", b"ustar "
"""The marks of those who have a prefix before the name, and of GNU tar, which has other things there."""
GNU_NUMBERS = (345, 357, *range(386, 482, 12), 483)
"""Where GNU tar has times, the parts of a sparse file and its size, in 12 bytes each."""
ARCHTYPE, STAR = "SCHILY.archtype", ("xustar", "exustar")
"""How a pax header says that a member is star's (TarArchiveEntry.java, `isXstar`)."""
STAR_NUMBERS = (476, 488)
"""Where star has times."""
FOLDER, SPARSE = b"5", b"S"
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_OF_SUN, PAX_FOR_ALL = b"x", b"X", b"g"  # POSIX.1-2001, pax Interchange Format
FOR_ALL = ("path", ARCHTYPE)
"""Keys that count where a header says them of all members, as star does to say that they are its own."""
HEADERS = (LONG_NAME, LONG_LINK, PAX, PAX_OF_SUN, PAX_FOR_ALL)
OLD_FILE = b"\0"
"""A regular file in V7 Unix, where a folder is one with a slash at the end of its name."""
REGULAR = (b"0", OLD_FILE, b"7")
SPECIAL_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
}


class TarEntry(NamedTuple):
    name: str
    """Ends in `/` if it is a folder's."""
    kind: bytes
    size: int
    start: int = 0
    """Where its data begins in the tar."""
    mode: int = 0
    other_name: str | None = None
    """What another reader may take for its name, or one that another header gives it."""

    @property
    def unpacked_name(self) -> str:
        """The name without its first component, which TorchServe cuts off (ZipUtils.java)."""
        return self.name[self.name.find("/") + 1 :]

    @property
    def root(self) -> str:
        """The component that is cut off; empty if there is none."""
        return self.name[: max(0, self.name.find("/"))]

    @property
    def special_kind(self) -> str | None:
        """What it is, if it is neither a file nor a folder."""
        if self.kind == FOLDER or self.kind in REGULAR:
            return None
        kind = quote(self.kind.decode("latin-1"))
        return SPECIAL_KINDS.get(self.kind, f"of kind {kind}, which POSIX does not know")


@dataclass
class Extended:
    """What the headers in front of a member say of it."""

    for_all: dict[str, str] = field(default_factory=dict)
    """What a header says of all members."""
    kinds: set[bytes] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    """The first header that says something wins, since commons-compress applies the outermost last."""
    names: set[str] = field(default_factory=set)
    """All names that they give the member."""

    def add(self, kind: bytes, values: dict[str, str]) -> None:
        if kind in self.kinds and kind != PAX_FOR_ALL:
            raise Stopped(DAMAGED, "The file is damaged: a member has two extended headers of one kind")
        self.kinds.add(kind)
        if kind == PAX_FOR_ALL:
            self.for_all.update((key, values[key]) for key in FOR_ALL if key in values)
            return
        self.values = values | self.values
        self.names.update(values[key] for key in ("path", "GNU.sparse.name") if key in values)

    def get(self, key: str) -> str | None:
        return self.values.get(key, self.for_all.get(key))

    @property
    def is_sparse(self) -> bool:
        return self.values.get("SCHILY.filetype") == "sparse" or any(
            key.startswith("GNU.sparse.") and key != "GNU.sparse.name" for key in self.values
        )


def read_size(block: bytes) -> int:
    """The size in a header. Its checksum is compared, which Java's reader does not do and all others do."""
    if len(block) < BLOCK:
        raise Stopped(CUT_OFF, "The tar ends within a header")
    try:
        checksum = parse_number(block[CHECKSUM])
        size = parse_number(block[SIZE])
        for number in NUMBERS:
            parse_number(block[number])
    except ValueError:
        raise Stopped(DAMAGED, "The file is damaged: its content is not a tar") from None
    if checksum != sum(block) - sum(block[CHECKSUM]) + 8 * ord(" ") or size < 0:
        raise Stopped(DAMAGED, "The file is damaged: a header of the tar does not match its checksum")
    return size


def make_entry(block: bytes, kind: bytes, size: int, said: Extended) -> TarEntry:
    plain, other = plain_name(block)
    path = said.get("path")
    # Java's reader removes leading slashes from the names in extended headers
    name = plain if path is None else path.lstrip("/")
    if kind == SPARSE or said.is_sparse:
        raise Stopped(SPARSE_MEMBER, f"Member {quote(name)} is sparse")
    if said.names and "path" in said.for_all:
        raise Stopped(DAMAGED, "The file is damaged: a member has a name of its own and that of all members")
    others = {each for each in said.names if each.lstrip("/") != name}
    if other is not None and path is None:
        others.add(other)
    size_of_pax = int(said.values.get("size", size))
    if kind == FOLDER and not name.endswith("/"):
        # without the slash, which commons-compress adds only in other cases, TorchServe cuts nothing off
        lacks_slash = path is not None or block[257:263] == GNU or is_star(block, said.get(ARCHTYPE))
        name = f"./{name}/" if lacks_slash and "/" not in name else f"{name}/"
    if name.endswith("/") or plain.endswith("/"):
        is_folder = kind == FOLDER or (kind == OLD_FILE and name.endswith("/") and plain.endswith("/"))
        if size or size_of_pax or not is_folder:
            # readers go on behind its header or behind its data, and take it for a file or for a folder
            raise Stopped(DAMAGED, f"The file is damaged: member {quote(name)} is not an empty folder")
        kind = FOLDER
    return TarEntry(name, kind, size_of_pax, 0, parse_number(block[MODE]), min(others, default=None))


def plain_name(block: bytes) -> tuple[str, str | None]:
    """The name in a header, and what a reader that goes by another of the formats takes for it."""
    name, prefix = (block[part].partition(b"\0")[0] for part in (slice(100), slice(345, 500)))
    joined = prefix + b"/" + name if prefix else name
    # GNU tar writes other things there, and reads nothing where it does not find the mark of POSIX
    right, wrong = (name, joined) if block[257:263] == GNU else (joined, name)
    has_two = prefix and block[257:263] != POSIX
    return decode(right), wrong.decode("utf-8", "replace") if has_two else None


def is_star(block: bytes, archtype: str | None) -> bool:
    return block[508:512] == b"tar\0" or archtype in STAR


def check_format(block: bytes, archtype: str | None) -> None:
    """Raise Stopped where commons-compress does, for the numbers that others than POSIX have there."""
    if block[257:263] == GNU:
        tool, starts = "GNU tar", GNU_NUMBERS
    elif is_star(block, archtype):
        tool, starts = "star", STAR_NUMBERS
    else:
        return
    try:
        numbers = [parse_number(block[start : start + 12]) for start in starts]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0:
        raise Stopped(DAMAGED, f"The file is damaged: a header has text where {tool} has numbers")
    if tool == "star" and block[475]:  # its prefix is shorter
        raise Stopped(DAMAGED, "The file is damaged: a header is of no known format")
