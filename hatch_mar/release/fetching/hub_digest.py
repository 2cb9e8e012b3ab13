"""The digests that the Hugging Face Hub states, so that a file need not be fetched for its own."""

from __future__ import annotations

import re

from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Broken
from hatch_mar.release.fetching.hub import DIGEST, is_on_hub, resolve
from hatch_mar.release.fetching.web import send


def ask_hub(url: str) -> str | None:
    """The SHA-256 of the file at a URL; None if the Hub does not state it, as for a small file that git has.

    Raises:
        ReleaseError: the URL is not that of a file.
    """
    if not url.startswith(("hf://", "https://", "http://")) or not is_on_hub(resolve(url)):
        return None
    try:
        response = send(resolve(url), method="HEAD")
    except (ReleaseError, Broken):  # a mirror may know no HEAD; for all else, the download says what is wrong
        return None
    with response:
        digest = response.headers.get(DIGEST, "").strip('"')
        return digest if is_on_hub(response.geturl()) and re.fullmatch("[0-9a-f]{64}", digest) else None
