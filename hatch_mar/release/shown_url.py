"""URLs as they may be shown to anybody who reads a log."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def show_url(url: str) -> str:
    """A URL without what may be a secret: a password, and the query, which may be signed."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, "…" if parts.query else "", ""))
