"""`[tool.mar]` as JSON Schema (draft-07), for editors and validators."""

from __future__ import annotations

from typing import Any

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.project.config.schema import ARCHIVE_KEYS, ONE_OF_TWO, PROJECT_KEYS, TABLES
from hatch_mar.project.config.setting import table_schema
from hatch_mar.project.config.shape import Schema

DRAFT = "http://json-schema.org/draft-07/schema#"
SCHEMA = {
    "description": "TorchServe model archives, which hatch-mar builds.",
    **table_schema({**ARCHIVE_KEYS, **PROJECT_KEYS, **TABLES}, ONE_OF_TWO),
}


def make_schema(_tool: str = "mar") -> dict[str, Any]:
    """The schema of `[tool.mar]`; also a plugin of validate-pyproject, which passes the table's name."""
    return {"$schema": DRAFT, "$id": f"{DOCUMENTATION}mar.schema.json", **SCHEMA}


def make_whole_schema() -> dict[str, Any]:
    """A schema of `pyproject.toml`, where everything but `[tool.mar]` is left open."""
    return {"$schema": DRAFT, **open_table("tool", open_table("mar", SCHEMA))}


def open_table(key: str, schema: Schema) -> Schema:
    """The schema of a table in which one key has a schema."""
    return {"type": "object", "properties": {key: schema}, "additionalProperties": True}
