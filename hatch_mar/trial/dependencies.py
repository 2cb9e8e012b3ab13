"""What the build environment needs when a build tries archives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hatch_mar.project.config.unchecked import find_values

REQUIREMENT = "hatch-mar[torch]"


def trial_dependencies(pyproject: Mapping[str, Any]) -> list[str]:
    """`hatch-mar[torch]`, if an archive of the project has `try = true`."""
    return [REQUIREMENT] if any(value is True for value in find_values(pyproject, "try")) else []
