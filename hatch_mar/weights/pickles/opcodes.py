"""A pickle's opcodes."""

from __future__ import annotations

from enum import IntEnum


class Op(IntEnum):
    """Protocols 0 to 5 (PEP 307, 3154 and 574; Lib/pickle.py)."""

    MARK = 0x28
    STOP = 0x2E
    POP = 0x30
    POP_MARK = 0x31
    DUP = 0x32
    FLOAT = 0x46
    INT = 0x49
    BININT = 0x4A
    BININT1 = 0x4B
    LONG = 0x4C
    BININT2 = 0x4D
    NONE = 0x4E
    PERSID = 0x50
    BINPERSID = 0x51
    REDUCE = 0x52
    STRING = 0x53
    BINSTRING = 0x54
    SHORT_BINSTRING = 0x55
    UNICODE = 0x56
    BINUNICODE = 0x58
    APPEND = 0x61
    BUILD = 0x62
    GLOBAL = 0x63
    DICT = 0x64
    EMPTY_DICT = 0x7D
    APPENDS = 0x65
    GET = 0x67
    BINGET = 0x68
    INST = 0x69
    LONG_BINGET = 0x6A
    LIST = 0x6C
    EMPTY_LIST = 0x5D
    OBJ = 0x6F
    PUT = 0x70
    BINPUT = 0x71
    LONG_BINPUT = 0x72
    SETITEM = 0x73
    TUPLE = 0x74
    EMPTY_TUPLE = 0x29
    SETITEMS = 0x75
    BINFLOAT = 0x47
    PROTO = 0x80
    NEWOBJ = 0x81
    EXT1 = 0x82
    EXT2 = 0x83
    EXT4 = 0x84
    TUPLE1 = 0x85
    TUPLE2 = 0x86
    TUPLE3 = 0x87
    NEWTRUE = 0x88
    NEWFALSE = 0x89
    LONG1 = 0x8A
    LONG4 = 0x8B
    BINBYTES = 0x42
    SHORT_BINBYTES = 0x43
    SHORT_BINUNICODE = 0x8C
    BINUNICODE8 = 0x8D
    BINBYTES8 = 0x8E
    EMPTY_SET = 0x8F
    ADDITEMS = 0x90
    FROZENSET = 0x91
    NEWOBJ_EX = 0x92
    STACK_GLOBAL = 0x93
    MEMOIZE = 0x94
    FRAME = 0x95
    BYTEARRAY8 = 0x96
    NEXT_BUFFER = 0x97
    READONLY_BUFFER = 0x98


WEIGHTS_ONLY_OPCODES = frozenset(
    {
        Op.APPEND,
        Op.APPENDS,
        Op.BINFLOAT,
        Op.BINGET,
        Op.BININT,
        Op.BININT1,
        Op.BININT2,
        Op.BINPERSID,
        Op.BINPUT,
        Op.BINUNICODE,
        Op.BUILD,
        Op.EMPTY_DICT,
        Op.EMPTY_LIST,
        Op.EMPTY_SET,
        Op.EMPTY_TUPLE,
        Op.GLOBAL,
        Op.LONG1,
        Op.LONG_BINGET,
        Op.LONG_BINPUT,
        Op.MARK,
        Op.NEWFALSE,
        Op.NEWOBJ,
        Op.NEWTRUE,
        Op.NONE,
        Op.PROTO,
        Op.REDUCE,
        Op.SETITEM,
        Op.SETITEMS,
        Op.SHORT_BINSTRING,
        Op.STOP,
        Op.TUPLE,
        Op.TUPLE1,
        Op.TUPLE2,
        Op.TUPLE3,
    }
)
"""What torch's own unpickler knows (torch/_weights_only_unpickler.py, `Unpickler.load`).

It is what protocol 2 writes, and no STACK_GLOBAL, INST, OBJ, EXT, MEMOIZE or FRAME.
"""
