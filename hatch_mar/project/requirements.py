"""`requirements-from`: an archive's requirements, taken from the project's metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.dependency_groups import DependencyGroupResolver
from packaging.errors import ExceptionGroup
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_mar.errors import LayoutError
from hatch_mar.finding import Place, field
from hatch_mar.project.interface import METADATA, Project

DEPENDENCIES, OPTIONAL, GROUP = "dependencies", "optional-dependencies.", "dependency-groups."


def resolve_requirements(sources: Iterable[str], project: Project, place: Place) -> list[str]:
    """The requirements of `sources`, sorted, normalized and without duplicates.

    A requirement on the project itself is replaced by what its extras require: the archive
    contains the project's code, so that no index needs to have it.

    Args:
        place: the key that names the sources.

    Raises:
        LayoutError: the project does not have a source, or it is invalid.
    """
    found = (line for source in sources for line in resolve(source, project, place, ()))
    return sorted({normalize_requirement(requirement) for requirement in found})


def normalize_requirement(requirement: Requirement) -> str:
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def resolve(source: str, project: Project, place: Place, seen: tuple[str, ...]) -> Iterator[Requirement]:
    """The requirements of a source, including those of the project's own extras."""
    if source in seen:
        return
    for requirement in read_source(source, project, place):
        if canonicalize_name(requirement.name) != canonicalize_name(project.name()):
            yield requirement
            continue
        for extra in ("", *sorted(requirement.extras)):
            inner = f"{OPTIONAL}{extra}" if extra else DEPENDENCIES
            for found in resolve(inner, project, place, (*seen, source)):
                yield restrict(found, requirement.marker)


def restrict(requirement: Requirement, marker: Marker | None) -> Requirement:
    if marker and requirement.marker:
        requirement.marker = Marker(f"({marker}) and ({requirement.marker})")
    else:
        requirement.marker = requirement.marker or marker
    return requirement


def read_source(source: str, project: Project, place: Place) -> list[Requirement]:
    def fail(text: str, fix: str = "") -> LayoutError:
        return LayoutError(METADATA.at(place, f"{field(place.key)}: {text}", fix))

    try:
        if source == DEPENDENCIES:
            return [Requirement(line) for line in project.dependencies()]
        if source.startswith(OPTIONAL):
            extras = {
                canonicalize_name(name): lines for name, lines in project.optional_dependencies().items()
            }
            extra = canonicalize_name(source.removeprefix(OPTIONAL))
            if extra not in extras:
                raise fail(f"the project has no `{source}`", list_sources(OPTIONAL, extras))
            return [Requirement(line) for line in extras[extra]]
        groups = project.pyproject.get("dependency-groups", {})
        if not isinstance(groups, dict):
            raise fail(f"`{source}` cannot be read: `dependency-groups` must be a table")
        group = source.removeprefix(GROUP)
        if canonicalize_name(group) not in map(canonicalize_name, groups):
            raise fail(f"the project has no `{source}`", list_sources(GROUP, groups))
        return list(DependencyGroupResolver(groups).resolve(group))
    except ExceptionGroup as group_error:
        reasons = "; ".join(str(error) for error in group_error.exceptions)
        raise fail(f"`{source}` cannot be read: {reasons}") from None
    except (InvalidRequirement, ValueError) as error:
        raise fail(f"`{source}` cannot be read: {error}") from None


def list_sources(prefix: str, names: Iterable[str]) -> str:
    found = ", ".join(f"`{prefix}{name}`" for name in names)
    return f"it has {found}" if found else ""
