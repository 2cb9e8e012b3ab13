"""A member's bytes, moved into its container."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from hatch_mar.archive import FileSource, Source
from hatch_mar.formats.crc import Tally
from hatch_mar.formats.large_file import LARGE, POSSIBLE, Framed, bare, copy_large_file


def copy(
    source: Source,
    file: BinaryIO,
    tally: Tally,
    moved: Callable[[int], object],
    framed: Framed = bare,
) -> None:
    """Write all of a source, each chunk as its container frames it, and count what was read."""
    if POSSIBLE and isinstance(source, FileSource) and source.size() >= LARGE:
        copy_large_file(source, file, tally, moved, framed)
        return
    for chunk in counted(source.chunks(), tally, moved):
        file.writelines(framed(chunk))


def counted(chunks: Iterable[bytes], tally: Tally, moved: Callable[[int], object]) -> Iterator[bytes]:
    """`chunks` as they are."""
    for chunk in chunks:
        tally.count(chunk)
        yield chunk
        moved(len(chunk))
