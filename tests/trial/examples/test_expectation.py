from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import Example
from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.examples.expectation import ANY, Expectation
from tests.archives import needs_posix
from tests.e2e.conftest import require_module

SCHEMA = {"type": "object", "properties": {"digit": {"enum": ["one", "two"]}}, "required": ["digit"]}


def answer(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())


class TestFindFaults:
    def test_any(self):
        """With nothing expected, anything will do."""
        assert list(ANY.find_faults(Answer(b"whatever"))) == []

    def test_expect(self):
        """An answer must be the expected one, within the tolerance."""
        assert list(Expectation(1, tolerance=0.1).find_faults(answer(1.05))) == []
        assert list(Expectation(1, tolerance=0.1).find_faults(answer(1.5))) == [
            "the answer is 1.5, expected 1"
        ]

    def test_schema(self):
        """An answer must fit the schema; a fault says where it does not."""
        require_module("jsonschema")
        expectation = Expectation(schema=SCHEMA)

        assert list(expectation.find_faults(answer({"digit": "one"}))) == []
        assert list(expectation.find_faults(answer({"digit": "six"}))) == [
            "`digit` does not fit the schema: 'six' is not one of ['one', 'two']"
        ]
        assert list(expectation.find_faults(Answer(b"six"))) == [
            "the answer does not fit the schema, since it is not JSON: six"
        ]

    def test_no_jsonschema(self, monkeypatch: pytest.MonkeyPatch):
        """What is missing is named alone: a machine that only deploys needs no torch."""
        monkeypatch.setitem(sys.modules, "jsonschema.exceptions", None)

        with pytest.raises(TrialError, match=r"^`expect-schema` needs jsonschema: pip install jsonschema$"):
            list(Expectation(schema={}).find_faults(answer(1)))

    def test_reference(self):
        """A schema is never fetched from elsewhere."""
        require_module("jsonschema")
        expectation = Expectation(schema={"$ref": "https://example.invalid/schema.json"})

        with pytest.raises(TrialError, match=r"^`expect-schema` refers to `https://example.invalid/"):
            list(expectation.find_faults(answer(1)))


class TestCompareBatched:
    def test_alone(self):
        """The answer in a batch is compared with the one that the request got alone."""
        assert list(ANY.compare_batched(answer(1), answer(2))) == ["the answer is 2, expected 1"]
        assert list(Expectation(5, tolerance=1).compare_batched(answer(1), answer(2))) == []

    def test_schema(self):
        """With only a schema, answers may vary as long as they fit it."""
        require_module("jsonschema")
        expectation = Expectation(schema={"type": "integer"})

        assert list(expectation.compare_batched(answer(1), answer(2))) == []
        assert list(expectation.compare_batched(answer(1), answer("x"))) == [
            "the answer does not fit the schema: 'x' is not of type 'integer'"
        ]
        assert list(expectation.compare_batched(answer("x"), answer("x"))) == []


class TestLoad:
    def test_file(self, tmp_path: Path):
        """A string is a file's path, relative to the project."""
        (tmp_path / "a.json").write_bytes(b"[1]")

        assert Expectation.load(Example(1, expect="a.json"), tmp_path, update=False).expect == b"[1]"

    @needs_posix
    def test_pipe(self, tmp_path: Path):
        """A pipe is refused, and nobody is waited for."""
        os.mkfifo(tmp_path / "a.json")

        with pytest.raises(TrialError, match=r"^Cannot read `a.json`: not a regular file$"):
            Expectation.load(Example(1, expect="a.json"), tmp_path, update=False)

    def test_huge(self, tmp_path: Path):
        """A file that is larger than an answer can be is not read."""
        with open(tmp_path / "a.json", "wb") as file:
            file.truncate(1 << 40)

        with pytest.raises(TrialError, match=r"^Cannot read `a.json`: it is larger than a request or an"):
            Expectation.load(Example(1, expect="a.json"), tmp_path, update=False)

    def test_no_file(self, tmp_path: Path):
        """A file that does not exist is an error that says how to make it; an update does not need it."""
        example = Example(1, expect="a.json")

        with pytest.raises(
            TrialError, match=r"^File not found: `a.json`; `hatch-mar try --update` writes it$"
        ):
            Expectation.load(example, tmp_path, update=False)
        assert Expectation.load(example, tmp_path, update=True) == ANY

    @pytest.mark.parametrize(
        ("schema", "message"),
        [
            ({"type": "wrong"}, "^`expect-schema` is not a JSON Schema: "),
            ("s.json", "^`s.json` is not JSON$"),
            ("absent.json", "^File not found: `absent.json`$"),
        ],
    )
    def test_schema(self, schema: Any, message: str, tmp_path: Path):
        """An invalid schema is an error before anything runs."""
        require_module("jsonschema")
        (tmp_path / "s.json").write_text("{")

        with pytest.raises(TrialError, match=message):
            Expectation.load(Example(1, expect_schema=schema), tmp_path, update=False)
