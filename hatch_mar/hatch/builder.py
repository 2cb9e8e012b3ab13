"""The builder, `hatch build -t mar`; each archive is a version of the target."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.plugin.interface import BuilderInterface

from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.build.clean import remove_archives
from hatch_mar.build.plan import load_configs, plan_project
from hatch_mar.build.report import list_warnings
from hatch_mar.build.run import build_all
from hatch_mar.hatch.display import abort_on_faults, warn
from hatch_mar.hatch.project import HatchProject
from hatch_mar.hatch.shipping import find_unwanted_in_sdist
from hatch_mar.project.config.models import Config, by_name, select
from hatch_mar.trial.dependencies import trial_dependencies

if TYPE_CHECKING:
    from hatchling.plugin.manager import PluginManager

    Interface = BuilderInterface[BuilderConfig, PluginManager]
else:  # hatchling 1.32.3 refuses the subscript at run time
    Interface = BuilderInterface


class MarBuilderConfig(BuilderConfig):
    @cached_property
    def dynamic_dependencies(self) -> list[str]:
        """hatch reads these only if a build hook is declared; otherwise the user must declare them."""
        return [*super().dynamic_dependencies, *trial_dependencies(self.builder.metadata.config)]


class MarBuilder(Interface):
    PLUGIN_NAME = "mar"

    @classmethod
    def get_config_class(cls) -> type[BuilderConfig]:
        return MarBuilderConfig

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.chosen: list[str] = []
        self.built: dict[tuple[str, str | None], Artifact] = {}

    def get_version_api(self) -> dict[str, Callable[..., str]]:
        return {name: partial(self.build_archive, config) for name, config in self.archives.items()}

    def get_default_versions(self) -> list[str]:
        return list(self.archives)

    def clean(self, directory: str, versions: list[str]) -> None:
        with abort_on_faults(self.app):
            remove_archives(
                HatchProject(Path(self.root), self.metadata), Path(self.root, directory), versions
            )

    def build(self, *, versions: list[str] | None = None, **options: Any) -> Generator[str, None, None]:
        self.chosen = versions or self.config.versions
        with abort_on_faults(self.app):
            select(self.configs, self.chosen)
        yield from super().build(versions=versions, **options)

    def build_archive(self, config: Config, directory: str, **build_data: Any) -> str:
        """The path of an archive. The first call builds all archives that are asked for."""
        if not self.built:
            with abort_on_faults(self.app):
                self.built = self.build_chosen(directory, build_data)
        return str(self.built[config.file_name, config.export_path].path)

    def build_chosen(
        self, directory: str, build_data: dict[str, Any]
    ) -> dict[tuple[str, str | None], Artifact]:
        project = HatchProject.of_build(self, build_data)
        planned = plan_project(project, Path(self.root, directory), self.chosen)
        unwanted = find_unwanted_in_sdist([one.config for one in planned], self, Path(self.root, directory))
        warn(self.app, *list_warnings(planned), *(f"Warning: {line}" for line in unwanted))
        artifacts = build_all(planned, quiet=self.app.verbosity < 0)
        return {
            (one.config.file_name, one.config.export_path): artifact
            for one, artifact in zip(planned, artifacts)
        }

    @cached_property
    def configs(self) -> tuple[Config, ...]:
        with abort_on_faults(self.app):
            return load_configs(HatchProject(Path(self.root), self.metadata))

    @property
    def archives(self) -> dict[str, Config]:
        return by_name(self.configs)
