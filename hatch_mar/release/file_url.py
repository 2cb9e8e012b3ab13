"""Files and directories of this machine, by their `file://` URLs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.release.hide_secrets import hide_secrets


def find_path(url: str) -> Path:
    """The path of a URL.

    Raises:
        ReleaseError: it names another machine.
    """
    from urllib.request import url2pathname  # which takes longer to import than a help

    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ReleaseError(
            f"`{hide_secrets(url)}` names another machine; for this one, write `file:///`, with three slashes"
        )
    return Path(url2pathname(parts.path))
