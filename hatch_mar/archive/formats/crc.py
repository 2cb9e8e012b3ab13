"""CRC-32, as zip and gzip have it (RFC 1952, 8)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

POLYNOMIAL = 0xEDB88320
"""Without its x^32. Here and below, the highest bit is the coefficient of x^0."""

WORTHWHILE = 1 << 20
"""Bytes from which importing a faster CRC-32 pays."""


class Tally:
    """The number of bytes that were copied, and their CRC-32."""

    def __init__(self) -> None:
        self.size = 0
        self.crc = 0

    def count(self, chunk: bytes) -> None:
        """Take in the bytes that follow."""
        crc32 = zlib.crc32 if len(chunk) < WORTHWHILE else fastest_crc32()
        self.size += len(chunk)
        self.crc = crc32(chunk, self.crc)

    def add(self, size: int, crc: int) -> None:
        """Take in the bytes that follow, by their number and their own CRC."""
        self.size += size
        self.crc = join_crcs(self.crc, crc, size)


@cache
def fastest_crc32() -> Callable[[bytes, int], int]:
    """ISA-L's where it is installed, six times as fast as zlib's; the value is the same."""
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        return zlib.crc32
    return crc32


def join_crcs(first: int, second: int, length: int) -> int:
    """The CRC of two pieces in a row, from those of each and the second's length in bytes.

    zlib's `crc32_combine`, which Python does not have: the first CRC is multiplied by x for
    each bit that follows.
    """
    return multiply(power_of_x(length), first) ^ second


@cache
def power_of_x(length: int) -> int:
    """x to the power of the number of bits in so many bytes, modulo the polynomial."""
    result, square, bits = 1 << 31, 1 << 30, 8 * length
    while bits:
        if bits & 1:
            result = multiply(square, result)
        square = multiply(square, square)
        bits >>= 1
    return result


def multiply(one: int, other: int) -> int:
    """The product of two polynomials, modulo the CRC's."""
    result = 0
    while one:
        if one & 1 << 31:
            result ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)
    return result
