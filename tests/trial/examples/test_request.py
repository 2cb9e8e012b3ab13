from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig, Example, RemoteFile
from hatch_mar.trial.examples.request import example_files, guess_type, load_examples, read_request


def config(*examples: Example) -> ArchiveConfig:
    return ArchiveConfig("digits", "1.0", "handler.py", examples=examples)


REMOTE = RemoteFile("five.png", "https://a.b/five.png", "0" * 64)


class TestLoadExamples:
    def test_file(self, tmp_path: Path):
        """A string is a file's path; its bytes are sent, with the type of its suffix."""
        (tmp_path / "five.png").write_bytes(b"PNG")
        [request] = load_examples(config(Example("five.png")), tmp_path)

        assert (request.label, request.data, request.content_type) == ("five.png", b"PNG", "image/png")

    def test_json(self, tmp_path: Path):
        """Anything else is sent as JSON."""
        [request] = load_examples(config(Example({"pixels": [1]})), tmp_path)

        assert request.label == "example #1"
        assert (request.data, request.content_type) == (b'{"pixels": [1]}', "application/json")

    def test_content_type(self, tmp_path: Path):
        """The type can be set."""
        [request] = load_examples(config(Example([1], content_type="text/plain")), tmp_path)

        assert request.content_type == "text/plain"

    def test_remote(self, tmp_path: Path):
        """A file that is fetched must be there, with its digest."""
        own = config(Example("five.png"))._replace(remote_files=(REMOTE,))
        with pytest.raises(TrialError) as missing:
            load_examples(own, tmp_path)
        (tmp_path / "five.png").write_bytes(b"PNG")
        with pytest.raises(TrialError) as differing:
            load_examples(own, tmp_path)

        assert str(missing.value) == (
            "Field `tool.mar.examples[0]` cannot be used: File not found: `five.png`;"
            " run `hatch-mar fetch five.png`"
        )
        [finding] = differing.value.findings
        assert finding.code == "MAR037"

    def test_faults(self, tmp_path: Path):
        """All missing files are reported at once, with the key that names them."""
        with pytest.raises(TrialError) as error:
            load_examples(config(Example("a.png"), Example(1, expect="b.json")), tmp_path)

        assert error.value.faults == (
            "Field `tool.mar.examples[0]` cannot be used: File not found: `a.png`",
            (
                "Field `tool.mar.examples[1]` cannot be used: File not found: `b.json`;"
                " `hatch-mar try --update` writes it"
            ),
        )


class TestReadRequest:
    def test_missing(self, tmp_path: Path):
        """A file that does not exist is an error of one line."""
        with pytest.raises(TrialError, match=r"^File not found: `"):
            read_request(tmp_path / "absent")


class TestGuessType:
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
        assert guess_type(Path(name)) == expected


class TestExampleFiles:
    def test_files(self):
        """A string names a file; anything else does not."""
        examples = (Example("a", expect="b", expect_schema="c"), Example([1], expect={}, expect_schema={}))

        assert list(example_files(config(*examples))) == ["a", "b", "c"]
