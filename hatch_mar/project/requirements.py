"""`requirements-from`: an archive's requirements out of the project's own metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.dependency_groups import DependencyGroupResolver
from packaging.errors import ExceptionGroup
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_mar.errors import LayoutError
from hatch_mar.project.interface import Project

DEPENDENCIES, OPTIONAL, GROUP = "dependencies", "optional-dependencies.", "dependency-groups."


def requirements(sources: Iterable[str], project: Project, origin: str) -> list[str]:
    """The requirements of `sources`, each once and in order, however the project spells them.

    A requirement on the project itself stands for its own extras, and is replaced by
    them: the archive holds the project's code, no index need have it.

    Raises:
        LayoutError: a source names what the project does not have.
    """
    found = (line for source in sources for line in expanded(source, project, origin, ()))
    return sorted({normalized(requirement) for requirement in found})


def normalized(requirement: Requirement) -> str:
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def expanded(source: str, project: Project, origin: str, seen: tuple[str, ...]) -> Iterator[Requirement]:
    if source in seen:
        return
    for requirement in listed(source, project, origin):
        if canonicalize_name(requirement.name) != canonicalize_name(project.name()):
            yield requirement
            continue
        for extra in ("", *sorted(requirement.extras)):
            inner = f"{OPTIONAL}{extra}" if extra else DEPENDENCIES
            for found in expanded(inner, project, origin, (*seen, source)):
                yield under(requirement.marker, found)


def under(marker: Marker | None, requirement: Requirement) -> Requirement:
    """The requirement where `marker` holds too."""
    if marker and requirement.marker:
        requirement.marker = Marker(f"({marker}) and ({requirement.marker})")
    else:
        requirement.marker = requirement.marker or marker
    return requirement


def listed(source: str, project: Project, origin: str) -> list[Requirement]:
    try:
        if source == DEPENDENCIES:
            return [Requirement(line) for line in project.dependencies()]
        if source.startswith(OPTIONAL):
            extras = {
                canonicalize_name(name): lines for name, lines in project.optional_dependencies().items()
            }
            extra = canonicalize_name(source.removeprefix(OPTIONAL))
            if extra not in extras:
                raise LayoutError(f"{origin}: the project has no `{source}`{known(OPTIONAL, extras)}")
            return [Requirement(line) for line in extras[extra]]
        groups = project.pyproject.get("dependency-groups", {})
        if not isinstance(groups, dict):
            raise LayoutError(f"{origin}: `{source}` cannot be read: `dependency-groups` must be a table")
        group = source.removeprefix(GROUP)
        if canonicalize_name(group) not in map(canonicalize_name, groups):
            raise LayoutError(f"{origin}: the project has no `{source}`{known(GROUP, groups)}")
        return list(DependencyGroupResolver(groups).resolve(group))
    except ExceptionGroup as group_error:
        reasons = "; ".join(str(error) for error in group_error.exceptions)
        raise LayoutError(f"{origin}: `{source}` cannot be read: {reasons}") from None
    except (InvalidRequirement, ValueError) as error:
        raise LayoutError(f"{origin}: `{source}` cannot be read: {error}") from None


def known(prefix: str, names: Iterable[str]) -> str:
    found = ", ".join(f"`{prefix}{name}`" for name in names)
    return f"; it has {found}" if found else ""
