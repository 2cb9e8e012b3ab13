"""Numbers in the headers of tars, as commons-compress takes them (TarUtils.java)."""

from __future__ import annotations

import re

OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
TIME = re.compile(r"-?\d{1,16}(\.\d{1,9})?", re.ASCII)
"""Seconds in a pax header; more digits would be beyond what Java's `Instant` holds."""


def parse_number(field: bytes) -> int:
    """A number in octal, or in GNU tar's base 256.

    Raises:
        ValueError: it is neither.
    """
    if field[0] == 0:
        return 0
    if field[0] & 0x80:
        if field[0] not in (0x80, 0xFF):
            raise ValueError("not a number")
        number = int.from_bytes(field[1:] if field[0] == 0x80 else field, "big", signed=True)
        if number.bit_length() > 63:
            raise ValueError("not a number")
        return number
    digits = OCTAL.fullmatch(field)
    if digits is None:
        raise ValueError("not a number")
    return int(digits[1] or b"0", 8)
