"""Digests of files as `sha256sum` writes and reads them (GNU coreutils, "md5sum invocation")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.errors import ReadError

SUMS = "SHA256SUMS"
"""The file with the digests of all files of its folder."""
SUFFIX = ".sha256"
"""What the name of a file's own digest ends in: `digits.mar.sha256`."""

LARGEST = 16 << 20
"""Bytes of such a file that are read."""

LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]{64}) [ *](?P<name>.+)")
ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r"}
UNESCAPED = {escape: character for character, escape in ESCAPES.items()}


def format_sums(digests: Mapping[str, str]) -> str:
    """A line for each file, in the order of their names; `digests` are by name, in hexadecimal."""
    return "".join(format_sum(name, digests[name]) for name in sorted(digests))


def format_sum(name: str, digest: str) -> str:
    escaped = "".join(ESCAPES.get(character, character) for character in name)
    return f"{chr(92) * (escaped != name)}{digest}  {escaped}\n"


def read_sums(path: Path) -> dict[str, str]:
    """The digests by name that a file has.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        ReadError: it is not in the form of `sha256sum`.
    """
    data = read_bytes(path, LARGEST + 1)
    if len(data) > LARGEST:
        raise ReadError(f"Cannot read `{path}`: it is larger than a list of digests can be")
    try:
        return parse_sums(data.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise ReadError(f"Cannot read `{path}`: it {error}") from None


def parse_sums(text: str) -> dict[str, str]:
    """The digests by name.

    Raises:
        ValueError: a line is not a digest and a name, or two lines give one name different digests. The
            message says which, and continues "`SHA256SUMS` ...".
    """
    digests: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line.removesuffix("\r"))
        if not found:
            raise ValueError(f"is not in the form of `sha256sum` in line {number}")
        name = unescape(found["name"]) if found["escaped"] else found["name"]
        digest = found["digest"].lower()
        if digests.setdefault(name, digest) != digest:
            raise ValueError(f"has two digests of `{name}`")
    return digests


def unescape(name: str) -> str:
    return re.sub(r"\\[\\nr]", lambda escape: UNESCAPED[escape[0]], name)


def sidecar_of(path: Path) -> Path:
    """The file with the digest of the one at `path` alone."""
    return path.with_name(path.name + SUFFIX)
