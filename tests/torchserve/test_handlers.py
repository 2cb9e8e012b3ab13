from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.torchserve.handlers import BUILT_INS, LSP_BUILT_INS, OTHER_BUILT_INS, Handler, parse


class TestBuiltIn:
    @pytest.mark.parametrize("name", BUILT_INS + OTHER_BUILT_INS)
    def test_name(self, name: str, tmp_path: Path):
        """A handler of TorchServe's own brings no file."""
        assert Handler(name, None) == parse(name, tmp_path)

    def test_goes_before_a_file(self, tmp_path: Path):
        """As with torch-model-archiver, a file of a built-in's name does not take its place."""
        (tmp_path / "base_handler.py").touch()

        assert Handler("base_handler", None) == parse("base_handler", tmp_path)

    def test_unknown_to_the_archiver(self, tmp_path: Path):
        """A file goes before a handler that torch-model-archiver does not know."""
        (tmp_path / "text_handler.py").touch()

        assert Handler("text_handler", "text_handler.py") == parse("text_handler", tmp_path)


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
        found = parse(text, tmp_path)

        assert Handler(entry, file) == found
        assert found.module == "handler"

    @pytest.mark.parametrize(
        ("text", "entry", "file"),
        [
            ("handler.py:handle", "handler.py:handle", "handler.py"),
            ("digits/handler.py:handle", "handler.py:handle", "digits/handler.py"),
        ],
    )
    def test_function(self, text: str, entry: str, file: str, tmp_path: Path):
        """A function stays with the file in the manifest."""
        found = parse(text, tmp_path)

        assert Handler(entry, file) == found
        assert found.module == "handler"


class TestModule:
    @pytest.mark.parametrize("text", ["digits.serving", "digits.serving:handle", "a.b.c"])
    def test_module(self, text: str, tmp_path: Path):
        """A dotted name is a module that the members, or the server, must have."""
        assert Handler(text, None) == parse(text, tmp_path)

    def test_name_of_module(self, tmp_path: Path):
        """The worker imports the module without the function."""
        assert parse("digits.serving:handle", tmp_path).module == "digits.serving"


class TestLsp:
    @pytest.mark.parametrize("name", LSP_BUILT_INS)
    def test_built_in(self, name: str, tmp_path: Path):
        """A handler of the C++ worker's own brings no file."""
        assert Handler(name, None) == parse(name, tmp_path, "LSP")

    @pytest.mark.parametrize(
        ("platform", "file"),
        [("linux", "build/libdigits.so"), ("darwin", "build/libdigits.dylib")],
    )
    def test_library(self, platform: str, file: str, tmp_path: Path):
        """A library has the ending of the platform, as with torch-model-archiver."""
        found = parse("build/libdigits:Digits", tmp_path, "LSP", platform=platform)

        assert Handler("libdigits:Digits", file) == found

    def test_ending_given(self, tmp_path: Path):
        """An ending that is there is not added again."""
        assert parse("libdigits.so:Digits", tmp_path, "LSP", platform="linux").file == "libdigits.so"
