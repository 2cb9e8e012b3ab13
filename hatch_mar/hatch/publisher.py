"""The publisher, `hatch publish -p mar`. It runs in hatch's own environment, the only one that has hatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from hatch.publish.plugin.interface import PublisherInterface

from hatch_mar.build.plan import plan_project
from hatch_mar.build.report import list_warnings
from hatch_mar.build.run import build_all
from hatch_mar.hatch.display import abort_on_faults, inform, warn
from hatch_mar.hatch.publisher_options import PublisherOptions
from hatch_mar.output import set_verbosity
from hatch_mar.project.pyproject import PyProject
from hatch_mar.release.publishing.destination import find_destination
from hatch_mar.release.publishing.publish import Published, publish
from hatch_mar.release.publishing.ready import Ready


class MarPublisher(PublisherInterface):
    PLUGIN_NAME = "mar"

    def publish(self, artifacts: Sequence[str], options: Mapping[str, object]) -> None:
        """Publish these archives; without any, those of the project, which are built first."""
        if self.app.verbosity < 0:
            set_verbosity("quiet")
        with abort_on_faults(self.app):
            wanted = PublisherOptions.read(options)
            project = PyProject(Path(self.root), tell=partial(inform, self.app))
            known = project.config().publish
            destination = find_destination(wanted.to, known, project.root)
            archives = [Ready.of_file(Path(each)) for each in artifacts] or self.build(project)
            publish(
                archives,
                destination.url,
                wanted.layout or destination.layout,
                replace=wanted.replace,
                report=self.report,
            )

    def build(self, project: PyProject) -> list[Ready]:
        planned = plan_project(project, project.build_directory)
        warn(self.app, *list_warnings(planned))
        for _ in build_all(planned, quiet=self.app.verbosity < 0):
            pass
        return [Ready.of_project(one) for one in planned]

    def report(self, published: Published) -> None:
        inform(self.app, str(published))
