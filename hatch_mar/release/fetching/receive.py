"""All bytes of a URL, over as many connections as it takes."""

from __future__ import annotations

import time

from hatch_mar.errors import ReleaseError
from hatch_mar.output import explain
from hatch_mar.release.fetching.body import Body, Broken
from hatch_mar.release.fetching.draft import Draft
from hatch_mar.release.fetching.mismatch import describe_mismatch
from hatch_mar.release.fetching.source import open_source
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.terminal.progress import show_progress
from hatch_mar.text import format_size

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before a connection is tried again, after one, two ... in a row that brought nothing new."""


def receive(draft: Draft, url: str, wanted: str | None, path: str) -> None:
    """Bring all bytes of a URL into a draft, which may have the first of them.

    Args:
        wanted: the digest that they must have; None if they may have any.
        path: what the file is called.

    Raises:
        ReleaseError: they cannot be had, or have another digest; the draft keeps only what may be right.
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
    """Go on until the source says that this was all, or the digest does."""
    furthest = draft.size
    pauses = iter(PAUSES)
    while True:
        try:
            # without a digest or a validator, the rest could be that of another version
            offset = draft.size if wanted or draft.validator else 0
            with open_source(url, offset, draft.validator) as body:
                take(draft, body, url, path)
        except Broken as reason:
            if draft.sha256 == wanted:  # the server took it for longer
                return
            if draft.size > furthest:
                furthest, pauses = draft.size, iter(PAUSES)
            pause = next(pauses, None)
            if pause is None:
                kept = f"; {format_size(draft.size)} are kept for the next try" if draft.size else ""
                raise ReleaseError(f"{reason}{kept}") from None
            explain(f"Trying again to fetch `{path}`: {reason}")
            time.sleep(pause)
        else:
            return


def take(draft: Draft, body: Body, url: str, path: str) -> None:
    """Append what comes.

    Raises:
        Broken: less came than was announced.
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
            f"`{hide_secrets(url)}` broke off after {format_size(draft.size)} of {format_size(body.size)}"
        )
