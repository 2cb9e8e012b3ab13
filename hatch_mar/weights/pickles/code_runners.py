"""Which imports run code: functions and classes that run what they are given.

No weights need them, whoever loads the file. An import that is not listed here is not harmless, only
not known to be harmful: that is for torch's own allow-list to say (`allowlist.py`).

Sources: what the public scanners refuse (picklescan, `scanner.py`, and its advisories; fickling;
modelscan), without what honest pickles import as well, such as `functools.partial` and `builtins.getattr`.
"""

from __future__ import annotations

PROCESSES = """
    system popen startfile fork forkpty
    execl execle execlp execlpe execv execve execvp execvpe
    spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe posix_spawn posix_spawnp
"""
EVALUATORS = "eval exec execfile compile __import__ breakpoint apply"

WHOLE_MODULES = frozenset(
    (
        "subprocess", "_posixsubprocess", "commands", "popen2", "pty", "runpy", "timeit", "code", "codeop",
        "pdb", "bdb", "ctypes", "_ctypes", "cffi", "importlib", "imp", "_imp", "_frozen_importlib",
        "zipimport", "asyncio", "multiprocessing.spawn", "multiprocessing.forkserver",
        "multiprocessing.popen_spawn_posix", "idlelib", "lib2to3", "pydoc", "pip", "ensurepip", "venv",
        "webbrowser", "test.support", "_osx_support", "_aix_support", "_pyrepl",
        "numpy.f2py", "numpy.testing._private.utils", "torch._inductor.codecache", "torch.utils.bottleneck",
        "torch.utils.cpp_extension", "torch.distributed.rpc.internal",
    )
)  # fmt: skip
"""Modules of which everything counts, with the modules below them."""

FUNCTIONS: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for modules, names in {
        "os posix nt": PROCESSES,
        "builtins __builtin__": EVALUATORS,
        "pickle _pickle cPickle cloudpickle cloudpickle.cloudpickle dill dill._dill marshal shelve joblib": (
            "load loads open Unpickler _load _loads"
        ),
        "pkgutil": "resolve_name get_loader find_loader ImpImporter ImpLoader",
        "operator _operator": "methodcaller",
        "cProfile profile trace": "run runctx runfunc Profile.run Profile.runctx Trace.run Trace.runctx",
        "multiprocessing.util": "spawnv_passfds",
        "uuid": "_get_command_stdout _popen",
        "imaplib": "IMAP4_stream",
        "inspect": "_signature_fromstr",
        "site": "addpackage addsitedir execsitecustomize",
        "numpy.ctypeslib numpy.ctypeslib._ctypeslib": "load_library",
        "torch._ops": "_Ops.load_library",
        "torch.ops torch.classes": "load_library",
        "doctest": "debug_script debug run_docstring_examples",
        "distutils.spawn": "spawn",
        "setuptools._distutils.spawn": "spawn",
        "logging.config": "dictConfig fileConfig listen",
        "pandas pandas.io.pickle": "read_pickle",
        "numpy numpy.lib.npyio numpy.lib._npyio_impl": "load loads",
        "joblib.numpy_pickle": "load",
        "torch": "load",
        "torch.serialization": "load _load _legacy_load",
        "torch.hub": "load load_state_dict_from_url",
        "torch.jit.unsupported_tensor_ops": "execWrapper",
        "torch.utils.collect_env": "run run_and_read_all run_lambda",
        "torch.utils._config_module": "ConfigModule.load_config",
        "torch.utils.data.datapipes.utils.decoder": "basichandlers",
        "torch.fx.graph_module": "_exec_with_source _forward_from_src",
        "torch.fx.experimental.symbolic_shapes": (
            "ShapeEnv.evaluate_guards_expression ShapeEnv.evaluate_guards_for_args"
        ),
        "torch._dynamo.guards": "GuardBuilder.get",
        "yaml": "load load_all unsafe_load unsafe_load_all full_load",
    }.items()
    for module in modules.split()
}
"""What counts of other modules."""


GATEWAYS = frozenset(
    (
        "os", "posix", "nt", "subprocess", "commands", "pty", "builtins", "__builtin__", "importlib", "runpy",
        "ctypes",
    )
)  # fmt: skip
"""Modules that most others have imported, so that a path through another module leads to them."""


def runs_code(module: str, name: str) -> bool:
    """Whether an import by these names gives what runs the code, or the command, that it is given.

    A name may lead through a module to any other that it has imported (pickle.py, `find_class`):
    `os.system` of `torch.serialization`, from protocol 4 on, or just `os`, of which a call of `getattr`
    then takes the rest.
    """
    if is_listed(module, name):
        return True
    parts = name.split(".")
    if any(
        is_listed(".".join(parts[start:end]), ".".join(parts[end:]))
        for start in range(len(parts) - 1)
        for end in range(start + 1, len(parts))
    ):
        return True
    _, *below = module.split(".")
    return parts[-1] in GATEWAYS or any(part in GATEWAYS and is_listed(part, name) for part in below[-1:])


def is_listed(module: str, name: str) -> bool:
    above = module.split(".")
    if any(".".join(above[:end]) in WHOLE_MODULES for end in range(1, len(above) + 1)):
        return True
    return name in FUNCTIONS.get(module, ())
