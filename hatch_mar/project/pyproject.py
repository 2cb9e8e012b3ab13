"""A project read from its `pyproject.toml`, whatever its build backend."""

from __future__ import annotations

import atexit
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_mar.archive.archive import Member
from hatch_mar.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata


class PyProject:
    """A project for scripts and for the command line.

    What `pyproject.toml` leaves to the build backend is asked of it in an isolated
    environment, for which the extra `hatch-mar[cli]` is needed.

    Raises:
        ConfigError: there is no `pyproject.toml`, or it is not TOML.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        file = self.root / "pyproject.toml"
        try:
            self.pyproject: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"File not found: `{file}`") from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"Cannot read `{file}`: {error}") from None

    @property
    def reproducible(self) -> bool:
        """hatch's own setting, so that the command line writes what `hatch build` does."""
        build = self.pyproject.get("tool", {}).get("hatch", {}).get("build", {})
        return build.get("reproducible", True) is not False

    @property
    def project(self) -> Mapping[str, Any]:
        table = self.pyproject.get("project", {})
        return table if isinstance(table, dict) else {}

    def name(self) -> str:
        return str(self.project.get("name") or self.metadata["Name"])

    def version(self) -> str:
        return str(self.project.get("version") or self.metadata["Version"])

    def dependencies(self) -> list[str]:
        if not self.left_to_backend("dependencies"):
            return list(self.project.get("dependencies", ()))
        from packaging.requirements import Requirement

        lines = self.metadata.get_all("Requires-Dist") or []
        return [line for line in lines if "extra" not in str(Requirement(line).marker)]

    def optional_dependencies(self) -> Mapping[str, list[str]]:
        if self.left_to_backend("optional-dependencies"):
            raise ConfigError(
                "Field `project.optional-dependencies` is left to the build backend; only `hatch build`"
                " can take an archive's requirements from there"
            )
        return dict(self.project.get("optional-dependencies", {}))

    def left_to_backend(self, key: str) -> bool:
        return not self.project or key in self.project.get("dynamic", ())

    def wheel_files(self) -> Iterable[Member]:
        """What the wheel ships: the backend builds it, and the wheel's own metadata is left out.

        The wheel lasts as long as the process, for its files are read when they are packed.
        """
        import zipfile

        from hatch_mar.archive.formats.zip_reader import zip_members

        directory = tempfile.TemporaryDirectory(prefix="hatch-mar-")
        wheel = zipfile.ZipFile(asked("build_wheel", self.root, directory.name))
        atexit.register(directory.cleanup)
        atexit.register(wheel.close)
        for member in zip_members(wheel):
            if not member.name.partition("/")[0].endswith((".dist-info", ".data")):
                yield member

    @cached_property
    def metadata(self) -> PackageMetadata:
        """The metadata that the build backend gives the project."""
        found: PackageMetadata = asked("metadata", self.root)
        return found


def asked(function: str, root: Path, *arguments: str) -> Any:
    """The answer of the project's build backend.

    Raises:
        ConfigError: `build` is not installed, or the backend fails.
    """
    try:
        from hatch_mar.project import pep517
    except ImportError:
        raise ConfigError(
            f"`{root / 'pyproject.toml'}` leaves this to its build backend, which only `build` can ask:"
            " pip install 'hatch-mar[cli]'"
        ) from None
    return getattr(pep517, function)(root, *arguments)
