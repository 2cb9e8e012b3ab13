"""Files that belong to a model by their names and by where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from hatch_mar.proposal.draft import Table, add
from hatch_mar.proposal.repository import Repository, ascend, can_be_declared, folder_of, is_of_tests, join

LABELS = ("index_to_name.json",)
CONFIGURATIONS = tuple(f"model{mark}config{suffix}" for mark in ("-", "_") for suffix in (".yaml", ".yml"))


def add_neighbours(
    table: Table, repository: Repository, homes: Sequence[str], weights: Sequence[str]
) -> None:
    """Add the labels and the configuration that lie nearest to the folders `homes`.

    They may also be the only ones, if they do not lie with any `weights`.
    """
    labels = find_nearest(LABELS, homes, repository.has) or find_only(LABELS, repository, weights)
    if labels:
        add(table, "extra-files", labels)
    config = find_nearest(CONFIGURATIONS, homes, repository.has)
    config = config or find_only(CONFIGURATIONS, repository, weights)
    if config:
        table["config-file"] = config


def find_only(names: Sequence[str], repository: Repository, weights: Sequence[str]) -> str | None:
    """The only file of these names in a repository, unless it lies with `weights`, and is theirs."""
    found = [path for path in repository.files if PurePosixPath(path).name in names]
    found = [path for path in found if not is_of_tests(path)]
    if len(found) != 1 or not can_be_declared(found[0]):
        return None
    folder = f"{folder_of(found[0])}/"
    return None if any(path.startswith(folder) for path in weights) else found[0]


def find_nearest(names: Sequence[str], homes: Iterable[str], is_there: Callable[[str], bool]) -> str | None:
    """The path of one of these names that belongs to what lies in the folders `homes`, given by priority.

    It is in one of them, or in a folder that they are in, the nearest first. None if there is none.
    """
    folders = (folder for home in homes for folder in ascend(home))
    paths = (join(folder, name) for folder in folders for name in names)
    return next(filter(is_there, paths), None)


def keep_nearest(files: Sequence[str], home: str) -> list[str]:
    """Those of the files that share most folders with the folder `home`, from the root on."""
    shared = {path: count_shared(path, home) for path in files}
    most = max(shared.values(), default=0)
    return [path for path in files if shared[path] == most]


def count_shared(path: str, home: str) -> int:
    """How many folders a file shares with a folder, from the root on."""
    pairs = zip(path.split("/")[:-1], home.split("/"))
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
