"""Replaces the expected answers of examples with an archive's actual ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.errors import TrialError
from hatch_mar.finding import dotted_key
from hatch_mar.project.config.models import PYPROJECT, ArchiveConfig
from hatch_mar.project.config.reading import walk
from hatch_mar.torchserve.answer import NOT_JSON, Answer
from hatch_mar.trial.examples.compare import compare_answer
from hatch_mar.trial.verdict.report import Report


def update_examples(config: ArchiveConfig, report: Report, root: Path) -> Iterator[str]:
    """Write the answers that differ from what is expected, and give each place that changed.

    An answer within its example's tolerance is not written, nor is that of an example with
    only a schema.
    """
    answers = {reply.index: reply.answer for reply in report.replies if reply.answer}
    for index, example in enumerate(config.examples):
        answer = answers.get(index)
        if answer is None or answer.status >= 400:
            continue
        expected, path = example.expect, None
        if isinstance(expected, str):
            path = root / expected
            expected = read_bytes(path) if path.exists() else None
        elif expected is None and example.expect_schema is not None:
            continue
        if expected is not None and not any(compare_answer(expected, answer, example.tolerance)):
            continue
        if path:
            data = answer.body
            if answer.value is not NOT_JSON:
                data = (json.dumps(answer.value, indent=2, ensure_ascii=False) + "\n").encode()
            write(path, data)
            yield str(example.expect)
        else:
            yield write_inline(config, index, answer, root / PYPROJECT)


def write_inline(config: ArchiveConfig, index: int, answer: Answer, pyproject: Path) -> str:
    """Set `expect` in `pyproject.toml`, and change nothing else there."""
    key = (*config.origins["examples"].key, index)
    place = f"`{dotted_key((*key, 'expect'))}`"
    if (
        answer.value is NOT_JSON
        or isinstance(answer.value, str)
        or None in (item for _, item in walk(answer.value))
    ):
        raise TrialError(
            f"Cannot write {place}: TOML cannot hold the answer; set `expect` to the path of a file, and"
            " `--update` writes that"
        )
    try:
        import tomlkit
    except ImportError:
        message = f"Writing {place} needs tomlkit: pip install 'hatch-mar[cli]'"
        raise TrialError(message) from None
    document = tomlkit.parse(read_bytes(pyproject).decode())
    table: Any = document
    for part in key:
        table = table[part]
    table["expect"] = to_inline(answer.value)
    write(pyproject, tomlkit.dumps(document).encode())
    return place


def write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
    except OSError as error:
        raise TrialError(f"Cannot write `{path}`: {error.strerror or error}") from None


def to_inline(value: Any) -> Any:
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({key: to_inline(item) for key, item in value.items()})
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(to_inline(item) for item in value)
        return array
    return value
