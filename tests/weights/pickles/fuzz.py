"""Random pickles, and what CPython's own unpickler would import from them.

`python -m tests.weights.pickles.fuzz SEED COUNT` runs longer than the tests do.
"""

from __future__ import annotations

import _pickle
import collections
import contextlib
import datetime
import io
import pickle
import pickletools
import random
import sys
from collections.abc import Callable, Iterator
from struct import pack
from typing import Any

from hatch_mar.weights.pickles.allowlist import resolve_import
from hatch_mar.weights.pickles.disassembler import PickleFault, operations
from hatch_mar.weights.pickles.interpreter import Pickle, interpret
from hatch_mar.weights.view import View
from tests.weights.files import number, short, state_dict, text


class Inert:
    """Stands for every global and for everything it makes, and does nothing."""

    def __new__(cls, *_args: Any, **_options: Any) -> Inert:
        return object.__new__(cls)

    def __call__(self, *args: Any, **options: Any) -> Inert:
        return self

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def append(self, item: Any) -> None: ...

    def extend(self, items: Any) -> None: ...

    def add(self, item: Any) -> None: ...


class Observed:
    """An unpickler that notes what it is asked to import, and imports nothing."""

    proto: Any

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)  # type: ignore[call-arg]
        self.asked: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        self.asked.append((module, name))
        return Inert

    def persistent_load(self, pid: Any) -> Any:
        return Inert()


class InC(Observed, _pickle.Unpickler): ...


class InPython(Observed, pickle._Unpickler): ...  # type: ignore[name-defined]


def asked_by(kind: type[Observed], data: bytes) -> list[tuple[str, str]]:
    unpickler = kind(io.BytesIO(data))
    # What it imported before it failed it has imported all the same.
    with contextlib.suppress(Exception):
        unpickler.load()  # type: ignore[attr-defined]
    return unpickler.asked


def missed(data: bytes, found: Pickle) -> set[tuple[str, str]]:
    """What an unpickler imports and the interpreter does not report, although it claims to know.

    A reader that gave up where the unpickler may go on claims nothing; one that met a
    fault claims that `_pickle.c` stops there as well. Of bytes that end early nothing is
    asked, since `_pickle.c` makes room for all that they promise.
    """
    if found.blind or found.cut or has_large_index(data):
        return set()
    reported = set(found.globals)
    asked = asked_by(InC, data)
    if not found.fault:
        asked += asked_by(InPython, data)
    # Whether names are translated depends on the protocol at that point, which nobody tells.
    return {pair for pair in asked if pair not in reported and resolve_import(*pair, 2) not in reported}


def has_large_index(data: bytes) -> bool:
    """Whether `_pickle.c` would make room for a memo that takes all memory."""
    indexes = [0]
    with contextlib.suppress(PickleFault):
        for name, operand, _ in operations(View(io.BytesIO(data)), 0):
            if "PUT" in name:
                indexes.append(operand)
    return max(indexes) > 1_000_000


SEEDS = [
    *(
        pickle.dumps(value, protocol)
        for protocol in range(6)
        for value in (
            {"a": [1, -2, 3.5, None, True, b"bytes", "text", "\u20ac\U0001f600"], "t": (1, (2,), (3, 4, 5))},
            collections.OrderedDict(a=1, b=collections.Counter("aab")),
            [
                datetime.date(2020, 1, 1),
                {1, 2},
                frozenset("x"),
                complex(1, 2),
                bytearray(b"x"),
                print,
                1 << 70,
            ],
            [[[[]]], {}, (), "a" * 300, b"b" * 300, range(3), ValueError("x")],
        )
    ),
    state_dict("weight", "bias"),
    b"\x80\x04" + short("os") + short("system") + b"\x93" + short("id") + b"\x85R.",
    b"cos\nsystem\n(S'id'\ntR.",
    b"(S'id'\nios\nsystem\n.",
    b"(cos\nsystem\nVid\no.",
    b"\x80\x02c__builtin__\neval\n" + text("1") + b"\x85R.",
    b"\x80\x04\x95\x11\x00\x00\x00\x00\x00\x00\x00"
    + short("os")
    + short("system")
    + b"\x93"
    + short("id")
    + b"\x85R.",
    b"\x80\x04" + short("os") + b"\x94" + short("system") + b"\x94h\x00h\x01\x93.",
    b"\x80\x02" + text("os") + b"q\x00" + text("system") + b"r\x05\x00\x00\x00000h\x00j\x05\x00\x00\x00\x93.",
    b"ca b\nc d\n.",
    b"ca\\x62\nc\\n\n0V\\u006fs\nVsystem\n\x93.",
    b"(lp0\ncos\nsystem\np1\na.",
    b"Vos\np0\n0g0\nVsystem\n\x93.",
    b"N(K\x01K\x02d0(K\x01l2002\x8f(K\x01\x900(K\x02\x91.",
]


def pieces(data: bytes) -> list[bytes]:
    """A pickle's operations, each with its operand."""
    found, begin = [], 0
    try:
        for _, _, end in operations(View(io.BytesIO(data)), 0):
            found.append(data[begin:end])
            begin = end
    except PickleFault:
        pass
    return found


def names(rng: random.Random) -> str:
    return rng.choice(
        ["os", "system", "a b", "torch", "collections", "OrderedDict", "__builtin__", "x\\ny", "\u00e9"]
    )


ATOMS: list[Callable[[random.Random], bytes]] = [
    lambda rng: rng.choice(pickletools.opcodes).code.encode("latin-1"),
    lambda rng: rng.choice(
        [b"N", b"(", b"0", b"1", b"2", b"}", b"]", b")", b"\x8f", b"\x88", b"\x85", b"\x86", b"t"]
    ),
    lambda rng: rng.choice(
        [b"R", b"b", b"s", b"u", b"a", b"e", b"o", b"d", b"l", b"\x81", b"\x92", b"\x90", b"Q"]
    ),
    lambda rng: b"c" + names(rng).encode() + b"\n" + names(rng).encode() + b"\n",
    lambda rng: b"i" + names(rng).encode("ascii", "replace") + b"\n" + names(rng).encode() + b"\n",
    lambda rng: text(names(rng)),
    lambda rng: short(names(rng)),
    lambda rng: b"V" + names(rng).encode("raw-unicode-escape") + b"\n",
    lambda rng: (
        rng.choice([b"S'", b'S"']) + names(rng).encode("ascii", "replace") + rng.choice([b"'\n", b'"\n'])
    ),
    lambda rng: rng.choice([b"U\x02os", short("os") + short("system") + b"\x93"]),
    lambda rng: rng.choice([b"\x93", b"\x94"]),
    lambda rng: b"q" + bytes([rng.randrange(8)]),
    lambda rng: b"h" + bytes([rng.randrange(8)]),
    lambda rng: b"r" + pack("<I", rng.randrange(8)),
    lambda rng: b"j" + pack("<I", rng.randrange(8)),
    lambda rng: rng.choice([b"p", b"g"]) + str(rng.randrange(8)).encode() + b"\n",
    lambda rng: b"\x80" + bytes([rng.randrange(7)]),
    lambda rng: b"\x95" + pack("<Q", rng.randrange(24)),
    lambda rng: number(rng.randrange(-9, 9)),
    lambda rng: b"\x8a" + bytes([rng.randrange(3)]) + bytes(rng.randrange(3)),
    lambda rng: b"P" + names(rng).encode() + b"\n",
    lambda rng: rng.choice([b"I01\n", b"I7\n", b"L5L\n", b"F1.5\n", b"I-3\n"]),
]


def mutated_bytes(rng: random.Random) -> bytes:
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        action = rng.randrange(5)
        if action == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif action == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif action == 2:
            del data[at : at + rng.randint(1, 4)]
        elif action == 3:
            data[at:at] = rng.choice(ATOMS)(rng)
        else:
            other = rng.choice(SEEDS)
            start = rng.randrange(len(other))
            data[at:at] = other[start : start + rng.randint(1, 20)]
    return bytes(data)


def mutated_operations(rng: random.Random) -> bytes:
    found = pieces(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        action = rng.randrange(4)
        if action == 0 and at < len(found):
            del found[at]
        elif action == 1 and found:
            found.insert(at, rng.choice(found))
        elif action == 2 and len(found) > 1:
            other = rng.randrange(len(found))
            at = min(at, len(found) - 1)
            found[at], found[other] = found[other], found[at]
        else:
            found.insert(at, rng.choice(ATOMS)(rng))
    return b"".join(found)


def invented(rng: random.Random) -> bytes:
    """A program of random operations, most of which find what they need on the stack."""
    parts = [b"\x80" + bytes([rng.choice([2, 2, 3, 4, 5])])] if rng.random() < 0.7 else []
    parts += [rng.choice([b"N", b")", b"]", b"}"]) for _ in range(rng.randint(0, 3))]
    parts += [rng.choice(ATOMS)(rng) for _ in range(rng.randint(1, 12))]
    return b"".join(parts) + b"N."


def cases(seed: int, count: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    makers = (mutated_bytes, mutated_operations, invented)
    for index in range(count):
        yield makers[index % len(makers)](rng)


def main(seed: int, count: int) -> None:
    outcomes: collections.Counter[str] = collections.Counter()
    for data in cases(seed, count):
        found = interpret(data)
        lost = missed(data, found)
        if lost:
            print("MISSED", data, lost, found)
            outcomes["missed"] += 1
        outcomes["gave up" if found.blind else "fault" if found.fault else "read"] += 1
        outcomes["imports"] += bool(found.globals)
    print(seed, count, dict(outcomes))


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), int(sys.argv[2]))
