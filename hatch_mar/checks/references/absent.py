"""What to say of files that a member or a handler names, and that the archive does not have."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.checks.subject import Subject
from hatch_mar.project.unfetched import find_remedy
from hatch_mar.text import and_more, quote, quote_some, show_path


def resolve(member: Member, path: str) -> str:
    """The name in the archive of what a member names relative to its own folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(member.name), path))


def describe_absence(subject: Subject, names: Sequence[str]) -> str:
    """The end of a sentence about names in the archive: "`w.data`, which the archive does not have"."""
    elsewhere = find_elsewhere(subject, names[0])
    has = f"has as {quote(elsewhere)}" if elsewhere and len(names) == 1 else "does not have"
    return f"{quote_some(names)}, which the archive {has}"


def find_elsewhere(subject: Subject, name: str) -> str | None:
    """The one member, or folder, of the same base name in another folder."""
    found = subject.names_by_base.get(posixpath.basename(name), ())
    return found[0] if len(found) == 1 else None


def advise(subject: Subject, member: Member, paths: Sequence[str]) -> str | None:
    """How to pack what a member names, if that is known from where the member itself lies on the disk."""
    name = resolve(member, paths[0])
    if find_elsewhere(subject, name):
        return f"pack it as {quote(name)}"
    folder = member.source.path.parent if isinstance(member.source, FileSource) else None
    return advise_packing(subject, name, folder and folder / paths[0], more=len(paths) - 1)


def advise_packing(subject: Subject, name: str, path: Path | None, *, more: int = 0) -> str | None:
    """How to pack a file of the project under a name, or to fetch it first."""
    file = Path(posixpath.normpath(path)) if path else None
    if subject.root is None or file is None or not file.is_relative_to(subject.root):
        return None
    if not file.exists():
        return find_remedy(file, subject.root)
    shown = quote(show_path(file, subject.root)) + and_more(more)
    if "/" in name or file.is_dir():
        return f"pack {shown} as {quote(name)}, for example with `force-include`"
    return f"add {shown} to `extra-files`"
