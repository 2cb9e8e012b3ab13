"""Files that a compressor has been over: gzip, bzip2, xz, lzma, zlib, and joblib's own."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from hatch_mar.budget import RECORDS
from hatch_mar.weights.kinds.pickle_file import has_suffix, read_pickles
from hatch_mar.weights.kinds.tar_file import is_tar
from hatch_mar.weights.loading import NOT_OF_TORCH, Loading
from hatch_mar.weights.view import Slice, View
from hatch_mar.weights.weights_suffixes import OF_JOBLIB
from hatch_mar.zip_records import BZIP2, DEFLATED, RAW_WINDOW

Look = Callable[[View, str], tuple[Loading, ...]]
"""Looks at the content of a file as at a file of that name."""

FIRST, MOST = 1 << 14, 64 << 20
"""Bytes that are inflated to see whether there is a pickle, and to follow it."""
PIECE = 1 << 12
"""Bytes that are given to a decompressor at a time. Of many small streams what is left is copied for each."""
SUFFIXES = (".gz", ".gzip", ".bz2", ".xz", ".lzma", ".z", ".zst", ".zstd", ".lz4", ".7z")
CLOSED = "it is compressed in a way that is not opened"
CLOSED_MAGIC = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"7z\xbc\xaf\x27\x1c")
"""zstd, lz4 and 7z, which Python's standard library cannot open everywhere."""
OF_OLD_JOBLIB = b"ZF"
OLD_JOBLIB_HEADER = 21
"""Bytes before the zlib stream (joblib/numpy_pickle_compat.py, `read_zfile`)."""


def find_compressed(view: View, name: str, look: Look) -> tuple[Loading, ...]:
    """What would be imported from the content of a compressed file; nothing of any other."""
    head = view.read(0, 16)
    inner = strip_suffix(name)
    if head.startswith(CLOSED_MAGIC):
        return (Loading(loader_of(name), unknown=CLOSED),) if has_suffix(inner) else ()
    opened = open_decompressor(head)
    if opened is None:
        return ()
    start, make = opened
    found = find_packed(Slice(view, start, view.size), make, inner, look)
    return tuple(tell_content(loading, name) for loading in found if loading.is_worth_telling)


def tell_content(loading: Loading, name: str) -> Loading:
    """The loading of a compressed file's content, by who opens such files."""
    if loading.part:
        return loading
    # torch.load does not decompress: what torch did not write is for another loader, whatever its suffix
    is_for_others = loading.loader == "torch.load" and NOT_OF_TORCH in loading.refusals
    return loading._replace(part="its content", loader=loader_of(name) if is_for_others else loading.loader)


def find_packed(view: View, make: Callable[[], Any], name: str, look: Look) -> tuple[Loading, ...]:
    """What would be imported from the content of compressed bytes, which is a file of that name."""
    content = inflate(view, make, FIRST)
    if content.size == FIRST and is_worth_more(look(content, name), content):
        content = inflate(view, make, MOST)
    found = look(content, name)
    if content.size == MOST and is_worth_more(found, content):
        unknown = f"it has more than the {MOST} bytes that are decompressed"
        found = (*found, Loading(loader_of(name), unknown=unknown))
    return found


def strip_suffix(name: str) -> str:
    suffix = next((each for each in SUFFIXES if name.lower().endswith(each)), "")
    return name[: len(name) - len(suffix)]


def loader_of(name: str) -> str:
    return "joblib.load" if strip_suffix(name).lower().endswith(OF_JOBLIB) else "pickle.load"


def open_bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


BY_METHOD: dict[int, Callable[[], Any]] = {
    DEFLATED: lambda: zlib.decompressobj(RAW_WINDOW),
    BZIP2: open_bzip2,
}
"""What makes the decompressor for a method of zips."""


def open_decompressor(head: bytes) -> tuple[int, Callable[[], Any]] | None:
    """Where the compressed bytes begin, and what makes their decompressor."""
    if head.startswith(b"\x1f\x8b"):
        return 0, lambda: zlib.decompressobj(31)
    if head.startswith(OF_OLD_JOBLIB):
        return OLD_JOBLIB_HEADER, zlib.decompressobj
    # RFC 1950, 2.2: "deflate", a window of up to 32 KiB, and a check of the two
    if len(head) > 1 and head[0] & 15 == 8 and head[0] < 128 and (head[0] << 8 | head[1]) % 31 == 0:
        return 0, zlib.decompressobj
    if head.startswith(b"BZh"):
        return 0, open_bzip2
    if head.startswith((b"\xfd7zXZ\x00", b"\x5d\x00")):
        import lzma

        return 0, lzma.LZMADecompressor
    return None


def inflate(view: View, make: Callable[[], Any], most: int) -> View:
    """The first bytes of the content, as far as it is not damaged.

    Python's gzip, bz2 and lzma read streams one after the other as one file.
    """
    out, size, position, pending = [], 0, 0, b""
    decompressor = make()
    is_zlib = hasattr(decompressor, "unconsumed_tail")
    while size < most:
        if decompressor.eof:
            # gzip and xz may have zeros between streams
            pending = decompressor.unused_data.lstrip(b"\0")
            while not pending and position < view.size:
                pending = view.read(position, PIECE).lstrip(b"\0")
                position += PIECE
            if not pending:
                break
            view.budget.spend(RECORDS)
            decompressor = make()
        if not pending and (is_zlib or decompressor.needs_input):
            pending = view.read(position, PIECE)
            position += len(pending)
            if not pending:
                break
        try:
            piece = decompressor.decompress(pending, most - size)
        except Exception:  # each decompressor has an error of its own for damage
            break
        pending = decompressor.unconsumed_tail if is_zlib else b""
        out.append(piece)
        size += len(piece)
    return view.unpacked(b"".join(out))


def is_worth_more(found: tuple[Loading, ...], content: View) -> bool:
    """Whether the first bytes are a pickle's, or of something that may hold one."""
    head = content.read(0, 512)
    return (
        bool(found)
        or head.startswith((b"\x80", b"PK\x03\x04", b"\x93NUMPY"))
        or is_tar(head)
        or open_decompressor(head[:16]) is not None
        or read_pickles(content)[0].cut
    )
