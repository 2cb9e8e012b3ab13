"""What an archive is asked: a body and its type, from a file or from the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import Path

from hatch_mar.errors import TrialError
from hatch_mar.finding import Finding
from hatch_mar.project.config.models import ArchiveConfig, Example
from hatch_mar.project.remote_files import compare_digest, list_placed
from hatch_mar.project.unfetched import find_remedy
from hatch_mar.trial.examples.expectation import ANY, Expectation, read_file


@dataclass(frozen=True)
class Request:
    label: str
    """The input's file, or the example's number."""
    data: bytes
    content_type: str
    expectation: Expectation = ANY


def load_examples(config: ArchiveConfig, root: Path, *, update: bool = False) -> tuple[Request, ...]:
    """The examples of an archive; with `update`, their expected answers need not exist yet."""
    requests: list[Request] = []
    faults: list[Finding | str] = [*find_differing_files(config, root)]
    for number, example in enumerate(config.examples, start=1):
        try:
            requests.append(load_example(example, number, root, update=update))
        except TrialError as error:
            place = config.origins["examples"].within(number - 1)
            advice = "".join(f"; {command}" for command in find_remedies(example, config, root))
            faults += [f"{place} cannot be used: {fault}{advice}" for fault in error.faults]
    if faults:
        raise TrialError(*faults)
    return tuple(requests)


def find_differing_files(config: ArchiveConfig, root: Path) -> Iterator[Finding]:
    """The remote files of examples that have another digest than is declared."""
    used = {os.path.normpath(name) for name in example_files(config)}
    for place, each in list_placed(config.remote_files):
        if os.path.normpath(each.path) in used:
            yield from compare_digest(place, each, root)


def find_remedies(example: Example, config: ArchiveConfig, root: Path) -> Iterator[str]:
    """What brings the files of an example that are missing."""
    for name in files_of(example):
        if not (root / name).exists() and (fix := find_remedy(root / name, root, config.remote_files)):
            yield fix


def load_example(example: Example, number: int, root: Path, *, update: bool) -> Request:
    expectation = Expectation.load(example, root, update=update)
    if isinstance(example.input, str):
        data = read_file(root / example.input, example.input)
        content_type = example.content_type or guess_type(Path(example.input))
        return Request(example.input, data, content_type, expectation)
    body = json.dumps(example.input).encode()
    return Request(f"example #{number}", body, example.content_type or "application/json", expectation)


def read_request(path: Path) -> Request:
    """A request with a file as its body."""
    return Request(str(path), read_file(path, str(path)), guess_type(path))


def guess_type(path: Path) -> str:
    """The type that the suffix stands for, whatever this machine's own table of types says."""
    return MimeTypes().guess_type(path.name)[0] or "application/octet-stream"


def example_files(config: ArchiveConfig) -> Iterator[str]:
    for example in config.examples:
        yield from files_of(example)


def files_of(example: Example) -> Iterator[str]:
    for value in (example.input, example.expect, example.expect_schema):
        if isinstance(value, str):
            yield value
