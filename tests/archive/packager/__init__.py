from __future__ import annotations

from pathlib import Path

from hatch_mar.archive.packager.records import name_record
from hatch_mar.archive.packager.records_folder import find_records


def record_file(path: Path, kind: str) -> Path:
    return find_records(path.parent) / name_record(path, kind)
