"""What to do about an import that failed in a worker."""

from __future__ import annotations

from hatch_mar.torchserve.distributions import list_known
from hatch_mar.torchserve.handlers import BUILT_INS, HANDLERS_PACKAGE, parse_entry
from hatch_mar.torchserve.packages import OTHER_PYTHONS, Environment
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.worker.error import WorkerError


def fix_import(candidate: Candidate, options: Options, error: WorkerError, module: str) -> str:
    """What to do about a module that is not there, or one that lacks what is imported from it."""
    top = module.partition(".")[0]
    if top == "ts" or is_built_in(candidate, module, error):
        return fix_torchserve(error)
    if error.type != "ModuleNotFoundError":
        return fix_name(candidate, error, module)
    if top == "torch":
        where = "`build-system.requires` needs `hatch-mar[torch]`"
        return where if options.building else "install it: pip install 'hatch-mar[torch]'"
    if is_handler(candidate, module, error):
        return "the handler is neither a file of the archive nor one of TorchServe's own"
    if top in OTHER_PYTHONS:
        return "it is part of Python in other versions than this one"
    if module != top:
        return describe_found(candidate, top)
    if options.building:
        return (
            f"pack it, or have the build install the package that provides `{top}`: name it in `dependencies`"
            " of `[tool.hatch.build.hooks.mar]`, or in `build-system.requires`"
        )
    file = candidate.requirements
    if file and file in candidate.subject.members and not options.requirements:
        data = candidate.subject.text(candidate.subject.members[file])
        if Environment(data).brings(top):
            return f"`{file}` names it: `--requirements` installs that for the trial"
    if error.by_torchserve:
        return f"TorchServe imports it but does not require it: pip install {top}"
    if Environment(server_packages=candidate.subject.server_packages).has_installed(top):
        package = next(iter(list_known(top)), top)
        return f"the server has it, but this environment does not: pip install {package}"
    return "pack it into the archive, or name it in its requirements and try with `--requirements`"


def is_handler(candidate: Candidate, module: str, error: WorkerError) -> bool:
    """Whether it is the handler that could not be imported, and not what the handler imports."""
    entry, _ = parse_entry(candidate.handler or "")
    return error.masked == f"No module named '{HANDLERS_PACKAGE}.{entry}'" and module == entry


def is_built_in(candidate: Candidate, module: str, error: WorkerError) -> bool:
    return error.stand_in and module in BUILT_INS and is_handler(candidate, module, error)


def fix_torchserve(error: WorkerError) -> str:
    if error.stand_in:
        return "torchserve is not installed, and its stand-in has only `base_handler`: pip install torchserve"
    return "the TorchServe that is installed here does not have it"


def fix_name(candidate: Candidate, error: WorkerError, module: str) -> str:
    """What to do about a name that an imported module does not have."""
    if "cannot import name" not in error.message or "circular import" in error.message:
        return ""
    return describe_found(candidate, module)


def describe_found(candidate: Candidate, module: str) -> str:
    """Which module was found, and lacks what is imported from it."""
    path = module.replace(".", "/")
    for name in (f"{path}.py", f"{path}/__init__.py"):
        if name in candidate.subject.members:
            return f"the archive's own `{name}` is imported, which does not have it"
    return f"the `{module}` that is installed here does not have it; another version may"
