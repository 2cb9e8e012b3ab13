from __future__ import annotations

import io
import pickle
import pickletools
from struct import pack
from typing import Any

import pytest

from hatch_mar.weights.pickles.disassembler import OPAQUE, OPCODES, PickleFault, operations
from hatch_mar.weights.view import View
from tests.weights.files import short


def operands(data: bytes) -> list[Any]:
    return [operand for _, operand, _ in operations(View(io.BytesIO(data + b".")), 0)][:-1]


class TestOpcodes:
    def test_all(self):
        """Every opcode of CPython is known, with an operand if it has one there."""
        assert {opcode.name: opcode.arg is not None for opcode in pickletools.opcodes} == {
            name: reader is not None for name, reader in OPCODES.values()
        }


class TestOperations:
    @pytest.mark.parametrize("protocol", range(6))
    def test_genops(self, protocol: int):
        """What Python's pickler writes is read as the same opcodes as by pickletools."""
        value = [
            {"a": (1, -2, 1 << 90, 3.5, "\u20ac", b"x", None, True)},
            bytearray(b"y"),
            print,
            "z" * 300,
            {1},
        ]
        data = pickle.dumps(value, protocol)

        expected = [opcode.name for opcode, _, _ in pickletools.genops(data)]

        assert [name for name, _, _ in operations(View(io.BytesIO(data)), 0)] == expected

    @pytest.mark.parametrize(
        ("data", "operand"),
        [
            (b"K\xff", 255),
            (b"M\x01\x02", 0x201),
            (b"J\xff\xff\xff\xff", -1),
            (b"\x8a\x02\x00\x80", -32768),
            (b"\x8b\x01\x00\x00\x00\x7f", 127),
            (b"I12\n", 12),
            (b"I01\n", True),
            (b"I00\n", False),
            (b"L7L\n", 7),
            (b"S'ab'\n", "ab"),
            (b"S'a\\x62\\''\n", "ab'"),
            (b'S"a\'b"\n', "a'b"),
            (b"U\x02ab", "ab"),
            (b"T\x02\x00\x00\x00ab", "ab"),
            (b"Va\\u0062\n", "ab"),
            (b"\x8c\x02ab", "ab"),
            (b"X\x02\x00\x00\x00ab", "ab"),
            (b"\x8d\x02\x00\x00\x00\x00\x00\x00\x00ab", "ab"),
            (b"p12\n", 12),
        ],
    )
    def test_operand(self, data: bytes, operand: object):
        assert operands(data) == [operand]

    @pytest.mark.parametrize(
        "data",
        [
            b"U\x01\xe9",
            b"C\x02ab",
            b"G" + bytes(8),
            b"\x8b\x11\x00\x00\x00" + bytes(17),
            b"X" + pack("<I", 5000) + b"a" * 5000,
        ],
    )
    def test_opaque(self, data: bytes):
        """Text that depends on the loader, or that is too long for a name, has no value."""
        assert operands(data) == [OPAQUE]

    def test_odd_escapes(self):
        """Escapes of which Python warns mean what they mean to an unpickler, and nobody is warned."""
        assert operands(b"S'\\d\\156\\556\\9'\n") == ["\\dnn\\9"]

    def test_global(self):
        """A global's two lines are taken as they are, with spaces and backslashes."""
        assert operands(b"ca b\nc\\n d\n") == [("a b", "c\\n d")]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "ends without STOP"),
            (b"N", "ends without STOP"),
            (b"X\x05\x00\x00\x00ab", "ends inside BINUNICODE"),
            (b"X\x05", "ends inside BINUNICODE"),
            (b"J\x00", "ends inside BININT"),
            (b"cos\nsystem", "ends inside a line"),
            (b"\x95\x09\x00\x00\x00\x00\x00\x00\x00N.", "ends inside a frame"),
            (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "ends inside BINBYTES8"),
        ],
    )
    def test_cut(self, data: bytes, message: str):
        """Bytes that end early are distinguished from bytes that are wrong."""
        with pytest.raises(PickleFault, match=message) as fault:
            list(operations(View(io.BytesIO(data)), 0))

        assert fault.value.cut

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\xff", "byte 0xff is not an opcode"),
            (b"\x00", "byte 0x00 is not an opcode"),
            (b"X\x01\x00\x00\x00\xff.", "a string is not UTF-8"),
            (b"cos\xff\nsystem\n.", "a global's name is not text"),
            (b"i\xc3\xa9\nx\n.", "a global's name is not text"),
            (b"S'ab\n.", "a string has no quotes"),
            (b"S'\n.", "a string has no quotes"),
            (b"S'\\x'\n.", "a string has a broken escape"),
            (b"p1x\n.", "an index is not a number"),
            (b"p" + b"x" * 50 + b"\n.", "an index is too long"),
            (b"V\\u00\n.", "a string has a broken escape"),
        ],
    )
    def test_fault(self, data: bytes, message: str):
        with pytest.raises(PickleFault, match=message) as fault:
            list(operations(View(io.BytesIO(data)), 0))

        assert not fault.value.cut
        assert not fault.value.blind


class TestFrames:
    def test_whole(self):
        """Operations may fill their frame, and another frame may follow it."""
        frame = b"\x95" + pack("<Q", 2) + b"N0"

        assert operands(frame + frame) == [2, None, None, 2, None, None]

    def test_crossing(self):
        """An opcode that crosses its frame's end is a fault: pickle.py and _pickle.c read it differently."""
        with pytest.raises(PickleFault, match="SHORT_BINUNICODE crosses the end of its frame") as fault:
            operands(b"\x95" + pack("<Q", 3) + short("os"))

        assert fault.value.blind

    def test_nested(self):
        with pytest.raises(PickleFault, match="a frame begins inside another"):
            operands(b"\x95" + pack("<Q", 20) + b"\x95" + pack("<Q", 1) + b"N" * 20)
