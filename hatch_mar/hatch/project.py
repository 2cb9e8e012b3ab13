"""A `Project` that hatchling builds."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.archive.filesystem.walk import is_executable
from hatch_mar.errors import LayoutError
from hatch_mar.finding import Place, field
from hatch_mar.project.config.models import MAR, PYPROJECT
from hatch_mar.project.interface import METADATA
from hatch_mar.project.layout.members import FILE_NOT_FOUND

if TYPE_CHECKING:
    from hatchling.builders.plugin.interface import BuilderInterface
    from hatchling.metadata.core import ProjectMetadata
    from hatchling.plugin.manager import PluginManager


@dataclasses.dataclass(frozen=True)
class HatchProject:
    root: Path
    metadata: ProjectMetadata[PluginManager]
    artifacts: tuple[str, ...] = ()
    force_include: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reproducible: bool = True

    @classmethod
    def of_build(cls, builder: BuilderInterface[Any, Any], build_data: Mapping[str, Any]) -> HatchProject:
        """The project of a build, with what hooks have added to `build_data`.

        The target's own defaults are left out, such as the `pyproject.toml` of an sdist.
        """
        own = builder.get_default_build_data()
        return cls(
            Path(builder.root),
            builder.metadata,
            tuple(item for item in build_data["artifacts"] if item not in own.get("artifacts", ())),
            {
                source: target
                for source, target in build_data["force_include"].items()
                if source not in own.get("force_include", {})
            },
            builder.config.reproducible,
        )

    @property
    def pyproject(self) -> Mapping[str, Any]:
        return self.metadata.config

    def name(self) -> str:
        return self.metadata.core.raw_name

    def version(self) -> str:
        return self.metadata.version

    def dependencies(self) -> list[str]:
        return self.metadata.core.dependencies

    def optional_dependencies(self) -> Mapping[str, list[str]]:
        return self.metadata.core.optional_dependencies

    def wheel_files(self) -> Iterator[Member]:
        """The files that hatchling selects for the wheel, and those that other hooks add to it.

        Raises:
            LayoutError: hatchling cannot select any, or a file that it is told to include is missing.
        """
        from hatchling.builders.wheel import WheelBuilder

        builder = WheelBuilder(str(self.root), metadata=self.metadata)
        added = {"artifacts": list(self.artifacts), "force_include": dict(self.force_include)}
        with explain_selection(), builder.config.set_build_data(added):
            for file in builder.recurse_included_files():
                path = Path(file.path)
                yield Member(
                    file.distribution_path.replace(os.sep, "/"),
                    FileSource(path),
                    is_executable(path),
                )


@contextmanager
def explain_selection() -> Iterator[None]:
    """Raise the errors of hatchling's selection of files as LayoutErrors."""
    place = Place(PYPROJECT, None, (*MAR, "include-project"))
    try:
        yield
    except FileNotFoundError as error:
        raise LayoutError(FILE_NOT_FOUND.at(place, f"{field(place.key)}: {error}", "")) from None
    except ValueError as error:
        reason = str(error).strip().partition("\n")[0]
        text = f"{field(place.key)} takes the files of the wheel, which hatchling cannot build: {reason}"
        raise LayoutError(METADATA.at(place, text, "")) from None
