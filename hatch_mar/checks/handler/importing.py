"""What the handler's module imports, and what those modules import, as far as the archive has them.

On any `ImportError` TorchServe looks for a built-in handler of the handler's name, and the worker
reports that one as missing, not the module (pytorch/serve, ts/model_loader.py; issue #1010).
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.checks.handler.built_in import PACKAGES
from hatch_mar.checks.handler.reach import Problem, Reach, top_of
from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.module import PYTHON
from hatch_mar.pysource.rehearsal.events import LateImport
from hatch_mar.text import did_you_mean
from hatch_mar.torchserve.distributions import list_known
from hatch_mar.torchserve.handlers import HANDLERS_PACKAGE
from hatch_mar.torchserve.modules import VERSION, modules, names_in

UNPARSABLE = Rule(
    code="MAR230",
    title="An imported module is not Python",
    consequence="the worker dies with the same `SyntaxError`",
    fix="fix the file",
)
ABSENT = Rule(
    code="MAR231",
    severity="warning",
    title="An imported module may be missing",
    consequence="if the server lacks it too, the worker dies with `No module named 'ts.torch_handler.…'`",
    fix="add it to the archive's requirements (`requirements-file` or `requirements-from`), pack it, or add"
    " it to `server-packages` if the server has it",
)
RELATIVE = Rule(
    code="MAR232",
    title="A relative import leads out of its package",
    consequence=(
        "the worker dies with `No module named 'ts.torch_handler.…'`, and the log has the true error above it"
    ),
    fix="import it by its full name, or pack the package and name the handler `package.module`",
)
LACKING = Rule(
    code="MAR233",
    title="A package of the archive lacks an imported module",
    consequence="the worker dies with `No module named 'ts.torch_handler.…'`",
    fix="pack it too",
)
ITSELF = Rule(
    code="MAR234",
    title="A module imports a package of its own name",
    consequence="it imports itself, half loaded: the worker dies with `ImportError` or `AttributeError`",
    fix="rename the file",
)

NAMELESS = Rule(
    code="MAR261",
    title="A module of the archive lacks an imported name",
    consequence=(
        "the worker dies with `No module named 'ts.torch_handler.…'`, and the log has the true error above it"
    ),
    fix="import a name that it has",
)
TORCHSERVE = Rule(
    code="MAR262",
    severity="warning",
    title="TorchServe does not have what is imported from it",
    consequence="unless the server's version of TorchServe has it, the worker dies with"
    " `No module named 'ts.torch_handler.…'`",
    fix="import what TorchServe 0.12 has",
)

OF_WORKFLOW = "pack it with `extra-files`, or add it to `server-packages` if the server has it"
"""A workflow has no requirements, and no packages."""

UNPACKED = ("absent", "lacking", "name")
"""What may be otherwise if modules are unpacked first."""

MOST_PROBLEMS = 100
"""Imports that are looked at further, and reported."""


def check(subject: Subject, handler: str | None, model_file: str | None) -> Iterator[Finding]:
    """Follow the imports of the handler's module and of the model file's, given by their dotted names.

    Then those that functions certainly make, whose failure TorchServe does not hide.

    Raises:
        Exhausted: they could not be followed to their end.
    """
    reach = Reach(subject)
    seen: set[tuple[str, str, str]] = set()
    # what the worker reports as missing, whatever the handler cannot import
    reported = f"{HANDLERS_PACKAGE}.{(subject.value('handler') or '').partition('.')[0]}"
    for problems, masked in (
        (reach.start(handler) if handler else (), reported),
        (reach.start(model_file) if model_file else (), None),
        (reach.continue_with(find_late_imports(subject)), None),
    ):
        for problem in problems:
            is_absent = problem.kind in ("absent", "needed")
            file = problem.module.member.name
            key = ("absent", top_of(problem.name), "") if is_absent else (problem.kind, problem.name, file)
            if key in seen or len(seen) == MOST_PROBLEMS:
                continue
            seen.add(key)
            if problem.kind in UNPACKED and may_be_unpacked(subject, problem):
                continue
            if not may_be_required(subject, problem):
                yield report_problem(subject, problem, masked)
    for name, module in reach.modules.items():
        if module.fault and name not in (handler, model_file):
            place = subject.place(module.member, module.line)
            yield UNPARSABLE.at(
                place, f"`{module.member.name}`, which is imported, is not {PYTHON}: {module.fault}"
            )
    if reach.stopped:
        raise reach.stopped


def may_be_unpacked(subject: Subject, problem: Problem) -> bool:
    """Whether files of any name, modules too, may be unpacked in the importing module before the import."""
    made = Made()
    for event in subject.rehearsal:
        if event.module is problem.module and event.line < problem.line:
            made.follow(event)
    return made.anything


def find_late_imports(subject: Subject) -> Iterator[LateImport]:
    """The imports that functions certainly make, until something may bring what the archive lacks."""
    made = Made()
    for event in subject.rehearsal:
        if made.anything:
            return
        if isinstance(event, LateImport) and event.is_certain:
            yield event
        made.follow(event)


def report_problem(subject: Subject, problem: Problem, masked: str | None) -> Finding:
    place = subject.place(problem.module.member, problem.line)
    report = f", and the worker would report only `No module named '{masked}'`" if masked else ""
    package, _, last = problem.name.rpartition(".")
    match problem.kind:
        case "relative":
            file = problem.module.member.name
            where = "in that many packages" if "/" in file else "in a package"
            return RELATIVE.at(place, f"`{problem.name}` is relative, but `{file}` is not {where}{report}")
        case "lacking":
            top = top_of(problem.name)
            text = f"`{problem.name}` is imported, but the archive's `{top}` does not have it{report}"
            return LACKING.at(place, text)
        case "itself":
            text = (
                f"`{problem.module.member.name}` imports `{problem.name}`, which is the file itself{report}"
            )
            return ITSELF.at(place, text)
        case "name":
            imported = subject.module(package)
            file = imported.member.name if imported else package
            text = f"`{last}` is imported from `{package}`, but `{file}` does not define it{report}"
            fix = did_you_mean(last, imported.names.list_bound() if imported else ())
            if not fix and imported and imported.is_package:
                fix = f"pack the module `{problem.name}`, or import a name that the package has"
            return NAMELESS.at(place, text, fix or None)
        case "needed":
            text = f"`{problem.by}` imports `{problem.name}`, which nothing installs on the server{report}"
            return PACKAGES.at(place, text)
        case "torchserve":
            text = f"TorchServe {VERSION} has no module `{problem.name}`{report}"
            return TORCHSERVE.at(place, text, did_you_mean(problem.name, modules()) or None)
        case "torchserve-name":
            text = f"TorchServe {VERSION} has no `{last}` in `{package}`{report}"
            return TORCHSERVE.at(place, text, did_you_mean(last, names_in(package)) or None)
    text = (
        f"`{problem.name}` is neither in the archive nor in its requirements nor on the server,"
        f" and without it the worker would report `No module named '{masked or problem.name}'`"
    )
    fix = advise_packing_module(subject, problem.name, problem.module.member) or advise_requiring(
        subject, problem.name
    )
    return ABSENT.at(place, text, fix)


def may_be_required(subject: Subject, problem: Problem) -> bool:
    """Whether a requirement may bring what is missing, under a name that is only like its own."""
    return (
        problem.kind == "absent"
        and subject.environment.may_bring(problem.name)
        and not advise_packing_module(subject, problem.name, problem.module.member)
    )


def advise_packing_module(subject: Subject, name: str, wanting: Member) -> str | None:
    """What to write in `[tool.mar]` if the project itself has the module of a name that a member imports."""
    found = find_in_project(subject, name, wanting)
    return f'pack it with `{found[0]} = ["{found[1]}"]`' if found else None


def find_in_project(subject: Subject, name: str, wanting: Member) -> tuple[str, str] | None:
    """The project's own module that a member imports: the key that packs it, and its path."""
    if subject.root is None:
        return None
    module, source = top_of(name), wanting.source
    beside = [source.path.parent] if isinstance(source, FileSource) else []
    ways = [(f"{module}.py", "extra-files")]
    if not subject.manifest.is_of_workflow:
        ways.insert(0, (module, "packages"))
    for folder in (subject.root, subject.root / "src", *beside):
        for file, key in ways:
            path = folder / file
            if path.is_relative_to(subject.root) and (path.is_file() or (path / "__init__.py").is_file()):
                return key, path.relative_to(subject.root).as_posix()
    return None


def advise_requiring(subject: Subject, module: str) -> str:
    """What to require, whose name may be another one than the module's."""
    if subject.manifest.is_of_workflow:
        return OF_WORKFLOW
    known = list_known(module)
    return ABSENT.fix.replace("it", f"`{known[0]}`", 1) if known else ABSENT.fix
