"""A rule and what it finds."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]
"""An error is what a consumer fails on, a warning what some consumer, or some setting, fails on."""


class Place(NamedTuple):
    """Where a fault is: a file as the user finds it, or a key of the configuration."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Finding(NamedTuple):
    """A fault in one archive."""

    code: str
    severity: Severity
    place: Place
    message: str
    """What is wrong, in one sentence without a full stop."""
    mend: str
    """What to do about it, likewise."""

    def __str__(self) -> str:
        return f"{self.place}: {self.code} {self.message}; {self.mend}"

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "message": self.message,
            "mend": self.mend,
        }


class Rule(NamedTuple):
    """Something that breaks after the deploy. Its code is never given to another rule."""

    code: str
    severity: Severity
    title: str
    """What is wrong, for the list of rules."""
    consequence: str
    """What a consumer then does, and where that was seen or read."""
    mend: str
    """What to do, unless a finding knows better."""

    def at(self, place: Place, message: str, mend: str | None = None) -> Finding:
        return Finding(self.code, self.severity, place, message, mend or self.mend)
