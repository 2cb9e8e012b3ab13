from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from tests.weights.files import ANNEX, DVC, LFS, inspect_bytes


class TestPointers:
    def test_empty(self):
        assert inspect_bytes(b"").describe() == "empty file"

    def test_lfs(self):
        found = inspect_bytes(LFS)

        assert found.describe() == "git-lfs pointer (the real file has 12345 bytes)"
        assert found.oid == "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

    def test_lfs_of_nothing(self):
        """A pointer that lost its lines is still one."""
        assert inspect_bytes(LFS[:45]) == Weights(Kind.LFS_POINTER)

    def test_large_lfs(self):
        """A large file that begins like a pointer is not one."""
        assert inspect_bytes(LFS + bytes(2000)).kind is Kind.UNKNOWN

    def test_annex(self):
        expected = Weights(Kind.ANNEX_POINTER, oid="SHA256E-s123--4d7a214614ab2935.pt", real_size=123)

        assert inspect_bytes(ANNEX) == expected

    def test_dvc(self):
        expected = Weights(Kind.DVC_FILE, oid="a304afb96060aad90176268345e10355", real_size=37891850)

        assert inspect_bytes(DVC) == expected

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
