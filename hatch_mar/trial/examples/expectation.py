"""What an example's answer should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import TOLERANCE, Example
from hatch_mar.torchserve.answer import NOT_JSON, Answer
from hatch_mar.trial.examples.compare import compare_answer

LARGEST = (1 << 31) - 1
"""Bytes; TorchServe tells its worker the length in 32 bits with a sign."""


@dataclass(frozen=True)
class Expectation:
    expect: Any = None
    """The bytes of a file, or JSON; None if any answer will do."""
    schema: Any = None
    tolerance: float = TOLERANCE

    @classmethod
    def load(cls, example: Example, root: Path, *, update: bool) -> Expectation:
        """What an example expects; with `update` only its schema, since the rest is about to be rewritten."""
        expect, schema = example.expect, example.expect_schema
        if update:
            expect = None
        elif isinstance(expect, str):
            if not (root / expect).exists():
                raise TrialError(f"File not found: `{expect}`; `hatch-mar try --update` writes it")
            expect = read_file(root / expect, expect)
        if isinstance(schema, str):
            name, schema = schema, Answer(read_file(root / schema, schema)).value
            if schema is NOT_JSON:
                raise TrialError(f"`{name}` is not JSON")
        if schema is not None:
            make_validator(schema)
        return cls(expect, schema, example.tolerance)

    def find_faults(self, answer: Answer) -> Iterator[str]:
        if self.expect is not None:
            yield from compare_answer(self.expect, answer, self.tolerance)
        if self.schema is None:
            return
        if answer.value is NOT_JSON:
            yield f"the answer does not fit the schema, since it is not JSON: {answer.summary}"
            return
        for place, message in find_mismatches(self.schema, answer.value):
            yield f"{f'`{place}`' if place else 'the answer'} does not fit the schema: {message}"

    def compare_batched(self, alone: Answer, batched: Answer) -> Iterator[str]:
        """How a request's answer in a batch differs from the one it got alone.

        With only a schema, answers may vary from call to call as long as they fit it.
        """
        if self.schema is not None and self.expect is None:
            known = set(self.find_faults(alone))
            yield from (fault for fault in self.find_faults(batched) if fault not in known)
        else:
            yield from compare_answer(alone.body, batched, self.tolerance)


ANY = Expectation()


def make_validator(schema: Any) -> Any:
    """A validator that never fetches a schema from elsewhere."""
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry
    except ImportError:
        raise TrialError("`expect-schema` needs jsonschema: pip install jsonschema") from None
    validator = validator_for(schema, default=Draft202012Validator)
    try:
        validator.check_schema(schema)
    except SchemaError as error:
        raise TrialError(f"`expect-schema` is not a JSON Schema: {error.message}") from None
    return validator(schema, registry=Registry())


def find_mismatches(schema: Any, value: Any) -> Iterator[tuple[str, str]]:
    validator = make_validator(schema)
    from referencing.exceptions import Unresolvable

    try:
        for error in validator.iter_errors(value):
            yield error.json_path.removeprefix("$").removeprefix("."), error.message
    except Unresolvable as error:
        message = f"`expect-schema` refers to `{error.ref}`, which it does not contain; nothing is fetched"
        raise TrialError(message) from None


def read_file(path: Path, name: str) -> bytes:
    """A file's bytes; `name` is what messages call it."""
    try:
        if path.stat().st_size > LARGEST:
            raise TrialError(f"Cannot read `{name}`: it is larger than a request or an answer can be")
        return read_bytes(path)
    except FileNotFoundError:
        raise TrialError(f"File not found: `{name}`") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise TrialError(f"Cannot read `{name}`: {getattr(error, 'strerror', error)}") from None
