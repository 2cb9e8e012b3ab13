from __future__ import annotations

import pytest

from hatch_mar.weights.pickles.interpreter import Pickle, interpret
from hatch_mar.weights.pickles.joblib_arrays import ArrayInterpreter
from tests.weights.files import number, protocol2, short, text

SYSTEM = b"cos\nsystem\n" + text("true") + b"\x85R"
WRAPPER = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
PADDING = b"\x02\xff\xff"


def dtype(code: str = "f4", size: int = -1, flags: int = 0, subarray: bytes = b"N") -> bytes:
    state = b"(K\x03" + text("<") + subarray + b"NN" + number(size) + number(size) + number(flags) + b"tb"
    return b"cnumpy\ndtype\n(" + text(code) + b"\x89\x88tR" + state


def state(of: bytes, shape: bytes = b"K\x02\x85", padded: bool = True, more: bytes = b"") -> bytes:
    """An array of two elements, unless it says otherwise."""
    return (
        b"}("
        + (text("subclass") + b"cnumpy\nndarray\n" + text("shape") + shape)
        + (text("order") + text("C") + text("dtype") + of + text("allow_mmap") + b"\x88")
        + (text("numpy_array_alignment_bytes") + b"K\x10" if padded else b"")
        + more
        + b"ub"
    )


def follow(data: bytes) -> Pickle:
    return interpret(data, unpickler=ArrayInterpreter)


class TestArrays:
    @pytest.mark.parametrize(
        ("of", "size"),
        [
            (dtype(), 8),
            (dtype("c16"), 32),
            (dtype("b1"), 2),
            (dtype().replace(b"\x89\x88t", b"K\x00K\x01t"), 8),  # as old NumPy writes it
            (dtype("U5", 20, 8), 40),
            (dtype("V12", 12, 24), 24),
        ],
    )
    def test_passed(self, of: bytes, size: int):
        """What follows an array is followed, and the array is not."""
        found = follow(protocol2(WRAPPER + state(of) + PADDING + b"." * size + SYSTEM))

        assert (found.fault, ("os", "system") in found.globals) == ("", True)

    @pytest.mark.parametrize(("shape", "size"), [(b")", 4), (b"K\x00K\x05\x86", 0), (b"K\x02K\x03\x86", 24)])
    def test_shape(self, shape: bytes, size: int):
        data = protocol2(WRAPPER + state(dtype(), shape) + PADDING + b"." * size + SYSTEM)

        assert ("os", "system") in follow(data).globals

    def test_without_padding(self):
        """joblib before 1.2 puts nothing before an array."""
        data = protocol2(WRAPPER + state(dtype(), padded=False) + b"." * 8 + SYSTEM)

        assert ("os", "system") in follow(data).globals

    def test_objects(self):
        """Objects are a pickle of their own, which may have whatever it likes."""
        of = dtype("O8", flags=63)

        assert ("os", "system") in follow(protocol2(WRAPPER + state(of) + protocol2(SYSTEM) + b"0N")).globals
        assert ("os", "system") in follow(protocol2(WRAPPER + state(of) + protocol2(b"N") + SYSTEM)).globals

    def test_frames(self):
        """An array comes behind a frame. In one, it is read from elsewhere than the operations are."""
        build = WRAPPER + state(dtype())
        framed = b"\x80\x04\x95" + len(build).to_bytes(8, "little") + build + PADDING + b"." * 8
        wide = b"\x80\x04\x95" + (len(build) + 2).to_bytes(8, "little") + build + b"N0" + PADDING + b"." * 8

        assert ("os", "system") in follow(framed + SYSTEM + b".").globals
        assert follow(wide + SYSTEM + b".").blind

    @pytest.mark.parametrize(
        "build",
        [
            WRAPPER + state(dtype("V8", 8, 1)),
            WRAPPER + state(dtype("f4", flags=1)),
            WRAPPER + state(dtype("U5", 0, 8)),
            WRAPPER + state(dtype("x4")),
            WRAPPER + state(dtype("V8", 8, subarray=b"K\x01")),
            WRAPPER + state(b"cnumpy\nfloat32\n"),
            WRAPPER + state(dtype(), b"J\xff\xff\xff\xff\x85"),
            WRAPPER + state(dtype(), b"K\x02"),
            WRAPPER + state(dtype(), more=text("read") + b"cbuiltins\nset\n"),
            WRAPPER + b"}" + text("shape") + b")sb",
            WRAPPER + b"N" + state(dtype())[:-1] + b"\x86b",
            WRAPPER.replace(b")\x81", b"K\x01\x85\x81") + state(dtype()),
            WRAPPER + b"q\x00" + state(dtype()) + PADDING + b"." * 8 + b"0h\x00" + state(dtype()),
        ],
        ids=[
            "objects in fields", "flag", "no size", "code", "subarray", "not a dtype", "negative", "no tuple",
            "method", "missing", "slots", "arguments", "again",
        ],
    )  # fmt: skip
    def test_unknown(self, build: bytes):
        """Where an array ends is not guessed."""
        assert follow(protocol2(build + PADDING + b"." * 8)).blind

    def test_cut(self):
        assert follow(protocol2(WRAPPER + state(dtype()) + PADDING)).cut

    def test_other_name(self):
        """The class may be imported by a path through another module."""
        wrapper = short("joblib") + short("numpy_pickle.NumpyArrayWrapper") + b"\x93)\x81"
        data = b"\x80\x04" + wrapper + state(dtype()) + PADDING + b"." * 8 + SYSTEM + b"."

        assert ("os", "system") in follow(data).globals
