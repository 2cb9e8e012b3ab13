from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hatchling.bridge.app import Application

from hatch_mar import output
from tests.archives import tree
from tests.hatch.conftest import ARCHIVE, WriteProject

if sys.implementation.name != "cpython":
    pytest.skip("hatch has its dependencies for CPython only", allow_module_level=True)

from hatch_mar.hatch.publisher import MarPublisher

TWO = """
[tool.mar]
handler = "handler.py"

[[tool.mar.archives]]
model-name = "digits"

[[tool.mar.archives]]
model-name = "letters"

[tool.mar.publish.kube]
url = "bucket"
layout = "kserve"
"""
OF_HATCH = {"no_prompt": False, "initialize_auth": False}


def publish(root: Path, *artifacts: Path, **options: str) -> None:
    publisher = MarPublisher(Application(), root, root / "cache", {}, {})
    publisher.publish([*map(str, artifacts)], {**OF_HATCH, **options})


class TestPublish:
    def test_project(self, write_project: WriteProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Without artifacts, the project's archives are built, and published."""
        root = write_project(TWO)
        out = tmp_path / "out"

        publish(root, to=str(out))

        assert (out / "digits-1.0.mar").read_bytes() == (root / "dist" / "digits.mar").read_bytes()
        assert {*tree(out)} == {
            f"{model}-1.0.mar{suffix}" for model in ("digits", "letters") for suffix in ("", ".sha256")
        }
        assert capsys.readouterr().err == (
            f"{out / 'digits-1.0.mar'} (published)\n{out / 'letters-1.0.mar'} (published)\n"
        )

    def test_artifacts(self, write_project: WriteProject, tmp_path: Path):
        """Only artifacts that are given are published, and nothing is built."""
        root = write_project(TWO)
        publish(root, to=str(tmp_path / "built"))
        (root / "dist" / "letters.mar").unlink()

        publish(root, root / "dist" / "digits.mar", to=str(tmp_path / "out"))

        assert {*tree(tmp_path / "out")} == {"digits-1.0.mar", "digits-1.0.mar.sha256"}
        assert not (root / "dist" / "letters.mar").exists()

    def test_name(self, write_project: WriteProject):
        """A name of `[tool.mar.publish]` has its own directory and layout."""
        root = write_project(TWO)

        publish(root, to="kube")

        assert (root / "bucket" / "config" / "config.properties").is_file()
        assert (root / "bucket" / "model-store" / "letters.mar").is_file()

    def test_layout(self, write_project: WriteProject):
        """The option wins over the destination's layout."""
        root = write_project(TWO)

        publish(root, to="kube", layout="flat")

        assert (root / "bucket" / "letters-1.0.mar").is_file()

    def test_replace(self, write_project: WriteProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Other bytes are replaced only if that is asked for."""
        root, out = write_project(ARCHIVE), tmp_path / "out"
        out.mkdir()
        (out / "Digits-1.0.mar").write_bytes(b"other")

        with pytest.raises(SystemExit) as status:
            publish(root, to=str(out))

        assert status.value.code == 1
        assert "exists with other bytes" in capsys.readouterr().err
        assert (out / "Digits-1.0.mar").read_bytes() == b"other"

        publish(root, to=str(out), replace="true")

        assert capsys.readouterr().err == f"{out / 'Digits-1.0.mar'} (replaced)\n"

    def test_quiet(
        self,
        write_project: WriteProject,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """`hatch -q` publishes without a word."""
        monkeypatch.setenv("HATCH_QUIET", "1")
        monkeypatch.setattr(output, "verbosity", "normal")  # to restore it

        publish(write_project(TWO), to=str(tmp_path / "out"))

        assert capsys.readouterr().err == ""
        assert (tmp_path / "out" / "digits-1.0.mar").is_file()

    @pytest.mark.parametrize(
        ("mar", "options", "fault"),
        [
            (ARCHIVE, {}, "Option `to` for publisher `mar` is required; name a directory"),
            ("\n[tool.mar]\nhandler = 1\n", {"to": "out"}, "Field `tool.mar.handler` must be a string"),
            ("\n[tool.mar.publish]\na = 1\n", {"to": "a"}, "Field `tool.mar.publish.a` must be"),
        ],
        ids=["option", "archive", "destination"],
    )
    def test_fault(
        self,
        mar: str,
        options: dict[str, str],
        fault: str,
        write_project: WriteProject,
        capsys: pytest.CaptureFixture[str],
    ):
        """A fault ends the command with one line, and nothing is published."""
        with pytest.raises(SystemExit) as status:
            publish(write_project(mar), **options)

        [line] = capsys.readouterr().err.splitlines()
        assert status.value.code == 1
        assert line.startswith(fault)
