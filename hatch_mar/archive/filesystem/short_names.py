"""Names of hidden files that are derived from an artifact's own, which may be as long as names can be."""

from __future__ import annotations

import os

LONGEST = 100
"""Bytes of a name that is used as it is. File systems allow 255, some that encrypt names only 143, and a
hidden file's name has a prefix and a suffix of its own."""


def shorten_name(name: str) -> str:
    """The name, or if it is long its beginning and a digest, so that names that differ still do."""
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST:
        return name
    import hashlib

    digest = hashlib.sha256(encoded).hexdigest()[:16]
    beginning = encoded[: LONGEST - len(digest) - 1].decode("utf-8", "ignore")
    return f"{beginning}-{digest}"
