from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import hatch_mar
from hatch_mar.weights import Kind, Weights, inspect, inspect_path
from tests.weights.files import (
    ANNEX,
    DVC,
    LFS,
    ONNX,
    TENSORS,
    inspected,
    problems,
    safetensors,
    saved,
    state_dict,
    zipped,
)
from tests.weights.kinds.test_pickle_file import legacy


class TestInspect:
    def test_entry(self):
        """An entry of an archive is as good as a file."""
        archive = io.BytesIO(zipped({"model.pt": zipped(TENSORS)}, zipfile.ZIP_DEFLATED))
        with zipfile.ZipFile(archive) as file, file.open("model.pt") as entry:
            found = inspect(entry, "model.pt")

        assert found.describe() == "state_dict, 2 tensors, float32"

    def test_short_reads(self):
        """A stream may give less than it is asked for."""

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                return super().read(min(size or 0, 7))

        assert inspect(Slow(zipped(TENSORS))).describe() == "state_dict, 2 tensors, float32"

    def test_stream_error(self):
        """A stream that cannot be read is no kind of file."""

        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError("disk")

        with pytest.raises(OSError, match="disk"):
            inspect(Broken(b"1"))

    def test_little_is_read(self):
        """Of a large file, only the ends are read."""

        class Counting(io.BytesIO):
            count = 0

            def read(self, size: int | None = -1) -> bytes:
                data = super().read(size)
                self.count += len(data)
                return data

        data = zipped(saved(state_dict("weight"), {"0": 8, "unused": 50_000_000}))
        stream = Counting(data)

        assert Kind.STATE_DICT is inspect(stream).kind
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
        """Whatever the bytes are, they have a kind, and it can be described."""
        rng = random.Random(5)
        for _ in range(600):
            data = bytearray(sound)
            for _ in range(rng.randint(1, 5)):
                at = rng.randrange(len(data))
                data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
            found = inspected(bytes(data[: rng.choice([None, rng.randrange(len(data) + 1)])]))

            assert found.describe().isprintable()
            assert found.complete or found.kind is not Kind.STATE_DICT


class TestInspectPath:
    def test_file(self, tmp_path: Path):
        (tmp_path / "model.pt").write_bytes(zipped(TENSORS))

        assert Kind.STATE_DICT is inspect_path(tmp_path / "model.pt").kind
        assert Kind.STATE_DICT is inspect_path(os.fspath(tmp_path / "model.pt")).kind

    def test_missing(self, tmp_path: Path):
        assert inspect_path(tmp_path / "model.pt").describe() == "missing"

    def test_below_a_file(self, tmp_path: Path):
        (tmp_path / "file").touch()

        assert Kind.MISSING is inspect_path(tmp_path / "file" / "model.pt").kind

    def test_dvc(self, tmp_path: Path):
        """A file that DVC tracks and has not fetched."""
        (tmp_path / "model.pt.dvc").write_bytes(DVC)
        found = inspect_path(tmp_path / "model.pt")

        assert found.describe() == "missing, tracked by DVC: run `dvc pull model.pt.dvc`"
        assert found.real_size == 37891850

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_annex(self, tmp_path: Path):
        """git-annex leaves a link to what it has not fetched."""
        (tmp_path / "model.pt").symlink_to(
            ".git/annex/objects/xx/yy/SHA256E-s123--abc.pt/SHA256E-s123--abc.pt"
        )

        assert Weights(Kind.ANNEX_POINTER, oid="SHA256E-s123--abc.pt", real_size=123) == inspect_path(
            tmp_path / "model.pt"
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_link(self, tmp_path: Path):
        (tmp_path / "model.pt").symlink_to("elsewhere.pt")

        assert (
            inspect_path(tmp_path / "model.pt").describe()
            == "missing: a link to `elsewhere.pt`, where nothing is"
        )

    def test_distributed(self, tmp_path: Path):
        for name in (".metadata", "__0_0.distcp"):
            (tmp_path / name).touch()

        assert Kind.DCP is inspect_path(tmp_path).kind

    def test_directory(self, tmp_path: Path):
        assert Kind.DIRECTORY is inspect_path(tmp_path).kind

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_pipe(self, tmp_path: Path):
        """A pipe would wait for ever."""
        os.mkfifo(tmp_path / "pipe")

        assert inspect_path(tmp_path / "pipe").describe() == "unknown: no regular file"

    def test_onnx(self, tmp_path: Path):
        (tmp_path / "model.onnx").write_bytes(ONNX)

        assert Kind.ONNX is inspect_path(tmp_path / "model.onnx").kind


class TestTime:
    def timed(self, path: Path) -> tuple[float, Weights]:
        start = time.process_time()
        found = inspect_path(path)
        return time.process_time() - start, found

    def test_large(self, tmp_path: Path):
        """A gibibyte takes no longer than a kilobyte."""
        with open(tmp_path / "large.bin", "wb") as file:
            file.write(legacy(rest=b" ")[:-1])
            file.truncate(1 << 30)
        seconds, found = self.timed(tmp_path / "large.bin")

        assert Kind.STATE_DICT is found.kind
        assert seconds < 0.1

    def test_many_tensors(self, tmp_path: Path):
        names = [f"layers.{number}.weight" for number in range(10_000)]
        sizes = {str(number): 8 for number in range(10_000)}
        (tmp_path / "many.pt").write_bytes(zipped(saved(state_dict(*names), sizes)))
        seconds, found = self.timed(tmp_path / "many.pt")

        assert (found.tensors, problems(found)) == (10_000, ())
        assert seconds < 3


class TestImport:
    def test_light(self):
        """The package needs none of the slow modules of the standard library, and no torch."""
        before = "import sys; before = set(sys.modules)"
        path = f"sys.path.insert(0, {os.fspath(Path(hatch_mar.__file__).parents[1])!r})"
        after = "import hatch_mar.weights; print(*(set(sys.modules) - before))"
        command = [sys.executable, "-I", "-c", f"{before}; {path}; {after}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        modules = set(done.stdout.split())

        assert "hatch_mar.weights" in modules
        assert not modules & {"torch", "zipfile", "tarfile", "json", "hatchling", "yaml", "numpy"}
