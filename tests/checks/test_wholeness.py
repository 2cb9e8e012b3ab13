"""Findings about pointers and damaged weights, wherever they are packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.wholeness import check
from hatch_mar.weights.weights_suffixes import OF_WEIGHTS
from tests.archives import MANIFEST
from tests.checks import HANDLER, found, subject
from tests.weights.files import ANNEX, DVC, LFS, TENSORS, safetensors, zipped

GOOD = zipped(TENSORS)
CUT = safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
PAGE = b"<!DOCTYPE html><html>"


def faults(name: str, data: bytes) -> list[str]:
    return found(check, {"h.py": HANDLER, name: data})


class TestPointers:
    @pytest.mark.parametrize("name", ["bert/w.bin", "labels.txt", "w.pt", "data/tokens"])
    def test_anywhere(self, name: str):
        """A pointer is never the file that is meant."""
        [fault] = faults(name, LFS)

        assert fault == (
            f"digits.mar/{name}: MAR403 `{name}` is a git-lfs pointer (the real file has 12345 bytes);"
            " run `git lfs pull` and build again"
        )

    @pytest.mark.parametrize(
        ("data", "fix"),
        [
            (ANNEX, "run `git annex get` and build again"),
            (DVC, "run `dvc pull`, and pack the file that DVC brings"),
        ],
    )
    def test_fix(self, data: bytes, fix: str):
        """Each says what fetches the file."""
        [fault] = check(subject({"h.py": HANDLER, "w.pt": data}))

        assert (fault.code, fault.severity, fault.fix) == ("MAR403", "warning", fix)


class TestDamage:
    @pytest.mark.parametrize(
        ("name", "data", "code"),
        [
            ("m/w.safetensors", CUT, "MAR405"),
            ("w.safetensors", b"Entry not found", "MAR405"),
            ("w.pth", GOOD[:-30], "MAR405"),
            ("W.PT", PAGE, "MAR404"),
        ],
    )
    def test_anywhere(self, name: str, data: bytes, code: str):
        """Weights among the extra files are looked at as those of the manifest are."""
        [fault] = check(subject({"h.py": HANDLER, name: data}))

        assert (fault.code, fault.severity) == (code, "warning")
        assert fault.message.startswith(f"`{name}` is ")

    def test_empty(self):
        """An empty file may stand in for weights that nobody loads, as in TorchServe's own tests."""
        [fault] = check(subject({"h.py": HANDLER, "w.bin": b""}))

        assert (fault.code, fault.severity) == ("MAR404", "note")

    @pytest.mark.parametrize(
        ("name", "data"), [("a/__init__.py", b""), ("page.html", PAGE), ("w.zip", GOOD[:-30])]
    )
    def test_others(self, name: str, data: bytes):
        """Files that are not weights may be empty, web pages, or whatever they like."""
        assert faults(name, data) == []

    @pytest.mark.parametrize("suffix", OF_WEIGHTS)
    def test_good(self, suffix: str):
        """Whole files are let alone, whatever they are."""
        assert faults(f"w{suffix}", GOOD) == []
        assert suffix == ".safetensors" or faults(f"w{suffix}", b"words\n") == []

    def test_own(self):
        """Of the weights of the manifest `serialized_file` speaks."""
        assert found(check, {"h.py": HANDLER, "w.pt": b""}, serialized_file="w.pt") == []


class TestDvc:
    def project(self, root: Path, *names: str) -> list[str]:
        """The faults of an archive of these files of a project."""
        for name in names:
            (root / name).write_bytes(DVC if name.endswith(".dvc") else GOOD)
        members = [Member(name, FileSource(root / name)) for name in names if (root / name).exists()]
        return [str(fault) for fault in check(Subject(Archive(MANIFEST, members), "digits.mar", root=root))]

    def test_not_fetched(self, tmp_path: Path):
        """A folder that is packed before DVC has brought its weights."""
        [fault] = self.project(tmp_path, "w.pt.dvc")

        assert fault == (
            "w.pt.dvc: MAR403 `w.pt` is not packed, but only `w.pt.dvc`, which stands for it;"
            " run `dvc pull` and build again"
        )

    def test_fetched(self, tmp_path: Path):
        """What DVC keeps of a file may lie beside it."""
        assert self.project(tmp_path, "w.pt.dvc", "w.pt") == []

    def test_left_out(self, tmp_path: Path):
        """Weights that are there, but not packed, are left out on purpose."""
        (tmp_path / "w.pt").write_bytes(GOOD)

        assert self.project(tmp_path, "w.pt.dvc") == []

    def test_other(self, tmp_path: Path):
        """Data that are not weights may be of no use to the server."""
        assert self.project(tmp_path, "train.csv.dvc") == []

    def test_file(self):
        """Nothing is known of the folder that an archive was packed from."""
        assert faults("w.pt.dvc", DVC) == []
