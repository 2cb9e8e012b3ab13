from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hatch_mar
from hatch_mar.budget import BYTES, Budget
from hatch_mar.weights.detect import inspect_weights
from hatch_mar.weights.kind import Kind
from tests.weights.files import (
    ANNEX,
    DVC,
    LFS,
    ONNX,
    TENSORS,
    Counting,
    inspect_bytes,
    problems,
    safetensors,
    saved,
    state_dict,
    zipped,
)
from tests.weights.found import Found, inspect
from tests.weights.kinds.test_pickle_file import legacy
from tests.weights.torch_files import WRITERS

LEGACY = ", in the format of torch before 1.6"
ODD_DTYPES = "float32, int64, qint8, quint8, float8_e4m3fn, uint16, bfloat16, complex64"
ZIPS_OF_SAVE = tuple(name for name in WRITERS if name.endswith((".pt", ".pth")) and "legacy" not in name)
UNTOLD = ("script.pt", "trace.pt", "protocol4.pth")
"""Which torch.serialization.get_unsafe_globals_in_checkpoint refuses."""


def inspect_file(path: Path) -> Found:
    with open(path, "rb") as file:
        return inspect(file, path.name)


class TestInspectWeights:
    def test_entry(self):
        """An entry of an archive can be inspected like a file."""
        archive = io.BytesIO(zipped({"model.pt": zipped(TENSORS)}, zipfile.ZIP_DEFLATED))
        with zipfile.ZipFile(archive) as file, file.open("model.pt") as entry:
            found = inspect_weights(entry, "model.pt")

        assert found.describe() == "state_dict, 2 tensors, float32"

    def test_stream_error(self):
        """A stream that cannot be read is an error."""

        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError("disk")

        with pytest.raises(OSError, match="disk"):
            inspect_weights(Broken(b"1"))

    def test_little_is_read(self):
        """Of a large file, only the ends are read."""

        data = zipped(saved(state_dict("weight"), {"0": 8, "unused": 50_000_000}))
        stream = Counting(data)

        assert inspect_weights(stream).kind is Kind.STATE_DICT
        assert stream.count < 200_000

    @pytest.mark.parametrize(
        "sound",
        [
            zipped(TENSORS),
            zipped(TENSORS, zipfile.ZIP_DEFLATED),
            legacy(),
            state_dict("weight"),
            safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
            ONNX,
            LFS,
            DVC,
            ANNEX,
        ],
        ids=["stored", "deflated", "legacy", "pickle", "safetensors", "onnx", "lfs", "dvc", "annex"],
    )
    def test_any_bytes(self, sound: bytes):
        """Any bytes have a kind, and can be described."""
        rng = random.Random(5)
        for _ in range(600):
            data = bytearray(sound)
            for _ in range(rng.randint(1, 5)):
                at = rng.randrange(len(data))
                data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
            found = inspect_bytes(bytes(data[: rng.choice([None, rng.randrange(len(data) + 1)])]))

            assert found.describe().isprintable()
            assert found.complete or found.damage or found.kind is not Kind.STATE_DICT


class TestCost:
    """What reading a file costs is counted, so that the tests need no clock."""

    def cost(self, path: Path) -> tuple[float, Found]:
        """Microseconds, by the count of the budget."""
        budget = Budget()
        with open(path, "rb") as file:
            found = inspect(file, path.name, budget)
        return Budget().time - budget.time, found

    def test_large(self, tmp_path: Path):
        """A gibibyte takes no longer than a megabyte."""
        with open(tmp_path / "large.bin", "wb") as file:
            file.write(legacy(rest=b" ")[:-1])
            file.truncate(1 << 30)
        cost, found = self.cost(tmp_path / "large.bin")

        assert found.kind is Kind.STATE_DICT
        assert cost < (1 << 20) * BYTES.time

    def test_many_tensors(self, tmp_path: Path):
        names = [f"layers.{number}.weight" for number in range(10_000)]
        sizes = {str(number): 8 for number in range(10_000)}
        (tmp_path / "many.pt").write_bytes(zipped(saved(state_dict(*names), sizes)))
        cost, found = self.cost(tmp_path / "many.pt")

        assert (found.tensors, problems(found)) == (10_000, ())
        assert cost < 50 * 10_000


class TestImport:
    def test_light(self):
        """The package imports neither slow modules of the standard library nor torch."""
        before = "import sys; before = set(sys.modules)"
        path = f"sys.path.insert(0, {os.fspath(Path(hatch_mar.__file__).parents[1])!r})"
        after = "import hatch_mar.weights.detect; print(*(set(sys.modules) - before))"
        command = [sys.executable, "-I", "-c", f"{before}; {path}; {after}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        modules = set(done.stdout.split())

        assert "hatch_mar.weights.detect" in modules
        assert not modules & {"torch", "zipfile", "tarfile", "json", "hatchling", "yaml", "numpy"}


class TestTorchKinds:
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
        """A file is recognised, and no damage is found in it."""
        found = inspect_file(written[name])

        assert (found.kind, found.describe()) == (kind, description)
        assert found.complete
        assert found.damage == ()

    def test_all(self):
        """Every file that torch wrote has its line above."""
        mark = next(mark for mark in TestTorchKinds.test_kind.pytestmark if mark.name == "parametrize")

        assert {case[0] for case in mark.args[1]} == set(WRITERS)


class TestTorchGlobals:
    @pytest.mark.parametrize("name", sorted({*ZIPS_OF_SAVE} - {*UNTOLD}))
    def test_unsafe(self, torch: ModuleType, written: Mapping[str, Path], name: str):
        """The globals outside the allow-list are those that torch finds."""
        found = inspect_file(written[name])
        expected = torch.serialization.get_unsafe_globals_in_checkpoint(written[name])

        assert sorted(".".join(pair) for pair in found.unsafe_globals) == sorted(expected)

    @pytest.mark.parametrize(
        "name", [*ZIPS_OF_SAVE, "legacy.pth", "legacy_module.pt", "protocol5_legacy.pth"]
    )
    def test_weights_only(self, load: Callable[..., Any], written: Mapping[str, Path], name: str):
        """A file without unsafe globals and refusals is one that `weights_only` loads, and no other is."""
        found = inspect_file(written[name])
        accepted = not found.unsafe_globals and not found.refusals and found.kind is not Kind.TORCHSCRIPT
        try:
            load(written[name], weights_only=True)
        except Exception:
            assert not accepted
        else:
            assert accepted

    def test_script(self, written: Mapping[str, Path]):
        """The pickles of TorchScript are read in C++ and import nothing from Python."""
        assert inspect_file(written["script.pt"]).globals == ()


class TestTorchDamage:
    @pytest.mark.parametrize("name", ["state_dict.pth", "legacy.pth", "script.pt", "exported.pt2"])
    def test_truncated(self, written: Mapping[str, Path], name: str):
        """Wherever a download stopped, the file is truncated, not something else."""
        data = written[name].read_bytes()
        cuts = {len(data) * part // 16 for part in range(1, 16)} | {40, len(data) - 23, len(data) - 1}

        for cut in sorted(cuts):
            assert inspect_bytes(data[:cut]).kind is Kind.TRUNCATED, cut

    def test_crc_off(self, written: Mapping[str, Path], load: Callable[..., Any]):
        """A file without CRCs loads, and is not damaged."""
        found = inspect_file(written["without_crc.pth"])

        load(written["without_crc.pth"])
        assert found.damage == ()

    def test_fuzzed(self, written: Mapping[str, Path], load: Callable[..., Any]):
        """A file with a flipped bit that torch refuses has a fault."""
        rng = random.Random(7)
        data = written["tied.pth"].read_bytes()
        for _ in range(300):
            damaged = bytearray(data)
            damaged[rng.randrange(4, len(damaged))] ^= 1 << rng.randrange(8)
            found = inspect_bytes(bytes(damaged))
            faults = found.damage or found.refusals or found.unsafe_globals or not found.complete
            faults = faults or found.kind in (Kind.CORRUPT, Kind.TRUNCATED)
            try:
                load(io.BytesIO(bytes(damaged)), weights_only=True)
            except Exception:
                assert faults, found
