"""The handler: which module TorchServe's worker imports for it, and whether that works.

pytorch/serve, ts/model_loader.py (`_load_handler_file`): the handler is split at its first
`:`, loses a `.py` at its end and everything before its last `/`, and is imported, with the
archive's root on the path. On an `ImportError`, `ts.torch_handler.<handler>` is imported.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks import model_file
from hatch_mar.checks.handler import answers, arguments, built_in, entry_point, importing, missing, shadowing
from hatch_mar.checks.handler.built_in import HIDDEN
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.module import PYTHON
from hatch_mar.text import did_you_mean
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.handlers import BUILT_INS, LSP_BUILT_INS

RUNTIME = Rule(
    code="MAR201",
    title="TorchServe does not have the runtime",
    consequence="TorchServe refuses the archive with `Runtime is not defined or invalid` (Manifest.java)",
    fix="set `runtime` to `python`",
)
NO_HANDLER = Rule(
    code="MAR202",
    severity="warning",
    title="The manifest names no handler",
    consequence=(
        "unless the server has a `default_service_handler`, the worker dies with"
        " `AttributeError: 'NoneType' object has no attribute 'split'`"
    ),
    fix="set `handler`",
)
LSP = Rule(
    code="MAR203",
    severity="warning",
    title="The handler needs TorchServe's C++ worker",
    consequence="a TorchServe from PyPI has none and fails with `model_worker_socket not found`",
    fix="deploy it to a TorchServe that was built with `cpp/build.sh`",
)
LIBRARY = Rule(
    code="MAR204",
    title="The handler's library is not in the archive",
    consequence="the C++ worker fails to open it (cpp/src/backends/core/backend.cc)",
    fix="pack the library at the archive's root, and name it without its ending",
)
NAME = Rule(
    code="MAR205",
    title="The handler's name cannot be imported",
    consequence="the worker dies with `ModuleNotFoundError` or `ValueError: Empty module name`",
    fix="give the file the name of a module, without further dots",
)
MISSING = Rule(
    code="MAR206",
    title="The handler is neither in the archive nor one of TorchServe's own",
    consequence="the worker dies with `No module named 'ts.torch_handler.…'`",
    fix="pack the handler's file at the archive's root, or its package with `packages`",
)
INSTALLED = Rule(
    code="MAR207",
    severity="warning",
    title="The handler must be installed on the server",
    consequence="on a server without it, the worker dies with `No module named 'ts.torch_handler.…'`",
    fix="pack the module, add it to the archive's requirements, or to `server-packages` if the server has it",
)
UNPARSABLE = Rule(
    code="MAR208",
    title="The handler is not Python",
    consequence="the worker dies with the same `SyntaxError`",
    fix="fix the file",
)

ALIKE = 0.85
"""How much a name must be like a built-in handler's to be taken for a misspelling of it."""


def check(subject: Subject) -> Iterator[Finding]:
    runtime = subject.manifest.runtime
    if runtime not in runtimes.KNOWN:
        yield RUNTIME.at(subject.set_by("runtime"), f"TorchServe has no runtime `{runtime}`")
    if runtime == runtimes.CPP:
        yield from check_library(subject)
        return
    yield from shadowing.check(subject)
    yield from check_python(subject)


def check_python(subject: Subject) -> Iterator[Finding]:
    handler = subject.value("handler")
    if handler is None:
        yield NO_HANDLER.at(subject.set_by("handler"), "The manifest names no handler")
    name, function = subject.handler
    module = subject.module(name)
    if module is None:
        yield from check_elsewhere(subject, handler, name) if handler is not None else ()
    else:
        if handler in BUILT_INS:
            owner = f"is one of TorchServe's own, but the archive's `{module.member.name}` takes its place"
            yield HIDDEN.at(subject.set_by("handler"), f"Handler `{handler}` {owner}")
        if module.fault:
            place = subject.place(module.member, module.line)
            yield UNPARSABLE.at(place, f"The handler is not {PYTHON}: {module.fault}")
        yield from entry_point.check(subject, module, function)
    yield from built_in.check(subject)
    yield from answers.check(subject)
    start = name if module is not None else None
    yield from importing.check(subject, start, model_file.imported_module(subject))
    yield from missing.check(subject)
    yield from arguments.check(subject)


def check_elsewhere(subject: Subject, handler: str, name: str) -> Iterator[Finding]:
    place = subject.set_by("handler")
    path = handler.partition(":")[0]
    if handler in BUILT_INS:
        return
    if "" in name.split("."):
        yield NAME.at(place, f"Handler `{handler}` does not name a module that could be imported")
    elif name in BUILT_INS:
        text = f"`{name}` is one of TorchServe's own handlers, but `{handler}` is not"
        yield MISSING.at(place, text, f"write `{name}`")
    elif path in subject.members and "/" not in path:
        package, _, module = name.rpartition(".")
        text = f"TorchServe would import `{path}` as module `{module}` of a package `{package}`"
        yield NAME.at(subject.place(subject.members[path]), text)
    elif path in subject.members:
        text = f"TorchServe looks for `{name}` at the archive's root, but `{path}` is not there"
        full = path.removesuffix(".py").replace("/", ".")
        yield MISSING.at(place, text, f"name the handler `{full}{handler.removeprefix(path)}`")
    elif Reach(subject).look_up(name) != "compiled":
        yield from check_nowhere(subject, handler, name)


def check_nowhere(subject: Subject, handler: str, name: str) -> Iterator[Finding]:
    place = subject.set_by("handler")
    if fix := did_you_mean(name, BUILT_INS, cutoff=ALIKE):
        yield MISSING.at(place, f"There is no handler `{handler}`", fix)
        return
    top, dot, _ = name.partition(".")
    if dot and any(member.startswith(f"{top}/") and member.endswith(".py") for member in subject.members):
        text = f"The archive's `{top}` has no module `{name}`"
        yield MISSING.at(place, text, "name a module that it has, or pack this one too")
    elif handler.partition(":")[0].endswith(".py"):
        yield MISSING.at(place, f"The archive has no `{name}.py` at its root")
    elif not (subject.environment.has_installed(name) or subject.environment.may_bring(name)):
        text = f"Handler `{name}` is neither in the archive nor in its requirements nor on the server"
        yield INSTALLED.at(place, text)


def check_library(subject: Subject) -> Iterator[Finding]:
    handler = subject.value("handler") or ""
    place = subject.set_by("handler")
    yield LSP.at(place, f"Handler `{handler}` needs TorchServe's C++ worker, which its wheel does not have")
    library, colon, _ = handler.partition(":")
    if not colon and handler not in LSP_BUILT_INS:
        known = ", ".join(f"`{name}`" for name in LSP_BUILT_INS)
        text = f"Handler `{handler}` is not one of the C++ worker's own, {known}, and does not name a class"
        yield MISSING.at(place, text, f"write `{handler}:` and the name of its class")
    elif colon and not any(f"{library}{suffix}" in subject.members for suffix in (".so", ".dylib")):
        yield LIBRARY.at(place, f"The archive has no `{library}.so`, which the C++ worker opens")
