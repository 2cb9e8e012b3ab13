"""Digests of files as `sha256sum` writes and reads them (GNU coreutils, "md5sum invocation")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

SUMS = "SHA256SUMS"
"""The file with the digests of all files of its folder."""
SUFFIX = ".sha256"
"""What the name of a file's own digest ends in: `digits.mar.sha256`."""

LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]{64}) [ *](?P<name>.+)")
ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r"}
UNESCAPED = {escape: character for character, escape in ESCAPES.items()}


def format_sums(digests: Mapping[str, str]) -> str:
    """A line for each file, in the order of their names; `digests` are by name, in hexadecimal."""
    return "".join(format_sum(name, digests[name]) for name in sorted(digests))


def format_sum(name: str, digest: str) -> str:
    escaped = "".join(ESCAPES.get(character, character) for character in name)
    return f"{chr(92) * (escaped != name)}{digest}  {escaped}\n"


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
