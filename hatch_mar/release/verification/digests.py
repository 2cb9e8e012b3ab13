"""Archives compared with the digests that `SHA256SUMS`, or a file beside each archive, lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.checksums import SUFFIX, SUMS, read_sums, sidecar_of
from hatch_mar.archive.digest import sha256
from hatch_mar.errors import ReleaseError
from hatch_mar.text import quote
from hatch_mar.torchserve import suffixes

WAYS_OUT = "name a list with `--sums`, or compare it with a build: `--rebuild`"
OF_DIRECTORY = "name the files in it, or compare it with a build: `--rebuild`"
AGAIN = "get the file again, or rebuild it together with the list: `hatch-mar build --sums`"


class Listed(NamedTuple):
    """A file's digest in a list."""

    digest: str
    list: Path


class Verified(NamedTuple):
    """A file compared with the lists."""

    sha256: str
    lists: tuple[Path, ...]
    """The lists that have this digest."""


def verify_digest(
    path: Path, sums: Path | None = None, advance: Callable[[int], object] = int, *, needed: bool = True
) -> Verified:
    """Compare a file with the list at `sums`, or else with those beside it.

    Reads the file, and calls `advance` with the number of bytes of each read.

    Args:
        path: the file.
        sums: a file as `sha256sum` writes it, in which the file is named relative to the folder of the
            list, or by its base name.
        advance: gets the progress.
        needed: whether a list beside the file must have it.

    Raises:
        ReleaseError: the digest differs, or no list has the file.
        ReadError: a list is not in the form of `sha256sum`.
        OSError: a file cannot be read.
    """
    lists = {file: read_sums(file) for file in ([sums] if sums else find_lists(path))}
    found = [
        Listed(digest, file)
        for file, digests in lists.items()
        for digest in look_up(path, file, digests, anywhere=sums is not None)
    ]
    if path.is_dir():
        raise ReleaseError(f"`{path}` is a directory, which has no digest; {OF_DIRECTORY}")
    if not path.exists():
        raise ReleaseError(f"File not found: `{path}`" + "".join(map(describe_missing, found[:1])))
    if not lists and needed:
        names = f"neither {quote(sidecar_of(path).name)} nor `{SUMS}` beside it"
        raise ReleaseError(f"No digest of `{path}` is listed: there is {names}; {WAYS_OUT}")
    actual = sha256(FileSource(path), advance).hex()
    if not found and (needed or sums):
        raise ReleaseError(explain_unlisted(path, actual, lists))
    if len({each.digest for each in found}) > 1:
        said = " and ".join(f"`{each.digest}` in `{each.list}`" for each in found)
        raise ReleaseError(
            f"The lists disagree about `{path}`, whose SHA-256 is `{actual}`: they have {said};"
            " remove the wrong one"
        )
    for each in found:
        if each.digest != actual:
            raise ReleaseError(explain_difference(path, actual, each, lists[each.list]))
    return Verified(actual, tuple(each.list for each in found))


def find_lists(path: Path) -> list[Path]:
    """The lists beside a file that may have its digest."""
    return [file for file in (sidecar_of(path), path.with_name(SUMS)) if file.is_file()]


def look_up(path: Path, sums: Path, digests: dict[str, str], *, anywhere: bool) -> set[str]:
    """The digests in a list for the file's path from the list's folder.

    With `anywhere`, the file may have been in another folder when it was listed.

    Raises:
        ReleaseError: several files in the list could be this one.
    """
    own = relative(path, sums)
    found = {digest for name, digest in digests.items() if os.path.normpath(name) == own}
    if anywhere and not found:
        found = {digest for name, digest in digests.items() if os.path.basename(name) == path.name}
    if len(found) > 1:
        raise ReleaseError(
            f"`{sums}` lists several files named {quote(path.name)}; put the list into the folder where it"
            " was made"
        )
    return found


def relative(path: Path, sums: Path) -> str | None:
    try:
        return os.path.relpath(path, sums.parent)
    except ValueError:  # on another disk of Windows
        return None


def describe_missing(listed: Listed) -> str:
    return f", which `{listed.list}` lists with SHA-256 `{listed.digest}`; get the file again"


def explain_unlisted(path: Path, actual: str, lists: dict[Path, dict[str, str]]) -> str:
    names = " nor in ".join(f"`{file}`" for file in lists)
    text = f"`{path}` with SHA-256 `{actual}` is not listed in {names}"
    if other := next((name for digests in lists.values() for name in find_names(actual, digests)), None):
        return f"{text}, which has these bytes as {quote(other)}; rename the file"
    return f"{text}, nor are these bytes; {WAYS_OUT}"


def explain_difference(path: Path, actual: str, listed: Listed, digests: dict[str, str]) -> str:
    text = f"`{path}` has SHA-256 `{actual}`, but `{listed.list}` lists `{listed.digest}`"
    other = next(find_names(actual, digests), None)
    return f"{text}, and these bytes as {quote(other)}" if other else f"{text}; {AGAIN}"


def find_names(digest: str, digests: dict[str, str]) -> Iterator[str]:
    return (name for name, each in digests.items() if each == digest)


def list_files(folder: Path) -> list[Path]:
    """The files of a folder to verify: those that are listed there, and archives that should be.

    Raises:
        ReleaseError: the folder has no list.
        ReadError: its list is not in the form of `sha256sum`.
    """
    present = [path for path in folder.iterdir() if path.is_file()]
    listed = [folder / path.name.removesuffix(SUFFIX) for path in present if path.name.endswith(SUFFIX)]
    if folder / SUMS in present:
        listed += [folder / name for name in read_sums(folder / SUMS)]
    if not listed:
        advice = "write it with `hatch-mar build --sums`, or name the files"
        raise ReleaseError(
            f"`{folder}` has no digests, neither in `{SUMS}` nor in a `*{SUFFIX}` file; {advice}"
        )
    return sorted({*listed, *(path for path in present if path.suffix in suffixes.ZIPS)})
