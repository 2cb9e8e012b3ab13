"""Records of pax headers (POSIX.1-2024, pax, "pax Extended Header"), as strictly as their readers agree on.

commons-compress (TarUtils.java, `parsePaxHeaders`) and Python's `tarfile` differ in what they make of a
record that is not exactly as POSIX has it; no tool writes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hatch_mar.archive.formats.tar_numbers import TIME
from hatch_mar.archive.formats.unpacking import DAMAGED, NOT_UTF_8, Stopped

NUMBERS = {
    **dict.fromkeys(("size", "uid", "gid"), re.compile(r"\d{1,18}", re.ASCII)),
    **dict.fromkeys(("SCHILY.devmajor", "SCHILY.devminor"), re.compile(r"\d{1,9}", re.ASCII)),
    **dict.fromkeys(("mtime", "atime", "ctime", "LIBARCHIVE.creationtime"), TIME),
}
"""Keys whose values commons-compress parses, and what it takes (TarArchiveEntry.java, `processPaxHeader`)."""
NEVER_EMPTY = ("path", "linkpath", "GNU.sparse.name")


def parse_records(data: bytes) -> Iterator[tuple[str, str]]:
    """The records `length key=value` of a pax header.

    Raises:
        Stopped: one is not as it should be.
    """
    position = 0
    while position < len(data):
        digits, _, _ = data[position : position + 20].partition(b" ")
        if not digits.isdigit() or not len(digits) + 1 < int(digits) <= len(data) - position:
            raise Stopped(DAMAGED, "The file is damaged: an extended header has the wrong length")
        end = position + int(digits)
        key, equals, value = data[position + len(digits) + 1 : end - 1].partition(b"=")
        if data[end - 1 : end] != b"\n" or not equals:
            raise Stopped(DAMAGED, "The file is damaged: an extended header has a record without an end")
        yield parse_record(decode(key), value)
        position = end


def parse_record(key: str, value: bytes) -> tuple[str, str]:
    if key not in NUMBERS and key not in NEVER_EMPTY:
        return key, value.decode("utf-8", "replace")
    text = decode(value)
    if (key in NUMBERS and not NUMBERS[key].fullmatch(text)) or (key in NEVER_EMPTY and not text):
        raise Stopped(DAMAGED, f"The file is damaged: an extended header has the wrong `{key}`")
    return key, text


def decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {data[:200]!r} is not UTF-8") from None
