"""The errors that a user can see. Each fault is one line that says what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hatch_mar.finding import Finding
from hatch_mar.text import escape


class HatchMarError(Exception):
    """One or more faults that the user can fix.

    Args:
        faults: findings, which have a code and a place; or plain lines for what no rule covers, such
            as a full disk.
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
        """The faults that a rule found."""
        return tuple(cause for cause in self.causes if isinstance(cause, Finding))

    def __str__(self) -> str:
        return "\n".join(self.faults)


class ConfigError(HatchMarError):
    """The `[tool.mar]` table, or a command line, is invalid."""


class LayoutError(HatchMarError):
    """Files that the configuration names are missing or conflict."""


class CheckError(HatchMarError):
    """An archive would fail on the server."""


class PackError(HatchMarError):
    """An archive could not be written; an existing archive is left unchanged."""


class ReadError(HatchMarError):
    """A file is not an archive, or cannot be read."""


class TrialError(HatchMarError):
    """In a trial, an archive did not load, or did not answer as expected."""


class ReleaseError(HatchMarError):
    """What is outside the project could not be fetched, published to, deployed to, or verified."""


@contextmanager
def explain_system_errors() -> Iterator[None]:
    """Raise a system's error that names a file, such as one that must not be read, as a HatchMarError.

    An error without a file is a defect of this program, and keeps its traceback, unless it is that
    the working directory has been deleted, that there is none for temporary files, or that the system's
    encoding lacks a name's characters.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise HatchMarError(f"Cannot access `{error.filename}`: {error.strerror}") from error
        if "temporary directory" in str(error.strerror):  # as `tempfile` has it
            raise HatchMarError(
                "There is no directory for temporary files; set `TMPDIR` to one that you can write to"
            ) from error
        try:
            os.getcwd()
        except OSError:
            raise HatchMarError("The working directory no longer exists") from error
        raise
    except UnicodeEncodeError as error:
        encoding = sys.getfilesystemencoding()
        if encoding == "utf-8":  # which lacks none
            raise
        raise HatchMarError(
            f"Cannot access `{error.object}`: the encoding of names is {encoding} here; set `PYTHONUTF8=1`"
        ) from error
