"""Writes `SHA256SUMS` beside a project's archives, for `sha256sum -c` and `hatch-mar verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.checksums import SUMS, format_sums, read_sums
from hatch_mar.archive.digest import sha256
from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.archive.packager.obstacles import explain_write_errors
from hatch_mar.archive.packager.records_folder import lock_records
from hatch_mar.build.clean import find_archives
from hatch_mar.errors import PackError, ReadError
from hatch_mar.project.config.models import Config


def write_sums(
    folder: Path, configs: Iterable[Config], advance: Callable[[int], object] = int
) -> Path | None:
    """Write the digests of all archives in `folder` that these configurations have, under any version.

    Lines about other files that are still there stay. Costs a read of each archive; `advance` is called with
    each number of bytes that were read. Returns the path of `SHA256SUMS`; None if there is nothing to put
    into it, since a directory has no digest.

    Raises:
        PackError: it cannot be written, or what is in its place is not in the form of `sha256sum`.
    """
    path = folder / SUMS
    own = {each.name: each for config in configs for each in find_archives(config, folder)}
    files = {name: file for name, file in own.items() if file.is_file()}
    digests = {name: sha256(FileSource(file), advance).hex() for name, file in files.items()}
    with explain_write_errors(path), lock_records(path):
        with suppress(FileNotFoundError):
            before = read_before(path).items()
            others = {name: digest for name, digest in before if name not in own}
            digests |= {name: digest for name, digest in others.items() if (folder / name).is_file()}
        if not digests:
            path.unlink(missing_ok=True)
            return None
        replace_file(path, format_sums(digests).encode("utf-8", "surrogateescape"))
    return path


def read_before(path: Path) -> dict[str, str]:
    try:
        return read_sums(path)
    except ReadError as error:
        raise PackError(f"{error}; remove it, and it is written anew") from None
