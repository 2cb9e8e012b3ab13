"""Asks git for the commit of the files that an archive was made from, and for changes since then."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import Archive, BytesSource, FileSource
from hatch_mar.project.remote_files import ends_of
from hatch_mar.text import quote, quote_some

SHOWN = 12
"""Digits of a commit that are shown."""
STATUS = (
    *("status", "--porcelain", "-z", "--no-renames"),
    *("--untracked-files=all", "--ignore-submodules=none"),
)
WATCHED = "HM"
"""How `git ls-files -v` tags a file in which git looks for changes, unless it is told not to."""
ANNEX = Path(".git", "annex", "objects")
"""Where git-annex has files, under names with digests that are committed."""


class WorkingTree(NamedTuple):
    """A project's folder, compared with its commit."""

    root: Path
    commit: str | None = None
    reason: str = ""
    """Why the commit is unknown."""
    changed: tuple[str, ...] = ()
    """The files of the project, and of the archive, that have changed since."""
    not_in_git: tuple[str, ...] = ()
    """The archive's files that git does not track, and the project's that it is told to ignore."""

    def __str__(self) -> str:
        """The words for it in a sentence, such as "commit `1a2b3c`"."""
        if self.commit is None:
            return f"the folder {quote(str(self.root))}, {self.reason}"
        beyond = []
        if self.changed:
            beyond.append(f"uncommitted changes to {quote_some(self.changed)}")
        if self.not_in_git:
            beyond.append(f"{quote_some(self.not_in_git)}, which git does not track")
        return f"commit `{self.commit[:SHOWN]}`{' with ' if beyond else ''}{', and with '.join(beyond)}"


def inspect_working_tree(root: Path, archive: Archive, pinned: Collection[str] = ()) -> WorkingTree:
    """The commit of the project at `root`, and which files of it or of the archive are not as committed.

    Files at the paths `pinned` are known by their digests, which are in `pyproject.toml`.
    """
    git = shutil.which("git")
    if git is None:
        return WorkingTree(root, reason="whose commit is unknown, since git is not installed")
    try:
        top = Path(ask(git, root, "rev-parse", "--show-toplevel").removesuffix("\n")).resolve()
        commit = ask(git, root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        entries = ask(git, top, "ls-files", "-z", "-v", "--recurse-submodules").split("\0")
        states = ask(git, top, *STATUS).split("\0")
    except subprocess.CalledProcessError as error:
        return WorkingTree(root, reason=explain_failure(error))

    whole = root.resolve()
    watched = {str(top / entry[2:]): entry[0] in WATCHED for entry in entries if entry}
    changes = {str(top / state[3:]): state[:2] for state in states if state}
    known = {name for path in pinned for name in names_of(root / path, root, whole)}
    packed = {name for path in list_sources(archive) for name in names_of(path, root, whole)} - known

    above = {parent for path in packed for parent in parents_of(path)}
    changed = {
        path
        for path, state in changes.items()
        if state != "??" and (path in packed or path in above or is_in(path, whole))
    }
    generated: set[str] = set()
    if wheel := list_wheel(archive):  # which may have any of the project's files, and others than these
        packed |= {path for path, state in changes.items() if state == "??" and is_in(path, whole)} - known
        names = [*(entry[2:] for entry in entries), *(state[3:] for state in states), *pinned]
        generated = {str(whole / name) for name in wheel.difference(*map(ends_of, names))}
    foreign = {
        path
        for path in packed
        if not any(watched.get(each) for each in (path, *parents_of(path))) and not is_in(path, top / ANNEX)
    }
    ignored = {path for path, is_watched in watched.items() if not is_watched and is_in(path, whole)}
    foreign |= set(filter(os.path.lexists, ignored))
    return WorkingTree(root, commit, "", show(changed, whole), show(foreign | generated, whole))


def names_of(path: Path, root: Path, whole: Path) -> set[str]:
    """The path of a file, and the path of its target if it is a link; `whole` is `root` resolved."""
    return {os.path.normpath(whole / os.path.relpath(path, root)), os.path.realpath(path)}


def parents_of(path: str) -> Iterator[str]:
    """The folders above a file, any of which git may know as a link or as a submodule."""
    return map(str, Path(path).parents)


def ask(git: str, folder: Path, *arguments: str) -> str:
    """What git prints.

    Raises:
        CalledProcessError: it fails.
    """
    return subprocess.run(
        # a monitor would be a program of the repository's choice
        [git, "-c", "core.fsmonitor=false", *arguments],
        cwd=folder,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=True,
    ).stdout


def explain_failure(error: subprocess.CalledProcessError) -> str:
    said = str(error.stderr).strip().partition("\n")[0].removeprefix("fatal: ")
    if "not a git repository" in said:
        return "which is not in a git repository"
    return f"whose commit is unknown: {said}" if said else "which has no commit yet"


def list_sources(archive: Archive) -> Iterable[Path]:
    return (each.source.path for each in archive.members if isinstance(each.source, FileSource))


def list_wheel(archive: Archive) -> set[str]:
    """The names of the members that come from a wheel, which the build backend made."""
    return {each.name for each in archive.members if not isinstance(each.source, (BytesSource, FileSource))}


def is_in(path: str, folder: Path) -> bool:
    return Path(path).is_relative_to(folder)


def relate(path: str, top: Path) -> str:
    return Path(os.path.relpath(path, top)).as_posix()


def show(paths: Iterable[str], root: Path) -> tuple[str, ...]:
    return tuple(sorted(relate(path, root) for path in paths))
