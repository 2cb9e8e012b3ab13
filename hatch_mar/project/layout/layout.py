"""What goes where: one archive's configuration and the files it names, as an `Archive`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import LayoutError
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.members import Gathering
from hatch_mar.torchserve.handlers import parse

REQUIREMENTS = "requirements.txt"
MODEL_CONFIG = "model-config.yaml"


def lay_out(config: ArchiveConfig, root: Path, created: datetime, project: Project | None = None) -> Archive:
    """The archive that `config` describes, of the files below `root` as they are now.

    No file is read; what is packed is what the files hold when the archive is written.
    `project` is asked only for what `include-project` and `requirements-from` want.

    Raises:
        LayoutError: with all that is missing, or that two sources claim.
    """
    handler = parse(config.handler, root, config.runtime)
    files = Gathering(root, config.exclude)
    files.add_file(config.model_file, config.origins["model-file"])
    files.add_file(config.serialized_file, config.origins["serialized-file"])
    files.add_file(handler.file, config.origins["handler"])
    add_trees(files, config, project)
    manifest = Manifest.for_model(
        model_name=config.model_name,
        model_version=config.version,
        handler=handler.entry,
        created=created,
        runtime=config.runtime,
        serialized_file=base_name(config.serialized_file),
        model_file=base_name(config.model_file),
        requirements_file=add_requirements(files, config, project),
        config_file=add_model_config(files, config),
    )
    return files.archive(manifest)


def lay_out_workflow(config: WorkflowConfig, root: Path, created: datetime) -> Archive:
    """The workflow archive that `config` describes.

    Raises:
        LayoutError: with all that is missing, or that two sources claim.
    """
    files = Gathering(root)
    files.add_file(config.spec_file, config.origins["spec-file"])
    files.add_file(config.handler, config.origins["handler"])
    for pattern in config.extra_files:
        files.add_pattern(pattern, config.origins["extra-files"])
    manifest = Manifest.for_workflow(
        workflow_name=config.workflow_name,
        spec_file=PurePosixPath(config.spec_file).name,
        handler=base_name(config.handler),
        created=created,
    )
    return files.archive(manifest)


def add_trees(files: Gathering, config: ArchiveConfig, project: Project | None) -> None:
    for pattern in config.extra_files:
        files.add_pattern(pattern, config.origins["extra-files"])
    for path in config.packages:
        if (files.root / path).is_dir():
            files.add_tree(path, PurePosixPath(path).name, config.origins["packages"])
        else:
            files.faults.append(f"{config.origins['packages']}: package not found: `{path}`")
    if config.include_project:
        for member in needed(project, config.origins["include-project"]).wheel_files():
            if not files.excluded(member.name):
                files.add(member, "the project", config.origins["include-project"])
    for source, target in config.force_include.items():
        origin = config.origins["force-include"]
        if (files.root / source).is_dir():
            files.add_tree(source, target, origin, exclude=False)
        else:
            files.add_file(source, origin, target)


def add_requirements(files: Gathering, config: ArchiveConfig, project: Project | None) -> str | None:
    if not config.requirements_from:
        files.add_file(config.requirements_file, config.origins["requirements-file"])
        return base_name(config.requirements_file)
    from hatch_mar.project.requirements import requirements

    origin = config.origins["requirements-from"]
    try:
        lines = requirements(config.requirements_from, needed(project, origin), origin)
    except LayoutError as error:
        files.faults += error.faults
        return None
    files.add_generated(REQUIREMENTS, "".join(f"{line}\n" for line in lines).encode(), origin)
    return REQUIREMENTS


def add_model_config(files: Gathering, config: ArchiveConfig) -> str | None:
    if config.config is None:
        files.add_file(config.config_file, config.origins["config-file"])
        return base_name(config.config_file)
    import yaml

    # ASCII: TorchServe's Python worker opens the file in the locale's encoding (ts/service.py)
    text = yaml.safe_dump(config.config, sort_keys=False, width=float("inf"))
    files.add_generated(MODEL_CONFIG, text.encode("ascii"), config.origins["config"])
    return MODEL_CONFIG


def needed(project: Project | None, origin: str) -> Project:
    if project is None:
        raise LayoutError(f"{origin} needs a project: there is no `pyproject.toml` to take it from")
    return project


def base_name(path: str | None) -> str | None:
    return PurePosixPath(path).name if path else None


def laid_out(config: Config, project: Project, instant: datetime) -> Archive:
    if isinstance(config, WorkflowConfig):
        return lay_out_workflow(config, project.root, instant)
    return lay_out(config, project.root, instant, project)
