"""The remote files that directories and patterns would bring, had they been fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence, Set
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from hatch_mar.finding import Finding
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.remote_files import ends_of, list_placed, report_missing
from hatch_mar.text import show_path


class Awaited:
    """The remote files of an archive that are missing, of which nothing else would tell."""

    def __init__(
        self, root: Path, remote_files: Sequence[RemoteFile], is_excluded: Callable[[str], bool]
    ) -> None:
        self.root = root
        self.remote_files = remote_files
        self.is_excluded = is_excluded
        self.missing: set[str] = set()
        self.told: set[str] = set()
        """The paths that a key names, which are missing files of their own."""

    def note_below(self, folder: Path, *, exclude: bool = True) -> bool:
        """Note those below a folder; whether there are any."""
        folder = Path(os.path.normpath(folder))
        return self.note(lambda path: folder in (self.root / path).parents, exclude=exclude)

    def note_matches(self, pattern: str) -> bool:
        """Note those that a pattern would find; whether there are any."""
        return self.note(lambda path: would_match(pattern, path))

    def note_in_packages(self, folders: Set[str]) -> bool:
        """Note those below folders that the wheel has, under names that may begin below one such as `src`."""
        return self.note(lambda path: any(not folders.isdisjoint(ends_of(each)) for each in folders_of(path)))

    def note(self, is_covered: Callable[[str], bool], *, exclude: bool = True) -> bool:
        found = {
            each.path
            for each in self.remote_files
            if is_covered(each.path)
            and not (exclude and self.is_excluded(each.path))
            and not os.path.lexists(self.root / each.path)
        }
        self.missing |= found
        return bool(found)

    def leave_to_key(self, file: Path) -> None:
        """Take it that a key names the file, and that this has been reported."""
        self.told.add(show_path(os.path.normpath(file), self.root))

    def findings(self) -> Iterator[Finding]:
        """That each of them is missing."""
        for place, each in list_placed(self.remote_files):
            if each.path in self.missing - self.told:
                yield report_missing(place, each)


def folders_of(path: str) -> Iterator[str]:
    """The folders of the project that a path is in: `a/b` and `a` for `a/b/c`."""
    return (each.as_posix() for each in PurePosixPath(path).parents if each.name)


def would_match(pattern: str, path: str) -> bool:
    """Whether `glob.glob` would find a file, or a folder that it is in, if it were there."""
    parts = PurePosixPath(pattern).parts
    # with `**`, only files are packed
    candidates = [path] if "**" in parts else [path, *folders_of(path)]
    return any(match(parts, PurePosixPath(each).parts) for each in candidates)


def match(pattern: Sequence[str], names: Sequence[str]) -> bool:
    if not pattern or not names:
        return not names and all(part == "**" for part in pattern)
    first, *others = pattern
    is_hidden = names[0].startswith(".")
    if first == "**":
        return match(others, names) or (not is_hidden and match(pattern, names[1:]))
    return (first.startswith(".") or not is_hidden) and fnmatch(names[0], first) and match(others, names[1:])
