from __future__ import annotations

import json

import pytest

from hatch_mar.weights.kind import Kind
from tests.weights.files import TENSORS, inspect_bytes, protocol2, saved, text, zipped

EVIL = zipped(saved(protocol2(b"cos\nsystem\n" + text("true") + b"\x85R")))
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
