"""Writes planned archives in parallel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from threading import Event

from hatch_mar.archive.filesystem.locks import SLEEP, TELL
from hatch_mar.archive.formats.copy import cores
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.build.plan import WHEEL_MODE, Planned
from hatch_mar.errors import HatchMarError, PackError, explain_system_errors
from hatch_mar.output import log
from hatch_mar.terminal.progress import Progress

INTERRUPTED = "Interrupted"


def build_all(
    planned: Sequence[Planned],
    executor: Executor | None = None,
    *,
    quiet: bool = True,
    mode: int = WHEEL_MODE,
) -> Iterator[Artifact]:
    """Write archives with files of this mode, in parallel; yields their artifacts in the order of `planned`.

    An archive that fails has no artifact; each of the others has the `path` of its plan.

    Any `concurrent.futures.Executor` works. Workers on other machines, such as those of Dask's
    `Client.get_executor()`, must see the same files under the same paths. Without an executor
    there is a thread for each core, because the work releases the GIL, and progress is shown
    unless `quiet`.

    Raises:
        PackError: an archive could not be written, or failed its trial. All others are written.
    """
    if executor is not None:
        yield from artifacts_of([executor.submit(Planned.build, one, mode=mode) for one in planned])
        return
    stop = Event()
    progress = None if quiet else Progress(sum(one.size for one in planned))

    def advance(count: int) -> None:
        if stop.is_set():
            raise PackError(INTERRUPTED)
        if progress:
            progress.advance(count)

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise PackError(INTERRUPTED)

    def tell(line: str) -> None:
        with progress.pause() if progress else nullcontext():
            log(line)

    def begin() -> None:
        SLEEP.set(sleep)
        TELL.set(tell)

    with ThreadPoolExecutor(min(cores(), len(planned) or 1), "hatch-mar", begin) as threads:
        try:
            futures = [threads.submit(one.build, advance, stop, mode=mode) for one in planned]
            for artifact in artifacts_of(futures):
                with progress.pause() if progress else nullcontext():
                    yield artifact
        finally:
            # Ctrl-C interrupts only this thread; the others check `stop` at their next chunk
            stop.set()
            threads.shutdown(wait=False, cancel_futures=True)
            if progress:
                progress.finish()


def artifacts_of(futures: Sequence[Future[Artifact]]) -> Iterator[Artifact]:
    """The artifacts in order; raises all faults when every future is done."""
    faults: list[str] = []
    for future in futures:
        while wait([future], timeout=1).not_done:
            pass  # Python misses a signal that comes just before a wait, until the wait ends
        try:
            with explain_system_errors():
                artifact = future.result()
        except HatchMarError as error:
            faults += error.faults
        else:
            yield artifact
    if faults:
        raise PackError(*faults)
