"""Links among an archive's files that lead out of the project, or out of the archive's own directory.

Anyone who can put a file into a package or beside the weights can put a link there to a file that only
others may read, which is packed with the rest; TorchServe follows the links of a directory that it loads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.project.config.models import Config, WorkflowConfig

LEADS_OUT = Rule(
    code="MAR841",
    severity="warning",
    title="A link leads out of the project, or out of the archive's directory",
    consequence="the file that it leads to is packed or served, even if someone else made the link",
    fix="name the link by itself in `[tool.mar]` if it is meant, or remove it",
)


def check_project_links(config: Config, archive: Archive, root: Path) -> Iterator[Finding]:
    """The links out of the project at `root`. One that the configuration names is meant, and only a note."""
    named = {root / path for path in list_named(config)}
    for link in islice(find_links_out(archive, root), MOST_FINDINGS):
        text = (
            f"`{link.relative_to(root).as_posix()}` leads out of the project, to `{os.path.realpath(link)}`"
        )
        place = Place(link.relative_to(root).as_posix())
        if link in named:
            yield LEADS_OUT.at(place, text, "nothing, if it is meant", severity="note")
        else:
            yield LEADS_OUT.at(place, text)


def check_directory_links(archive: Archive, path: Path) -> Iterator[Finding]:
    """The links out of the archive that is a directory at `path`."""
    for link in islice(find_links_out(archive, path), MOST_FINDINGS):
        text = f"`{link}` leads out of the archive, to `{os.path.realpath(link)}`"
        yield LEADS_OUT.at(Place(str(link)), text, "replace the link by what it leads to, or remove it")


def list_named(config: Config) -> Iterator[str]:
    """The paths that a configuration names, each of which may be a link."""
    if isinstance(config, WorkflowConfig):
        yield from (config.spec_file, config.handler or "", *config.extra_files)
        return
    files = (config.model_file, config.requirements_file, config.config_file)
    yield from (file for file in files if file)
    yield from config.serialized_files
    yield config.handler.partition(":")[0]
    yield from (*config.extra_files, *config.packages, *config.force_include)


def find_links_out(archive: Archive, root: Path) -> Iterator[Path]:
    """The links below `root` through which members come from elsewhere, each once."""
    inside = os.path.realpath(root)
    known: dict[Path, Path | None] = {root: None}

    def find_link(path: Path) -> Path | None:
        """The outermost link in a path below `root` that leads out."""
        if path not in known:
            known[path] = find_link(path.parent) or (path if leads_out(path, inside) else None)
        return known[path]

    found = (
        find_link(member.source.path)
        for member in archive.members
        if isinstance(member.source, FileSource) and member.source.path.is_relative_to(root)
    )
    yield from dict.fromkeys(link for link in found if link)


def leads_out(path: Path, inside: str) -> bool:
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside)
