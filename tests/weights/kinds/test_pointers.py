from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from tests.weights.files import ANNEX, DVC, LFS, inspect_bytes


class TestPointers:
    def test_empty(self):
        assert inspect_bytes(b"").describe() == "empty file"

    def test_lfs(self):
        assert inspect_bytes(LFS).describe() == "git-lfs pointer (the real file has 12345 bytes)"

    def test_lfs_of_nothing(self):
        """A pointer that lost its lines is still one."""
        assert inspect_bytes(LFS[:45]) == Weights(Kind.LFS_POINTER)

    def test_large_lfs(self):
        """A large file that begins like a pointer is not one."""
        assert inspect_bytes(LFS + bytes(2000)).kind is Kind.UNKNOWN

    def test_annex(self):
        assert inspect_bytes(ANNEX) == Weights(Kind.ANNEX_POINTER)

    @pytest.mark.parametrize("folder", ["", "../", "../../"])
    def test_annex_link(self, folder: str):
        """Where a file system has no links, git writes a link's target into a file."""
        data = f"{folder}.git/annex/objects/G1/2x/SHA256E-s123--4d.pt/SHA256E-s123--4d.pt".encode()

        assert inspect_bytes(data) == Weights(Kind.ANNEX_POINTER)

    def test_dvc(self):
        assert inspect_bytes(DVC) == Weights(Kind.DVC_FILE)

    @pytest.mark.parametrize(
        "page",
        [
            b"<!DOCTYPE html><html>",
            b"\n <html lang='en'>",
            b"\xef\xbb\xbf<!doctype HTML>",
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        ],
    )
    def test_html(self, page: bytes):
        assert inspect_bytes(page).kind is Kind.HTML

    def test_html_words(self):
        assert inspect_bytes(b"<html>\n<body>").describe() == "web page: text that begins with `<html>`"

    def test_text(self):
        """A server may answer with text instead of the file."""
        assert (
            inspect_bytes(b"Entry not found").describe() == "unknown: text that begins with `Entry not found`"
        )

    def test_escapes(self):
        """No escape sequence of a file reaches the terminal."""
        assert inspect_bytes(b"a\x1b[2Jb").describe() == "unknown: not a known format"
