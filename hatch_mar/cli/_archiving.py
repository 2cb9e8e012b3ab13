"""Writes one archive, as torch-model-archiver would."""

from __future__ import annotations

from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.checks.configured import find_faults
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import CheckError, ConfigError
from hatch_mar.project.config.models import Config
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant


def write_archive(
    config: Config, export_path: str | None, *, force: bool, strict: bool = False
) -> tuple[Artifact, Archive]:
    """Write an archive where torch-model-archiver would; gives what was written and what is in it.

    Raises:
        HatchMarError: with all faults; nothing is written then.
    """
    directory = Path(export_path or ".")
    if not directory.is_dir():
        raise ConfigError(f"Option `--export-path` must be a directory that exists: `{directory}`")
    path = directory / config.file_name
    if path.exists() and not force:
        raise ConfigError(f"File already exists: `{path}`; give `--force` to overwrite it")
    instant = build_instant()
    archive = lay_out(config, Path.cwd(), instant)
    findings = [found for found in find_faults(config, archive, Path.cwd()) if found.severity != "note"]
    if findings and strict:
        raise CheckError(*findings)
    if findings:
        from hatch_mar.cli._findings import log_findings

        # the archive is written all the same, as by torch-model-archiver
        warnings = [finding._replace(severity="warning") for finding in findings]
        log_findings(warnings, Path.cwd(), prefix="Warning: ")
    with exit_on_signals():
        packing = Packing(instant, config.compression, config.root)
        return pack_as(archive, path, config.format, packing), archive
