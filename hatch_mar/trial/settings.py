"""What an archive's model configuration says about how its worker is run."""

from __future__ import annotations

from dataclasses import dataclass

from hatch_mar.checks.subject import Subject

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
    def of(cls, subject: Subject) -> Settings:
        # of a model configuration that cannot be read, the worker shows what becomes of it
        table = subject.model_config.settings
        return cls(
            positive(table.get("batchSize")),
            positive(table.get("startupTimeout")) or SECONDS,
            positive(table.get("responseTimeout")) or SECONDS,
            str(table.get("deviceType") or ""),
            table.get("useVenv") is True,
        )


def positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
