"""Files that torch wrote, against what torch itself says of them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hatch_mar.weights import Kind, inspect_path
from tests.weights.files import inspected
from tests.weights.torch_files import WRITERS

LEGACY = ", in the format of torch before 1.6"
ODD_DTYPES = "float32, int64, qint8, quint8, float8_e4m3fn, uint16, bfloat16, complex64"
ZIPS_OF_SAVE = tuple(name for name in WRITERS if name.endswith((".pt", ".pth")) and "legacy" not in name)
UNTOLD = ("script.pt", "trace.pt", "protocol4.pth")
"""Which torch.serialization.get_unsafe_globals_in_checkpoint refuses."""


class TestKinds:
    @pytest.mark.parametrize(
        ("name", "kind", "description"),
        [
            ("state_dict.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64"),
            ("legacy.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64" + LEGACY),
            ("bfloat16.pth", Kind.STATE_DICT, "state_dict, 9 tensors, bfloat16, int64"),
            ("tied.pth", Kind.STATE_DICT, "state_dict, 2 tensors, float32"),
            ("quantized.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64"),
            ("protocol4.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64"),
            ("protocol5_legacy.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64" + LEGACY),
            ("without_crc.pth", Kind.STATE_DICT, "state_dict, 9 tensors, float32, int64"),
            (
                "odd.pth",
                Kind.STATE_DICT,
                f"state_dict, 14 tensors, {ODD_DTYPES}",
            ),
            (
                "data_parallel.pth",
                Kind.STATE_DICT,
                "state_dict, 9 tensors, float32, int64, every key begins with `module.`",
            ),
            (
                "compiled.pth",
                Kind.STATE_DICT,
                "state_dict, 9 tensors, float32, int64, every key begins with `_orig_mod.`",
            ),
            (
                "compiled_parallel.pth",
                Kind.STATE_DICT,
                "state_dict, 9 tensors, float32, int64, every key begins with `_orig_mod.module.`",
            ),
            (
                "checkpoint.pt",
                Kind.CHECKPOINT,
                "checkpoint with its state_dict at ['model'], 9 tensors, float32, int64",
            ),
            (
                "legacy_checkpoint.pt",
                Kind.CHECKPOINT,
                "checkpoint with its state_dict at ['model'], 9 tensors, float32, int64" + LEGACY,
            ),
            (
                "nested_checkpoint.pt",
                Kind.CHECKPOINT,
                "checkpoint with its state_dict at ['trainer']['weights'], 9 tensors, float32, int64",
            ),
            ("tensor.pt", Kind.TENSOR, "tensor, float64"),
            ("parameter.pt", Kind.TENSOR, "tensor, float32"),
            ("list.pt", Kind.PICKLE, "pickle of `list`, 2 tensors, float32"),
            ("number.pt", Kind.PICKLE, "pickle of `int`"),
            ("function.pt", Kind.PICKLE, "pickle of `dict`, 1 tensor, float32"),
            (
                "module.pt",
                Kind.MODULE,
                "pickled module `torch.nn.modules.container.Sequential`, 9 tensors, float32, int64",
            ),
            (
                "legacy_module.pt",
                Kind.MODULE,
                "pickled module `torch.nn.modules.container.Sequential`, 9 tensors, float32, int64" + LEGACY,
            ),
            (
                "graph.pt",
                Kind.MODULE,
                "pickled module `torch.fx.graph_module.reduce_graph_module`, 9 tensors, float32, int64",
            ),
            ("script.pt", Kind.TORCHSCRIPT, "TorchScript"),
            ("trace.pt", Kind.TORCHSCRIPT, "TorchScript"),
            ("lite.ptl", Kind.TORCHSCRIPT, "TorchScript for the lite interpreter"),
            ("exported.pt2", Kind.EXPORTED_PROGRAM, "ExportedProgram"),
        ],
    )
    def test_kind(self, written: Mapping[str, Path], name: str, kind: Kind, description: str):
        """A file is told for what it is, and no damage is seen in it."""
        found = inspect_path(written[name])

        assert (found.kind, found.describe()) == (kind, description)
        assert found.complete
        assert found.damage == ()

    def test_all(self):
        """Every file that torch wrote has its line above."""
        mark = next(mark for mark in TestKinds.test_kind.pytestmark if mark.name == "parametrize")

        assert set(WRITERS) == {case[0] for case in mark.args[1]}


class TestGlobals:
    @pytest.mark.parametrize("name", sorted({*ZIPS_OF_SAVE} - {*UNTOLD}))
    def test_unsafe(self, torch: ModuleType, written: Mapping[str, Path], name: str):
        """The globals outside the allow-list are those that torch finds."""
        found = inspect_path(written[name])
        expected = torch.serialization.get_unsafe_globals_in_checkpoint(written[name])

        assert sorted(expected) == sorted(".".join(pair) for pair in found.unsafe_globals)

    @pytest.mark.parametrize(
        "name", [*ZIPS_OF_SAVE, "legacy.pth", "legacy_module.pt", "protocol5_legacy.pth"]
    )
    def test_weights_only(self, load: Callable[..., Any], written: Mapping[str, Path], name: str):
        """A file without unsafe globals and refusals is one that `weights_only` loads, and no other is."""
        found = inspect_path(written[name])
        accepted = not found.unsafe_globals and not found.refusals and found.kind is not Kind.TORCHSCRIPT
        try:
            load(written[name], weights_only=True)
        except Exception:
            assert not accepted
        else:
            assert accepted

    def test_script(self, written: Mapping[str, Path]):
        """The pickles of TorchScript are read in C++ and import nothing of Python's."""
        assert inspect_path(written["script.pt"]).globals == ()


class TestDamage:
    @pytest.mark.parametrize("name", ["state_dict.pth", "legacy.pth", "script.pt", "exported.pt2"])
    def test_truncated(self, written: Mapping[str, Path], name: str):
        """Wherever a download stopped, the file is truncated, not something else."""
        data = written[name].read_bytes()
        cuts = {len(data) * part // 16 for part in range(1, 16)} | {40, len(data) - 23, len(data) - 1}

        for cut in sorted(cuts):
            assert Kind.TRUNCATED is inspected(data[:cut]).kind, cut

    def test_crc_off(self, written: Mapping[str, Path], load: Callable[..., Any]):
        """A file without CRCs loads, and a remark says how to get them."""
        found = inspect_path(written["without_crc.pth"])

        load(written["without_crc.pth"])
        assert found.damage == ()
        assert "set_crc32_options(True)" in found.remarks[0]

    def test_fuzzed(self, written: Mapping[str, Path], load: Callable[..., Any]):
        """A zip of torch.save with a flipped bit that torch refuses is not called sound."""
        rng = random.Random(7)
        data = written["tied.pth"].read_bytes()
        for _ in range(300):
            damaged = bytearray(data)
            damaged[rng.randrange(4, len(damaged))] ^= 1 << rng.randrange(8)
            found = inspected(bytes(damaged))
            faults = found.damage or found.refusals or found.unsafe_globals or not found.complete
            try:
                load(io.BytesIO(bytes(damaged)), weights_only=True)
            except Exception:
                assert faults, found
