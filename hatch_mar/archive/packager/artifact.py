"""What a build leaves on disk."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.filesystem.walk import files_of


class Artifact(NamedTuple):
    """What is on disk after a build."""

    path: Path
    """The file, or the directory of a `no-archive`."""
    unchanged: bool
    """Whether it was there already, and was left as it was."""

    @property
    def size(self) -> int:
        """Bytes on disk. Those of a directory are those of its files."""
        return sum(path.stat().st_size for path in files_of(self.path))

    @property
    def sha256(self) -> str | None:
        """The file's digest in hexadecimal; None for a directory. Costs a read of the file."""
        from hatch_mar.archive.digest import sha256

        return None if self.path.is_dir() else sha256(FileSource(self.path)).hex()

    @property
    def content_digest(self) -> str:
        """One digest of names, modes and bytes, the same in every format. Costs a read of the members."""
        from hatch_mar.archive.digest import content_digest
        from hatch_mar.archive.formats.reader import read

        with read(self.path) as archive:
            return content_digest(archive)
