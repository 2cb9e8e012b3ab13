"""An archive to be tried: what it is, what it is asked, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from hatch_mar.archive import Archive
from hatch_mar.checks import Subject
from hatch_mar.formats import FORMATS, Format
from hatch_mar.trial.requests import Request
from hatch_mar.trial.settings import Settings


@dataclass(frozen=True)
class Options:
    """How archives are tried."""

    timeout: float | None = None
    """Seconds for every step, instead of what the archive or TorchServe says."""
    envelope: str | None = None
    """TorchServe's `service_envelope`, without which its own `base_handler` takes no HTTP request."""
    requirements: bool = False
    """Whether what the archive requires is installed for it first."""
    stand_in: bool = False
    """Whether the stand-in loads it although TorchServe is installed."""
    bare: bool = False
    """Whether the stand-in leaves torch to the handler, which makes tests fast; a worker always has it."""
    building: bool = False
    """Whether a build does it, in an environment that the build's frontend makes."""
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Candidate:
    """An archive and its requests."""

    name: str
    """What the user calls it."""
    archive: Archive
    subject: Subject
    requests: tuple[Request, ...] = ()
    path: Path | None = None
    """Where it stands; None for one that is configured and not built."""
    form: Format = FORMATS["default"]
    """What it is built as."""

    @property
    def model_name(self) -> str:
        """By the manifest, or by the file as TorchServe's server does it (ModelServer.java)."""
        return self.subject.value("modelName") or Path(self.subject.file_name).name.partition(".")[0]

    @property
    def handler(self) -> str | None:
        return self.subject.value("handler")

    @property
    def requirements(self) -> str | None:
        return self.subject.value("requirementsFile")

    @property
    def settings(self) -> Settings:
        return Settings.of(self.archive)
