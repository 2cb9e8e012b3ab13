"""Every error a user can meet. Each fault is one line that says what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hatch_mar.finding import Finding
from hatch_mar.text import escape


class HatchMarError(Exception):
    """Something the user can fix: one fault or, so that all can be fixed at once, several.

    Args:
        faults: findings, which know their code and place; or lines, of what no rule is about, such
            as a disk that is full.
    """

    def __init__(self, *faults: Finding | str) -> None:
        super().__init__(*faults)
        self.causes = faults

    @property
    def faults(self) -> tuple[str, ...]:
        """A line for each fault, as the user is shown it, without control characters."""
        return tuple(map(escape, self.causes))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the faults that a rule found."""
        return tuple(cause for cause in self.causes if isinstance(cause, Finding))

    def __str__(self) -> str:
        return "\n".join(self.faults)


class ConfigError(HatchMarError):
    """The `[tool.mar]` table, or a command line, says something that it cannot mean."""


class LayoutError(HatchMarError):
    """The files that the configuration names cannot become one archive."""


class CheckError(HatchMarError):
    """An archive would fail where it is deployed."""


class PackError(HatchMarError):
    """An archive could not be written; what stood at its place before still stands there."""


class ReadError(HatchMarError):
    """A file is not an archive that can be read."""


class TrialError(HatchMarError):
    """An archive that was tried does not load, or does not answer as it should."""


@contextmanager
def explain_system_errors() -> Iterator[None]:
    """Raise a system's error that names a file, such as one that must not be read, as a HatchMarError.

    An error without a file is a defect of this program, and keeps its traceback, unless it is that
    the working directory has been deleted.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise HatchMarError(f"Cannot access `{error.filename}`: {error.strerror}") from error
        try:
            os.getcwd()
        except OSError:
            raise HatchMarError("The working directory no longer exists") from error
        raise
