"""What an example's answer should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import TOLERANCE, Example
from hatch_mar.trial.examples.answer import NOT_JSON, Answer, parsed
from hatch_mar.trial.examples.compare import answers_differ


@dataclass(frozen=True)
class Expectation:
    expect: Any = None
    """The bytes of a file, or JSON; None where any answer will do."""
    schema: Any = None
    """A JSON Schema, or None."""
    tolerance: float = TOLERANCE

    @classmethod
    def of(cls, example: Example, root: Path, *, update: bool) -> Expectation:
        """What `example` expects; nothing but its schema, where the rest is to be written anew.

        Raises:
            TrialError: a file cannot be read, or jsonschema is not there to check with.
        """
        expect, schema = example.expect, example.expect_schema
        if update:
            expect = None
        elif isinstance(expect, str):
            if not (root / expect).exists():
                raise TrialError(f"File not found: `{expect}`; `hatch-mar try --update` writes it")
            expect = content(root / expect, expect)
        if isinstance(schema, str):
            name, schema = schema, parsed(content(root / schema, schema))
            if schema is NOT_JSON:
                raise TrialError(f"not JSON: `{name}`")
        if schema is not None:
            refuse_schema(schema)
        return cls(expect, schema, example.tolerance)

    def faults(self, answer: Answer) -> Iterator[str]:
        """What is wrong with an answer."""
        if self.expect is not None:
            yield from answers_differ(self.expect, answer, self.tolerance)
        if self.schema is None:
            return
        if answer.value is NOT_JSON:
            yield f"the answer is no JSON, and so fits no schema: {answer.shown}"
            return
        for place, message in misfits(self.schema, answer.value):
            yield f"{f'`{place}`' if place else 'the answer'} does not fit the schema: {message}"

    def disagreement(self, alone: Answer, together: Answer) -> Iterator[str]:
        """How an answer in a batch of several differs from that in a batch of one.

        With nothing but a schema, answers may vary from call to call as long as they fit it.
        """
        if self.schema is not None and self.expect is None:
            yield from self.faults(together)
        else:
            yield from answers_differ(alone.body, together, self.tolerance, "alone")


ANY = Expectation()
"""Any answer will do."""


def validator(schema: Any) -> Any:
    """A validator that fetches nothing from elsewhere."""
    try:
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry
    except ImportError:
        message = "`expect-schema` needs jsonschema: pip install 'hatch-mar[torch]'"
        raise TrialError(message) from None
    found = validator_for(schema, default=Draft202012Validator)
    return found(schema, registry=Registry())


def misfits(schema: Any, value: Any) -> Iterator[tuple[str, str]]:
    """Where a value does not fit a schema, and why."""
    checking = validator(schema)
    from referencing.exceptions import Unresolvable

    try:
        for error in checking.iter_errors(value):
            yield error.json_path.removeprefix("$").removeprefix("."), error.message
    except Unresolvable as error:
        message = f"`expect-schema` refers to `{error.ref}`, which it must hold itself"
        raise TrialError(message) from None


def refuse_schema(schema: Any) -> None:
    checking = validator(schema)
    from jsonschema.exceptions import SchemaError

    try:
        checking.check_schema(schema)
    except SchemaError as error:
        message = f"`expect-schema` is no JSON Schema: {error.message}"
        raise TrialError(message) from None


def content(path: Path, shown: str) -> bytes:
    """A file's bytes.

    Raises:
        TrialError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TrialError(f"File not found: `{shown}`") from None
    except OSError as error:
        raise TrialError(f"Cannot read `{shown}`: {error.strerror}") from None
