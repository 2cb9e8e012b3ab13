"""What an archive's model configuration says about running its worker."""

from __future__ import annotations

from dataclasses import dataclass

from hatch_mar.checks.handler_facts import built_in
from hatch_mar.checks.subject import Subject
from hatch_mar.torchserve.model_config import DEFAULT_TIMEOUT


@dataclass(frozen=True)
class Settings:
    batch_size: int | None = None
    """The most requests in a batch; None if that is left to the registration."""
    startup_seconds: float = DEFAULT_TIMEOUT
    response_seconds: float = DEFAULT_TIMEOUT
    device_type: str = ""
    venv: bool = False
    """Whether TorchServe gives the model its own virtual environment."""
    asynchronous: bool = False
    """Whether the worker is told to await the handler."""

    @classmethod
    def of(cls, subject: Subject) -> Settings:
        # if it cannot be read, these are the defaults, and the worker shows what happens
        table, handler = subject.model_config.settings, built_in(subject)
        return cls(
            positive_or_none(table.get("batchSize"))
            or (1 if handler and not handler.takes_batches else None),
            positive_or_none(table.get("startupTimeout")) or DEFAULT_TIMEOUT,
            positive_or_none(table.get("responseTimeout")) or DEFAULT_TIMEOUT,
            str(table.get("deviceType") or ""),
            table.get("useVenv") is True,
            table.get("asyncCommunication") is True,
        )


def positive_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
