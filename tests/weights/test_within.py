from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import pytest

from hatch_mar.budget import FILES, Exhausted
from hatch_mar.weights import within
from hatch_mar.weights.detect import inspect_weights
from hatch_mar.weights.kind import Kind
from tests.budgets import enough_for
from tests.weights.files import TENSORS, inspect_bytes, protocol2, saved, text, zipped

PICKLE = protocol2(b"cos\nsystem\n" + text("true") + b"\x85R")
EVIL = zipped(saved(PICKLE))
OBJECTS = b"\x93NUMPY\x01\0\x39\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n" + PICKLE
TAG = b"!!python/object/apply:os.system ['true']"
PROGRAM = {"net/archive_format": b"pt2", "net/models/model.json": b"{}", "net/version": b"3"}


class TestExportedProgram:
    @pytest.mark.parametrize(
        "record", ["data/weights/weight_0", "data/constants/custom_obj_0", "data/sample_inputs/model.pt"]
    )
    def test_record(self, record: str):
        """Any record may be unpickled, so all are looked at."""
        found = inspect_bytes(zipped({**PROGRAM, f"net/{record}": EVIL}))

        assert found.kind is Kind.EXPORTED_PROGRAM
        assert [(each.loader, each.part) for each in found.loadings] == [
            ("torch.export.load", f"record `net/{record}`")
        ]
        assert found.unsafe_globals == (("os", "system"),)

    def test_honest(self):
        records = {
            **PROGRAM,
            "net/data/weights/weight_0": bytes(64),
            "net/data/sample_inputs/model.pt": zipped(TENSORS),
        }

        assert inspect_bytes(zipped(records)).loadings == ()

    def test_expression(self):
        model = json.dumps({"expr_str": "exit()"}).encode()
        [loading] = inspect_bytes(zipped({**PROGRAM, "net/models/model.json": model})).loadings

        assert loading.effects == ("evaluates `exit()`",)

    def test_large_document(self, monkeypatch: pytest.MonkeyPatch):
        """What is not read of a model may have anything evaluated."""
        monkeypatch.setattr(within, "LARGEST_DOCUMENT", 100)
        model = json.dumps({"x": " " * 200, "expr_str": "exit()"}).encode()
        [loading] = inspect_bytes(zipped({**PROGRAM, "net/models/model.json": model})).loadings

        assert (loading.part, bool(loading.unknown)) == ("record `net/models/model.json`", True)


class TestRecords:
    def test_many(self, monkeypatch: pytest.MonkeyPatch):
        """An array behind those that are looked at may be one of objects."""
        monkeypatch.setattr(within, "MOST_RECORDS", 2)
        numbers = b"\x93NUMPY\x01\0\x3a\0{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }\n"

        assert inspect_bytes(zipped({"a.npy": numbers, "b.npy": numbers})).complete
        assert not inspect_bytes(zipped({"a.npy": numbers, "b.npy": numbers, "c.npy": numbers})).complete
        assert inspect_bytes(zipped({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})).complete

    @pytest.mark.parametrize("name", ["net/policy.pkl", "net/extra/policy", "net/data/policy", "policy.pth"])
    @pytest.mark.parametrize("mark", [{}, {"net/constants.pkl": b""}], ids=["saved", "script"])
    def test_beside_torch(self, name: str, mark: dict[str, bytes]):
        """A record that torch does not write is a file that a handler may open, as in any zip."""
        [loading] = inspect_bytes(zipped({**TENSORS, **mark, name: PICKLE})).loadings[-1:]

        assert (loading.part, loading.globals) == (f"record `{name}`", (("os", "system"),))

    def test_inputs_of_a_trace(self):
        """torch.jit.trace keeps its inputs, with the types of TorchScript, and there may be more in them."""
        types = protocol2(b"ctorch.jit._pickle\nrestore_type_tag\n]" + text("List[int]") + b"\x86R")
        script = {**TENSORS, "model/constants.pkl": b""}

        assert loads({**script, "model/traced_inputs.pkl": types}) == []
        assert loads({**script, "model/traced_inputs.pkl": PICKLE}) == [(("os", "system"),)]

    def test_tar(self, monkeypatch: pytest.MonkeyPatch):
        """So may a pickle behind the members of a tar that are looked at."""
        monkeypatch.setattr(within, "MOST_RECORDS", 2)

        assert inspect_bytes(tarred("a", "b", "c.txt")).complete
        assert not inspect_bytes(tarred("a", "b", "c.pkl")).complete

    def test_budget(self):
        """All records that a command looks at are paid from one budget."""
        budget = enough_for(FILES, 3)
        data = zipped({"a.txt": b"a", "b.txt": b"b"})
        inspect_weights(io.BytesIO(data), "first.zip", budget)

        with pytest.raises(Exhausted):
            inspect_weights(io.BytesIO(data), "second.zip", budget)


def loads(records: dict[str, bytes]) -> list[tuple[tuple[str, str], ...]]:
    """What the loadings of a zip that are worth telling import."""
    return [each.globals for each in inspect_bytes(zipped(records)).loadings if each.is_worth_telling]


def tarred(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    return data.getvalue()


class TestTorchScript:
    def test_code(self):
        code = b"class A(Module):\n  def __setstate__(self, s):\n    torch.save(s, 'x')\n"
        records = {
            "net/data.pkl": protocol2(b"N"),
            "net/constants.pkl": b"",
            "net/code/__torch__/a.py": code,
            "net/version": b"3",
        }
        found = inspect_bytes(zipped(records))

        assert found.kind is Kind.TORCHSCRIPT
        assert found.loadings[0].effects == ("calls `torch.save`, which writes a file, when it is loaded",)


class TestLabels:
    """What is looked at is what the bytes are to a loader, whatever else they are."""

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    @pytest.mark.parametrize("padding", [0, 100_000])
    def test_method(self, method: int, padding: int):
        """A record is opened by all usual methods, and read on as long as it is a pickle."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", method) as file:
            file.writestr("x", b"\x80\x04" + text("a" * padding) + b"0" + PICKLE[2:])

        assert inspect_bytes(data.getvalue()).unsafe_globals == (("os", "system"),)

    def test_closed(self):
        """What is packed by another method cannot be told, whatever its name."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as file:
            file.writestr("x", PICKLE)

        assert not inspect_bytes(data.getvalue()).complete

    def test_damaged(self):
        """`zipfile` does not mind bytes before a zip or behind it, nor two records of one name."""
        whole = zipped({"a.npy": OBJECTS})

        assert inspect_bytes(whole + b"more", "a.npz").unsafe_globals == (("os", "system"),)
        assert inspect_bytes(zipped({"b": b""})[:30] + whole, "a.npz").unsafe_globals == (("os", "system"),)

    def test_zip_behind(self):
        """`zipfile` finds a zip behind a script or whatever there is."""
        data = b"#!/bin/sh\n" + zipped({"x": PICKLE})

        assert inspect_bytes(data, "net.pkl.zip").unsafe_globals == (("os", "system"),)

    @pytest.mark.parametrize("record", ["arrays/x.npy", "net/data/0"])
    def test_array_in_weights(self, record: str):
        """numpy.load takes a file of torch.save for an .npz."""
        found = inspect_bytes(zipped({"net/data.pkl": protocol2(b"}"), "net/version": b"3", record: OBJECTS}))

        assert ("os", "system") in found.unsafe_globals

    @pytest.mark.parametrize(
        "data",
        [
            b"\x1f\x8b\x08\0PTMF" + gzip.compress(PICKLE)[8:],
            b"GGUF: " + TAG,
            b"outs:\n- md5: x\n  a: " + TAG,
            b"<html: " + TAG,
        ],
        ids=["time", "gguf", "dvc", "html"],
    )
    def test_mark(self, data: bytes):
        """Another kind's mark may stand where a kind has something else."""
        assert inspect_bytes(data).unsafe_globals == (("os", "system"),)
