"""A pickle as a sequence of operations, read as CPython's `_pickle.c` reads it.

The opcodes are those of `pickletools`, but not `pickletools.genops`: it joins the operands of
GLOBAL with a space and unescapes them, so what it reports is not always what is imported.
"""

from __future__ import annotations

import codecs
import pickletools
import re
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

from hatch_mar.weights.view import View

HIGHEST_PROTOCOL = 5
"""Of the opcodes that are read here (PEP 307, 3154 and 574)."""


class PickleFault(Exception):
    """A pickle cannot be read any further."""

    def __init__(self, reason: str, cut: bool = False, blind: bool = False, framed: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut
        """The bytes end too early."""
        self.blind = blind
        """This reader gives up where an unpickler may go on."""
        self.framed = framed
        """It has to do with a frame, which no other file has by chance."""


class Opaque:
    """A value whose content does not matter."""


OPAQUE = Opaque()

ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
KNOWN = b"\n\\'\"abfnrtvx"
"""An escape in a quoted string, and what may follow the backslash besides octal digits."""
LONGEST_NAME = 4096
"""Bytes of text that are read; a longer string is not the name of anything."""
LONGEST_INT = 16
"""Bytes of an integer that is read. torch's magic number has 10."""
LONGEST_DIGITS = 40
WINDOW = 1 << 16
"""Bytes of a file that are in memory. The pickles of most files are shorter."""
LOOKAHEAD = 2 * LONGEST_NAME
"""Bytes from an opcode on in which its operand is, unless it is a line or does not matter."""
LONGEST_LINE = 1 << 20
"""Bytes of a line that are in memory. Of a longer one only the end is looked for."""
LINES = ("STRING", "UNICODE", "INT", "LONG", "FLOAT", "PERSID")
"""Operations whose operand is one line of any length, which is of no matter if it is long."""

OperandReader = Callable[[bytes, int], tuple[Any, int]]
"""Reads the operand at an offset; gives it and the offset where it ends."""


class Window:
    """The part of a file that is in memory, which moves along with its reader."""

    def __init__(self, file: View) -> None:
        self.file = file
        self.begin = self.end = 0
        self.data = b""

    def read_operation(self, position: int) -> tuple[str, Any, int]:
        if self.end < position + LOOKAHEAD and self.end < self.file.size:
            self.move(position, WINDOW)
        try:
            name, operand, end = read_operation(self.data, position - self.begin)
        except PickleFault as fault:
            if not fault.cut or self.end == self.file.size:
                raise
            if self.begin < position or len(self.data) < LONGEST_LINE:
                self.move(position, LONGEST_LINE)
                return self.read_operation(position)
            name, _ = OPCODES[self.data[0]]
            if name not in LINES:
                raise PickleFault("a line is longer than is read", blind=True) from None
            return name, OPAQUE, self.find_newline(position)
        return name, operand, self.begin + end

    def find_newline(self, position: int) -> int:
        """The offset behind the next line break."""
        while (found := self.data.find(b"\n")) < 0:
            position += len(self.data)
            self.move(position, LONGEST_LINE)
            if not self.data:
                raise PickleFault("it ends inside a line", cut=True)
        return position + found + 1

    def move(self, position: int, size: int) -> None:
        self.data = self.file.read(position, size)
        self.begin, self.end = position, position + len(self.data)


def operations(file: View, start: int) -> Iterator[tuple[str, Any, int]]:
    """Each opcode's name, its operand or None, and the offset where it ends, up to STOP.

    A long string is passed over without being read.

    Raises:
        PickleFault: an opcode is unknown or cut off, or crosses the end of a frame: Lib/pickle.py
            and _pickle.c then read different things.
    """
    position, frame_end, size = start, 0, file.size
    window = Window(file)
    while True:
        if position >= size:
            raise PickleFault("it ends without STOP", cut=True)
        try:
            name, operand, end = window.read_operation(position)
        except PickleFault as fault:
            # _pickle.c may have read another operand, if this one crosses the frame's end.
            fault.framed |= position < frame_end <= size
            fault.blind |= fault.framed
            raise
        if end > size:
            raise PickleFault(f"it ends inside {name}", cut=True)
        if position < frame_end:
            if end > frame_end:
                raise PickleFault(f"{name} crosses the end of its frame", blind=True, framed=True)
            if name == "FRAME" and end < frame_end:
                raise PickleFault("a frame begins inside another", blind=True, framed=True)
        if name == "FRAME":
            frame_end = end + operand
        yield name, operand, end
        if name == "STOP":
            if frame_end > size:
                # which _pickle.c refuses at once, and Lib/pickle.py, that is joblib and dill, does not see
                raise PickleFault("it ends inside a frame", cut=True)
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


def fixed_size(layout: str) -> OperandReader:
    struct = Struct(layout)

    def read(data: bytes, position: int) -> tuple[Any, int]:
        end = position + struct.size
        return (struct.unpack_from(data, position)[0] if end <= len(data) else 0), end

    return read


def after_size(layout: str, decode: Callable[[bytes, int, int], Any]) -> OperandReader:
    """An operand after its own size; `decode` makes it from the bytes between two offsets."""
    size = fixed_size(layout)

    def read(data: bytes, position: int) -> tuple[Any, int]:
        length, begin = size(data, position)
        end = begin + length
        return (decode(data, begin, end) if end <= len(data) else OPAQUE), end

    return read


def skip(*_: object) -> Any:
    return OPAQUE


def decode_utf_8(data: bytes, begin: int, end: int) -> Any:
    if end - begin > LONGEST_NAME:
        return OPAQUE
    try:
        return data[begin:end].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise PickleFault("a string is not UTF-8") from None


def decode_ascii(data: bytes, begin: int, end: int) -> Any:
    """A string of Python 2. What is not ASCII depends on the `encoding` that the loader passes."""
    text = data[begin : min(end, begin + LONGEST_NAME + 1)]
    return text.decode("ascii") if len(text) <= LONGEST_NAME and text.isascii() else OPAQUE


def decode_integer(data: bytes, begin: int, end: int) -> Any:
    return OPAQUE if end - begin > LONGEST_INT else int.from_bytes(data[begin:end], "little", signed=True)


def read_line(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.find(b"\n", position)
    if end < 0:
        raise PickleFault("it ends inside a line", cut=True)
    return data[position:end], end + 1


def until_newline(parse: Callable[[bytes], Any]) -> OperandReader:

    def read(data: bytes, position: int) -> tuple[Any, int]:
        text, end = read_line(data, position)
        return parse(text), end

    return read


def parse_index(text: bytes) -> Any:
    """An index of the memo, which ends at a NUL for `_pickle.c` and not for Lib/pickle.py."""
    digits, nul, _ = text.partition(b"\0")
    if len(digits) > LONGEST_DIGITS:
        raise PickleFault("an index is too long", blind=digits.replace(b"_", b"").strip(b"+- ").isdigit())
    try:
        index = int(digits)
    except ValueError:
        raise PickleFault("an index is not a number") from None
    if nul:
        raise PickleFault("an index is followed by a NUL", blind=True)
    return index


def parse_integer(text: bytes) -> Any:
    """The operand of INT or LONG, which may end in `L`. 00 and 01 are booleans (PEP 307)."""
    if text in (b"00", b"01"):
        return text == b"01"
    digits = text.removesuffix(b"L")
    return int(digits) if digits.isdigit() and len(digits) <= LONGEST_DIGITS else OPAQUE


def parse_quoted(text: bytes) -> Any:
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
        raise PickleFault("a string has no quotes")
    if b"\\" not in text:
        return decode_ascii(text, 1, len(text) - 1)
    try:
        unescaped, _ = codecs.escape_decode(ESCAPE.sub(respell, text[1:-1][:LONGEST_NAME]))
    except ValueError:
        raise PickleFault("a string has a broken escape") from None
    return decode_ascii(unescaped, 0, len(unescaped)) if len(text) <= LONGEST_NAME else OPAQUE


def respell(escape: re.Match[bytes]) -> bytes:
    """An escape of the same meaning, of which Python does not warn."""
    escaped = escape[1]
    if escaped[0] in b"01234567":
        return b"\\%03o" % (int(escaped, 8) & 0xFF)
    return escape[0] if escaped in KNOWN else b"\\" + escape[0]


def decode_raw_unicode(text: bytes) -> Any:
    if len(text) > LONGEST_NAME:
        return OPAQUE
    try:
        return text.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        raise PickleFault("a string has a broken escape") from None


def two_lines(encoding: str) -> OperandReader:

    def read(data: bytes, position: int) -> tuple[Any, int]:
        module, position = read_line(data, position)
        name, position = read_line(data, position)
        try:
            return (module.decode(encoding), name.decode(encoding)), position
        except UnicodeDecodeError:
            raise PickleFault("a global's name is not text") from None

    return read


OPERANDS: dict[str, OperandReader] = {
    "BININT": fixed_size("<i"),
    "BININT1": fixed_size("<B"),
    "BININT2": fixed_size("<H"),
    "BINGET": fixed_size("<B"),
    "BINPUT": fixed_size("<B"),
    "LONG_BINGET": fixed_size("<I"),
    "LONG_BINPUT": fixed_size("<I"),
    "PROTO": fixed_size("<B"),
    "FRAME": fixed_size("<Q"),
    "EXT1": fixed_size("<B"),
    "EXT2": fixed_size("<H"),
    "EXT4": fixed_size("<i"),
    "BINFLOAT": lambda _, position: (OPAQUE, position + 8),
    "LONG1": after_size("<B", decode_integer),
    "LONG4": after_size("<I", decode_integer),
    "SHORT_BINSTRING": after_size("<B", decode_ascii),
    "BINSTRING": after_size("<I", decode_ascii),
    "SHORT_BINUNICODE": after_size("<B", decode_utf_8),
    "BINUNICODE": after_size("<I", decode_utf_8),
    "BINUNICODE8": after_size("<Q", decode_utf_8),
    "SHORT_BINBYTES": after_size("<B", skip),
    "BINBYTES": after_size("<I", skip),
    "BINBYTES8": after_size("<Q", skip),
    "BYTEARRAY8": after_size("<Q", skip),
    "INT": until_newline(parse_integer),
    "LONG": until_newline(parse_integer),
    "FLOAT": until_newline(skip),
    "PERSID": until_newline(skip),
    "STRING": until_newline(parse_quoted),
    "UNICODE": until_newline(decode_raw_unicode),
    "GET": until_newline(parse_index),
    "PUT": until_newline(parse_index),
    "GLOBAL": two_lines("utf-8"),
    "INST": two_lines("ascii"),
}
"""By opcode. The others have no operand."""

OPCODES = {
    ord(opcode.code): (opcode.name, OPERANDS.get(opcode.name))
    for opcode in pickletools.opcodes
    if opcode.proto <= HIGHEST_PROTOCOL
}
"""Each byte that is an opcode: its name and what reads its operand."""
