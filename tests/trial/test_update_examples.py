from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.pyproject import PyProject
from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.update_examples import update_examples
from hatch_mar.trial.verdict.report import Reply, Report
from tests.archives import tree
from tests.e2e.conftest import require_module

HEAD = '[tool.mar]\nhandler = "handler.py"\n'


def update(root: Path, toml: str, *bodies: bytes) -> list[str]:
    """The places that an update changes if the project's examples get these answers."""
    (root / "pyproject.toml").write_text(HEAD + toml, newline="")
    project = PyProject(root)
    [loaded] = parse_table(project.pyproject["tool"]["mar"], name=lambda: "digits", version=lambda: "1")
    assert isinstance(loaded, ArchiveConfig)
    replies = [Reply(str(index), True, 0.0, Answer(body), index) for index, body in enumerate(bodies)]
    return list(update_examples(loaded, Report("digits", replies=replies), root))


def examples(root: Path) -> Any:
    return PyProject(root).pyproject["tool"]["mar"]["examples"]


class TestFile:
    TOML = '[[tool.mar.examples]]\ninput = 1\nexpect = "answers/one.json"\n'

    def test_new(self, tmp_path: Path):
        """A file that does not exist yet is written, with JSON indented."""
        assert update(tmp_path, self.TOML, b'{"digit":"sch\xc3\xb6n"}') == ["answers/one.json"]
        assert (tmp_path / "answers/one.json").read_text(encoding="utf-8") == '{\n  "digit": "schön"\n}\n'

    def test_text(self, tmp_path: Path):
        """An answer that is not JSON is written as it is."""
        update(tmp_path, self.TOML, b"\xff\n")

        assert (tmp_path / "answers/one.json").read_bytes() == b"\xff\n"

    def test_within_tolerance(self, tmp_path: Path):
        """An answer within the tolerance is not written."""
        update(tmp_path, self.TOML, b"[1.0]")

        assert update(tmp_path, self.TOML, b"[1.00001]") == []
        assert update(tmp_path, self.TOML, b"[1.1]") == ["answers/one.json"]

    def test_error(self, tmp_path: Path):
        """An answer with the status of an error is never written."""
        (tmp_path / "pyproject.toml").write_text(HEAD + self.TOML)
        [loaded] = parse_table(
            PyProject(tmp_path).pyproject["tool"]["mar"], name=lambda: "digits", version=lambda: "1"
        )
        report = Report("digits", replies=[Reply("one", False, 0.0, Answer(b"", status=404), 0)])

        assert list(update_examples(loaded, report, tmp_path)) == []


class TestInline:
    def test_changed(self, tmp_path: Path):
        """An answer in `pyproject.toml` is replaced, and the rest of the file stays as it is."""
        require_module("tomlkit")
        toml = "# kept\r\n[[tool.mar.examples]]\ninput = 1\nexpect = {a = 1}  # too\n"

        assert update(tmp_path, toml, b'{"a": [2, {"b": true}]}') == ["`tool.mar.examples[0].expect`"]
        assert examples(tmp_path)[0]["expect"] == {"a": [2, {"b": True}]}
        assert b"# kept\r\n" in (tmp_path / "pyproject.toml").read_bytes()

    def test_absent(self, tmp_path: Path):
        """An example that expects nothing expects the answer from then on."""
        require_module("tomlkit")
        toml = "[[tool.mar.examples]]\ninput = 1\n[[tool.mar.examples]]\ninput = 2\n"

        assert len(update(tmp_path, toml, b"[1]", b"[2]")) == 2
        assert [example["expect"] for example in examples(tmp_path)] == [[1], [2]]

    def test_of_an_archive(self, tmp_path: Path):
        """An archive's own examples are found in its table."""
        require_module("tomlkit")
        toml = "[[tool.mar.archives]]\n[[tool.mar.archives.examples]]\ninput = 1\nexpect = 1\n"

        assert update(tmp_path, toml, b"2") == ["`tool.mar.archives[0].examples[0].expect`"]
        assert PyProject(tmp_path).pyproject["tool"]["mar"]["archives"][0]["examples"][0]["expect"] == 2

    def test_schema(self, tmp_path: Path):
        """An example with only a schema is not changed."""
        assert update(tmp_path, "[[tool.mar.examples]]\ninput = 1\nexpect-schema = {}\n", b"2") == []

    @pytest.mark.parametrize("body", [b"text", b'"text"', b"null", b'{"a": [null]}'])
    def test_impossible(self, body: bytes, tmp_path: Path):
        """An answer that TOML cannot hold needs a file."""
        with pytest.raises(
            TrialError, match=r"TOML cannot hold the answer; set `expect` to the path of a file"
        ):
            update(tmp_path, "[[tool.mar.examples]]\ninput = 1\n", body)


class TestInterrupted:
    """A write that fails half way, as when the disk is full or the process is killed, leaves the old file."""

    @pytest.fixture(params=[OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
    def error(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BaseException:
        def write_half(folder: Folder, name: str, data: bytes) -> None:
            with folder.open(name, "xb") as file:
                file.write(data[: len(data) // 2])
            raise request.param

        monkeypatch.setattr(Folder, "write", write_half)
        return request.param

    def test_file(self, tmp_path: Path, error: BaseException):
        """A file with an answer is replaced atomically."""
        (tmp_path / "answers").mkdir()
        (tmp_path / "answers/one.json").write_text("[1]")
        with pytest.raises((TrialError, KeyboardInterrupt)):
            update(tmp_path, TestFile.TOML, b"[2]")

        assert tree(tmp_path / "answers") == {"one.json": b"[1]"}

    def test_inline(self, tmp_path: Path, error: BaseException):
        """`pyproject.toml` is replaced atomically."""
        require_module("tomlkit")
        toml = "[[tool.mar.examples]]\ninput = 1\nexpect = 1\n"
        with pytest.raises((TrialError, KeyboardInterrupt)):
            update(tmp_path, toml, b"2")

        assert tree(tmp_path) == {"pyproject.toml": (HEAD + toml).encode()}
