"""Which imports run code: functions and classes that run what they are given.

No weights need them, whoever loads the file. An import that is not listed here is not harmless, only
not known to be harmful: that is for torch's own allow-list to say (`allowlist.py`).

Sources: what the public scanners refuse (picklescan, `scanner.py`, and its advisories; fickling,
`analysis.py`; modelscan, `settings.py`), and every other `exec`, `eval` and shell of Python, NumPy and torch
that was tried. What honest pickles import as well is left out, such as `functools.partial` and
`builtins.getattr`, and what only reads, writes or removes files.
"""

from __future__ import annotations


def set_of(names: str) -> frozenset[str]:
    return frozenset(names.split())


PACKAGES = set_of(
    """
    asyncio ctypes ensurepip idlelib importlib lib2to3 pip test.support tkinter
    IPython.core.interactiveshell IPython.utils numpy.distutils numpy.f2py
    torch._inductor torch.distributed.nn.jit torch.testing._internal torch.utils.bottleneck
    """
)
"""Modules of which everything counts, with the modules below them."""

MODULES = set_of(
    """
    subprocess _posixsubprocess pty mailcap webbrowser
    runpy timeit pdb bdb codeop doctest pydoc venv logging.config
    imp _imp zipimport _frozen_importlib _frozen_importlib_external
    _ctypes cffi _tkinter _interpreters _xxsubinterpreters _testcapi _testinternalcapi
    _aix_support _osx_support _pyrepl.pager setuptools.sandbox transformers.dynamic_module_utils
    multiprocessing.spawn multiprocessing.forkserver
    multiprocessing.popen_fork multiprocessing.popen_forkserver multiprocessing.popen_spawn_posix
    numpy.testing._private.utils
    torch.distributed.rpc.internal torch.distributed.run torch.hub torch.jit.unsupported_tensor_ops
    torch.utils.collect_env torch.utils.cpp_extension
    """
)
"""Modules of which everything counts. A project may have a folder of the same name, with its own below."""

PROCESSES = """
    system popen startfile fork forkpty
    execl execle execlp execlpe execv execve execvp execvpe
    spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe posix_spawn posix_spawnp
"""
UNPICKLERS = "load loads open Unpickler _Unpickler _load _loads"

FUNCTIONS: dict[str, frozenset[str]] = {
    module: set_of(names)
    for modules, names in {
        # Python
        "os posix nt": PROCESSES,
        "builtins __builtin__": "eval exec execfile compile __import__ breakpoint apply",
        "pickle _pickle cPickle marshal shelve": UNPICKLERS,
        "code": "InteractiveInterpreter InteractiveConsole interact compile_command",
        "commands": "getoutput getstatus getstatusoutput",
        "copyreg": "add_extension",
        "cProfile profile trace": "run runctx runfunc Profile Trace",
        "dataclasses": "_create_fn",
        "distutils.core": "run_setup",
        "distutils.spawn setuptools._distutils.spawn": "spawn",
        "imaplib": "IMAP4_stream",
        "inspect": "_signature_fromstr get_annotations",
        "multiprocessing.reduction": "ForkingPickler",
        "multiprocessing.util": "spawnv_passfds",
        "operator _operator": "methodcaller",
        "pipes": "Template",
        "pkgutil": "resolve_name get_loader find_loader ImpImporter ImpLoader",
        "popen2": "popen2 popen3 popen4 Popen3 Popen4",
        "site": "addpackage addsitedir execsitecustomize",
        "sys": "_getframe call_tracing meta_path modules path path_hooks setprofile settrace",
        "types": "CodeType FunctionType LambdaType",
        "typing": "_eval_type get_type_hints ForwardRef._evaluate",
        "uuid": "_get_command_stdout _popen",
        # torch
        "torch": "load",
        "torch.serialization": "load _load _legacy_load",
        "torch._dynamo.guards": "GuardBuilder",
        "torch._ops": "_Ops",
        "torch.fx.experimental.symbolic_shapes": (
            "ShapeEnv.evaluate_guards_expression ShapeEnv.evaluate_guards_for_args"
        ),
        "torch.fx.graph_module": "_exec_with_source _forward_from_src",
        "torch.utils._config_module": "ConfigModule.load_config",
        "torch.utils.data.datapipes.utils.decoder": "basichandlers",
        # others
        "cloudpickle cloudpickle.cloudpickle dill joblib joblib.numpy_pickle": UNPICKLERS,
        "dill._dill": f"{UNPICKLERS} _eval_repr",
        "jinja2 jinja2.environment jinja2.nativetypes mako.template": "Template Environment from_string",
        "numpy numpy.lib.npyio numpy.lib._npyio_impl": "load loads",
        "pandas pandas.io.pickle": "read_pickle",
        "yaml": "load load_all unsafe_load unsafe_load_all full_load full_load_all",
    }.items()
    for module in modules.split()
}
"""What counts of other modules. A class stands for its methods."""

ANYWHERE = set_of(
    f"""
    {PROCESSES} Popen check_call check_output getoutput getstatusoutput exec_ runcode runsource
    import_module import_string load_library loads resolve_name run_module run_path
    lambdify parse_expr sympify
    """
)
"""Names that mean the same in all modules, which import them from each other. SymPy's evaluate text."""

GATEWAYS = set_of("builtins __builtin__ ctypes importlib nt os posix pty runpy subprocess sys")
"""Modules that most others have imported, so that a path through another module leads to them."""
ALIASES = {"bltns": "builtins", **{f"_{name}": name for name in GATEWAYS}}
"""Other names by which Python's own modules import them: `tempfile._os`, `enum.bltns`."""
REFLECTION = set_of(
    """
    __builtins__ __dict__ __getattribute__ __globals__ __loader__ __self__ __spec__ __subclasses__
    f_builtins f_globals func_globals
    """
)
"""Attributes that lead from anything to everything: `posix.getpid.__self__` is the module `posix`."""

MOST_PARTS = 10
"""Parts of a name. Those that a pickler writes have a class in a class, or two."""
LONGEST = 6
"""Parts of the longest path that is listed."""


def runs_code(module: str, name: str) -> bool:
    """Whether an import by these names gives what runs the code, or the command, that it is given.

    A name may lead through a module to any other that it has imported (pickle.py, `find_class`):
    `os.system` of `torch.serialization`, from protocol 4 on, or just `os`, of which a call of `getattr`
    then takes the rest.
    """
    if is_listed(module, name):
        return True
    parts = [ALIASES.get(part, part) for part in name.split(".", MOST_PARTS)]
    if len(parts) > MOST_PARTS:
        return True
    if parts[-1] in ANYWHERE or parts[-1] in GATEWAYS or not REFLECTION.isdisjoint(parts):
        return True
    if any(
        is_listed(".".join(parts[start:end]), ".".join(parts[end:]))
        for start in range(len(parts) - 1)
        for end in range(start + 1, min(len(parts), start + LONGEST))
    ):
        return True
    _, *below = module.split(".")
    return any(part in GATEWAYS and is_listed(part, name) for part in below[-1:])


def is_listed(module: str, name: str) -> bool:
    """Whether this module's own list has the name, or the class that it is a method of."""
    if module in MODULES or any(above in PACKAGES for above in prefixes(module)):
        return True
    return any(above in FUNCTIONS.get(module, ()) for above in prefixes(name))


def prefixes(path: str) -> list[str]:
    """A dotted path and those above it, as far as they may be listed."""
    parts = path.split(".", LONGEST)[:LONGEST]
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
