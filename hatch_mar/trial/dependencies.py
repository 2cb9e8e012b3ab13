"""What the build environment needs when a build tries archives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REQUIREMENT = "hatch-mar[torch]"


def trial_dependencies(pyproject: Mapping[str, Any]) -> list[str]:
    """`hatch-mar[torch]`, if an archive of the project has `try = true`.

    The tables are read without validating them, which the build does later.
    """
    tools = pyproject.get("tool")
    mar = tools.get("mar") if isinstance(tools, dict) else None
    if not isinstance(mar, dict):
        return []
    archives = mar.get("archives", [{}])
    tables = archives if isinstance(archives, list) else []
    tried = (table.get("try", mar.get("try")) for table in tables if isinstance(table, dict))
    return [REQUIREMENT] if any(value is True for value in tried) else []
