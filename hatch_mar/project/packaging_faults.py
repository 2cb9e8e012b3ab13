"""Why a project's own sdist and wheel cannot be built, and with them no archive, as far as its files tell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.toml import table_at
from hatch_mar.text import quote, quote_some

SELECTING = ("include", "packages", "only-include", "bypass-selection", "artifacts", "force-include")
"""Settings by which hatchling's wheel has something, whatever the project is called."""

NO_PACKAGES = (
    *("ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments"),
    *("changelog", "test", "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools"),
    *("util", "utils", "python", "build", "dist", "venv", "env", "requirements", "tasks", "fabfile"),
    *("site_scons", "benchmark", "benchmarks", "exercise", "exercises", "htmlcov", "[._]*"),
)
NO_MODULES = (
    *("setup", "conftest", "test", "tests", "example", "examples", "build", "toxfile", "noxfile", "pavement"),
    *("dodo", "tasks", "fabfile", "[Ss][Cc]onstruct", "conanfile", "manage", "benchmark", "benchmarks"),
    *("exercise", "exercises", "[._]*"),
)
"""What setuptools never takes for the project's own (setuptools/discovery.py, `DEFAULT_EXCLUDE`)."""
DISCOVERING = ("packages", "py-modules", "ext-modules")
"""Settings with which setuptools looks for nothing by itself."""


def find_packaging_faults(project: PyProject) -> Iterator[str]:
    """What keeps the project from being built, a sentence each."""
    readme = project.project.get("readme")
    file = readme.get("file") if isinstance(readme, Mapping) else readme
    yield from find_absent(project.root, file, "project.readme")
    backend = table_at(project.pyproject, "build-system").get("build-backend", "setuptools.")
    if project.hatch.apply:
        version = table_at(project.pyproject, "tool", "hatch", "version").get("path")
        yield from find_absent(project.root, version, "tool.hatch.version.path")
        yield from find_no_selection(project.root, project.hatch, project.project.get("name"))
    elif project.project and str(backend).startswith("setuptools."):
        settings = table_at(project.pyproject, "tool", "setuptools")
        if not (project.root / "setup.py").exists() and not (project.root / "setup.cfg").exists():
            yield from find_several(project.root, settings)


def find_absent(root: Path, path: object, key: str) -> Iterator[str]:
    if isinstance(path, str) and not (root / path).is_file():
        yield f"no build succeeds without {quote(path)}, which `{key}` names"


def find_no_selection(root: Path, settings: HatchSettings, name: object) -> Iterator[str]:
    """That hatchling would not know what a wheel is of (hatchling/builders/wheel.py)."""
    tables = (settings.table(), settings.table("targets", "wheel"))
    if not isinstance(name, str) or any(key in table for table in tables for key in SELECTING):
        return
    raw = re.sub(r"[^\w\d.]+", "_", name)
    names = dict.fromkeys((raw, re.sub(r"[-_.]+", "_", raw).lower()))
    places = ("{}/__init__.py", "src/{}/__init__.py", "{}.py", "*/{}/__init__.py")
    if not any([*root.glob(place.format(each))] for each in names for place in places):
        yield (
            f"hatchling builds no wheel without a package {quote([*names][-1])}; make one, or name yours in"
            " `packages` of `[tool.hatch.build.targets.wheel]`, or set `bypass-selection = true` there"
        )


def find_several(root: Path, settings: Mapping[str, Any]) -> Iterator[str]:
    """That setuptools would not know which package is the project's."""
    if any(key in settings for key in DISCOVERING) or (root / "src").is_dir():
        return
    with os.scandir(root) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    packages = [entry.name for entry in entries if entry.is_dir() and is_own(entry.name, NO_PACKAGES)]
    stems = [entry.name.removesuffix(".py") for entry in entries if entry.name.endswith(".py")]
    modules = [stem for stem in stems if is_own(stem, NO_MODULES)]
    for kind, key, names in (("package", "packages", packages), ("module", "py-modules", modules)):
        if len(names) > 1:
            yield (
                f"setuptools takes {quote_some(names)} for {kind}s of the project, and builds no project with"
                f" several; name the project's own in `{key}` of `[tool.setuptools]`"
            )
        if names:
            return


def is_own(name: str, excluded: tuple[str, ...]) -> bool:
    return name.isidentifier() and not any(fnmatchcase(name, pattern) for pattern in excluded)
