"""CRC-32, as zip and gzip have it (RFC 1952, 8)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

POLYNOMIAL = 0xEDB88320
"""Without its x^32; as everywhere below, the highest bit is the coefficient of x^0."""

WORTHWHILE = 1 << 20
"""Bytes from which importing a faster CRC-32 pays."""


class Tally:
    """What went by: a count of bytes, and their CRC-32."""

    def __init__(self) -> None:
        self.size = 0
        self.crc = 0

    def count(self, chunk: bytes) -> None:
        """Bytes that follow."""
        crc32 = zlib.crc32 if len(chunk) < WORTHWHILE else fastest_crc32()
        self.size += len(chunk)
        self.crc = crc32(chunk, self.crc)

    def add(self, size: int, crc: int) -> None:
        """A piece that follows, of which the CRC was taken by itself."""
        self.size += size
        self.crc = joined(self.crc, crc, size)


@cache
def fastest_crc32() -> Callable[[bytes, int], int]:
    """ISA-L's, six times as fast as zlib's, where it is installed; the value is the same."""
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        return zlib.crc32
    return crc32


def joined(first: int, second: int, length: int) -> int:
    """The CRC of two pieces in a row, of theirs and the second's length in bytes.

    zlib's `crc32_combine`, which Python does not offer: the first goes up by a power of x
    for each bit that follows.
    """
    return product(shift(length), first) ^ second


@cache
def shift(length: int) -> int:
    """x to the power of so many bytes' bits, modulo the polynomial."""
    result, square, bits = 1 << 31, 1 << 30, 8 * length
    while bits:
        if bits & 1:
            result = product(square, result)
        square = product(square, square)
        bits >>= 1
    return result


def product(one: int, other: int) -> int:
    """Two polynomials multiplied, modulo the CRC's."""
    result = 0
    while one:
        if one & 1 << 31:
            result ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)
    return result
