"""Turns an archive's configuration and the files it names into an `Archive`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path, PurePosixPath

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import ConfigError, LayoutError
from hatch_mar.finding import Place, field
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig
from hatch_mar.project.interface import METADATA, Project
from hatch_mar.project.layout.members import FILE_NOT_FOUND, Members
from hatch_mar.text import did_you_mean
from hatch_mar.torchserve.handlers import BUILT_INS, parse

REQUIREMENTS = "requirements.txt"
MODEL_CONFIG = "model-config.yaml"


def lay_out(config: Config, root: Path, created: datetime, project: Project | None = None) -> Archive:
    """The archive that `config` describes.

    No file is read before the archive is written. `project` is only used for `include-project`
    and `requirements-from`.

    Raises:
        LayoutError: files are missing or conflict.
    """
    return gather(config, root, project).archive(describe(config, root, created))


def gather(config: Config, root: Path, project: Project | None = None) -> Members:
    """The members of the archive that `config` describes, and what is wrong with them."""
    if isinstance(config, WorkflowConfig):
        return gather_workflow(config, root)
    files = Members(root, config.exclude, config.outputs, config.remote_files)
    files.add_file(config.model_file, config.origins["model-file"])
    add_weights(files, config)
    add_handler(files, config)
    add_trees(files, config, project)
    add_requirements(files, config, project)
    add_model_config(files, config)
    return files


def gather_workflow(config: WorkflowConfig, root: Path) -> Members:
    files = Members(root, remote_files=config.remote_files)
    files.add_file(config.spec_file, config.origins["spec-file"])
    files.add_file(config.handler, config.origins["handler"])
    for pattern in config.extra_files:
        files.add_pattern(pattern, config.origins["extra-files"])
    return files


def describe(config: Config, root: Path, created: datetime) -> Manifest:
    if isinstance(config, WorkflowConfig):
        return Manifest.for_workflow(
            workflow_name=config.workflow_name,
            spec_file=PurePosixPath(config.spec_file).name,
            handler=base_name(config.handler),
            created=created,
        )
    return Manifest.for_model(
        model_name=config.model_name,
        model_version=config.version,
        handler=parse(config.handler, root, config.runtime).entry,
        created=created,
        runtime=config.runtime,
        serialized_file=base_name(next(iter(config.serialized_files), None)),
        model_file=base_name(config.model_file),
        requirements_file=REQUIREMENTS if config.requirements_from else base_name(config.requirements_file),
        config_file=base_name(config.config_file) if config.config is None else MODEL_CONFIG,
    )


def add_weights(files: Members, config: ArchiveConfig) -> None:
    place = config.origins["serialized-file"]
    for number, path in enumerate(config.serialized_files):
        if number == 0:  # which the manifest names
            files.add_file(path, place)
        else:
            files.add_pattern(path, place)


def add_handler(files: Members, config: ArchiveConfig) -> None:
    handler = parse(config.handler, files.root, config.runtime)
    # a name without a path may be a misspelled built-in handler
    name = config.handler.partition(":")[0]
    fix = "" if "/" in name or name.endswith(".py") else did_you_mean(name, BUILT_INS, cutoff=0.8)
    files.add_file(handler.file, config.origins["handler"], fix=fix)


def add_trees(files: Members, config: ArchiveConfig, project: Project | None) -> None:
    for pattern in config.extra_files:
        files.add_pattern(pattern, config.origins["extra-files"])
    for path in config.packages:
        if os.path.isdir(files.root / path):
            files.add_tree(path, PurePosixPath(path).name, config.origins["packages"])
        else:
            fix = files.advise(files.root / path)
            files.refuse(FILE_NOT_FOUND, config.origins["packages"], f": package not found: `{path}`", fix)
    if config.include_project:
        files.add_wheel(
            require_project(project, config.origins["include-project"]).wheel_files(),
            config.origins["include-project"],
        )
    for source, target in config.force_include.items():
        place = config.origins["force-include"]
        if os.path.isdir(files.root / source):
            files.add_tree(source, target, place, exclude=False)
        else:
            files.add_file(source, place, target)


def add_requirements(files: Members, config: ArchiveConfig, project: Project | None) -> None:
    if not config.requirements_from:
        files.add_file(config.requirements_file, config.origins["requirements-file"])
        return
    from hatch_mar.project.requirements import resolve_requirements

    place = config.origins["requirements-from"]
    try:
        lines = resolve_requirements(config.requirements_from, require_project(project, place), place)
    except (ConfigError, LayoutError) as error:
        if not error.findings:
            raise
        files.findings += error.findings
        return
    files.add_generated(REQUIREMENTS, "".join(f"{line}\n" for line in lines).encode(), place)


def add_model_config(files: Members, config: ArchiveConfig) -> None:
    if config.config is None:
        files.add_file(config.config_file, config.origins["config-file"])
        return
    import yaml

    # ASCII: TorchServe's Python worker opens the file in the locale's encoding (ts/service.py)
    text = yaml.safe_dump(config.config, sort_keys=False, width=float("inf"))
    files.add_generated(MODEL_CONFIG, text.encode("ascii"), config.origins["config"])


def require_project(project: Project | None, place: Place) -> Project:
    if project is None:
        raise LayoutError(METADATA.at(place, f"{field(place.key)} needs a `pyproject.toml`", ""))
    return project


def base_name(path: str | None) -> str | None:
    return PurePosixPath(path).name if path else None
