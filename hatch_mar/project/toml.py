"""A project's TOML documents and their tables, read with tomllib, or tomli before Python 3.11."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.regular import read_text
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place, Rule
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.config.reading import VALUE, Fault

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["UNREADABLE", "read_document", "table_at", "tomllib"]

UNREADABLE = Rule(
    code="MAR001",
    severity="error",
    title="`pyproject.toml` or `hatch.toml` cannot be read",
    consequence="the project cannot be built",
    fix="correct its syntax, and save it as UTF-8",
)

LARGEST_DOCUMENT = 1 << 20
"""Characters. A `pyproject.toml` that people write has some thousands."""
MOST_DOTS = 4_000
"""Dots in a line. Of a key with as many parts, Python keeps all keys that it begins with: 60 MB."""


def read_document(file: Path) -> dict[str, Any]:
    """The document in a file of the project's root.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it cannot be read, or is not valid TOML.
    """
    line = None
    try:
        text = read_text(file, LARGEST_DOCUMENT + 1)
        refuse_endless(text)
        return tomllib.loads(text)
    except FileNotFoundError:
        raise
    except RecursionError:
        reason = "it is nested too deeply"
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
        line = re.search(r"at line (\d+)", reason)
    place = Place(file.name, int(line[1]) if line else None)
    raise ConfigError(UNREADABLE.at(place, f"Cannot read `{file}`: {reason}", ""))


def refuse_endless(text: str) -> None:
    """
    Raises:
        ValueError: reading the document would take more memory or time than any that people write.
    """
    if len(text) > LARGEST_DOCUMENT:
        raise ValueError(f"it has more than {LARGEST_DOCUMENT} characters")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > MOST_DOTS:
            raise ValueError(f"it has more than {MOST_DOTS} dots (at line {number})")


def table_at(document: Mapping[str, Any], *keys: str, file: str = PYPROJECT) -> Mapping[str, Any]:
    """A table of a document, or an empty one.

    Raises:
        ConfigError: something else is there.
    """
    for number, key in enumerate(keys, start=1):
        document = document.get(key, {})
        if not isinstance(document, Mapping):
            raise ConfigError(Fault(VALUE, (), "must be a table").at(Place(file, None, keys[:number])))
    return document
