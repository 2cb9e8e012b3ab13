"""Fetches, checks or locks a project's remote files."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hatch_mar.archive.packager.records_folder import FOLDER
from hatch_mar.archive.packager.unchanged import fingerprint_file
from hatch_mar.errors import HatchMarError, ReleaseError
from hatch_mar.output import explain, remark
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.remote_files import digest_of
from hatch_mar.release.fetching.draft import Draft, hold_draft
from hatch_mar.release.fetching.receive import receive
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.terminal.progress import show_progress

State = Literal["fetched", "unchanged", "locked", "missing", "differs", "failed"]


class Fetched(NamedTuple):
    """What was done with a remote file."""

    file: RemoteFile
    state: State
    size: int | None = None
    """The size of the file on disk; None if there is none."""

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.file.path,
            "url": hide_secrets(self.file.url),
            "sha256": self.file.sha256,
            "size": self.size,
            "state": self.state,
        }


Action = Callable[[RemoteFile, Path], Fetched]
"""What is done with a remote file of the project at a path; raises ReleaseError if it cannot be done."""


def check_file(file: RemoteFile, root: Path) -> Fetched:
    """Whether a file is in its place, with the right digest. Reads the file."""
    place = root / file.path
    with explain_faults(file, root):
        found = find_digest(place)
        if found is None:
            return Fetched(file, "missing")
        return Fetched(file, "unchanged" if found == file.sha256 else "differs", place.stat().st_size)


def fetch_file(file: RemoteFile, root: Path) -> Fetched:
    """Fetch a file, unless it is there. Of several processes at once, only one downloads it."""
    place = root / file.path
    with explain_faults(file, root):
        before = look(place)
        if find_digest(place) == file.sha256:
            return Fetched(file, "unchanged", place.stat().st_size)
        explain(f"Fetching `{file.path}` from `{hide_secrets(file.url)}`")
        with hold_draft(place, file.sha256 or "") as draft:
            if look(place) != before and find_digest(place) == file.sha256:  # another process was faster
                draft.discard()
                return Fetched(file, "unchanged", place.stat().st_size)
            resume(draft, file)
            receive(draft, file.url, file.sha256, file.path)
            draft.move(place)
            return Fetched(file, "fetched", draft.size)


def lock_file(file: RemoteFile, root: Path) -> Fetched:
    """Find out which digest a file has now, and write it into `pyproject.toml`.

    Unless the Hub states the digest, the file is fetched for it.
    """
    from hatch_mar.project.digest_edit import write_digest
    from hatch_mar.release.fetching.hub import name_moving_revision
    from hatch_mar.release.fetching.hub_digest import ask_hub

    with explain_faults(file, root):
        if revision := name_moving_revision(file.url):
            remark(f"`{file.path}` is at revision `{revision}`, which can change; name a commit in its `url`")
        digest = ask_hub(file.url) or bring_any(file, root / file.path)
        locked = file._replace(sha256=digest)
        if digest != file.sha256:
            write_digest(root, locked)
            advise_ignoring(file, root)
        size = (root / file.path).stat().st_size if (root / file.path).is_file() else None
        return Fetched(locked, "unchanged" if locked == file else "locked", size)


def bring_any(file: RemoteFile, place: Path) -> str:
    """Fetch a file, whatever its digest is; gives the digest."""
    with hold_draft(place, hashlib.sha256(file.url.encode()).hexdigest()) as draft:
        refuse_directory(place)
        resume(draft, file)
        receive(draft, file.url, None, file.path)
        if other := describe_wrong(draft, file):
            draft.discard()
            raise ReleaseError(f"`{hide_secrets(file.url)}` is {other}; correct the `url`")
        if find_digest(place) == draft.sha256:
            draft.discard()
        else:
            draft.move(place)
        return draft.sha256


def describe_wrong(draft: Draft, file: RemoteFile) -> str | None:
    """What arrived, such as "a web page", if it is nothing that a file of this name should be."""
    from mimetypes import guess_type

    from hatch_mar.release.fetching.mismatch import describe_encoding, describe_pointer

    if not guess_type(file.path)[1] and (encoding := describe_encoding(draft)):
        return encoding
    return None if file.path.endswith((".html", ".htm", ".xml", ".dvc")) else describe_pointer(draft)


def advise_ignoring(file: RemoteFile, root: Path) -> None:
    """Say that git would get a file that everybody fetches."""
    from hatch_mar.project.gitignore import is_ignored

    top = root.resolve()
    if any((each / ".git").exists() for each in (top, *top.parents)) and not is_ignored(Path(file.path), top):
        remark(f"No `.gitignore` has `{file.path}`; add it, so that nobody commits the file")


def resume(draft: Draft, file: RemoteFile) -> None:
    size = os.fstat(draft.file.fileno()).st_size
    with show_progress(f"Reading the partial download of `{file.path}`", size) as advance:
        draft.read(advance)
    if draft.size:
        explain(f"Resuming the download after {draft.size} bytes")


def find_digest(place: Path) -> str | None:
    """The digest of the file at a path; None if nothing is there.

    Raises:
        ReleaseError: a directory is there.
        OSError: the file cannot be read.
    """
    refuse_directory(place)
    try:
        size = place.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    with show_progress(f"Reading `{place.name}`", size) as advance:
        return digest_of(place, advance)


def refuse_directory(place: Path) -> None:
    if place.is_dir():
        raise ReleaseError("a directory is in its place; remove it, or choose another `path`")


def look(place: Path) -> str | None:
    """The file's identity, size and time, which differ if somebody has replaced it."""
    with suppress(OSError):
        return fingerprint_file(place)
    return None


@contextmanager
def explain_faults(file: RemoteFile, root: Path) -> Iterator[None]:
    """Raise errors of the block as a ReleaseError that names the file."""
    try:
        yield
    except HatchMarError as error:
        raise ReleaseError(*(f"Cannot fetch `{file.path}`: {fault}" for fault in error.faults)) from None
    except OSError as error:
        raise ReleaseError(f"Cannot fetch `{file.path}`: {explain_error(error, root / file.path)}") from None


def explain_error(error: OSError, place: Path) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        drafts = place.parent / FOLDER
        return f"{reason}; make room and fetch it again" + (
            f"; what has arrived is in `{drafts}`" if drafts.is_dir() else ""
        )
    if not error.filename:
        return reason
    # what is opened in a folder that is open has only its name
    where = error.filename if os.path.isabs(error.filename) else place.parent
    return f"{reason} (`{where}`)"
