"""Values of `[tool.mar]` that are needed before it is validated, to tell a frontend what to install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def find_values(pyproject: Mapping[str, Any], key: str) -> list[object]:
    """The value of `key` for each archive, None where it is not set; none of an invalid table."""
    tools = pyproject.get("tool")
    mar = tools.get("mar") if isinstance(tools, dict) else None
    if not isinstance(mar, dict):
        return []
    archives = mar.get("archives", [{}])
    tables = archives if isinstance(archives, list) else []
    return [table.get(key, mar.get(key)) for table in tables if isinstance(table, dict)]
