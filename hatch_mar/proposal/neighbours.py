"""Files that belong to a model by their names and by where they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from hatch_mar.proposal.repository import join, parents_of

LABELS = ("index_to_name.json",)
CONFIGURATIONS = tuple(f"model{mark}config{suffix}" for mark in ("-", "_") for suffix in (".yaml", ".yml"))
REQUIREMENTS = ("requirements.txt",)


def find_nearest(files: Collection[str], names: Sequence[str], homes: Iterable[str]) -> str | None:
    """The file of one of these names that belongs to what lies in the folders `homes`, given by priority.

    It is in one of them, or in a folder that they are in, the nearest first. None if there is none.
    """
    folders = (folder for home in homes for folder in parents_of(join(home, "any")))
    paths = (join(folder, name) for folder in folders for name in names)
    return next((path for path in paths if path in files), None)


def narrow(candidates: Sequence[str], path: str) -> list[str]:
    """Those of the files that share most folders with another file, if that is more than the root."""
    shared = {each: count_shared(each, path) for each in candidates}
    most = max(shared.values(), default=0)
    return [each for each in candidates if shared[each] == most]


def count_shared(one: str, other: str) -> int:
    """How many folders two files share, from the root on."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1])
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
