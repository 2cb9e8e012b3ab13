from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.torchserve.handlers import (
    BUILT_INS,
    LSP_BUILT_INS,
    OTHER_BUILT_INS,
    Handler,
    parse,
    parse_entry,
)


class TestBuiltIn:
    @pytest.mark.parametrize("name", BUILT_INS + OTHER_BUILT_INS)
    def test_name(self, name: str, tmp_path: Path):
        """A handler of TorchServe's own brings no file."""
        assert parse(name, tmp_path) == Handler(name, None)

    def test_goes_before_a_file(self, tmp_path: Path):
        """As with torch-model-archiver, a file of a built-in's name does not take its place."""
        (tmp_path / "base_handler.py").touch()

        assert parse("base_handler", tmp_path) == Handler("base_handler", None)

    def test_unknown_to_the_archiver(self, tmp_path: Path):
        """A file goes before a handler that torch-model-archiver does not know."""
        (tmp_path / "text_handler.py").touch()

        assert parse("text_handler", tmp_path) == Handler("text_handler", "text_handler.py")


class TestFile:
    @pytest.mark.parametrize(
        ("text", "entry", "file"),
        [
            ("handler.py", "handler.py", "handler.py"),
            ("handler", "handler", "handler.py"),
            ("digits/handler.py", "handler.py", "digits/handler.py"),
            ("digits/handler", "handler", "digits/handler.py"),
            ("dir.v2/handler.py", "handler.py", "dir.v2/handler.py"),
            ("../shared/handler.py", "handler.py", "../shared/handler.py"),
        ],
    )
    def test_path(self, text: str, entry: str, file: str, tmp_path: Path):
        """A file goes to the archive's root, under its base name."""
        assert parse(text, tmp_path) == Handler(entry, file)

    @pytest.mark.parametrize(
        ("text", "entry", "file"),
        [
            ("handler.py:handle", "handler.py:handle", "handler.py"),
            ("digits/handler.py:handle", "handler.py:handle", "digits/handler.py"),
        ],
    )
    def test_function(self, text: str, entry: str, file: str, tmp_path: Path):
        """A function stays with the file in the manifest."""
        assert parse(text, tmp_path) == Handler(entry, file)


class TestModule:
    @pytest.mark.parametrize("text", ["digits.serving", "digits.serving:handle", "a.b.c"])
    def test_module(self, text: str, tmp_path: Path):
        """A dotted name is a module that the members, or the server, must have."""
        assert parse(text, tmp_path) == Handler(text, None)


class TestLsp:
    @pytest.mark.parametrize("name", LSP_BUILT_INS)
    def test_built_in(self, name: str, tmp_path: Path):
        """A handler of the C++ worker's own brings no file."""
        assert parse(name, tmp_path, "LSP") == Handler(name, None)

    @pytest.mark.parametrize(
        ("platform", "file"),
        [("linux", "build/libdigits.so"), ("darwin", "build/libdigits.dylib")],
    )
    def test_library(self, platform: str, file: str, tmp_path: Path):
        """A library has the ending of the platform, as with torch-model-archiver."""
        found = parse("build/libdigits:Digits", tmp_path, "LSP", platform=platform)

        assert found == Handler("libdigits:Digits", file)

    def test_ending_given(self, tmp_path: Path):
        """An ending that is there is not added again."""
        assert parse("libdigits.so:Digits", tmp_path, "LSP", platform="linux").file == "libdigits.so"


@pytest.mark.parametrize(
    ("entry", "module", "function"),
    [
        ("h", "h", None),
        ("h.py", "h", None),
        ("h.py:f", "h", "f"),
        ("h:f:g", "h", "f:g"),
        ("code/h.py:f", "h", "f"),
        ("digits.h:f", "digits.h", "f"),
        ("my.h.py", "my.h", None),
        ("h.py.py", "h.py", None),
        ("h:", "h", None),
    ],
)
def test_parse_entry(entry: str, module: str, function: str | None):
    """A handler is taken apart as TorchServe's worker does it."""
    assert parse_entry(entry) == (module, function)
