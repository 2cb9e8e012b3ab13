"""Rehearsals of small programs."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any

from hatch_mar.archive.archive import BytesSource, Member
from hatch_mar.pysource.module import Module, parse_module
from hatch_mar.pysource.rehearsal.events import Call, Event
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR
from hatch_mar.pysource.rehearsal.serving import Worker

SHOWN = "seen"
"""A function that is not in the archive, to which programs pass what is to be seen."""


def worker(
    files: Mapping[str, str] | str,
    config: Mapping[str, Any] | None = {},
    members: tuple[str, ...] = (),
    **model: Any,
) -> Worker:
    """A worker of an archive with these modules; a single one is the handler's, `h.py`."""
    sources = {"h.py": files} if isinstance(files, str) else files
    modules: dict[str, Module] = {}
    for name, source in sources.items():
        data = dedent(source).encode()
        modules[name] = parse_module(Member(name, BytesSource(data)), data)
        assert modules[name].tree, modules[name].fault

    def find(name: str) -> Module | None:
        path = name.replace(".", "/")
        return modules.get(f"{path}/__init__.py") or modules.get(f"{path}.py")

    manifest = {"model": {"modelName": "m", "handler": "h", **model}}
    return Worker(find, manifest, config, dict.fromkeys((*sources, *members)))


def rehearse(files: Mapping[str, str] | str, function: str | None = None, **keys: Any) -> list[Event]:
    return worker(files, **keys).serve("h", function)


def in_initialize(body: str) -> str:
    """A handler whose `initialize` has this body."""
    start = "import seen, os, pathlib, torch\nclass Handler:\n    def initialize(self, context):\n"
    end = "\n    def handle(self, data, context):\n        return data\n"
    return start + indent(dedent(body).strip(), " " * 8) + end


def seen(events: list[Event]) -> list[Any]:
    """What a program passes to `seen(…)`, in its order; with a `?` before it if that is not certain."""
    calls = [each for each in events if isinstance(each, Call) and each.name.startswith(SHOWN)]
    values = [plain(each.args[0]) for each in calls]
    return [value if each.is_certain else ("?", value) for each, value in zip(calls, values)]


def plain(value: Any) -> Any:
    """A value with `MODEL` for the model's directory, as a test can write it."""
    return value.replace(MODEL_DIR, "MODEL") if isinstance(value, str) else value


def shown(source: str, **keys: Any) -> list[Any]:
    """What the body of `initialize` passes to `seen(…)`."""
    return seen(rehearse(in_initialize(source), **keys))
