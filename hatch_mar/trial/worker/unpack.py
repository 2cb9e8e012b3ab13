"""An archive in a directory of its own, as TorchServe unpacks it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from hatch_mar.archive.archive import Archive, Member
from hatch_mar.archive.formats import directory
from hatch_mar.archive.formats.options import Packing
from hatch_mar.errors import TrialError
from hatch_mar.names import name_fault


def unpack(archive: Archive, path: Path, *, modes: bool = False) -> Path:
    """Write the files of an archive to a new directory at `path`.

    Of two members with one name, the last wins. Files are executable only with `modes`,
    since TorchServe keeps modes only of an archive that is a directory (ZipUtils.java).

    Raises:
        TrialError: a name would lead out of the directory, or the files cannot be written.
    """
    members = {member.name: member for member in archive.members}
    if faults := [f"Archive member `{name}` {fault}" for name in members if (fault := name_fault(name))]:
        raise TrialError(*faults)
    kept = (Member(one.name, one.source, one.executable and modes) for one in members.values())
    packing = Packing(datetime.now(timezone.utc))
    try:
        directory.write(Archive(archive.manifest, tuple(kept)), path, packing)
    except OSError as error:
        message = f"Cannot unpack the archive: {error.strerror or error}"
        raise TrialError(message + (f" (`{error.filename}`)" if error.filename else "")) from None
    return path
