from __future__ import annotations

import io
import pickle
from io import BytesIO
from struct import pack

import pytest

from hatch_mar.budget import OPERATIONS, Exhausted
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickle_file import read_pickles
from hatch_mar.weights.view import View
from tests.budgets import enough_for
from tests.weights.files import (
    Counting,
    dictionary,
    inspect_bytes,
    problems,
    protocol2,
    safetensors,
    tensor,
    text,
    zipped,
)
from tests.weights.found import inspect
from tests.weights.pickles.test_joblib_arrays import WRAPPER, dtype, state

SYSTEM = b"cos\nsystem\n" + text("true") + b"\x85R"
MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PROTOCOL = b"\x80\x02M\xe9\x03."


def legacy_tensor() -> bytes:
    """The persistent id of the old format ends with the data of a view."""
    return tensor().replace(b"tQ", b"NtQ")


def legacy(
    magic: bytes = MAGIC, version: bytes = PROTOCOL, value: bytes | None = None, rest: bytes = b""
) -> bytes:
    body = dictionary({"weight": legacy_tensor()}) if value is None else value
    keys = protocol2(b"](" + text("0") + b"e")
    return magic + version + protocol2(b"}") + protocol2(body) + keys + (rest or pack("<q", 2) + bytes(8))


class TestLegacy:
    def test_state_dict(self):
        found = inspect_bytes(legacy())

        assert (
            found.kind,
            found.legacy,
            found.complete,
            problems(found),
        ) == (Kind.STATE_DICT, True, True, ())

    def test_blind(self):
        """A pickle that cannot be followed is not damage."""
        found = inspect_bytes(legacy(value=b"\x82\x01"))

        assert (found.kind, found.legacy, found.complete) == (Kind.PICKLE, True, False)

    def test_protocol(self):
        """Other pickle protocols spell the magic number differently."""
        found = inspect_bytes(legacy(magic=pickle.dumps(0x1950A86A20F9469CFC6C, 4)))

        assert found.legacy
        assert found.kind is Kind.STATE_DICT

    def test_version(self):
        assert inspect_bytes(legacy(version=protocol2(b"K\x01"))).damage == ("its format version is unknown",)

    def test_storages_cut(self):
        data = legacy()
        found = inspect_bytes(data[:-1])

        assert found.kind is Kind.TRUNCATED
        assert found.reason == f"a file of torch.save that has {len(data) - 1} of its {len(data)} bytes"

    @pytest.mark.parametrize("cut", [20, 25, 60, 150])
    def test_pickles_cut(self, cut: int):
        found = inspect_bytes(legacy()[:cut])

        assert found.kind is Kind.TRUNCATED

    def test_after(self):
        """Bytes after the last storage are no damage."""
        assert inspect_bytes(legacy() + b"abc") == inspect_bytes(legacy())

    def test_corrupt(self):
        found = inspect_bytes(legacy(value=SYSTEM + b"\xff"))

        assert (found.kind, found.unsafe_globals) == (Kind.CORRUPT, (("os", "system"),))

    @pytest.mark.parametrize("place", ["version", "magic"])
    def test_other_pickles(self, place: str):
        """All five pickles are unpickled, so all are examined."""
        if place == "version":
            data = legacy(version=protocol2(SYSTEM + b"0M\xe9\x03"))
        else:
            data = legacy(magic=protocol2(SYSTEM + b"0" + MAGIC[2:-1]))
        found = inspect_bytes(data)

        assert found.unsafe_globals == (("os", "system"),)
        assert found.kind is Kind.STATE_DICT

    def test_data(self):
        """The storages' bytes never count as pickles."""
        assert inspect_bytes(legacy(rest=pack("<q", 2) + b"cos\nx\n..")).unsafe_globals == ()

    def test_window(self):
        """Pickles may be longer than the bytes that are read first."""
        large = dictionary({f"weight.{number:0100}": legacy_tensor() for number in range(3000)})
        found = inspect_bytes(legacy(value=large))

        assert (found.tensors, problems(found)) == (3000, ())


class TestPlain:
    @pytest.mark.parametrize("protocol", range(6))
    def test_protocols(self, protocol: int):
        found = inspect_bytes(pickle.dumps({"a": [1, 2], "b": None}, protocol))

        assert (found.kind, found.type, found.complete) == (Kind.PICKLE, "dict", True)
        assert found.refusals[-1] == "torch.save did not write it"

    def test_object(self):
        found = inspect_bytes(pickle.dumps(ValueError("x"), 4))

        assert found.describe() == "pickle of `builtins.ValueError`"
        assert found.unsafe_globals == (("builtins", "ValueError"),)

    def test_stream(self):
        """All pickles in a file are read."""
        found = inspect_bytes(pickle.dumps(1) + protocol2(SYSTEM))

        assert found.unsafe_globals == (("os", "system"),)

    def test_many(self):
        """A file with more pickles than are read is not complete."""
        assert not inspect_bytes(b"\x80\x02N." * 2000).complete

    def test_memory(self):
        """Pickles behind one another share the memory, and of those that are data nothing is kept."""
        lists = b"\x80\x02(" + b"]" * 10_000 + b"l."
        legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)

        def are_blind(data: bytes) -> list[bool]:
            return [found.blind for found in read_pickles(View(BytesIO(data)), memory=2_000_000)]

        assert are_blind(lists * 4) == [False] * 4
        assert are_blind(legacy + lists * 3) == [*([False] * 4), True]

    def test_msgpack(self):
        """An empty map of msgpack is one byte, and no pickle that is cut off."""
        assert inspect_bytes(b"\x80").kind is Kind.UNKNOWN

    def test_arrays(self):
        """Both count: what joblib would import, and what one would that takes arrays for operations."""
        hidden = (SYSTEM + b".").ljust(100, b"\0")
        array = WRAPPER + state(dtype("i1"), b"K\x64\x85", padded=False)

        for data in (array + hidden, array + bytes(100) + SYSTEM):
            assert ("os", "system") in inspect_bytes(protocol2(data)).globals
        [loading] = inspect_bytes(protocol2(array + bytes(100))).loadings
        assert (loading.loader, loading.unknown, loading.code_runners) == ("joblib.load", "", ())

    def test_truncated(self):
        found = inspect_bytes(pickle.dumps(list(range(1000)))[:-10])

        assert (found.kind, found.reason) == (Kind.TRUNCATED, "a pickle whose end is missing")

    def test_corrupt(self):
        found = inspect_bytes(b"\x80\x04\x00")

        assert (
            found.kind,
            found.reason,
        ) == (Kind.CORRUPT, "it begins like a pickle, but byte 0x00 is not an opcode")

    @pytest.mark.parametrize("end", [b"", b"\xff"])
    def test_damage_and_import(self, end: bytes):
        """Neither hides the other."""
        found = inspect_bytes(protocol2(SYSTEM)[:-1] + end)

        assert found.unsafe_globals == (("os", "system"),)
        assert found.kind is (Kind.CORRUPT if end else Kind.TRUNCATED)

    def test_budget(self):
        """All files of a command share the operations that are read, and nothing is claimed beyond them."""
        budget = enough_for(OPERATIONS, 500)
        data = pickle.dumps(list(range(300)))

        assert inspect(io.BytesIO(data), "a.pkl", budget).complete
        with pytest.raises(Exhausted, match="more operations"):
            inspect(io.BytesIO(data), "b.pkl", budget)

    @pytest.mark.parametrize(
        "before",
        [
            b"B" + pack("<I", 3 << 20) + bytes(3 << 20) + b"0",
            b"V" + b"x" * (1 << 20) + b"\n0",
            b"N0" * 100_000,
            b"Nr" + pack("<I", 1_000_000) + b"0",
        ],
        ids=["bytes", "line", "operations", "memo"],
    )
    def test_far(self, before: bytes):
        """An import is found however far it is."""
        assert inspect_bytes(before + SYSTEM + b".").unsafe_globals == (("os", "system"),)

    @pytest.mark.parametrize("size", [(1 << 20) - 3, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, 17 << 20])
    @pytest.mark.parametrize("start", [b"V", b"N0V" + b"x" * 100_000 + b"\n0V", b"S'"])
    def test_long_line(self, size: int, start: bytes):
        """A line may be as long as it likes; only its end is looked for."""
        data = start + b"x" * size + (b"'" if start == b"S'" else b"") + b"\n0" + SYSTEM + b"."

        assert inspect_bytes(data).unsafe_globals == (("os", "system"),)

    def test_computed(self):
        """A name that a call gives cannot be told, and a call is no coincidence."""
        data = b"cbuiltins\nstr\n(Vos\ntRVsystem\n\x93(Vtrue\ntR."

        assert not inspect_bytes(data).complete

    def test_little_is_read(self):
        """A long string is passed over."""
        data = b"B" + pack("<I", 50 << 20) + bytes(50 << 20) + b"0" + SYSTEM + b"."
        stream = Counting(data)

        assert inspect(stream).unsafe_globals == (("os", "system"),)
        assert stream.count < 1_000_000

    @pytest.mark.parametrize("words", [b"cat\ndog\n", b"cat\ndog\nRabbit\n", b"(list\nof\nwords)\n"])
    def test_labels(self, words: bytes):
        """A list of words may import as a pickle does, but calls nothing."""
        assert inspect(io.BytesIO(words), "labels.txt").loadings == ()

    @pytest.mark.parametrize(
        "words", [b"N.B. this is no pickle", b"class Net:\n    pass\n", b"import os\nx = 1\n"]
    )
    def test_text(self, words: bytes):
        """Words may begin like a pickle."""
        assert inspect_bytes(words).kind is Kind.UNKNOWN

    def test_text_of_imports(self):
        """Two lines of text from which an unpickler would import are a pickle."""
        assert inspect_bytes(b"cos\nsystem\nand so on").unsafe_globals == (("os", "system"),)


class TestPolyglots:
    def test_pickle_and_zip(self):
        """A pickle followed by a zip is a pickle, since torch goes by the first bytes."""
        found = inspect_bytes(protocol2(SYSTEM) + zipped({"a/constants.pkl": b""}))

        assert (found.kind, found.unsafe_globals) == (Kind.PICKLE, (("os", "system"),))

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            (b"MZ\x90", Kind.PE),
            (b"GGUF" + bytes(5), Kind.GGUF),
            (b"BZh\x00\x00" + b"a" * 0x685A, Kind.BZIP2),
        ],
    )
    def test_signature(self, head: bytes, kind: Kind):
        """An unpickler reads some signatures as numbers and strings, and goes on."""
        found = inspect_bytes(head + SYSTEM + b".")

        assert found.kind is kind
        assert found.unsafe_globals == (("os", "system"),)

    def test_safetensors(self):
        """A length that begins like an opcode does not make a file a pickle."""
        for length in range(100, 400):
            header = safetensors({"__metadata__": {"x": ""}})[8:].ljust(length)
            found = inspect_bytes(pack("<Q", length) + header)

            assert (found.kind, found.complete, problems(found)) == (Kind.SAFETENSORS, True, ())

    def test_blind(self):
        found = inspect_bytes(b"MZ\x90\x82\x01.", "weights.pt")

        assert (found.kind, found.complete) == (Kind.PE, False)

    @pytest.mark.parametrize("name", ["net.pt", "net"])
    def test_frame(self, name: str):
        """No other file has a frame that is crossed, so that it is always told."""
        data = b"\x95" + pack("<Q", 3) + b"NNX" + pack("<I", 1) + b"a" + SYSTEM + b"."

        assert not inspect_bytes(data, name).complete

    def test_class(self):
        """What sets the state of a class changes it for all, as a call might."""
        data = b"ccollections\nCounter\n(dS'x'\nI1\nsb.rubbish"

        assert inspect_bytes(data, "counter").refusals

    def test_coincidence(self):
        """Bytes of something else may begin with two operations, but not under the name of a pickle."""
        assert inspect_bytes(b"MZ\x90\x82\x01.", "tool.exe").complete


def given_to_torch(data: bytes) -> bytes:
    """A pickle that gives such bytes to torch.load, as pickle.dump of a tensor does."""
    call = b"ctorch.storage\n_load_from_bytes\nB" + pack("<I", len(data)) + data + b"\x85R"
    return b"\x80\x04" + call + b"."


class TestEmbedded:
    """What lies in the bytes that a pickle gives to torch.load."""

    def test_honest(self):
        data = MAGIC + PROTOCOL + protocol2(b"}") * 2 + protocol2(b"]") + bytes(100)
        [loading] = inspect_bytes(given_to_torch(data)).loadings

        assert (loading.unsafe_globals, loading.unknown) == ((("torch.storage", "_load_from_bytes"),), "")

    @pytest.mark.parametrize("before", [b"", MAGIC + PROTOCOL + protocol2(b"}") * 2])
    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_followed(self, before: bytes, depth: int):
        data = before + protocol2(SYSTEM)
        for _ in range(depth):
            data = given_to_torch(data)

        assert ("os", "system") in inspect_bytes(data).globals

    def test_in_array(self):
        """joblib gives the objects of an array to an unpickler of their own."""
        data = WRAPPER + state(dtype("O8", flags=63)) + given_to_torch(protocol2(SYSTEM))

        assert ("os", "system") in inspect_bytes(protocol2(data)).globals

    def test_unknown(self):
        """Neither is a zip looked at, nor bytes that the pickle makes, nor what lies in too many."""
        made = protocol2(b"ctorch.storage\n_load_from_bytes\n(c_codecs\nencode\n(" + text("N.") + b"tRtR")
        deep = protocol2(SYSTEM)
        for _ in range(6):
            deep = given_to_torch(deep)

        for data in (made, deep, given_to_torch(b"PK\x03\x04"), given_to_torch(b"")):
            assert not inspect_bytes(data).complete
