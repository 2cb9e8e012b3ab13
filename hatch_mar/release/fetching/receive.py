"""Downloads a URL, with as many connections as it takes."""

from __future__ import annotations

import time

from hatch_mar.errors import ReleaseError
from hatch_mar.output import remark
from hatch_mar.release.fetching.body import Body, Broken, Unreachable
from hatch_mar.release.fetching.draft import Draft
from hatch_mar.release.fetching.mismatch import describe_mismatch
from hatch_mar.release.fetching.source import open_source
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.terminal.progress import show_progress
from hatch_mar.text import format_size

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the next attempt, after one, two ... attempts in a row that brought nothing new."""
LONGEST_PAUSE = 60.0
"""Seconds for which a busy server is left alone, if it asks for that."""


def receive(draft: Draft, url: str, wanted: str | None, path: str) -> None:
    """Download a URL into a draft, which may already have its first bytes.

    Args:
        wanted: the digest that the bytes must have; None if any will do.
        path: the file's path, for messages.

    Raises:
        ReleaseError: the download fails, or has another digest; the draft keeps only what may be right.
        OSError: the draft cannot be written.
    """
    if wanted is None and not draft.validator:
        draft.begin("")
    while draft.sha256 != wanted:
        transfer(draft, url, wanted, path)
        if wanted in (None, draft.sha256):
            return
        if not draft.is_old:
            mismatch = describe_mismatch(draft, url, wanted or "", path)
            draft.discard()
            raise ReleaseError(mismatch)
        draft.begin("")  # what the earlier run left was of another version


def transfer(draft: Draft, url: str, wanted: str | None, path: str) -> None:
    """Download until the source says that the file is complete, or until the digest is right."""
    began = furthest = draft.size
    pauses = iter(PAUSES)
    while True:
        try:
            # without a digest or a validator, the rest could be that of another version
            offset = draft.size if wanted or draft.validator else 0
            with open_source(url, offset, draft.validator) as body:
                take(draft, body, url, path)
        except Broken as reason:
            if draft.sha256 == wanted:  # the server announced too large a size
                return
            if draft.size > furthest:
                furthest, pauses = draft.size, iter(PAUSES)
            pause = next(pauses, None)
            is_mistake = isinstance(reason, Unreachable) and draft.size == began
            if pause is None or is_mistake or reason.pause > LONGEST_PAUSE:
                kept = f"; run it again to resume after {format_size(draft.size)}" if draft.size else ""
                raise ReleaseError(f"{reason}{kept}") from None
            remark(f"Trying again to fetch `{path}`: {reason}")
            time.sleep(max(pause, reason.pause))
        else:
            return


def take(draft: Draft, body: Body, url: str, path: str) -> None:
    """Append what the source sends.

    Raises:
        Broken: it sends less than it announced.
    """
    if not body.start:
        draft.begin(body.validator)
    draft.encoding = body.encoding
    left = None if body.size is None else body.size - body.start
    with show_progress(f"Fetching `{path}`", left) as advance:
        for chunk in body.chunks:
            draft.append(chunk)
            advance(len(chunk))
    if body.size is not None and draft.size < body.size:
        raise Broken(
            f"the connection to `{hide_secrets(url)}` was lost after {format_size(draft.size)} of"
            f" {format_size(body.size)}"
        )
