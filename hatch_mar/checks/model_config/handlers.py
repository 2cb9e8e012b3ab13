"""What TorchServe's handlers, and its helpers for other handlers, need in a model configuration.

pytorch/serve, ts/torch_handler and ts/handler_utils. What a project's own handler reads is not
known, except through the helpers that it imports.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from hatch_mar.checks.handler_facts import imported_helpers, name_built_in, runs_built_in
from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.model_config.types import is_int
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.torchserve import handlers
from hatch_mar.torchserve.model_config import Table, in_yaml, kind_of

MISSING = Rule(
    code="MAR526",
    title="The model configuration lacks what the handler needs",
    consequence="the worker dies with `KeyError`, `ValueError` or `AssertionError` when the handler reads it",
    fix="set it",
)
MISSING_FILE = Rule(
    code="MAR527",
    title="A file that the model configuration names is not in the archive",
    consequence="the worker dies when the handler opens it",
    fix="add the file, for example with `extra-files`",
)
NOT_A_TABLE = Rule(
    code="MAR528",
    title="`handler` is not a table",
    consequence="with `BaseHandler`, every request fails with status 503: `TypeError` in `wrap_func`",
    fix="give it keys, or leave it out",
)
ASYNCHRONOUS = Rule(
    code="MAR529",
    title="`asyncCommunication` does not fit the built-in handler",
    consequence="every request fails: TorchServe awaits what is not a coroutine, or does not await one",
    fix="set `asyncCommunication: true` for an asynchronous handler, and only for one",
)
BAD_MICRO_BATCHING = Rule(
    code="MAR530",
    title="`micro_batching` has a value that `MicroBatching` cannot use",
    consequence="the worker dies with `AssertionError` or `TypeError`, or every request fails",
    fix="use integers; the steps are `preprocess`, `inference` and `postprocess`",
)


def check(subject: Subject, file: ConfigFile | None, config: Table) -> Iterator[Finding]:
    """What the handler needs, whether or not the archive has a model configuration."""
    place = file.place() if file else subject.set_by("handler")
    yield from check_needs(subject, place, config)
    yield from check_asynchronous(subject, file, place, config)
    if file is None:
        return
    yield from check_files(file, config)
    handler = config.get("handler", Table())
    if handler is None or isinstance(handler, (bool, int, float)):
        message = f"`handler` must be a table, not {kind_of(handler)}"
        yield NOT_A_TABLE.at(file.place(config.lines.get("handler")), message)
    if handlers.MICRO_BATCHING in imported_helpers(subject):
        yield from check_micro_batching(file, config)


def check_needs(subject: Subject, place: Place, config: Table) -> Iterator[Finding]:
    own = runs_built_in(subject, "initialize")
    readers = [(name_built_in(subject, own), own.all_needs)] if own else []
    readers += [(f"`{helper.name}`", helper.needs) for helper in imported_helpers(subject)]
    for who, keys in readers:
        for key in keys:
            if not any(is_set(config, way) for way in key.split("|")):
                needed = " or ".join(f"`{way}`" for way in key.split("|"))
                yield MISSING.at(place, f"{who} needs {needed} in the model configuration")


def is_set(config: Table, path: str) -> bool:
    *parents, last = path.split(".")
    table: Table | None = config
    for parent in parents:
        table = table.table(parent) if table is not None else None
    return table is not None and last in table


def check_files(file: ConfigFile, config: Table) -> Iterator[Finding]:
    for path in (path for helper in handlers.HELPERS for path in helper.files):
        parent, _, key = path.partition(".")
        table = config.table(parent) or Table()
        name = table.get(key)
        # an absolute path is a file of the server
        if not isinstance(name, str) or name.startswith("/"):
            continue
        if posixpath.normpath(name) not in file.subject.members:
            place = file.place(table.lines.get(key))
            yield MISSING_FILE.at(place, f"The archive has no `{name}`, which `{path}` names")


def check_asynchronous(
    subject: Subject, file: ConfigFile | None, place: Place, config: Table
) -> Iterator[Finding]:
    own = runs_built_in(subject, "handle")
    if own is None:
        return
    name = name_built_in(subject, own)
    if own.is_async and config.get("asyncCommunication") is not True:
        message = f"{name} is asynchronous, but `asyncCommunication` is not set"
        yield ASYNCHRONOUS.at(place, message, "set `asyncCommunication: true` in the model configuration")
    if not own.is_async and file and config.get("asyncCommunication") is True:
        place = file.place(config.lines.get("asyncCommunication"))
        message = f"{name} is not asynchronous, but `asyncCommunication` is set"
        yield ASYNCHRONOUS.at(place, message, "leave `asyncCommunication` out")


def check_micro_batching(file: ConfigFile, config: Table) -> Iterator[Finding]:
    table = config.table("micro_batching")
    if table is None:
        return
    steps = table.get("parallelism")
    if steps is not None and not isinstance(steps, Table):
        message = f"`micro_batching.parallelism` must be a table, not {kind_of(steps)}"
        yield BAD_MICRO_BATCHING.at(file.place(table.lines.get("parallelism")), message)
    steps = steps if isinstance(steps, Table) else Table()
    for step in steps:
        if step not in handlers.STEPS:
            message = f"`MicroBatching` has no step `{step}`"
            yield BAD_MICRO_BATCHING.at(file.place(steps.lines.get(step)), message)
    numbers = [(table, "micro_batch_size", 1), *((steps, step, 0) for step in handlers.STEPS)]
    for holder, key, least in numbers:
        value = holder.get(key, least)
        if not is_int(value) or value < least:
            message = f"`{key}` must be an integer of at least {least}, not {in_yaml(value)}"
            yield BAD_MICRO_BATCHING.at(file.place(holder.lines.get(key)), message)
