"""Archives that two readers take for different things, and archives that write on the terminal.

Where they have hostile weights, these create the marker when TorchServe's `torch.load` unpickles them.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from struct import pack
from typing import Any, NamedTuple

from tests.e2e.hostile.case import SYSTEM
from tests.e2e.hostile.pickles import evil_zip, text, torch_zip

HANDLER = b"def handle(data, context):\n    return data\n"
PAINT = (
    "\x1b]0;title\x07\x1b[2J\r\n::error file=app.py,line=1::from the archive\n::add-mask::from the archive\n"
)
"""A title for the window, a cleared screen, and two commands to GitHub's runner."""

GOOD = torch_zip(b"\x80\x02}.")
EVIL = evil_zip()


class Container(NamedTuple):
    file: str
    data: bytes
    names: tuple[str, ...] = ()
    """Each stands in the message of an error; nothing if the archive is honest or only painted."""


def containers() -> Iterator[Container]:
    yield from zips()
    yield from tars()


def manifest(**model: str) -> bytes:
    model = {"modelName": "x", "modelVersion": "1", "handler": "handler.py", **model}
    model.setdefault("serializedFile", "weights.pt")
    return json.dumps({"runtime": "python", "model": model, "archiverVersion": "0.12.0"}).encode()


# Zips. A member is its name, its bytes, and the extra field that the directory has of it.

Member = tuple[bytes, bytes, bytes]


def mar(*members: Member, first: bytes = b"") -> bytes:
    return zipped(
        (b"MAR-INF/MANIFEST.json", first or manifest(), b""), (b"handler.py", HANDLER, b""), *members
    )


def zipped(*members: Member) -> bytes:
    body, directory = b"", b""
    for name, data, extra in members:
        common = pack("<4H3L", 0x800, 0, 0, 33, zlib.crc32(data), len(data), len(data))
        lengths = pack("<5H2L", len(name), len(extra), 0, 0, 0, 0o100644 << 16, len(body))
        directory += pack("<4s2H", b"PK\1\2", 0x314, 20) + common + lengths + name + extra
        body += pack("<4sH", b"PK\3\4", 20) + common + pack("<2H", len(name), 0) + name + data
    count = len(members)
    return body + directory + pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)


def unicode_path(name: bytes, other: bytes) -> bytes:
    """The extra field 0x7075, which gives a member another name (APPNOTE.TXT 4.6.9)."""
    return pack("<2HBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def zips() -> Iterator[Container]:
    name, umlaut, painted = b"weights.pt", "glück.txt".encode(), PAINT.encode()
    swapped = (name, EVIL, unicode_path(name, b"notes.txt"))
    other = (b"other.pt", GOOD, unicode_path(b"other.pt", name))
    yield Container("unicode-path.mar", mar(swapped, other), (SYSTEM,))
    yield Container("nul-in-name.mar", mar((b"weights.pt\0.txt", EVIL, b"")), ("null",))
    yield Container("two-of-one-name.mar", mar((name, GOOD, b""), (name, EVIL, b"")), (SYSTEM,))
    honest = (umlaut, b"", unicode_path(umlaut, umlaut))
    yield Container("honest-unicode-path.mar", mar((name, GOOD, b""), honest))
    two_names = mar((name, GOOD, b""), (b"a" + painted, b"", b""))
    yield Container("painted-name.mar", two_names)
    yield Container("painted-disagreement.mar", two_names.replace(b"a" + painted, b"b" + painted, 1))
    words = manifest(**{"modelFile": f"m{PAINT}.py", PAINT: PAINT})
    yield Container("painted-manifest.mar", mar((name, GOOD, b""), first=words))
    loaded = b"\x80\x04" + 2 * text(PAINT) + b"\x93."
    yield Container("painted-global.mar", mar((name, torch_zip(loaded), b"")))


# Tars.


def tgz(body: bytes) -> bytes:
    first = entry(b"x/MAR-INF/MANIFEST.json", manifest()) + entry(b"x/handler.py", HANDLER)
    return gzip.compress(first + body + bytes(1024), mtime=0)


def entry(name: bytes, data: bytes, **fields: Any) -> bytes:
    return header(name, len(data), **fields) + data + bytes(-len(data) % 512)


def header(
    name: bytes, size: int, kind: bytes = b"0", magic: bytes = b"ustar\x0000", prefix: bytes = b""
) -> bytes:
    fields = (name, b"0000644", b"0" * 7, b"0" * 7, b"%011o" % size, b"0" * 11, b" " * 8, kind, b"", magic)
    widths = (100, 8, 8, 8, 12, 12, 8, 1, 100, 8)
    block = b"".join(field.ljust(width, b"\0") for field, width in zip(fields, widths))
    block = block.ljust(345, b"\0") + prefix.ljust(167, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def pax(key: bytes, value: bytes, kind: bytes = b"x") -> bytes:
    """A header for the next member, or with kind `g` for all that follow (POSIX, "pax Header Block")."""
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest) + len(str(len(rest) + 2))
    return entry(b"PaxHeaders/x", str(size).encode() + rest, kind=kind)


def long_link(name: bytes) -> bytes:
    """GNU's header for a long name."""
    return entry(b"././@LongLink", name + b"\0", kind=b"L", magic=b"ustar  \0")


def tars() -> Iterator[Container]:
    name, other, painted = b"x/weights.pt", b"x/notes.txt", b"x/a" + PAINT.encode()
    sparse = b"GNU.sparse.name"
    evil, good = entry(name, EVIL), entry(name, GOOD)
    swapped = pax(sparse, other) + evil + pax(sparse, name) + entry(b"x/other.pt", GOOD)
    yield Container("sparse-name.tar.gz", tgz(swapped), (SYSTEM,))
    both = pax(b"path", name) + long_link(other) + entry(b"x/q", EVIL)
    yield Container("path-and-long-link.tar.gz", tgz(both), (SYSTEM,))
    yield Container("global-path.tar.gz", tgz(pax(b"path", name, b"g") + entry(b"x/q", EVIL)), (SYSTEM,))
    shifted = pax(b"size", b"512") + header(other, 0) + bytes(512) + evil
    yield Container("size-of-pax.tar.gz", tgz(shifted), (SYSTEM,))
    yield Container("kind-z.tar.gz", tgz(entry(name, EVIL, kind=b"Z")), ("",))
    yield Container("dot-slash.tar.gz", tgz(entry(b"./" + name, EVIL)), ("",))
    damaged = entry(b"weights.pt", EVIL, prefix=b"x", magic=b"ustar  \0")
    yield Container("damaged-gnu-prefix.tar.gz", tgz(damaged), ("damaged",))
    yield Container("damaged-directory.tar.gz", tgz(entry(b"x/d", EVIL, kind=b"5") + good), ("damaged",))
    long = pax(b"path", b"x/" + b"l" * 150) + entry(b"x/l", b"")
    yield Container("honest-long-name.tar.gz", tgz(good + long))
    yield Container("painted-damage.tar.gz", tgz(good + header(painted[:99], 1 << 32)))
