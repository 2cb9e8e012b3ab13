"""What a server sent instead of the file."""

from __future__ import annotations

from hatch_mar.project.remote_files import command_for
from hatch_mar.release.fetching.draft import Draft
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import shorten
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pointers import describe_text, inspect_pointer
from hatch_mar.weights.view import View

HEAD = 4096
LONGEST_MESSAGE = 1 << 16
"""Bytes of a text that may be an error message."""


def describe_mismatch(draft: Draft, url: str, wanted: str, path: str) -> str:
    """The error if a draft does not have the declared digest, with the reason if the bytes show it."""
    other = describe_other(draft)
    fault = f"`{hide_secrets(url)}` has the SHA-256 {draft.sha256} instead of {wanted}"
    if other:
        fault += f": it is {other}"
    lock = command_for("--lock", path)
    return f"{fault}; correct the `url`, or, if the new file is right, run `{lock}`"


def describe_other(draft: Draft) -> str | None:
    """What a draft is, if servers send such things instead of a file."""
    head = draft.head(HEAD)
    if not draft.size:
        return "empty"
    if pointer := describe_pointer(draft):
        return pointer
    if encoding := describe_encoding(draft):
        return encoding
    if draft.size <= LONGEST_MESSAGE and describe_text(head):
        return "a short text, such as an error message"
    return None


def describe_encoding(draft: Draft) -> str | None:
    """That the server has compressed a file, which was not asked for."""
    if draft.encoding in ("", "identity"):
        return None
    return f"compressed by the server with {shorten(draft.encoding)}"


def describe_pointer(draft: Draft) -> str | None:
    """What a draft is, if it is a page or a pointer to another file."""
    head = draft.head(HEAD)
    found = inspect_pointer(View(draft.file), head)
    if found is None:
        return None
    if found.kind is not Kind.HTML:
        return f"a {found.kind.label}"
    if head.lstrip().startswith(b"<?xml"):
        return "an XML document, such as a store's error message"
    return "a web page, such as a login page"
