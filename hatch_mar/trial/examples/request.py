"""What an archive is asked: a body and its type, from a file or from the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import Path

from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig, Example
from hatch_mar.trial.examples.expectation import ANY, Expectation, content


@dataclass(frozen=True)
class Request:
    label: str
    """The input's file, or the example's number."""
    data: bytes
    content_type: str
    expectation: Expectation = ANY


def requests_of(config: ArchiveConfig, root: Path, *, update: bool = False) -> tuple[Request, ...]:
    """The examples of an archive; with `update`, an answer that is not there yet is none.

    Raises:
        TrialError: files that they name cannot be read.
    """
    found, faults = [], []
    for number, example in enumerate(config.examples, start=1):
        try:
            found.append(request_of(example, number, root, update=update))
        except TrialError as error:
            place = config.origins["examples"].within(number - 1)
            faults += [f"{place} cannot be used: {fault}" for fault in error.faults]
    if faults:
        raise TrialError(*faults)
    return tuple(found)


def request_of(example: Example, number: int, root: Path, *, update: bool) -> Request:
    expectation = Expectation.of(example, root, update=update)
    if isinstance(example.input, str):
        data = content(root / example.input, example.input)
        return Request(example.input, data, example.content_type or type_of(Path(example.input)), expectation)
    body = json.dumps(example.input).encode()
    return Request(f"example #{number}", body, example.content_type or "application/json", expectation)


def request_from(path: Path) -> Request:
    """A request with a file as its body.

    Raises:
        TrialError: it cannot be read.
    """
    return Request(str(path), content(path, str(path)), type_of(path))


def type_of(path: Path) -> str:
    """By the suffix, whatever the machine's own table of them says."""
    return MimeTypes().guess_type(path.name)[0] or "application/octet-stream"


def files_of(config: ArchiveConfig) -> Iterator[str]:
    """The files that decide about the examples."""
    for example in config.examples:
        for value in (example.input, example.expect, example.expect_schema):
            if isinstance(value, str):
                yield value
