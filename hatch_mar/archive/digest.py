"""What an archive holds, as one digest whatever its container."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from hatch_mar.archive.archive import Archive, Source


def sha256(source: Source, advance: Callable[[int], object] = int) -> bytes:
    """The digest of a source's bytes. Costs a read of them, of whose progress `advance` is told."""
    digest = hashlib.sha256()
    for chunk in source.chunks():
        digest.update(chunk)
        advance(len(chunk))
    return digest.digest()


def content_digest(archive: Archive, digest_of: Callable[[Source], bytes] = sha256) -> str:
    """One digest of all names, modes and bytes, in hexadecimal.

    It is the same for every archive format and compression, so that two archives can be
    compared without unpacking either. Costs a read of every member, unless `digest_of` has
    the digests already.
    """
    digest = hashlib.sha256()
    for member in archive.entries():
        name = member.name.encode("utf-8", "surrogateescape")
        digest.update(len(name).to_bytes(4, "big") + name)
        digest.update(b"x" if member.executable else b"-")
        digest.update(digest_of(member.source))
    return digest.hexdigest()
