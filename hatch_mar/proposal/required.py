"""What the server has to install for an archive: what its code imports and TorchServe's image lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hatch_mar.checks.requirements.lines import has_venv
from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.draft import Table, as_subject
from hatch_mar.proposal.imported import find_problems
from hatch_mar.proposal.neighbours import find_nearest
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import Repository
from hatch_mar.torchserve.installed import Installed
from hatch_mar.torchserve.requirements_file import required_distribution
from hatch_mar.torchserve.server_packages import OWN_PACKAGES

REQUIREMENTS = ("requirements.txt",)
LACKING = ("absent", "needed")
"""What imports have in common that a requirement mends."""


def add_requirements_file(
    table: Table, repository: Repository, homes: Sequence[str], omissions: Omissions
) -> None:
    """Add the requirements file that lies nearest to the folders `homes`, unless it would only do harm."""
    path = find_nearest(REQUIREMENTS, homes, repository.has)
    if path is None:
        return
    table["requirements-file"] = path
    if only_hides(as_subject(table, repository.root)):
        del table["requirements-file"]
        omissions.add("TorchServe's image has everything listed there", path)


def only_hides(subject: Subject) -> bool:
    """Whether the server has all that an archive's requirements file lists, torch or TorchServe among it.

    A copy of these beside the model hides the server's own (MAR610). In a virtual environment of its own, a
    model may have other versions than the server's.
    """
    if has_venv(subject) or subject.named_member("requirementsFile") is None:
        return False  # what is not there has yet to be fetched
    names = [name or "" for name in subject.environment.named]
    return all(map(subject.environment.is_on_server, names)) and not OWN_PACKAGES.isdisjoint(names)


def find_required(table: Table, root: Path, dependencies: Iterable[str]) -> list[str]:
    """The modules that an archive's code imports, that the server lacks and that `dependencies` bring."""
    brought = Installed(filter(None, map(required_distribution, dependencies)))
    problems = (each for each in find_problems(table, root) if each.kind in LACKING)
    return sorted({each.name for each in problems if brought.has(each.name)})


def find_hiding(table: Table, root: Path, dependencies: Iterable[str]) -> list[str]:
    """The `dependencies` of which a copy beside the model hides the server's own, and must not."""
    if has_venv(as_subject(table, root)):
        return []
    return sorted(OWN_PACKAGES.intersection(filter(None, map(required_distribution, dependencies))))
