"""The functions that `import hatch_mar` offers."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.build.plan import Planned, plan_project
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.pyproject import PyProject, without_detours
from hatch_mar.project.timestamp import build_instant


def load(
    project: str | PathLike[str] = ".",
    output: str | PathLike[str] | None = None,
    *,
    isolation: bool | None = None,
) -> list[Planned]:
    """The archives that the `pyproject.toml` in `project` declares, ready to be built.

    Each has an `archive`, the `path` it will be written to, and `build()`, which writes it and
    returns an `Artifact`.

    Args:
        project: the project's directory.
        output: the directory for all of them; by default the `export-path` of each, or else the
            project's build directory.
        isolation: whether the build backend, if it has to be asked for something, runs in an isolated
            environment; by default it does if this one lacks something that it needs.

    Raises:
        HatchMarError: with all faults of the configuration, or of the files it names.
    """
    found = PyProject(Path(project), isolation=isolation)
    directory = without_detours(Path(output)) if output else None
    return plan_project(found, found.build_directory, output=directory)


def model_archive(
    model_name: str, *, version: str, handler: str, root: str | PathLike[str] = ".", **keys: Any
) -> Archive:
    """An archive from Python values instead of `[tool.mar]`.

    Args:
        model_name: the model's name.
        version: the model's version.
        handler: as the key `handler`.
        root: the directory that paths are relative to.
        keys: the other keys of `[tool.mar]`, with underscores: `serialized_file`, `extra_files`, ...

    Raises:
        HatchMarError: with all faults of the values, or of the files they name.
    """
    values = {"model_name": model_name, "version": version, "handler": handler} | keys
    table = {key.replace("_", "-"): to_toml(value) for key, value in values.items() if value is not None}
    [found] = parse_table(table, name=str, version=str, file=None)
    if not isinstance(found, ArchiveConfig):
        raise ConfigError("Keyword `workflows` cannot be used here; give the keys of one model archive")
    return lay_out(found, Path(root).absolute(), build_instant())


def to_toml(value: Any) -> Any:
    """A Python value as TOML's reader would return it."""
    if isinstance(value, PathLike):
        return Path(value).as_posix()
    if isinstance(value, (list, tuple)):
        return [to_toml(item) for item in value]
    return value


def pack(
    archive: Archive,
    path: str | PathLike[str],
    *,
    compression: str = "auto",
    archive_root: str | None = None,
    force: bool = True,
) -> Artifact:
    """Write an archive to `path` completely or not at all, in the format that the suffix stands for.

    Args:
        archive: what to write.
        path: the file to write, a `.mar`, `.war` or `.tar.gz`; without a suffix, the directory.
        compression: `auto`, `store` or `deflate`, as the key `compression`.
        archive_root: the directory inside a `.tar.gz`; by default the model's name.
        force: whether to replace an archive that differs.

    Raises:
        HatchMarError: it cannot be written; an existing archive is left unchanged.
    """
    target = Path(path)
    root = archive_root or str(archive.manifest.model.get("modelName", "model"))
    return pack_as(
        archive, target, format_of(target, archive), Packing(build_instant(), compression, root), force=force
    )


def format_of(path: Path, archive: Archive) -> Format:
    """The format that a path's suffix stands for."""
    if path.name.endswith(WORKFLOW.suffix) and archive.manifest.is_of_workflow:
        return WORKFLOW
    for name in ("default", "tgz"):
        if path.name.endswith(FORMATS[name].suffix):
            return FORMATS[name]
    if not path.suffix:
        return FORMATS["no-archive"]
    raise ConfigError(
        f"Unknown kind of archive: `{path.name}` must end in `.mar`, `.war`, `.tar.gz` or not at all"
    )
