"""`model.tar.gz`, which SageMaker unpacks into `/opt/ml/model` and TorchServe loads from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hatch_mar.archive.formats import tgz
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.formats.reader import has_root, read
from hatch_mar.archive.packager.obstacles import explain_write_errors
from hatch_mar.project.timestamp import build_instant
from hatch_mar.release.publishing.layouts.demands import require_model, require_one
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.terminal.progress import show_progress
from hatch_mar.torchserve import suffixes

NAME = "sagemaker"
OWN_FOLDER = None
FILE = "model.tar.gz"
ROOT = "."
"""With any other root, SageMaker would not find `code/`."""


def make_uploads(archives: Sequence[Ready], scratch: Path) -> list[Upload]:
    archive = require_one(archives, NAME)
    require_model(archive, NAME)
    if archive.format.suffix == suffixes.TGZ and has_root(archive.path, ROOT):
        return [Upload(FILE, archive.path)]
    pack(archive.path, scratch / FILE)
    return [Upload(FILE, scratch / FILE)]


def pack(path: Path, target: Path) -> None:
    """Pack an archive again, with the same bytes each time, whatever `SOURCE_DATE_EPOCH` is."""
    with read(path) as archive:
        size = sum(member.source.size() for member in archive.members)
        with explain_write_errors(target), show_progress(f"Packing {FILE}", size) as advance:
            tgz.write(archive, target, Packing(build_instant(environ={}), root=ROOT, report=advance))
