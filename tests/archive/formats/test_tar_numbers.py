"""Numbers are what commons-compress makes of them."""

from __future__ import annotations

import pytest

from hatch_mar.archive.formats.tar_numbers import parse_number


@pytest.mark.parametrize(
    ("field", "number"),
    [
        (b"0000017\0", 15),
        (b"    17 \0", 15),
        (b"        ", 0),
        (b"\x000000017", 0),
        (b"\x80" + bytes(9) + b"\x01\x02", 258),
        (b"\xff" * 11 + b"\xfe", -2),
    ],
)
def test_number(field: bytes, number: int):
    """It is in octal or in base 256, with blanks before it and anything empty behind it."""
    assert parse_number(field) == number


@pytest.mark.parametrize(
    "field",
    [
        b"0000018\0",
        b"12 34\0\0\0",
        b" \x0012345",
        b"-1\0\0\0\0\0\0",
        b"\x90" + bytes(11),
        b"\x80\x7f" + bytes(10),
    ],
)
def test_garbage(field: bytes):
    """Whatever is in no such form is not a number."""
    with pytest.raises(ValueError, match="not a number"):
        parse_number(field)
