"""Every error a user can meet. Each fault is one line that says what to do about it."""

from __future__ import annotations


class HatchMarError(Exception):
    """Something the user can fix: one fault or, so that all are fixed at once, several."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(self.faults)


class ConfigError(HatchMarError):
    """The `[tool.mar]` table says something it cannot mean."""


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
