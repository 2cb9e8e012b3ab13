"""What the NAME and PYPROJECT arguments of a command mean."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import PYPROJECT


def split(arguments: Sequence[str], project: Path) -> tuple[list[Path], list[str]]:
    """The archives on disk, and the names of archives that the project is to declare."""
    files = [Path(argument) for argument in arguments if is_archive(argument)]
    names = [argument for argument in arguments if not is_archive(argument)]
    if names and project.is_dir() and not (project / PYPROJECT).exists():
        missing = f"and there is no `{project / PYPROJECT}` that declares it"
        raise ConfigError(*(f"File not found: `{name}`, {missing}" for name in names))
    return files, names


def is_archive(argument: str) -> bool:
    """Whether an archive on disk is meant; a package's directory may have the name of the model."""
    path = Path(argument)
    if not path.is_dir():
        return path.exists()
    # no name is `./digits` or `digits/`; and TorchServe takes a directory's only child for the model
    return bool(os.path.dirname(argument)) or any(
        (each / MANIFEST_NAME).is_file() for each in (path, *only_child(path))
    )


def only_child(path: Path) -> list[Path]:
    """The one thing in a directory; none if there are more, or it cannot be read."""
    with suppress(OSError):
        children = list(islice(path.iterdir(), 2))
        return children if len(children) == 1 else []
    return []
