from __future__ import annotations

import collections
import gc
import pickle
import random
import tracemalloc
import weakref
from io import BytesIO
from struct import pack

import pytest

from hatch_mar.budget import OPERATIONS, Budget
from hatch_mar.weights.pickles.interpreter import Pickle, interpret
from hatch_mar.weights.pickles.torch_objects import Dictionary, Instance
from hatch_mar.weights.view import View
from tests.archives import needs_cpython
from tests.weights.files import protocol2, short, state_dict, stored, tensor, text
from tests.weights.pickles import fuzz

SYSTEM = ("os", "system")
CALL = text("id") + b"\x85R"


class TestImports:
    @pytest.mark.parametrize(
        "data",
        [
            b"cos\nsystem\n(S'id'\ntR.",
            b"\x80\x02cos\nsystem\n" + CALL + b".",
            b"(S'id'\nios\nsystem\n.",
            b"(cos\nsystem\nS'id'\no.",
            b"\x80\x04" + short("os") + short("system") + b"\x93" + CALL + b".",
            b"\x80\x04"
            + short("os")
            + b"\x94"
            + short("system")
            + b"\x94"
            + b"00h\x00h\x01\x93"
            + CALL
            + b".",
            b"Vos\nVsys\\u0074em\n\x93" + CALL + b".",
            b"S'os'\nU\x06system\x93" + CALL + b".",
            b"\x80\x04" + b"\x95\x0d" + bytes(7) + short("os") + short("system") + b"\x93.",
            b"\x80\x04" + b"\x95\xff" + bytes(7) + short("os") + short("system") + b"\x93.",
            b"\x80\x02cos\nsystem\n" + CALL + b"0cthere is\nno such\n\xff",
            b"\x80\x02cos\nsystem\n" + CALL,
            b"]cos\nsystem\na0N.",
        ],
        ids=[
            "proto 0",
            "GLOBAL",
            "INST",
            "OBJ",
            "STACK_GLOBAL",
            "memo",
            "escape",
            "bytes",
            "frame",
            "cut frame",
            "garbage",
            "cut",
            "dropped",
        ],
    )
    def test_found(self, data: bytes):
        """A name is found however it is spelled, and whatever follows it."""
        assert SYSTEM in interpret(data).globals

    def test_spaces(self):
        """A space inside a name does not move its border."""
        assert interpret(b"ca b\nc\n0ca\nb c\n.").globals == (("a b", "c"), ("a", "b c"))

    def test_backslash(self):
        """Lines of GLOBAL have no escapes."""
        assert interpret(b"co\\x73\nsystem\n.").globals == (("o\\x73", "system"),)

    def test_order(self):
        """Each name is given once, in the order of the pickle."""
        assert interpret(b"cb\nx\nca\nx\ncb\nx\n0" + b"0.").globals == (("b", "x"), ("a", "x"))

    def test_nested(self):
        """A pickle inside a string of another is not run by unpickling the outer one."""
        inner = b"cos\nsystem\n."

        assert interpret(pickle.dumps(inner, 3)).globals == ()
        assert interpret(b"\x80\x03c_pickle\nloads\nC\x0c" + inner + b"\x85R.").globals == (
            ("_pickle", "loads"),
        )

    def test_translated(self):
        """In protocol 2 names are those of Python 2."""
        assert interpret(b"\x80\x02c__builtin__\neval\n.").globals == (("builtins", "eval"),)


class TestBlind:
    """The interpreter says what it cannot follow."""

    @pytest.mark.parametrize(
        ("data", "fault"),
        [
            (b"\x82\x01.", "it imports by extension code 1, which only the loader's copyreg knows"),
            (b"\x83\x01\x00.", "it imports by extension code 1, which only the loader's copyreg knows"),
            (
                b"\x84\x01\x00\x00\x00.",
                "it imports by extension code 1, which only the loader's copyreg knows",
            ),
            (text("os") + b"ca\nb\n)R\x93.", "it imports a name that it computes"),
            (text("os") + b"T\x01\x00\x00\x00\xe9\x93.", "it imports a name that it computes"),
            (b"Np1\x00\n.", "an index is followed by a NUL"),
            (b"c" + b"a" * 5000 + b"\nb\n.", "a global's name is too long"),
            (b"Np" + b"0" * 50 + b"1\n.", "an index is too long"),
            (b"\x80\x05\x97.", "it uses an out-of-band buffer (PEP 574)"),
        ],
    )
    def test_fault(self, data: bytes, fault: str):
        found = interpret(data)

        assert found.fault == fault
        assert found.blind

    @needs_cpython("PyPy frees nothing before it collects")
    def test_file(self):
        """The file of a pickle that is given up is not kept: it may be a large one that was unpacked."""
        file = View(BytesIO(b"\x80\x04\x00"))
        alive = weakref.ref(file)
        gc.disable()
        found = interpret(file)
        del file
        try:
            assert found.fault
            assert alive() is None
        finally:
            gc.enable()

    def test_operations(self):
        """A pickle with too many operations is given up."""
        found = interpret(b"N0" * 1000 + b"N.", most=100)

        assert found.fault == "it has more operations than are read"
        assert found.blind

    @pytest.mark.parametrize(
        ("head", "unit"),
        [
            (b"", b"]"),
            (b"", b"}"),
            (b"", b"("),
            (b"", b"N\x85"),
            (b"", b"NNN\x87"),
            (b"]", b"]a"),
            (b"]", b"(]]e"),
            (b"]", b"]\x940"),
            (b"}", b"\x8c\x04" + b"%04d" + b"Ns"),
            (b"}", b"(\x8c\x04" + b"%04d" + b"Nu"),
            (b"]", b"]r" + b"%04d" + b"0"),
            (b"ca\nb\n", b")\x81q\x000h\x00ca\nb\n"),
            (b"]", b"(ia\nb\na"),
        ],
    )
    def test_memory(self, head: bytes, unit: bytes):
        """A pickle that makes more than is to be kept is given up, whatever it keeps it in."""
        units = (unit % number if b"%" in unit else unit for number in range(10_000))
        data = b"\x80\x04" + head + b"".join(units) + b"."
        tracemalloc.start()
        found = interpret(data, memory=300_000)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert (found.fault, found.blind) == ("it makes more than is kept in memory", True)
        # what is between two looks is not counted
        assert most < 2_000_000

    def test_globals(self):
        data = b"".join(b"ca\nb%d\n0" % number for number in range(10_001))

        assert interpret(data).fault == "it imports more than 10000 names"


class TestFaults:
    @pytest.mark.parametrize(
        ("data", "fault"),
        [
            (b".", "its stack is empty"),
            (b"0.", "its stack is empty"),
            (b"NR.", "its stack is empty"),
            (b"N(R.", "its stack is empty"),
            (b"N(\x85.", "its stack is empty"),
            (b"(o.", "its stack is empty"),
            (b"t.", "it has no mark"),
            (b"h\x00.", "it gets 0 from the memo, which does not have it"),
            (b"\x80\x06N.", "protocol 6 is unknown"),
            (b"Np-1\n.", "it memoizes at -1"),
            (b"}(Nu.", "a key has no value"),
            (b"(Nd.", "a key has no value"),
        ],
    )
    def test_fault(self, data: bytes, fault: str):
        """What stops this interpreter stops every unpickler."""
        found = interpret(data)

        assert (found.fault, found.blind, found.cut) == (fault, False, False)

    def test_value(self):
        """A pickle with a fault has no value."""
        assert not isinstance(interpret(b"}}R").value, Dictionary)


class TestValues:
    def test_dictionary(self):
        found = interpret(state_dict("weight", "bias"))

        assert isinstance(found.value, Dictionary)
        assert list(found.value.items or ()) == ["weight", "bias"]
        assert len(found.tensors) == 2

    def test_storages(self):
        """Each storage is given once, with the bytes it must have."""
        shared = tensor("0", 4, "DoubleStorage")
        found = interpret(protocol2(shared + shared + b"\x86"))

        assert [(item.key, item.dtype, item.size) for item in found.storages] == [("0", "float64", 32)]

    def test_instance(self):
        """An object is known by its class."""
        value = interpret(pickle.dumps(ValueError("x"), 2)).value

        assert isinstance(value, Instance)
        assert value.maker == ("builtins", "ValueError")

    def test_ordered(self):
        """Python 2 pickled an OrderedDict as a list of pairs."""
        pair = b"]" + text("weight") + b"a" + tensor() + b"a"
        value = interpret(protocol2(b"ccollections\nOrderedDict\n](" + pair + b"e\x85R")).value

        assert isinstance(value, Dictionary)
        assert list(value.items or ()) == ["weight"]

    def test_keys(self):
        """Keys that are not strings are counted, and never hashed."""
        deep = b")" + b"\x85" * 100_000
        value = interpret(b"}" + deep + b"Ns" + b"K\x01Ns.").value

        assert isinstance(value, Dictionary)
        assert (value.items, value.others) == (None, 2)

    def test_cycle(self):
        """A dictionary that contains itself is followed once."""
        assert interpret(b"}q\x00" + text("a") + b"h\x00s.").globals == ()


class TestRefusals:
    """What torch's weights_only unpickler stops at, apart from globals."""

    def refusals(self, body: bytes) -> tuple[str, ...]:
        return interpret(protocol2(body)).refusals

    def test_none(self):
        assert interpret(state_dict("weight")).refusals == ()

    @pytest.mark.parametrize("protocol", [0, 1, 3, 4, 5])
    def test_protocols(self, protocol: int):
        """weights_only refuses what other protocols write."""
        found = interpret(
            pickle.dumps(collections.OrderedDict(a=[1, 1 << 40, "text", b"bytes", (1, 2)]), protocol)
        )

        assert found.refusals[0].startswith("weights_only does not know the opcode")

    def test_opcode(self):
        message = "weights_only does not know the opcodes SHORT_BINUNICODE, STACK_GLOBAL"

        assert self.refusals(short("collections") + short("OrderedDict") + b"\x93") == (message,)

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            (b"K\x01)R", "it calls something that it did not import"),
            (b"}Na", "it appends to something that is not a list"),
            (b"](N" + b"Nu", "it sets items of something that is not a dictionary"),
            (b"]" + text("a") + b"Ns", "it sets items of something that is not a dictionary"),
            (b"}}b", "it sets the state of a plain dictionary"),
            (b"]}b", "it sets the state of something that is not an object"),
            (text("x") + b"Q", "it has a persistent id that is not a storage's"),
            (b"(" + text("module") + b"ca\nB\nNNtQ", "it has a persistent id that is not a storage's"),
        ],
    )
    def test_refused(self, body: bytes, refusal: str):
        assert self.refusals(body) == (refusal,)

    def test_many(self):
        """The same fault is reported once."""
        body = b"(" + b"K\x01)R" * 5000 + b"t"

        assert self.refusals(body) == ("it calls something that it did not import",)


class TestHostile:
    """A small pickle takes neither much time nor much memory."""

    @pytest.mark.parametrize(
        "data",
        [
            # One list of a thousand pairs, made into a dictionary over and over.
            b"](" + b"]Na" * 1000 + b"eq\x000" + b"ccollections\nOrderedDict\nh\x00\x85R0" * 100_000 + b"N.",
            # A shape of a hundred thousand dimensions, used over and over.
            b"("
            + b"K\x01" * 100_000
            + b"tq\x000"
            + stored("0", 1)
            + b"q\x010"
            + b"ctorch._utils\n_rebuild_tensor\n(h\x01K\x00h\x00h\x00tR0" * 20_000
            + b"N.",
            b"(" * 200_000 + b".",
            b")" + b"\x85" * 200_000 + b".",
            b"]" + b"q\x00h\x00a" * 50_000 + b".",
            b"N" + b"2" * 200_000 + b".",
            b"\x8b" + pack("<I", 1 << 20) + b"\x7f" * (1 << 20) + b"q\x00" + b"h\x00" * 100_000 + b".",
            b"I" + b"9" * 1_000_000 + b"\n.",
        ],
        ids=["lists", "shapes", "marks", "tuples", "cycle", "copies", "number", "digits"],
    )
    def test_bounded(self, data: bytes):
        """It ends by itself, or after as many operations as the budget of its command allows."""
        most = Budget().count_left(OPERATIONS)
        pickled = interpret(data, most=most)

        assert pickled.operations <= most
        assert bool(pickled.blind) is (pickled.operations == most)


@needs_cpython("PyPy's `_pickle` is not CPython's, and crashes on some of these")
class TestDifferential:
    @pytest.mark.parametrize("seed", range(6))
    def test_unpicklers(self, seed: int):
        """Of 60,000 random pickles, CPython imports nothing that the interpreter claims to know and does not
        report. `fuzz.py` has run longer by hand."""
        found = collections.Counter[str]()
        for data in fuzz.cases(seed, count=10_000):
            pickled = interpret(data)
            assert not fuzz.missed(data, pickled), data
            found[outcome(pickled)] += 1

        # Enough of them get as far as an import, or the test would prove little.
        assert found["imports"] > 1500
        assert found["nothing"] > 150

    def test_new(self):
        """Nor of others that are new in each run."""
        seed = random.SystemRandom().randrange(1 << 32)
        for data in fuzz.cases(seed, count=10_000):
            assert not fuzz.missed(data, interpret(data)), (seed, data)

    def test_seeds(self):
        """The seeds are sound: all of them are read, and nothing is missed."""
        for data in fuzz.SEEDS:
            pickled = interpret(data)
            assert not fuzz.missed(data, pickled), data
            assert not pickled.blind or b"\x95" in data or b"r\x05" in data, data


def outcome(pickled: Pickle) -> str:
    if pickled.fault:
        return "fault"
    return "imports" if pickled.globals else "nothing"
