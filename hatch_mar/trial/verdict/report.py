"""What a trial of one archive found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hatch_mar.torchserve.answer import Answer


@dataclass(frozen=True)
class Reply:
    label: str
    """The request's, or how many requests there were."""
    ok: bool
    seconds: float
    answer: Answer | None = None
    """The answer to a request that was sent alone."""
    index: int | None = None
    note: str = ""

    @property
    def summary(self) -> str:
        return self.answer.summary if self.answer else self.note

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "ok": self.ok,
            "seconds": self.seconds,
            "status": self.answer.status if self.answer else None,
            "answer": self.answer.to_json() if self.answer else None,
        }


@dataclass
class Report:
    name: str
    loaded_by: str = ""
    """TorchServe's loader or the stand-in, with the versions that matter."""
    device: str = ""
    """What the worker ran on: `cpu`, `cuda:0`, ..."""
    device_note: str = ""
    """Which GPU that is, or why it is not one."""
    ready_seconds: float | None = None
    """Until the server was ready; only with `--serve`."""
    load_seconds: float | None = None
    peak_memory: int | None = None
    """Bytes."""
    peak_gpu_memory: int | None = None
    replies: list[Reply] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    """What the checks say about an archive that did not load."""
    output: str = ""

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def describe_device(self) -> str:
        if not self.device:
            return ""
        if self.device == "cpu":
            return f", on the CPU: {self.device_note}"
        return f", on {self.device}{f' ({self.device_note})' if self.device_note else ''}"

    def to_json(self) -> dict[str, Any]:
        fields = {name: value for name, value in vars(self).items() if name != "output"}
        replies = [reply.to_json() for reply in self.replies]
        return {"name": self.name, "ok": self.ok} | fields | {"replies": replies}

    def lines(self) -> Iterator[str]:
        """The report as people read it, without the faults."""
        from hatch_mar.text import format_seconds

        if self.loaded_by:
            yield f"{self.name}: {self.loaded_by}{self.describe_device}"
        yield from (f"  {line}" for line in self.describe_loading())
        width = max((len(reply.label) for reply in self.replies), default=0)
        for reply in self.replies:
            verdict = "ok  " if reply.ok else "FAIL"
            yield f"  {verdict} {reply.label:{width}} {format_seconds(reply.seconds):>11}  {reply.summary}"
        if memory := self.describe_memory():
            yield f"  {memory}"

    def describe_loading(self) -> Iterator[str]:
        from hatch_mar.text import format_seconds

        if self.ready_seconds is not None:
            yield f"server ready after {format_seconds(self.ready_seconds)}"
        if self.load_seconds is not None:
            yield f"loaded in {format_seconds(self.load_seconds)}"
        if self.load_seconds is not None and self.ok and not self.replies:
            yield "it only loaded, since no request was given; `--input FILE` sends one"

    def describe_memory(self) -> str:
        from hatch_mar.text import format_size

        if self.peak_memory is None:
            return ""
        gpu = "" if self.peak_gpu_memory is None else f", on the GPU {format_size(self.peak_gpu_memory)}"
        return f"peak memory {format_size(self.peak_memory)}{gpu}"
