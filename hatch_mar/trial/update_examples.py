"""Expected answers, written down from what an archive answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatch_mar.errors import TrialError
from hatch_mar.finding import dotted
from hatch_mar.project.config.models import ArchiveConfig, Example
from hatch_mar.trial.examples.answer import NOT_JSON, Answer
from hatch_mar.trial.examples.compare import answers_differ
from hatch_mar.trial.verdict.report import Report


def update(config: ArchiveConfig, report: Report, root: Path) -> Iterator[str]:
    """Write the answers that differ from what is expected, and give the places that changed.

    What is within an example's tolerance stays as it is, and so does an example that has
    only a schema.

    Raises:
        TrialError: an answer cannot be written where it is expected.
    """
    given = {reply.index: reply.answer for reply in report.replies if reply.answer}
    for index, example in enumerate(config.examples):
        answer = given.get(index)
        if answer is None or answer.status >= 400:
            continue
        if isinstance(example.expect, str):
            if differs_from_file(root / example.expect, answer, example):
                write(root / example.expect, answer)
                yield example.expect
        elif example.expect is None and example.expect_schema is not None:
            continue
        elif example.expect is None or any(answers_differ(example.expect, answer, example.tolerance)):
            yield write_inline(config, index, answer, root / "pyproject.toml")


def differs_from_file(path: Path, answer: Answer, example: Example) -> bool:
    return not path.exists() or any(answers_differ(path.read_bytes(), answer, example.tolerance))


def write(path: Path, answer: Answer) -> None:
    data = answer.body
    if answer.value is not NOT_JSON:
        data = (json.dumps(answer.value, indent=2, ensure_ascii=False) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise TrialError(f"Cannot write `{path}`: {error.strerror}") from None


def write_inline(config: ArchiveConfig, index: int, answer: Answer, pyproject: Path) -> str:
    """Set `expect` in `pyproject.toml`, and leave the rest of it as it is."""
    key = (*config.origins["examples"].key, index)
    place = f"`{dotted((*key, 'expect'))}`"
    if answer.value is NOT_JSON or isinstance(answer.value, str) or has_null(answer.value):
        raise TrialError(
            f"Cannot write {place}: TOML cannot hold the answer; give `expect` the path of a file, which"
            " `--update` then writes"
        )
    try:
        import tomlkit
    except ImportError:
        message = f"To write {place}, tomlkit is needed: pip install 'hatch-mar[cli]'"
        raise TrialError(message) from None
    document = tomlkit.parse(pyproject.read_bytes().decode())
    table: Any = document
    for part in key:
        table = table[part]
    table["expect"] = inline(answer.value)
    pyproject.write_bytes(tomlkit.dumps(document).encode())
    return place


def inline(value: Any) -> Any:
    """A JSON value as TOML has it on one line."""
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({key: inline(item) for key, item in value.items()})
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(inline(item) for item in value)
        return array
    return value


def has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    return any(map(has_null, value)) if isinstance(value, list) else value is None
