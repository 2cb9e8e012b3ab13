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
    [
        "subprocess",
        "_posixsubprocess",
        "commands",
        "popen2",
        "pty",
        "runpy",
        "timeit",
        "code",
        "codeop",
        "pdb",
        "bdb",
        "ctypes",
        "_ctypes",
        "importlib",
        "imp",
        "zipimport",
        "_frozen_importlib",
        "_imp",
        "idlelib",
        "pip",
        "ensurepip",
        "venv",
        "webbrowser",
        "pydoc",
        "lib2to3",
        "numpy.f2py",
        "numpy.testing._private.utils",
        "torch._inductor.codecache",
        "torch.utils.bottleneck",
        "torch.utils.cpp_extension",
        "cffi",
    ]
)
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
        "asyncio asyncio.subprocess": "create_subprocess_shell create_subprocess_exec",
        "multiprocessing.util": "spawnv_passfds",
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


def runs_code(module: str, name: str) -> bool:
    """Whether an import by these names gives what runs the code, or the command, that it is given.

    From protocol 4 on a name may have dots, and leads from a module to any other that it has imported:
    `os.system` of `torch.serialization` (pickle.py, `find_class`).
    """
    if is_listed(module, name):
        return True
    parts = name.split(".")
    return any(
        is_listed(".".join(parts[start:end]), ".".join(parts[end:]))
        for start in range(len(parts) - 1)
        for end in range(start + 1, len(parts))
    )


def is_listed(module: str, name: str) -> bool:
    above = module.split(".")
    if any(".".join(above[:end]) in WHOLE_MODULES for end in range(1, len(above) + 1)):
        return True
    return name in FUNCTIONS.get(module, ())
