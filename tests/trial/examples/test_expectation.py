from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import Example
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.examples.expectation import ANY, Expectation
from tests.e2e.conftest import require_module

SCHEMA = {"type": "object", "properties": {"digit": {"enum": ["one", "two"]}}, "required": ["digit"]}


def answer(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())


class TestFaults:
    def test_any(self):
        """With nothing expected, anything will do."""
        assert list(ANY.faults(Answer(b"whatever"))) == []

    def test_expect(self):
        """An answer must be the expected one, within the tolerance."""
        assert list(Expectation(1, tolerance=0.1).faults(answer(1.05))) == []
        assert list(Expectation(1, tolerance=0.1).faults(answer(1.5))) == ["the answer is 1.5, expected 1"]

    def test_schema(self):
        """An answer must fit the schema, and it is told where it does not."""
        require_module("jsonschema")
        expectation = Expectation(schema=SCHEMA)

        assert list(expectation.faults(answer({"digit": "one"}))) == []
        assert list(expectation.faults(answer({"digit": "six"}))) == [
            "`digit` does not fit the schema: 'six' is not one of ['one', 'two']"
        ]
        assert list(expectation.faults(Answer(b"six"))) == [
            "the answer is no JSON, and so fits no schema: six"
        ]

    def test_reference(self):
        """A schema fetches nothing from elsewhere."""
        require_module("jsonschema")
        expectation = Expectation(schema={"$ref": "https://example.invalid/schema.json"})

        with pytest.raises(TrialError, match=r"^`expect-schema` refers to `https://example.invalid/"):
            list(expectation.faults(answer(1)))


class TestDisagreement:
    def test_alone(self):
        """A batch's answer is measured by that of the request alone."""
        assert list(ANY.disagreement(answer(1), answer(2))) == ["the answer is 2, alone 1"]
        assert list(Expectation(5, tolerance=1).disagreement(answer(1), answer(2))) == []

    def test_schema(self):
        """Answers that only a schema binds may vary, as long as they fit it."""
        require_module("jsonschema")
        expectation = Expectation(schema={"type": "integer"})

        assert list(expectation.disagreement(answer(1), answer(2))) == []
        assert list(expectation.disagreement(answer(1), answer("x"))) == [
            "the answer does not fit the schema: 'x' is not of type 'integer'"
        ]


class TestOf:
    def test_file(self, tmp_path: Path):
        """A string is a file's path, relative to the project."""
        (tmp_path / "a.json").write_bytes(b"[1]")

        assert Expectation.of(Example(1, expect="a.json"), tmp_path, update=False).expect == b"[1]"

    def test_no_file(self, tmp_path: Path):
        """A file that is not there is an error that tells how to make it; for an update it need not be."""
        example = Example(1, expect="a.json")

        with pytest.raises(
            TrialError, match=r"^File not found: `a.json`; `hatch-mar try --update` writes it$"
        ):
            Expectation.of(example, tmp_path, update=False)
        assert Expectation.of(example, tmp_path, update=True) == ANY

    @pytest.mark.parametrize(
        ("schema", "message"),
        [
            ({"type": "wrong"}, "^`expect-schema` is no JSON Schema: "),
            ("s.json", "^not JSON: `s.json`$"),
            ("absent.json", "^File not found: `absent.json`$"),
        ],
    )
    def test_schema(self, schema: Any, message: str, tmp_path: Path):
        """A schema that is none is an error before anything runs."""
        require_module("jsonschema")
        (tmp_path / "s.json").write_text("{")

        with pytest.raises(TrialError, match=message):
            Expectation.of(Example(1, expect_schema=schema), tmp_path, update=False)
