"""What a proposal leaves out, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hatch_mar.text import quote_some


class Omissions:
    """Files that are left out, by the reason."""

    def __init__(self) -> None:
        self.paths: dict[str, list[str]] = {}

    def add(self, reason: str, *paths: str) -> None:
        """Leave files out; `reason` continues "`a` and `b` are left out: "."""
        self.paths.setdefault(reason, []).extend(paths)

    def describe(self, packed: Collection[str] = ()) -> Iterator[str]:
        """A line for each reason, without the files that are packed after all."""
        for reason, paths in self.paths.items():
            if left := [path for path in paths if path not in packed]:
                yield f"left out {quote_some(left)}: {reason}"
