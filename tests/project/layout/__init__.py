from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, FileSource
from hatch_mar.errors import LayoutError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.layout.layout import lay_out
from tests.archives import INSTANT, SomeProject


def config(**settings: Any) -> ArchiveConfig:
    return ArchiveConfig(**({"model_name": "digits", "version": "1.0", "handler": "base_handler"} | settings))


def archive(root: Path, project: SomeProject | None = None, **settings: Any) -> Archive:
    return lay_out(config(**settings), root, INSTANT, project)


def sources(archive: Archive) -> dict[str, Path]:
    found = ((member.name, member.source) for member in archive.members)
    return {name: source.path for name, source in found if isinstance(source, FileSource)}


def contents(archive: Archive) -> dict[str, bytes]:
    return {member.name: b"".join(member.source.chunks()) for member in archive.members}


def faults(root: Path, **settings: Any) -> tuple[str, ...]:
    with pytest.raises(LayoutError) as error:
        archive(root, **settings)
    return tuple(finding.text for finding in error.value.findings)


def write(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
