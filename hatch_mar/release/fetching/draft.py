"""A partial download, kept beside the file's place until it is complete, so that later runs can resume it.

The place may be in a package, or in a folder that an archive takes. So a draft is where records are, too:
in a folder `.hatch/hatch-mar`, which is never packed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.archive import CHUNK
from hatch_mar.archive.filesystem.atomic import clear_abandoned, prefix_of
from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.archive.filesystem.locks import hold_lock
from hatch_mar.archive.packager.records_folder import FOLDER, GITIGNORE, hide

LOCK, DATA, VALIDATOR = "lock", "data", "validator"
LONGEST_VALIDATOR = 1 << 10


class Draft:
    """The first bytes of a file, their digest, and the ETag or date of its version."""

    def __init__(self, folder: Folder, file: BinaryIO) -> None:
        self.folder = folder
        self.file = file
        self.hash = hashlib.sha256()
        self.size = 0
        self.is_old = False
        """Whether an earlier run has written some of it."""
        self.encoding = ""
        """How the source has compressed it; empty if it has not."""
        self.validator = folder.read(VALIDATOR, LONGEST_VALIDATOR).decode("latin-1")

    @property
    def sha256(self) -> str:
        return self.hash.hexdigest()

    def read(self, advance: Callable[[int], object]) -> None:
        """Read and hash what an earlier run has left. `advance` gets the size of each read."""
        self.file.seek(0)
        while chunk := self.file.read(CHUNK):
            self.count(chunk)
            advance(len(chunk))
        self.is_old = bool(self.size)

    def begin(self, validator: str) -> None:
        """Drop all bytes, and start with the version that has this validator."""
        self.file.seek(0)
        self.file.truncate()
        self.hash, self.size, self.validator, self.is_old = hashlib.sha256(), 0, validator, False
        self.folder.write(VALIDATOR, validator.encode("latin-1", "replace"))

    def append(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self.file.flush()  # so that nothing is lost if the process is killed
        self.count(chunk)

    def count(self, chunk: bytes) -> None:
        self.hash.update(chunk)
        self.size += len(chunk)

    def head(self, most: int) -> bytes:
        self.file.seek(0)
        return self.file.read(most)

    def move(self, place: Path) -> None:
        """Move the file to its place, with the mode of the file that it replaces."""
        import shutil

        self.file.close()
        with suppress(FileNotFoundError):
            if not place.is_symlink():
                shutil.copymode(place, self.folder.path / DATA)
        os.replace(self.folder.at(DATA), place, src_dir_fd=self.folder.descriptor)
        self.discard()

    def discard(self) -> None:
        self.file.close()
        for name in (DATA, VALIDATOR, GITIGNORE):
            self.folder.remove(name)


@contextmanager
def hold_draft(place: Path, version: str) -> Iterator[Draft]:
    """The draft of one version of a file, locked against other processes.

    Its folder is removed at the end if nothing has arrived, or if the draft was moved or discarded; in the
    last two cases, drafts of other versions are removed too. Links to folders are followed.

    Raises:
        OSError: it cannot be made.
    """
    home = Path(os.path.realpath(place.parent))
    root = next(each for each in (home, *home.parents) if each.is_dir())
    drafts = home / FOLDER / place.name
    folder = drafts.with_name(f"{prefix_of(drafts)}{version[:16]}.part")
    with hold_lock(folder / LOCK, root, holder="`hatch-mar fetch`", longest=inf) as opened:
        with opened.open(DATA, "a+b") as file:
            hide(opened)
            draft = Draft(opened, file)
            try:
                yield draft
            finally:
                is_done = file.closed
                if not is_done and not os.fstat(file.fileno()).st_size:
                    draft.discard()
        if is_done:
            clear_abandoned(drafts)
