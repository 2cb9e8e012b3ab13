"""URLs, and texts with URLs, as they may be shown to anybody who reads a log."""

from __future__ import annotations

import re

SECRETS = re.compile(
    r"(?<=://)[^/@\s]*:[^/\s]*@|(?<=http://)[^/\s]*@|(?<=https://)[^/\s]*@|(?<=\?)(?=[\w%&=])[^\s'\"`]+"
)
"""In a URL, a user with a password, any user of a web server, and a query, which may be a signature.

What else comes before an `@` is no secret: in `abfs://CONTAINER@ACCOUNT` it is part of the place.
"""


def hide_secrets(text: str) -> str:
    """The text without the passwords and queries of its URLs."""
    return SECRETS.sub("…", text)
