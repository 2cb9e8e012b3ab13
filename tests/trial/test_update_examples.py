from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.project.config import schema
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.pyproject import PyProject
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.update_examples import update_examples
from hatch_mar.trial.verdict.report import Reply, Report
from tests.e2e.conftest import require_module

HEAD = '[tool.mar]\nhandler = "handler.py"\n'


def updated(root: Path, toml: str, *bodies: bytes) -> list[str]:
    """What an update changes if the project's examples are answered so."""
    (root / "pyproject.toml").write_text(HEAD + toml, newline="")
    project = PyProject(root)
    [loaded] = schema.load(project.pyproject["tool"]["mar"], name=lambda: "digits", version=lambda: "1")
    assert isinstance(loaded, ArchiveConfig)
    replies = [Reply(str(index), True, 0.0, Answer(body), index) for index, body in enumerate(bodies)]
    return list(update_examples(loaded, Report("digits", replies=replies), root))


def examples(root: Path) -> Any:
    return PyProject(root).pyproject["tool"]["mar"]["examples"]


class TestFile:
    TOML = '[[tool.mar.examples]]\ninput = 1\nexpect = "answers/one.json"\n'

    def test_new(self, tmp_path: Path):
        """A file that is not there yet is written, JSON as people read it."""
        assert updated(tmp_path, self.TOML, b'{"digit":"sch\xc3\xb6n"}') == ["answers/one.json"]
        assert (tmp_path / "answers/one.json").read_text(encoding="utf-8") == '{\n  "digit": "schön"\n}\n'

    def test_text(self, tmp_path: Path):
        """What is no JSON is written as it came."""
        updated(tmp_path, self.TOML, b"\xff\n")

        assert (tmp_path / "answers/one.json").read_bytes() == b"\xff\n"

    def test_within_tolerance(self, tmp_path: Path):
        """What differs by less than the tolerance stays."""
        updated(tmp_path, self.TOML, b"[1.0]")

        assert updated(tmp_path, self.TOML, b"[1.00001]") == []
        assert updated(tmp_path, self.TOML, b"[1.1]") == ["answers/one.json"]

    def test_error(self, tmp_path: Path):
        """An answer with a status of an error is never what is expected."""
        (tmp_path / "pyproject.toml").write_text(HEAD + self.TOML)
        [loaded] = schema.load(
            PyProject(tmp_path).pyproject["tool"]["mar"], name=lambda: "digits", version=lambda: "1"
        )
        report = Report("digits", replies=[Reply("one", False, 0.0, Answer(b"", status=404), 0)])

        assert list(update_examples(loaded, report, tmp_path)) == []


class TestInline:
    def test_changed(self, tmp_path: Path):
        """An answer in `pyproject.toml` is replaced, and the rest of the file stays as it is."""
        require_module("tomlkit")
        toml = "# kept\r\n[[tool.mar.examples]]\ninput = 1\nexpect = {a = 1}  # too\n"

        assert updated(tmp_path, toml, b'{"a": [2, {"b": true}]}') == ["`tool.mar.examples[0].expect`"]
        assert examples(tmp_path)[0]["expect"] == {"a": [2, {"b": True}]}
        assert b"# kept\r\n" in (tmp_path / "pyproject.toml").read_bytes()

    def test_absent(self, tmp_path: Path):
        """An example that expects nothing expects it from then on."""
        require_module("tomlkit")
        toml = "[[tool.mar.examples]]\ninput = 1\n[[tool.mar.examples]]\ninput = 2\n"

        assert len(updated(tmp_path, toml, b"[1]", b"[2]")) == 2
        assert [example["expect"] for example in examples(tmp_path)] == [[1], [2]]

    def test_of_an_archive(self, tmp_path: Path):
        """An archive's own examples are found where they are."""
        require_module("tomlkit")
        toml = "[[tool.mar.archives]]\n[[tool.mar.archives.examples]]\ninput = 1\nexpect = 1\n"

        assert updated(tmp_path, toml, b"2") == ["`tool.mar.archives[0].examples[0].expect`"]
        assert PyProject(tmp_path).pyproject["tool"]["mar"]["archives"][0]["examples"][0]["expect"] == 2

    def test_schema(self, tmp_path: Path):
        """An example with a schema alone stays as it is."""
        assert updated(tmp_path, "[[tool.mar.examples]]\ninput = 1\nexpect-schema = {}\n", b"2") == []

    @pytest.mark.parametrize("body", [b"text", b'"text"', b"null", b'{"a": [null]}'])
    def test_impossible(self, body: bytes, tmp_path: Path):
        """What TOML cannot hold needs a file."""
        with pytest.raises(
            TrialError, match=r"TOML cannot hold the answer; set `expect` to the path of a file"
        ):
            updated(tmp_path, "[[tool.mar.examples]]\ninput = 1\n", body)
