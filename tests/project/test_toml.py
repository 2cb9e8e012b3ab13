from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.toml import read_document, table_at
from tests.archives import needs_posix


class TestRead:
    def test_document(self, tmp_path: Path):
        """A file is read as UTF-8."""
        (tmp_path / "a.toml").write_text('a = "é"\n', encoding="utf-8")

        assert read_document(tmp_path / "a.toml") == {"a": "é"}

    def test_missing(self, tmp_path: Path):
        """A missing file is for the caller to explain."""
        with pytest.raises(FileNotFoundError):
            read_document(tmp_path / "a.toml")

    @pytest.mark.parametrize(
        ("data", "line"),
        [
            (b"\na = = 1", 2),
            (b"\xff", None),
            (b"a = " + b"[" * 10_000, None),
            (b"\n" + b"a." * 5_000 + b"b = 1", 2),
            (b"#" * (1 << 20) + b"\n", None),
        ],
    )
    def test_unreadable(self, tmp_path: Path, data: bytes, line: int | None):
        """What is not TOML is a finding about the file, with the line if that is known."""
        (tmp_path / "a.toml").write_bytes(data)
        with pytest.raises(ConfigError) as error:
            read_document(tmp_path / "a.toml")

        [finding] = error.value.findings
        assert (finding.code, finding.place.file, finding.place.line) == ("MAR001", "a.toml", line)
        assert finding.message.startswith(f"Cannot read `{tmp_path / 'a.toml'}`: ")

    def test_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Of a document that is longer than any that people write, nothing is parsed."""
        monkeypatch.setattr("hatch_mar.project.toml.tomllib.loads", lambda text: pytest.fail("parsed"))
        for text in ("a = 1\n" * 200_000, "a." * 5_000 + "b = 1"):
            (tmp_path / "a.toml").write_text(text)
            with pytest.raises(ConfigError, match="it has more than"):
                read_document(tmp_path / "a.toml")

    @needs_posix
    def test_pipe(self, tmp_path: Path):
        """A pipe is refused, and nobody is waited for."""
        os.mkfifo(tmp_path / "pyproject.toml")

        with pytest.raises(ConfigError, match="not a regular file"):
            read_document(tmp_path / "pyproject.toml")


class TestTable:
    def test_found(self):
        """A table that is not there is empty."""
        assert table_at({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
        assert table_at({"a": {}}, "a", "b", "c") == {}

    @pytest.mark.parametrize(
        ("file", "expected"),
        [
            ("pyproject.toml", "Field `a.b` must be a table [MAR004]"),
            ("hatch.toml", "Field `a.b` in `hatch.toml` must be a table [MAR004]"),
        ],
    )
    def test_something_else(self, file: str, expected: str):
        """Anything else in its place is an error that names the key."""
        with pytest.raises(ConfigError) as error:
            table_at({"a": {"b": []}}, "a", "b", "c", file=file)

        assert str(error.value) == expected
