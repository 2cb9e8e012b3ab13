"""Publishes archives: checks every file first, then writes those that are missing, and the sidecars last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.filesystem.scratch import scratch_directory
from hatch_mar.errors import ReleaseError
from hatch_mar.output import log
from hatch_mar.release.publishing.destination import fill_in, open_storage
from hatch_mar.release.publishing.ready import Ready
from hatch_mar.release.publishing.step import Step, digest_of, find_steps, read_sidecar, write_draft
from hatch_mar.release.publishing.storage import Storage, Taken
from hatch_mar.terminal.progress import show_progress

ATTEMPTS = 3
"""How often a file is sent if other publishers interfere."""


class Published(NamedTuple):
    """A file at its destination."""

    url: str
    """A path or a URL, without any secret."""
    sha256: str
    size: int
    state: str
    """`published`, `replaced` or `unchanged`; with `dry_run`, `would be published` or `would be replaced`."""

    def __str__(self) -> str:
        return f"{self.url} ({self.state})"


def publish(
    archives: Sequence[Ready],
    destination: str,
    layout: str,
    *,
    replace: bool = False,
    dry_run: bool = False,
    report: Callable[[Published], object] = lambda _: None,
) -> list[Published]:
    """Publish archives, and report the result for each file.

    Every destination is checked before anything is written. A file that exists with the same bytes is left
    alone. Each file is read back after it was written, and only then do the archives get their sidecars.

    Args:
        archives: those to publish, on disk.
        destination: a directory or URL, which may have `{model-name}` and `{version}`.
        layout: the name of a layout.
        replace: whether files with other bytes are replaced.
        dry_run: only check, and report what would be done.
        report: gets each result as soon as it is known.

    Raises:
        ReleaseError: files with other bytes exist, the destination refuses something, or it does not have
            the bytes that were sent.
    """
    with scratch_directory("publish") as scratch:
        steps = plan(archives, destination, layout, scratch)
        if not replace and (refusals := [step.refusal for step in steps if step.there and not step.is_done]):
            raise ReleaseError(*refusals)
        warn([step.storage for step in steps if not step.is_done])
        done = []
        for published in tell(steps) if dry_run else carry_out(steps, scratch, replace=replace):
            report(published)
            done.append(published)
        return done


def plan(archives: Sequence[Ready], destination: str, layout: str, scratch: Path) -> list[Step]:
    """The steps for all files. Archives that go to the same folder are laid out together."""
    folders: dict[str, list[Ready]] = {}
    for archive in archives:
        folders.setdefault(fill_in(destination, archive), []).append(archive)
    steps: list[Step] = []
    for number, (folder, together) in enumerate(folders.items()):
        own = scratch / str(number)
        own.mkdir()
        steps += find_steps(open_storage(folder), together, layout, own)
    return steps


def warn(storages: Sequence[Storage]) -> None:
    """Warn, once for each place, that two publishers of one file could both succeed there."""
    for caution in dict.fromkeys(storage.caution for storage in storages):
        if caution:
            log(f"Warning: {caution}")


def tell(steps: Sequence[Step]) -> Iterator[Published]:
    """The results that publishing would have."""
    for step in steps:
        state = "unchanged" if step.is_done else "would be replaced" if step.there else "would be published"
        yield describe(step, state)


def carry_out(steps: Sequence[Step], scratch: Path, *, replace: bool) -> Iterator[Published]:
    """Write the files that are missing, read them back, and then write the sidecars."""
    for step in steps:
        yield describe(step, write(step, replace=replace))
    for number, step in enumerate(steps):
        if step.is_archive:
            write_sidecar(step, scratch / f"{number}.sidecar")


def describe(step: Step, state: str) -> Published:
    return Published(step.address, step.sha256, step.size, state)


def write(step: Step, *, replace: bool) -> str:
    """Write a file, unless it exists with the same bytes; returns its state.

    Raises:
        ReleaseError: somebody else has published other bytes in the meantime, or the place does not have
            the bytes that were sent.
    """
    for _ in range(ATTEMPTS):
        if step.is_done:
            step.storage.clear(step.name)
            return "unchanged"
        if step.there and not replace:
            raise ReleaseError(step.refusal)
        try:
            send(step)
        except Taken:
            step = step.look_again()
            continue
        step.storage.clear(step.name)
        verify(step)
        return "replaced" if step.there else "published"
    raise ReleaseError(say_others_write(step.address))


def say_others_write(address: str) -> str:
    return f"Cannot publish `{address}`: others keep writing to it; try again when they are done"


def send(step: Step) -> None:
    storage = step.storage
    with show_progress(f"Publishing {step.name}", step.size) as advance:
        if step.begun:
            storage.complete(step.name, step.source, advance)
        elif step.there:
            if step.is_archive:
                storage.remove(step.sidecar)  # if this is killed now, no sidecar vouches for the file
            storage.replace(step.name, step.source, advance)
        else:
            storage.create(step.name, step.source, advance)


def verify(step: Step) -> None:
    """Read a file back.

    Raises:
        ReleaseError: it is not the one that was sent.
    """
    found = digest_of(step.storage, step.name, step.size)
    if found != step.sha256:
        raise ReleaseError(
            f"`{step.address}` does not have the bytes that were sent: its SHA-256 is {found} instead of"
            f" {step.sha256}; unless somebody else has just published it, try again with `--replace`"
        )


def write_sidecar(step: Step, draft: Path) -> None:
    """Write the sidecar of a file, unless it has the right one.

    Raises:
        ReleaseError: somebody else has replaced the file in the meantime, or keeps writing the sidecar.
    """
    storage, name = step.storage, step.sidecar
    write_draft(draft, step.sum.encode())
    for _ in range(ATTEMPTS):
        there = storage.size(name) is not None
        if there and read_sidecar(storage, step.name) == step.sha256:
            break
        if there:
            verify(step)  # it may be the sidecar of somebody who has just replaced the file
        with suppress(Taken):
            (storage.replace if there else storage.create)(name, draft, int)
            break
    else:
        raise ReleaseError(say_others_write(storage.address(name)))
    storage.clear(name)
