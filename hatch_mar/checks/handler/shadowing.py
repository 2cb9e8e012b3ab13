"""Modules of the archive that have the name of another one.

The worker has the archive's root on its path before the standard library and the installed
packages (pytorch/serve, EnvironmentUtils.java), for its own imports too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule

FATAL = Rule(
    code="MAR241",
    severity="error",
    title="A module has the name of one that the worker needs",
    consequence=(
        "the worker dies in its own imports, before it says anything of the handler, or finds Python's module"
        " instead of the archive's"
    ),
    fix="rename it",
)
HIDING = Rule(
    code="MAR242",
    severity="warning",
    title="A module has the name of one that others may need",
    consequence="whatever imports that name in the worker gets the archive's file",
    fix="rename it",
)

NEEDED = frozenset(
    [
        *("__future__", "_weakrefset", "argparse", "ast", "asyncio", "base64", "binascii", "bisect", "cmath"),
        *("collections", "concurrent", "contextlib", "contextvars", "copy", "copyreg", "ctypes"),
        *("dataclasses", "datetime", "dis", "email", "encodings", "enum", "fnmatch", "functools", "gettext"),
        *("glob", "heapq", "http", "importlib", "inspect", "json", "keyword", "linecache", "logging", "math"),
        *("mmap", "multiprocessing", "numbers", "opcode", "operator", "pathlib", "pickle", "platform"),
        *("pprint", "queue", "quopri", "random", "re", "reprlib", "select", "selectors", "signal", "socket"),
        *("ssl", "string", "struct", "subprocess", "tempfile", "textwrap", "threading", "timeit", "token"),
        *("tokenize", "traceback", "types", "typing", "unittest", "urllib", "warnings", "weakref", "zlib"),
    ]
)
"""Of the standard library: a worker of TorchServe 0.12 with torch 2.13 was seen to die of each."""

LOADED = frozenset(
    [
        *("__main__", "_collections_abc", "_thread", "abc", "atexit", "builtins", "codecs", "errno"),
        *("faulthandler", "gc", "genericpath", "io", "itertools", "marshal", "ntpath", "os", "posix"),
        *("posixpath", "pwd", "runpy", "site", "stat", "sys", "time", "zipimport"),
    ]
)
"""What Python has loaded before it looks at the archive: there a handler was seen to be taken from."""

PACKAGES = frozenset(["numpy", "packaging", "torch", "ts", "yaml"])
"""Installed packages: a worker of the base handler was seen to die of a file of each name."""


def check(subject: Subject) -> Iterator[Finding]:
    for name in subject.members:
        module, _, rest = name.partition("/")
        if rest == "":
            module = name.removesuffix(".py")
        if not (name == f"{module}.py" or rest == "__init__.py"):
            continue
        place = subject.place(subject.members[name])
        if module in NEEDED or module == "ts":
            yield FATAL.at(
                place, f"`{name}` takes the place of `{module}`, which TorchServe's worker imports"
            )
        elif module in LOADED:
            yield FATAL.at(place, f"`{name}` is never found, since Python has its own `{module}` already")
        elif rest:
            # a whole package of an installed one's name is that package, brought along
            if module in sys.stdlib_module_names:
                yield hidden(subject, name, module, "Python's own")
        elif module in PACKAGES:
            yield FATAL.at(place, f"`{name}` takes the place of the package `{module}`")
        elif module in sys.stdlib_module_names:
            yield hidden(subject, name, module, "Python's own")
        elif subject.environment.requires(module):
            yield hidden(subject, name, module, "the required package")


def hidden(subject: Subject, name: str, module: str, whose: str) -> Finding:
    return HIDING.at(subject.place(subject.members[name]), f"`{name}` takes the place of {whose} `{module}`")
