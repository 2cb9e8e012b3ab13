"""What an archive's model configuration says about how its worker is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.reader import content
from hatch_mar.checks.subject import LARGEST_TEXT
from hatch_mar.errors import ReadError

SECONDS = 120
"""TorchServe's default for loading and for an answer (ModelConfig.java)."""


@dataclass(frozen=True)
class Settings:
    batch_size: int | None = None
    """The most requests of a batch; None where nothing says so, and a registration may."""
    startup_seconds: float = SECONDS
    response_seconds: float = SECONDS
    device_type: str = ""
    venv: bool = False
    """Whether TorchServe makes the model a virtual environment of its own."""

    @classmethod
    def of(cls, archive: Archive) -> Settings:
        table = model_config(archive)
        return cls(
            positive(table.get("batchSize")),
            positive(table.get("startupTimeout")) or SECONDS,
            positive(table.get("responseTimeout")) or SECONDS,
            str(table.get("deviceType") or ""),
            table.get("useVenv") is True,
        )


def model_config(archive: Archive) -> dict[str, Any]:
    """The model configuration; an empty one where there is none that can be read."""
    import yaml

    name = archive.manifest.model.get("configFile")
    for member in archive.members:
        if member.name == name:
            try:
                table = yaml.safe_load(content(member, LARGEST_TEXT))
            except (ReadError, yaml.YAMLError, ValueError, RecursionError):
                # what becomes of it is for the worker to show
                return {}
            return table if isinstance(table, dict) else {}
    return {}


def positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
