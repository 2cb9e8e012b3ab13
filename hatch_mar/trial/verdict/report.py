"""What came of a trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hatch_mar.trial.examples.answer import Answer


@dataclass(frozen=True)
class Reply:
    """What became of a batch."""

    label: str
    """The request's, or how many there were."""
    ok: bool
    seconds: float
    answer: Answer | None = None
    index: int | None = None
    """The answer to a request that was sent alone, and which one that is."""
    note: str = ""


@dataclass
class Report:
    """A trial of one archive."""

    name: str
    loaded_by: str = ""
    """TorchServe's loader or the stand-in, and the versions of what matters."""
    device: str = ""
    """What the worker was given to run on: `cpu`, `cuda:0`, ..."""
    device_note: str = ""
    """Which GPU that is, or why it is none."""
    ready_seconds: float | None = None
    """Until the server was ready; with `--serve` only."""
    load_seconds: float | None = None
    replies: list[Reply] = field(default_factory=list)
    memory: int | None = None
    """Bytes, at most."""
    gpu_memory: int | None = None
    faults: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    """What the checks say of an archive that did not load."""
    output: str = ""
    """What the worker, or the server, printed."""

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def where(self) -> str:
        if not self.device:
            return ""
        if self.device == "cpu":
            return f", on the CPU: {self.device_note}"
        return f", on {self.device}{f' ({self.device_note})' if self.device_note else ''}"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ok": self.ok,
            "loaded_by": self.loaded_by,
            "device": self.device,
            "device_note": self.device_note,
            "ready_seconds": self.ready_seconds,
            "load_seconds": self.load_seconds,
            "peak_memory": self.memory,
            "peak_gpu_memory": self.gpu_memory,
            "replies": [
                {
                    "label": reply.label,
                    "ok": reply.ok,
                    "seconds": reply.seconds,
                    "status": reply.answer.status if reply.answer else None,
                    "answer": reply.answer.to_json() if reply.answer else None,
                }
                for reply in self.replies
            ],
            "faults": self.faults,
            "findings": self.findings,
        }

    def lines(self) -> Iterator[str]:
        """The report as people read it, faults not included."""
        from hatch_mar.text import size

        if self.loaded_by:
            yield f"{self.name}: {self.loaded_by}{self.where}"
        if self.ready_seconds is not None:
            yield f"  server ready after {self.ready_seconds:.1f} s"
        if self.load_seconds is not None:
            yield f"  loaded in {self.load_seconds:.2f} s"
        width = max((len(reply.label) for reply in self.replies), default=0)
        for reply in self.replies:
            text = reply.answer.shown if reply.answer else reply.note
            verdict = "ok  " if reply.ok else "FAIL"
            yield f"  {verdict} {reply.label:{width}} {reply.seconds * 1000:8.1f} ms  {text}"
        if self.memory is not None:
            gpu = "" if self.gpu_memory is None else f", on the GPU {size(self.gpu_memory)}"
            yield f"  peak memory {size(self.memory)}{gpu}"
