"""Errors of Python's readers, as users see them."""

from __future__ import annotations

import zlib

import pytest

from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.errors import ReadError


class TestExplainReadErrors:
    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (PermissionError(13, "Permission denied", "m.mar"), "Cannot read `m.mar`: Permission denied"),
            (zlib.error("invalid code"), "Cannot read `m.mar`: invalid code"),
        ],
    )
    def test_message(self, error: Exception, message: str):
        """The file is named, and why it cannot be read, in one line."""
        with pytest.raises(ReadError) as caught, explain_read_errors("m.mar"):
            raise error

        assert caught.value.faults == (message,)
        assert caught.value.__cause__ is error

    def test_others(self):
        """An error of the program itself is not the file's fault."""
        with pytest.raises(KeyError), explain_read_errors("m.mar"):
            raise KeyError("name")
