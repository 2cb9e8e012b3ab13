"""Small text files in the place of the weights."""

from __future__ import annotations

import re

from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights

LONGEST_LFS_POINTER = 1024
"""Bytes (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
LONGEST_DVC_FILE = 1 << 16
LONGEST_ANNEX_POINTER = 1 << 15
"""git-annex reads no further (git-annex, Annex/Link.hs, `maxPointerSz`)."""

LFS = b"version https://git-lfs.github.com/spec/"
ANNEX = re.compile(rb"/annex/objects/|(?:\.\./)*\.git/annex/objects/")
"""Of a file, and of a link where a file system has none, which git writes as a text."""
PAGES = (b"<!doctype html", b"<html", b"<?xml")
DVC_OUTPUT = re.compile(rb"^outs:\s*$.*^\s*-?\s*(md5|hash|etag|checksum):", re.MULTILINE | re.DOTALL)


def inspect_pointer(view: View, head: bytes) -> Weights | None:
    if head.startswith(LFS) and view.size <= LONGEST_LFS_POINTER:
        size = re.search(rb"^size (\d{1,18})$", head, re.MULTILINE)
        return Weights(Kind.LFS_POINTER, real_size=int(size[1]) if size else None)
    if ANNEX.match(head) and view.size <= LONGEST_ANNEX_POINTER:
        return Weights(Kind.ANNEX_POINTER)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower().startswith(PAGES):
        return Weights(Kind.HTML, describe_text(head))
    if view.size <= LONGEST_DVC_FILE and DVC_OUTPUT.search(head):
        return Weights(Kind.DVC_FILE)
    return None


def describe_text(head: bytes) -> str:
    """How a text begins; empty for bytes that are not text."""
    lines = head[:200].decode("utf-8", "replace").strip().splitlines()
    if not lines or "\ufffd" in lines[0] or not lines[0].isprintable():
        return ""
    return f"text that begins with {quote(lines[0])}"
