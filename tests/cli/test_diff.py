from __future__ import annotations

import json
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.cli import main
from hatch_mar.cli._forms.markdown import code
from tests.archives import PACKING, archive_of


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    one, other = tmp_path / "one.mar", tmp_path / "other"
    FORMATS["default"].write(archive_of({"a": b"1", "b": b"2"}), one, PACKING)
    FORMATS["no-archive"].write(archive_of({"a": b"1", "b\x1b": b"23"}), other, PACKING)
    return str(one), str(other)


class TestDiff:
    def test_text(self, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]):
        """Each difference is a line, and the status is 1."""
        assert main(["diff", *pair]) == 1
        assert capsys.readouterr().out == "- member b: 1 byte\n+ member b\\x1b: 2 bytes\n"

    def test_json(self, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]):
        """`--json` prints the same as JSON."""
        assert main(["diff", "--json", *pair]) == 1
        assert [difference["name"] for difference in json.loads(capsys.readouterr().out)] == ["b", "b\x1b"]

    def test_markdown(self, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]):
        """As Markdown, each difference is a row."""
        assert main(["diff", "--output-format", "markdown", *pair]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"### {code(pair[0])} and {code(pair[1])}: 2 differences"
        assert lines[4:] == [
            "| removed | member <code>b</code> | 1 byte |",
            "| added | member <code>b&#92;x1b</code> | 2 bytes |",
            "",
        ]

        assert main(["diff", "--output-format", "markdown", pair[0], pair[0]]) == 0
        assert capsys.readouterr().out.endswith(": 0 differences\n\n")

    def test_same(self, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]):
        """Without differences, nothing is printed, and the status is 0."""
        assert main(["diff", pair[0], pair[0]]) == 0
        assert capsys.readouterr().out == ""
