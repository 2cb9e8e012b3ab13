"""Names of members that are put together from what is special in one."""

from __future__ import annotations

from random import Random

PARTS = [
    *(b"a", b"b.txt", b"h.py", b"MAR-INF", b"MANIFEST.json", b"x" * 90, b"y" * 250, b"z/" * 60),
    *(b"/", b"/", b"/", b"//", b"/./", b"/../", b"..", b".", b"\\", b"C:", b"~", b"-", b"%2f", b"*", b"|"),
    *(b" ", b"\n", b"\0", b"\x7f", b"\x80", b"\xf8", b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80"),
    *("é".encode(), "e\u0301".encode(), "🙂".encode(), "\ufeff".encode(), "\uffff".encode()),
]


def make_name(chance: Random) -> bytes:
    return b"".join(chance.choices(PARTS, k=chance.randrange(1, 6)))
