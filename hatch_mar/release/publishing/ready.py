"""What is published: archives, and the files that a layout makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.formats.format import WORKFLOW, Format, find_format
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.build.plan import Planned
from hatch_mar.errors import ReadError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.config.values import model_name, version, workflow_name


class Ready(NamedTuple):
    """An archive that is on disk, ready to be published."""

    path: Path
    name: str
    """The name of its model or workflow."""
    version: str | None
    """The version of its model; None for a workflow, which has none."""
    format: Format

    @classmethod
    def of_project(cls, planned: Planned) -> Ready:
        """An archive that a project has built."""
        config = planned.config
        version = config.version if isinstance(config, ArchiveConfig) else None
        return cls(planned.path, config.name, version, config.format)

    @classmethod
    def of_file(cls, path: Path) -> Ready:
        """An archive on disk, named by its manifest.

        Raises:
            ReadError: it is not an archive, it is damaged, or its manifest has no valid name and version.
        """
        with open_container(path) as container:
            manifest = container.manifest()
        try:
            if manifest.is_of_workflow:
                return cls(path, workflow_name(manifest.subject), None, WORKFLOW)
            own = manifest.model.get("modelVersion")
            name, number = model_name(manifest.subject), None if own is None else version(own)
        except ValueError as error:
            raise ReadError(f"Cannot publish `{path}`: a name or version in its manifest {error}") from None
        return cls(path, name, number, find_format(container.kind))


class Upload(NamedTuple):
    """A file to be written below a destination."""

    name: str
    """Its path below the destination, with `/`."""
    source: Path | bytes
    """A file on disk, or a small text."""
