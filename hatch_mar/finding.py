"""A fault that a user can fix: where it is, what is wrong, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.text import escape, quote_some, truncate

Severity = Literal["error", "warning", "note"]
"""An error fails on a server; a warning fails under some settings; a note is worth knowing.

Only `hatch-mar check` shows notes, and `--strict` ignores them.
"""

MOST_FINDINGS = 20
"""The most that are shown of one kind for one archive."""
LONGEST_MESSAGE = 2000
"""Characters of a message, which may quote what somebody else wrote."""

Key = tuple["str | int", ...]
"""A key of a TOML document as its parts: `("tool", "mar", "archives", 1, "handler")`."""


class Place(NamedTuple):
    """Where a fault is: a file and a line, or a key of a configuration file.

    A command-line option is a key of one part, `("--handler",)`, without a file.
    """

    file: str | None
    line: int | None = None
    key: Key = ()

    def within(self, *parts: str | int) -> Place:
        """A key below this one."""
        return Place(self.file, self.line, (*self.key, *parts))

    def __str__(self) -> str:
        if self.key:
            return field(self.key)
        return f"{self.file}" if self.line is None else f"{self.file}:{self.line}"


class Rule:
    """Something that can be wrong. Creating a rule registers it; codes are never reused.

    Args:
        code: `MAR` and three digits. `MAR0` is for the configuration and the layout.
        severity: can be overridden by a finding.
        title: what is wrong, for the list of rules.
        consequence: what the server or another consumer does, and the source of that.
        fix: what to do; can be overridden by a finding.
        consumer: whose rule it is, if the archive need not obey it for others (`torchserve.consumers`).
        ignorable: whether the key `ignore` may switch it off; by default not for `MAR0`, whose
            faults leave a configuration unusable.
    """

    def __init__(
        self,
        *,
        code: str,
        title: str,
        consequence: str,
        fix: str,
        severity: Severity = "error",
        consumer: str | None = None,
        ignorable: bool | None = None,
    ) -> None:
        if code in RULES:
            raise ValueError(f"Two rules have the code {code}")
        self.code = code
        self.severity = severity
        self.title = title
        self.consequence = consequence
        self.fix = fix
        self.consumer = consumer
        self.ignorable = not self.is_about_configuration if ignorable is None else ignorable
        RULES[code] = self

    @property
    def is_about_configuration(self) -> bool:
        return self.code.startswith("MAR0")

    @property
    def page(self) -> str:
        """The address of the page about the rule."""
        return f"{DOCUMENTATION}reference/checks/{self.code}/"

    def applies_to(self, consumers: Collection[str]) -> bool:
        """Whether an archive for these consumers must obey the rule."""
        return self.consumer is None or self.consumer in consumers

    def at(
        self, place: Place, message: str, fix: str | None = None, *, severity: Severity | None = None
    ) -> Finding:
        text = truncate(message, LONGEST_MESSAGE)
        return Finding(self, severity or self.severity, place, text, self.fix if fix is None else fix)

    def to_json(self) -> dict[str, Any]:
        names = ("code", "severity", "consumer", "title", "consequence", "fix", "ignorable", "page")
        return {name: getattr(self, name) for name in names}


RULES: dict[str, Rule] = {}
"""The rules of all modules imported so far, by code."""


class Finding(NamedTuple):
    """A fault that a rule found in one place."""

    rule: Rule
    severity: Severity
    place: Place
    message: str
    """What is wrong, in one sentence without a full stop."""
    fix: str
    """What to do, in the same form; empty if the message says it."""
    archives: tuple[str, ...] = ()
    """The names of the archives that have the fault."""

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def text(self) -> str:
        """What is wrong and what to do, without the place."""
        return f"{self.message}; {self.fix}" if self.fix else self.message

    def __str__(self) -> str:
        """One line, without the control characters of a name or a file."""
        if self.rule.is_about_configuration:
            # as in hatchling's own messages, the sentence begins with the field
            return escape(f"{self.text} [{self.code}]")
        return escape(f"{self.place}: {self.code} {self.text}")

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "key": dotted_key(self.place.key) or None,
            "archives": list(self.archives),
            "message": self.message,
            "fix": self.fix,
        }


def field(key: Key) -> str:
    """A key in a message: ``Field `tool.mar.archives[1].handler` ``, ``Option `--handler` ``."""
    shown = dotted_key(key)
    return f"Option `{shown}`" if shown.startswith("--") else f"Field `{shown}`"


def dotted_key(key: Key) -> str:
    """A key as text: `tool.mar.archives[1].handler`, where the first table is `archives[0]`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            text += f".{part if bare else json.dumps(part, ensure_ascii=False)}"
    return text.removeprefix(".")


def name_archives(finding: Finding, among: Collection[str]) -> str:
    """Which of a project's archives a finding is about, as the end of its line; empty if that is obvious."""
    has_own_table = any(isinstance(part, int) for part in finding.place.key)
    if not finding.archives or has_own_table or set(finding.archives).issuperset(among):
        return ""
    return f" (archive{'s' * (len(finding.archives) > 1)} {quote_some(finding.archives)})"


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in order of first appearance, with the names of all archives that share it."""
    names: dict[Finding, dict[str, None]] = {}
    for finding in findings:
        names.setdefault(finding._replace(archives=()), {}).update(dict.fromkeys(finding.archives))
    return [finding._replace(archives=tuple(shared)) for finding, shared in names.items()]
