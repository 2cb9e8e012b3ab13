from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig, Example
from hatch_mar.trial.examples.request import files_of, request_from, requests_of, type_of


def config(*examples: Example) -> ArchiveConfig:
    return ArchiveConfig("digits", "1.0", "handler.py", examples=examples)


class TestRequestsOf:
    def test_file(self, tmp_path: Path):
        """A string is a file's path; its bytes are sent, as the type that its suffix tells."""
        (tmp_path / "five.png").write_bytes(b"PNG")
        [request] = requests_of(config(Example("five.png")), tmp_path)

        assert (request.label, request.data, request.content_type) == ("five.png", b"PNG", "image/png")

    def test_json(self, tmp_path: Path):
        """Anything else is sent as JSON."""
        [request] = requests_of(config(Example({"pixels": [1]})), tmp_path)

        assert request.label == "example #1"
        assert (request.data, request.content_type) == (b'{"pixels": [1]}', "application/json")

    def test_content_type(self, tmp_path: Path):
        """The type can be set."""
        [request] = requests_of(config(Example([1], content_type="text/plain")), tmp_path)

        assert request.content_type == "text/plain"

    def test_faults(self, tmp_path: Path):
        """All files that are missing are told at once, with the key that names them."""
        with pytest.raises(TrialError) as error:
            requests_of(config(Example("a.png"), Example(1, expect="b.json")), tmp_path)

        assert error.value.faults == (
            "Field `tool.mar.examples[0]` cannot be used: File not found: `a.png`",
            (
                "Field `tool.mar.examples[1]` cannot be used: File not found: `b.json`;"
                " `hatch-mar try --update` writes it"
            ),
        )


class TestRequestFrom:
    def test_missing(self, tmp_path: Path):
        """A file that is not there is an error of one line."""
        with pytest.raises(TrialError, match=r"^File not found: `"):
            request_from(tmp_path / "absent")


class TestTypeOf:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("a.json", "application/json"),
            ("a.png", "image/png"),
            ("a.txt", "text/plain"),
            ("a.npy", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ],
    )
    def test_suffix(self, name: str, expected: str):
        """A file's type is its suffix's."""
        assert type_of(Path(name)) == expected


class TestFilesOf:
    def test_files(self):
        """The files that decide about the examples are those that a string names."""
        examples = (Example("a", expect="b", expect_schema="c"), Example([1], expect={}, expect_schema={}))

        assert list(files_of(config(*examples))) == ["a", "b", "c"]
