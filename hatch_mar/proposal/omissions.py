"""What a proposal leaves out, and why."""

from __future__ import annotations

from collections.abc import Collection

from hatch_mar.text import first_messages, quote_some


class Omissions:
    """Files that are left out, by the reason."""

    def __init__(self) -> None:
        self.paths: dict[str, list[str]] = {}

    def add(self, reason: str, *paths: str) -> None:
        """Leave files out; `reason` continues "left out `a` and `b`: "."""
        self.paths.setdefault(reason, []).extend(paths)

    def list_paths(self) -> list[str]:
        return [path for paths in self.paths.values() for path in paths]

    def describe(self, packed: Collection[str] = ()) -> tuple[str, ...]:
        """A line for each reason, unless there are very many, without the files that are packed after all."""
        left = {
            reason: [path for path in dict.fromkeys(paths) if path not in packed]
            for reason, paths in self.paths.items()
        }
        return first_messages(
            f"left out {quote_some(paths)}: {reason}" for reason, paths in left.items() if paths
        )
