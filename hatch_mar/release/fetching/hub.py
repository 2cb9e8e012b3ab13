"""Files of the Hugging Face Hub, as its own library finds them (huggingface_hub, file_download.py)."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.addresses import is_loopback
from hatch_mar.release.hide_secrets import hide_secrets

SCHEME = "hf://"
FORM = f"{SCHEME}ORG/REPO@REVISION/FILE"
PARTS = re.compile(
    r"hf://(?P<repository>[^/@]+/[^/@]+)(?:@(?P<revision>refs/(?:pr|convert)/[^/]+|[^/]+))?/(?P<file>[^/].*)"
)
OTHER_KINDS = ("datasets/", "spaces/", "buckets/")
COMMIT = re.compile("[0-9a-f]{40}")

DIGEST = "X-Linked-Etag"
"""The header with the SHA-256 of a large file; the Hub sends it with the redirect to where the file is."""


def resolve(url: str) -> str:
    """The web address of an `hf://` URL; any other URL is returned as it is.

    Raises:
        ReleaseError: it does not name a file of a model.
    """
    if not url.startswith(SCHEME):
        return url
    found = PARTS.fullmatch(url)
    if not found or found["repository"].startswith(OTHER_KINDS):
        raise ReleaseError(f"`{hide_secrets(url)}` must name a file of a model, such as `{FORM}`")
    revision = quote(found["revision"] or "main", safe="%")
    return f"{find_endpoint()}/{found['repository']}/resolve/{revision}/{quote(found['file'], safe='/%')}"


def find_endpoint() -> str:
    """The Hub's address: that of `HF_ENDPOINT`, or of the public one.

    Raises:
        ReleaseError: it is not an `https://` address.
    """
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    with suppress(ValueError):  # it is no URL
        parts = urlsplit(endpoint)
        if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            return endpoint
    raise ReleaseError("The environment variable `HF_ENDPOINT` must begin with `https://`")


def is_on_hub(url: str) -> bool:
    """Whether an `https://` address is the Hub's."""
    ours, theirs = urlsplit(find_endpoint()), urlsplit(url)
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc.rpartition("@")[2])


def find_token() -> str:
    """The user's token for the Hub, where its own tools look for it; empty if there is none.

    Raises:
        ReleaseError: the token has characters that a header cannot have.
    """
    token = os.environ.get("HF_TOKEN", "").strip() or read_token(find_token_file())
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ReleaseError(
            "The token for the Hugging Face Hub has characters that a token cannot have; set `HF_TOKEN`"
        )
    return token


def find_token_file() -> Path:
    if path := os.environ.get("HF_TOKEN_PATH"):
        return expand(path)
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand(os.environ.get("HF_HOME") or f"{cache}/huggingface") / "token"


def expand(path: str) -> Path:
    """A path with the home directory in place of `~`, which stays if the user has none."""
    return Path(os.path.expanduser(path))  # where pathlib raises


def read_token(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def name_moving_revision(url: str) -> str | None:
    """The revision of an `hf://` URL, unless it is a commit, which never changes."""
    found = PARTS.fullmatch(url)
    if not found or COMMIT.fullmatch(found["revision"] or ""):
        return None
    return found["revision"] or "main"
