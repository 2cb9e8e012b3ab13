"""Makes an archive the default version of its model on a server, without losing a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hatch_mar.errors import ReleaseError
from hatch_mar.output import log
from hatch_mar.project.config.models import ArchiveConfig, Deployment
from hatch_mar.release.deployment.drain import drain
from hatch_mar.release.deployment.pace import REAL, Pace
from hatch_mar.release.deployment.register import NothingRegisteredError, register
from hatch_mar.release.deployment.remote_server import ModelVersion, RemoteServer, SilentError
from hatch_mar.release.deployment.withdraw import withdraw
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import count_of, format_seconds
from hatch_mar.torchserve.client import path_of
from hatch_mar.trial.examples.request import Request
from hatch_mar.trial.verdict.judge import check_answer


class Deployed(NamedTuple):
    """What a deployment has changed or, as a plan, would change."""

    name: str
    version: str
    changed: bool
    """Whether it was made the default; False if it was already."""
    registered: str | None = None
    """The file or URL that was registered; None if the version was there."""
    previous: str | None = None
    """The version that was the default before."""
    examples: int = 0
    unregistered: tuple[str, ...] = ()
    still_registered: tuple[str, ...] = ()
    """The old versions that are still there."""

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


@dataclass
class Rollout:
    """An archive, and what the server had of its model when this was planned."""

    config: ArchiveConfig
    settings: Deployment
    server: RemoteServer
    names: list[str]
    """What may be registered: files of the model store, in the order in which they are tried, or a URL."""
    examples: tuple[Request, ...]
    before: Mapping[str, ModelVersion]
    default: str | None
    tell: Callable[[str], object]
    pace: Pace = REAL
    slowest: float = field(default=0.0, init=False)
    """Seconds that the slowest example took."""

    @property
    def name(self) -> str:
        return self.config.model_name

    @property
    def version(self) -> str:
        return self.config.version

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def advice(self) -> str:
        """Where to find out what went wrong in a worker."""
        where = "the server's `logs/model_log.log`"
        return f"the reason is in {where}, and `hatch-mar try {self.name}` shows it here"

    @property
    def found(self) -> ModelVersion | None:
        """The version, if the server has it already."""
        return self.before.get(self.version)

    @property
    def is_remnant(self) -> bool:
        """Whether the version is what a registration that failed has left, which answers nobody."""
        return self.found is not None and not self.found.workers and not (self.is_default and self.old)

    @property
    def must_register(self) -> bool:
        return self.found is None or self.is_remnant

    @property
    def is_default(self) -> bool:
        return self.version == self.default

    @property
    def previous(self) -> str | None:
        """The version that answers until this one does."""
        return None if self.is_default else self.default

    @property
    def old(self) -> list[str]:
        """The other versions: the one before this first, then those that were started last."""
        others = [each for each in self.before.values() if each.version != self.version]
        others.sort(key=lambda each: (each.version == self.default, each.started), reverse=True)
        return [each.version for each in others]

    @property
    def superfluous(self) -> list[str]:
        return self.old[self.settings.keep :]

    @property
    def workers(self) -> int:
        replaced = self.before.get(self.default or "")
        return self.settings.workers or len(replaced.workers if replaced else ()) or 1

    def foresee(self) -> Deployed:
        """What `run` would do, if nothing fails."""
        outcome = Deployed(self.name, self.version, not self.is_there, previous=self.previous)
        if self.is_there:
            return outcome._replace(still_registered=tuple(self.old))
        return outcome._replace(
            registered=hide_secrets(self.names[0]) if self.must_register else None,
            examples=len(self.examples),
            unregistered=tuple(self.superfluous),
            still_registered=tuple(self.old[: self.settings.keep]),
        )

    @property
    def is_there(self) -> bool:
        """Whether nothing is to be done."""
        return self.is_default and bool(self.old or (self.found and self.found.answers))

    def run(self) -> Deployed:
        """Deploy the archive, in the order that loses no request.

        Raises:
            ReleaseError: the version is not the default. What this registered is unregistered again.
        """
        if self.is_there:
            return self.confirm()
        began = self.pace.now()
        try:
            registered = self.register()
            self.wait_until_ready(began)
            self.try_examples()
            self.set_default()
        except NothingRegisteredError:
            raise
        except ReleaseError as error:
            raise ReleaseError(*error.causes, self.undo(error)) from None
        except BaseException as error:
            log(self.undo(error))
            raise
        unregistered = self.remove_old()
        return self.foresee()._replace(
            registered=registered and hide_secrets(registered),
            unregistered=tuple(unregistered),
            still_registered=tuple(version for version in self.old if version not in unregistered),
        )

    def confirm(self) -> Deployed:
        """
        Raises:
            ReleaseError: the version is the default, but does not answer.
        """
        if self.found and not self.found.workers:
            raise ReleaseError(
                f"{self.label} is the default of {self.server.management.url}, but has no worker; see the"
                " server's `logs/model_log.log` for the reason, or deploy another version"
            )
        if self.found and not self.found.answers:
            self.wait_until_ready(self.pace.now())
        return self.foresee()

    def undo(self, error: BaseException) -> str:
        """Unregister the version after an error, unless it answered before; says how that went."""
        if self.must_register or not (self.found and self.found.answers):
            return withdraw(
                *(self.server, self.name, self.version, error), replacing=self.previous, pace=self.pace
            )
        return (
            f"{self.label} was registered before and still is; if you have rebuilt it since, send the"
            f" server `DELETE /models/{path_of(self.name, self.version)}` and deploy it again"
        )

    def register(self) -> str | None:
        """Register the version if it is not there; gives the name under which the server found it."""
        if not self.must_register:
            self.tell(f"{self.label}: already registered, so it is not loaded again")
            return None
        if self.is_remnant:
            self.tell(f"{self.label}: unregistering the remains of a failed deployment")
            self.server.unregister(self.name, self.version)
        return register(self.server, self.config, self.names, self.workers, self.tell)

    def wait_until_ready(self, began: float) -> None:
        """
        Raises:
            ReleaseError: a worker has died, or is not ready in time, or the version is gone.
        """
        processes: dict[str, int] = {}
        workers = 0

        def is_ready() -> bool:
            nonlocal workers
            found = self.server.describe(self.name, self.version).get(self.version)
            if found is None:
                raise ReleaseError(f"{self.label} was unregistered by somebody else while it was loading")
            for worker in found.workers:
                # for minutes, TorchServe restarts a worker that dies while it is loading
                if processes.get(worker.number, -1) not in (-1, worker.process):
                    raise ReleaseError(f"{self.label}: a worker died while it was loading; {self.advice}")
                processes[worker.number] = worker.process
            workers = len(found.workers)
            return found.is_ready

        if not self.pace.wait_until(is_ready, self.settings.timeout):
            raise ReleaseError(
                f"{self.label} was not ready after {self.settings.timeout:g} s; see the server's"
                " `logs/model_log.log`, or raise `timeout`"
            )
        took = format_seconds(self.pace.now() - began)
        self.tell(f"{self.label}: {count_of(workers, 'worker')} ready after {took}")

    def try_examples(self) -> None:
        """Send the archive's examples to the version.

        Raises:
            ReleaseError: an answer is not the expected one.
        """
        if not self.examples:
            self.tell(f"{self.label}: has no `examples`, so its answers are not checked")
            return
        faults: list[str] = []
        for request in self.examples:
            began = self.pace.now()
            answer = self.server.predict(self.name, self.version, request.data, request.content_type)
            if answer is None:
                raise ReleaseError(f"{self.label} was unregistered by somebody else while it was tried")
            self.slowest = max(self.slowest, self.pace.now() - began)
            found = list(check_answer(self.label, request, answer))
            faults += [f"{fault}; {self.advice}" for fault in found] if answer.status >= 500 else found
        if faults:
            raise ReleaseError(*faults)
        self.tell(f"{self.label}: {count_of(len(self.examples), 'example')} answered as expected")

    def set_default(self) -> None:
        try:
            self.server.set_default(self.name, self.version)
        except SilentError:  # it may have been done
            if self.server.find_default(self.name) != self.version:
                raise
        self.tell(f"{self.label}: made the default{f' instead of {self.previous}' if self.previous else ''}")

    def remove_old(self) -> list[str]:
        """Unregister old versions when they have answered all requests; gives those that are unregistered.

        An error here undoes nothing, since the new version is the default.
        """
        removed: list[str] = []
        if not self.superfluous:
            return removed
        self.tell(f"{self.label}: waiting for the last answers of {', '.join(self.superfluous)}")
        quiet = max(self.settings.drain, 2 * self.slowest)
        try:
            busy = drain(
                *(self.server, self.name, self.superfluous),
                seconds=quiet,
                limit=self.settings.timeout + quiet,
                probe=next(iter(self.examples), None),
                pace=self.pace,
            )
            for version in self.superfluous:
                if version in busy:
                    waiting = count_of(busy[version], "request")
                    self.warn(
                        f"{version} stays registered, with {waiting} still waiting; it is removed when the"
                        " next version is deployed"
                    )
                    continue
                self.server.unregister(self.name, version)
                removed.append(version)
                self.tell(f"{self.name} {version}: unregistered")
        except BaseException as error:
            left = [version for version in self.superfluous if version not in removed]
            reason = f": {error}" if isinstance(error, ReleaseError) else ""
            self.warn(f"is the default, but {', '.join(left)} may still be registered{reason}")
            if not reason:
                raise
        return removed

    def warn(self, line: str) -> None:
        log(f"Warning: {self.label}: {line}")
