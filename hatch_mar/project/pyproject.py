"""A project read from its `pyproject.toml`, whatever its build backend."""

from __future__ import annotations

import atexit
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_mar.archive.archive import Member
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place, field
from hatch_mar.project import pep517
from hatch_mar.project.config.models import MAR, PYPROJECT, ProjectConfig
from hatch_mar.project.config.reading import (
    Invalid,
    Reader,
    array_of,
    faults_in,
    read_keys,
    string,
)
from hatch_mar.project.config.table import parse_project
from hatch_mar.project.delegate import find_wrapping_faults
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.interface import METADATA
from hatch_mar.project.toml import UNREADABLE, read_document, table_at

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata


STRINGS = array_of(string, "strings")


class PyProject:
    """A project for scripts and for the command line.

    For what `pyproject.toml` leaves to the build backend, the backend is called, which needs the
    extra `hatch-mar[cli]`; `isolation` says whether in an isolated environment (see `open_builder`).
    `tell` is given a line before the backend is called, since that runs code of the project. With `new`, a
    `pyproject.toml` that does not exist is taken for an empty one.

    Raises:
        ConfigError: `pyproject.toml` does not exist, or is not valid TOML.
    """

    def __init__(
        self,
        root: Path,
        *,
        isolation: bool | None = None,
        new: bool = False,
        tell: Callable[[str], object] | None = None,
    ) -> None:
        if root.exists() and not root.is_dir():
            raise ConfigError(f"Not a directory: `{root}`; a project is the directory of its `{PYPROJECT}`")
        self.root = without_detours(root)
        self.isolation = isolation
        self.tell = tell
        try:
            self.pyproject: Mapping[str, Any] = read_document(self.root / PYPROJECT)
        except FileNotFoundError:
            if new and self.root.is_dir():
                self.pyproject = {}
                return
            text = f"File not found: `{root / PYPROJECT}`"
            above = find_project_above(self.root)
            advice = f"there is one in `{above}`; run the command there, or with `--project`" if above else ""
            raise ConfigError(UNREADABLE.at(Place(str(root / PYPROJECT)), text, advice)) from None

    @cached_property
    def hatch(self) -> HatchSettings:
        """Hatch's own settings, so that the command line writes what `hatch build` writes."""
        return HatchSettings(self.root, self.pyproject)

    def config(self, *, locked: bool = True) -> ProjectConfig:
        """What `[tool.mar]` says of the project, and not of its archives.

        With `locked`, each remote file must have a digest.

        Raises:
            ConfigError: with the faults of these keys.
        """
        return parse_project(table_at(self.pyproject, *MAR), locked=locked)

    @property
    def reproducible(self) -> bool:
        return self.hatch.reproducible

    @property
    def build_directory(self) -> Path:
        """Where archives without an `export-path` are written."""
        return self.hatch.directory

    @property
    def project(self) -> Mapping[str, Any]:
        return table_at(self.pyproject, "project")

    def read(self, key: str, reader: Reader, default: Any) -> Any:
        """The value of a key of `[project]`.

        Raises:
            ConfigError: the key has a value that it cannot have.
        """
        if key not in self.project:
            return default
        try:
            return reader(self.project[key])
        except ValueError as error:
            place = Place(PYPROJECT, None, ("project", key))
            raise ConfigError(*(fault.at(place) for fault in faults_in(error))) from None

    def name(self) -> str:
        return str(self.project.get("name") or self.metadata["Name"])

    def version(self) -> str:
        return str(self.project.get("version") or self.metadata["Version"])

    def dependencies(self) -> list[str]:
        if not self.leaves_to_backend("dependencies"):
            return list(self.read("dependencies", STRINGS, ()))
        from packaging.requirements import Requirement

        lines = self.metadata.get_all("Requires-Dist") or []
        return [line for line in lines if "extra" not in str(Requirement(line).marker)]

    def optional_dependencies(self) -> Mapping[str, list[str]]:
        if self.leaves_to_backend("optional-dependencies"):
            place = Place(PYPROJECT, None, ("project", "optional-dependencies"))
            raise ConfigError(
                METADATA.at(
                    place,
                    f"{field(place.key)} is left to the build backend",
                    "only `hatch build` can take an archive's requirements from there",
                )
            )
        groups: Mapping[str, list[str]] = self.read("optional-dependencies", read_groups, {})
        return groups

    def leaves_to_backend(self, key: str) -> bool:
        return not self.project or key in self.read("dynamic", STRINGS, ())

    def wheel_files(self) -> Iterable[Member]:
        """The files of a wheel that the build backend makes, named as they are in `site-packages`.

        Its metadata is left out, and what is installed elsewhere (packaging.python.org, "Binary
        distribution format").
        """
        from hatch_mar.project.wheel_members import wheel_members

        for member in wheel_members(self.wheel):
            top, _, below = member.name.partition("/")
            scheme, _, name = below.partition("/")
            if not top.endswith((".dist-info", ".data")):
                yield member
            elif top.endswith(".data") and scheme in ("purelib", "platlib"):
                yield member._replace(name=name)

    @cached_property
    def wheel(self) -> zipfile.ZipFile:
        """A wheel that the build backend makes.

        It is kept until the process exits, because its files are read when they are packed.
        """
        directory = tempfile.TemporaryDirectory(prefix="hatch-mar-")
        atexit.register(directory.cleanup)
        wheel = zipfile.ZipFile(self.build_wheel(directory.name))
        atexit.register(wheel.close)
        return wheel

    def build_wheel(self, directory: str) -> str:
        """Let the build backend make a wheel in `directory`; returns its path."""
        self.announce("a wheel")
        return pep517.build_wheel(self.root, directory, self.isolation)

    @cached_property
    def metadata(self) -> PackageMetadata:
        self.announce("its metadata")
        return pep517.read_metadata(self.root, self.isolation)

    def announce(self, what: str) -> None:
        """Say that the backend is asked for something.

        Raises:
            ConfigError: `hatch_mar.backend` would refuse to be asked for anything.
        """
        if faults := [each for each in find_wrapping_faults(self.pyproject) if each.severity == "error"]:
            raise ConfigError(*faults)
        if self.tell:
            self.tell(f"Asking the build backend of `{self.root}` for {what}, which runs code of the project")


def read_groups(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        raise ValueError("must be a table of arrays of strings")
    groups, faults = read_keys(value, dict.fromkeys(value, STRINGS))
    if faults:
        raise Invalid(faults)
    return {name: list(lines) for name, lines in groups.items()}


def find_project_above(directory: Path) -> Path | None:
    """The nearest directory above this one that has a `pyproject.toml`."""
    if not directory.is_dir():
        return None
    return next((each for each in directory.parents if (each / PYPROJECT).is_file()), None)


def without_detours(path: Path) -> Path:
    """The absolute path, without `..`, which the paths of archives would show; links stay if they can."""
    return path.resolve() if ".." in path.parts else path.absolute()
