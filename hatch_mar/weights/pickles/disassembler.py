"""A pickle as a sequence of operations, read as CPython's `_pickle.c` reads it.

The opcodes are those of `pickletools`, but not `pickletools.genops`: it joins the operands of
GLOBAL with a space and unescapes them, so what it reports is not always what is imported.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

HIGHEST_PROTOCOL = 5
"""Of the opcodes that are read here (PEP 307, 3154 and 574)."""


class PickleFault(Exception):
    """A pickle cannot be read any further."""

    def __init__(self, reason: str, cut: bool = False, blind: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut
        """The bytes end too early."""
        self.blind = blind
        """This reader gives up where an unpickler may go on."""


class Opaque:
    """A value whose content does not matter."""


OPAQUE = Opaque()

LONGEST_NAME = 4096
"""Bytes of text that are read; a longer string is not the name of anything."""
LONGEST_INT = 16
"""Bytes of an integer that is read. torch's magic number has 10."""
LONGEST_DIGITS = 40

OperandReader = Callable[[bytes, int], tuple[Any, int]]
"""Reads the operand at an offset; gives it and the offset where it ends."""


def operations(data: bytes, start: int) -> Iterator[tuple[str, Any, int]]:
    """Each opcode's name, its operand (None without one) and the offset behind it, up to STOP.

    Raises:
        PickleFault: an opcode is unknown or cut off, or crosses the end of a frame: Lib/pickle.py
            and _pickle.c then read different things.
    """
    position, frame_end = start, 0
    size = len(data)
    while True:
        if position >= size:
            raise PickleFault("it ends without STOP", cut=True)
        try:
            name, operand, end = read_operation(data, position)
        except PickleFault as fault:
            # _pickle.c may have read another operand, if this one crosses the frame's end.
            fault.blind |= position < frame_end
            raise
        if end > size:
            raise PickleFault(f"it ends inside {name}", cut=True)
        if position < frame_end:
            if end > frame_end:
                raise PickleFault(f"{name} crosses the end of its frame", blind=True)
            if name == "FRAME" and end < frame_end:
                raise PickleFault("a frame begins inside another", blind=True)
        if name == "FRAME":
            frame_end = end + operand
            if frame_end > size:
                raise PickleFault("it ends inside a frame", cut=True)
        yield name, operand, end
        if name == "STOP":
            return
        position = end


def read_operation(data: bytes, position: int) -> tuple[str, Any, int]:
    try:
        name, read_operand = OPCODES[data[position]]
    except KeyError:
        raise PickleFault(f"byte {data[position]:#04x} is not an opcode") from None
    if read_operand is None:
        return name, None, position + 1
    return name, *read_operand(data, position + 1)


def number(layout: str) -> OperandReader:
    """An operand of a fixed size."""
    struct = Struct(layout)

    def read(data: bytes, position: int) -> tuple[Any, int]:
        end = position + struct.size
        return (struct.unpack_from(data, position)[0] if end <= len(data) else 0), end

    return read


def skipped_float(_data: bytes, position: int) -> tuple[Any, int]:
    return OPAQUE, position + 8


def sized(layout: str, value: Callable[[bytes, int, int], Any]) -> OperandReader:
    """An operand that its own size comes before; `value` makes it of the bytes between two offsets."""
    size = number(layout)

    def read(data: bytes, position: int) -> tuple[Any, int]:
        length, begin = size(data, position)
        end = begin + length
        return (value(data, begin, end) if end <= len(data) else OPAQUE), end

    return read


def opaque_bytes(_data: bytes, _begin: int, _end: int) -> Any:
    return OPAQUE


def unicode_text(data: bytes, begin: int, end: int) -> Any:
    if end - begin > LONGEST_NAME:
        return OPAQUE
    try:
        return data[begin:end].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise PickleFault("a string is not UTF-8") from None


def byte_text(data: bytes, begin: int, end: int) -> Any:
    """A string of Python 2. What is not ASCII depends on the `encoding` of the one who loads it."""
    text = data[begin : min(end, begin + LONGEST_NAME + 1)]
    return text.decode("ascii") if len(text) <= LONGEST_NAME and text.isascii() else OPAQUE


def little_endian(data: bytes, begin: int, end: int) -> Any:
    return OPAQUE if end - begin > LONGEST_INT else int.from_bytes(data[begin:end], "little", signed=True)


def line(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.find(b"\n", position)
    if end < 0:
        raise PickleFault("it ends inside a line", cut=True)
    return data[position:end], end + 1


def text_line(value: Callable[[bytes], Any]) -> OperandReader:
    """An operand that a newline ends."""

    def read(data: bytes, position: int) -> tuple[Any, int]:
        text, end = line(data, position)
        return value(text), end

    return read


def opaque_line(_text: bytes) -> Any:
    return OPAQUE


def decimal(text: bytes) -> Any:
    """An index of the memo. `_pickle.c` stops at a NUL and Lib/pickle.py does not."""
    digits, nul, _ = text.partition(b"\0")
    if len(digits) > LONGEST_DIGITS:
        raise PickleFault("an index is too long", blind=digits.replace(b"_", b"").strip(b"+- ").isdigit())
    try:
        index = int(digits)
    except ValueError:
        raise PickleFault("an index is not a number") from None
    if nul:
        raise PickleFault("an index has a NUL behind it", blind=True)
    return index


def integer(text: bytes) -> Any:
    """INT and LONG, which ends in `L`. `I00` and `I01` are the booleans of protocol 0 (PEP 285)."""
    if text in (b"00", b"01"):
        return text == b"01"
    digits = text.removesuffix(b"L")
    return int(digits) if digits.isdigit() and len(digits) <= LONGEST_DIGITS else OPAQUE


def quoted_string(text: bytes) -> Any:
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
        raise PickleFault("a string has no quotes")
    return OPAQUE if b"\\" in text else byte_text(text, 1, len(text) - 1)


def raw_unicode(text: bytes) -> Any:
    if len(text) > LONGEST_NAME:
        return OPAQUE
    try:
        return text.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        raise PickleFault("a string has a broken escape") from None


def two_names(encoding: str) -> OperandReader:
    """A module and a name, a line each."""

    def read(data: bytes, position: int) -> tuple[Any, int]:
        module, position = line(data, position)
        name, position = line(data, position)
        try:
            return (module.decode(encoding), name.decode(encoding)), position
        except UnicodeDecodeError:
            raise PickleFault("a global's name is not text") from None

    return read


OPERANDS: dict[str, OperandReader] = {
    "BININT": number("<i"),
    "BININT1": number("<B"),
    "BININT2": number("<H"),
    "BINGET": number("<B"),
    "BINPUT": number("<B"),
    "LONG_BINGET": number("<I"),
    "LONG_BINPUT": number("<I"),
    "PROTO": number("<B"),
    "FRAME": number("<Q"),
    "EXT1": number("<B"),
    "EXT2": number("<H"),
    "EXT4": number("<i"),
    "BINFLOAT": skipped_float,
    "LONG1": sized("<B", little_endian),
    "LONG4": sized("<I", little_endian),
    "SHORT_BINSTRING": sized("<B", byte_text),
    "BINSTRING": sized("<I", byte_text),
    "SHORT_BINUNICODE": sized("<B", unicode_text),
    "BINUNICODE": sized("<I", unicode_text),
    "BINUNICODE8": sized("<Q", unicode_text),
    "SHORT_BINBYTES": sized("<B", opaque_bytes),
    "BINBYTES": sized("<I", opaque_bytes),
    "BINBYTES8": sized("<Q", opaque_bytes),
    "BYTEARRAY8": sized("<Q", opaque_bytes),
    "INT": text_line(integer),
    "LONG": text_line(integer),
    "FLOAT": text_line(opaque_line),
    "PERSID": text_line(opaque_line),
    "STRING": text_line(quoted_string),
    "UNICODE": text_line(raw_unicode),
    "GET": text_line(decimal),
    "PUT": text_line(decimal),
    "GLOBAL": two_names("utf-8"),
    "INST": two_names("ascii"),
}
"""By opcode; the others have none."""

OPCODES = {
    ord(opcode.code): (opcode.name, OPERANDS.get(opcode.name))
    for opcode in pickletools.opcodes
    if opcode.proto <= HIGHEST_PROTOCOL
}
"""Each byte that is an opcode: its name and what reads its operand."""
