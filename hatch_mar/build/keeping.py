"""Whether anybody keeps the archives of a build, and where they go, whatever the build backend."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.build.clean import is_archive_of
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import Config
from hatch_mar.project.pep517 import REQUIRE, SKIP

SKIPPED = f"`{SKIP}` is set"
SDIST = "this is an unpacked sdist, which seldom has the weights; `hatch-mar build` builds them here"
LEFT_OUT_OF_SDIST = "this wheel is built from an sdist, whose own build left them out"
FROM_SDIST = (SDIST, LEFT_OUT_OF_SDIST)

WHEEL_ONLY = {"PIP_BUILD_TRACKER": "pip", "CIBUILDWHEEL": "cibuildwheel"}
"""The environment variables of the frontends that keep nothing but the wheel."""

UNSET = (None, "", "0", "false")
"""What stands for a variable that is not set."""

TAG, SIGNATURE = "CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55"
"""What marks a cache: https://bford.info/cachedir/."""


def why_left_out(root: Path, directory: Path | None = None) -> str | None:
    """Why a build into `directory` leaves out the archives of the project at `root`; None if it makes them.

    Without `directory`, only what does not depend on it is considered.

    Raises:
        ConfigError: a switch has a value that is neither true nor false.
    """
    skipped, _ = is_on(SKIP), is_on(REQUIRE)  # a wrong value of either is refused in every build
    if skipped:
        return SKIPPED
    if (root / "PKG-INFO").is_file():
        return LEFT_OUT_OF_SDIST if directory and is_beside_sdist(root, directory) else SDIST
    for variable, frontend in WHEEL_ONLY.items():
        if os.environ.get(variable) not in UNSET:
            return f"{frontend} keeps only the wheel"
    if directory and (tag := find_cache_tag(root, directory)):
        return f"`{directory}` is in a cache, which `{tag}` marks; build into another directory to keep them"
    return None


def leave_out(reason: str) -> str:
    """The line that says why a build leaves out its archives.

    Raises:
        ConfigError: they are required.
    """
    if is_on(REQUIRE):
        raise ConfigError(f"Archives would not be built, but `{REQUIRE}` is set: {reason}")
    return f"Archives not built: {reason}"


def is_on(variable: str) -> bool:
    """The value of a switch, written as hatchling's own (hatchling/builders/config.py, `env_var_enabled`).

    Another value is refused, because an archive must not be lost to a `yes`.
    """
    value = os.environ.get(variable, "")
    if value in ("1", "true"):
        return True
    if value in ("", "0", "false"):
        return False
    raise ConfigError(
        f"Environment variable `{variable}` must be `1` or `true`, or else `0`, `false` or empty: `{value}`"
    )


def find_cache_tag(root: Path, directory: Path) -> Path | None:
    """The tag of the cache that `directory` is in, unless that is around the project as well.

    uv builds what it installs in a hidden directory of its cache, and may have cloned the project
    into the same cache.
    """
    root, directory = Path(os.path.realpath(root)), Path(os.path.realpath(directory))
    for folder in (directory, *directory.parents):
        if not has_tag(folder):
            continue
        below = directory.relative_to(folder).parts
        is_hidden = any(name.startswith(".") for name in below) and not directory.is_relative_to(root)
        if is_hidden or not root.is_relative_to(folder):
            return folder / TAG
    return None


def has_tag(folder: Path) -> bool:
    try:
        with open_input(folder / TAG) as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def is_beside_sdist(root: Path, directory: Path) -> bool:
    """Whether the sdist that is unpacked at `root` lies in `directory`.

    `python -m build` and `uv build` make a wheel from the sdist that they have just put there.
    """
    return not directory.is_relative_to(root) and (directory / f"{root.name}.tar.gz").is_file()


def came_with_sdist(configs: Iterable[Config], root: Path, directory: Path) -> bool:
    """Whether the build of the sdist that is unpacked at `root` has left its archives in `directory`.

    What an `export-path` says is relative to a project that cannot be seen from here.
    """
    return is_beside_sdist(root, directory) and all(
        is_archive_of(each, directory / each.file_name) for each in configs if not each.export_path
    )


def destination(root: Path, directory: Path) -> Path:
    """Where a build by another backend than hatchling, into `directory`, leaves its archives.

    hatch has such backends build into a temporary directory `work`, of which it keeps the wheel or
    the sdist alone (hatch/project/frontend/core.py). It moves that to the directory on
    its command line, which it tells no backend, or else to `dist` (hatch/cli/build/__init__.py).
    """
    if "HATCH_ENV_ACTIVE" not in os.environ or directory.name != "work":
        return directory
    above = os.path.realpath(directory.parent.parent)
    return root / "dist" if above == os.path.realpath(tempfile.gettempdir()) else directory
