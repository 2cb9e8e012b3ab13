"""The files of a repository that people made, or that training made for them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.filesystem.walk import CACHES, DEEPEST, is_cache_file
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.subject import Subject
from hatch_mar.project.config import values
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.text import quote_some

MOST_ENTRIES = 300_000
"""Files and folders that are listed, which takes about a second."""

INSTALLED = frozenset(("node_modules", "site-packages", "__pypackages__"))
"""Folders of other people's code."""
BUILT = frozenset(("dist", "build", "htmlcov"))
"""Folders of the root that builds and reports fill."""
SOURCES = "src/"
"""Where many projects keep their packages."""
MARKS = ("pyvenv.cfg", "conda-meta", "CACHEDIR.TAG", "MAR-INF")
"""What is in a folder that is an environment, a cache or an archive, whatever its name."""
OF_TESTS = frozenset(("test", "tests", "testing", "testdata", "test_data", "fixtures"))


@dataclass(frozen=True)
class Repository:
    """What lies in a repository, by paths relative to its root with `/` between folders."""

    root: Path
    files: tuple[str, ...]
    """The nearest first, those of one folder in the order of their names."""
    notes: tuple[str, ...] = ()
    """Why something may be missing from `files`."""

    def has(self, path: str) -> bool:
        return path in self.paths

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(self.files)

    def as_subject(self, others: Iterable[str]) -> Subject:
        """The Python files of the repository, and others, as checks see those of an archive.

        What is in `src` also has the name under which Python finds it there.
        """
        python = [path for path in self.files if path.endswith(".py")]
        members = [Member(path, FileSource(self.root / path)) for path in dict.fromkeys((*python, *others))]
        members += [
            member._replace(name=member.name.removeprefix(SOURCES))
            for member in members
            if member.name.startswith(SOURCES)
        ]
        return Subject(Archive(Manifest({}), members), "", root=self.root)


def list_repository(root: Path, outputs: tuple[Path, ...] = ()) -> Repository:
    """The files below `root`, whether git ignores them or not, as weights often are.

    Left out are hidden folders, caches, environments, what builds leave, among it the folders `outputs`, and
    projects of their own. A link to a folder is followed if no other path leads there.
    """
    files: list[str] = []
    projects: list[str] = []
    top = os.path.realpath(root)
    seen = {top, *map(os.path.realpath, outputs)}
    queue = deque([("", top)])
    left = MOST_ENTRIES
    while queue and left > 0:
        prefix, folder = queue.popleft()
        entries = list_entries(folder, left)
        left -= len(entries)
        names = {entry.name for entry in entries}
        if prefix and PYPROJECT in names:
            projects.append(prefix.rstrip("/"))
            continue
        if prefix and not names.isdisjoint(MARKS):
            continue
        for entry in entries:
            if is_file(entry):
                files.append(prefix + entry.name)
            elif is_of_project(entry.name, prefix) and is_folder(entry) and prefix.count("/") < DEEPEST:
                real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                if real not in seen and not (entry.is_symlink() and are_nested(real, top)):
                    seen.add(real)
                    queue.append((f"{prefix}{entry.name}/", real))
    return Repository(root, tuple(files), tuple(list_limits(projects, is_cut=left <= 0)))


def list_limits(projects: list[str], *, is_cut: bool) -> Iterator[str]:
    """Why not all files are listed."""
    if projects:
        are = "is a project of its own" if len(projects) == 1 else "are projects of their own"
        yield f"{quote_some(projects)} {are}, not looked into; `hatch-mar init --project DIR` does that"
    if is_cut:
        yield f"only the {MOST_ENTRIES} files and folders that are nearest to the root were looked at"


def list_entries(folder: str, most: int) -> list[os.DirEntry[str]]:
    """What is in a folder, in the order of names; nothing if it cannot be read."""
    try:
        with os.scandir(folder) as found:
            entries = list(islice(found, most))
    except OSError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file that may be a project's, or the link of one that has yet to be fetched."""
    try:
        found = entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:  # a link to itself
        return False
    return found and not is_cache_file(entry.name)


def is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_of_project(folder: str, prefix: str) -> bool:
    """Whether a folder may have files that people made for the project, by its name and where it is."""
    if folder.startswith(".") or folder in CACHES or folder in INSTALLED or folder.endswith(".egg-info"):
        return False
    if folder == "blobs" and PurePosixPath(prefix).name.startswith("models--"):
        return False  # of the cache of Hugging Face's hub, whose `snapshots` link there
    return bool(prefix) or folder not in BUILT


def are_nested(one: str, other: str) -> bool:
    """Whether one of two folders is the other or in it."""
    return os.path.commonpath((one, other)) in (one, other)


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def is_of_tests(path: str) -> bool:
    """Whether a file is for the tests of a project, by its path."""
    *folders, name = path.lower().split("/")
    is_test = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return not OF_TESTS.isdisjoint(folders) or (is_test and name.endswith(".py"))


def can_be_declared(path: str) -> bool:
    """Whether a path can stand in `[tool.mar]`."""
    try:
        values.path(path)
        path.encode()
    except ValueError:
        return False
    return True


def ascend(folder: str) -> Iterator[str]:
    """A folder and those that it is in, the innermost first, and last the root, which is empty."""
    yield folder
    while folder:
        folder = folder_of(folder)
        yield folder


def join(folder: str, name: str) -> str:
    """The path of a file in a folder, of which that of the root is empty."""
    return f"{folder}/{name}" if folder else name
