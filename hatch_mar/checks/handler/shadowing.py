"""Modules of the archive that have the name of one of Python's or of an installed package.

The worker looks for modules, its own imports included, in the archive's root before the standard
library and the installed packages (pytorch/serve, EnvironmentUtils.java).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule

FATAL = Rule(
    code="MAR241",
    title="A module has the name of one that the worker needs",
    consequence="the worker dies in its own imports, or imports Python's module instead of the archive's",
    fix="rename it",
)
HIDING = Rule(
    code="MAR242",
    severity="warning",
    title="A module has the name of one that others may need",
    consequence="everything in the worker that imports this name gets the archive's file",
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
"""Modules of the standard library; a worker of TorchServe 0.12 with torch 2.13 was seen to die of each."""

LOADED = frozenset(
    [
        *("__main__", "_collections_abc", "_thread", "abc", "atexit", "builtins", "codecs", "errno"),
        *("faulthandler", "gc", "genericpath", "io", "itertools", "marshal", "ntpath", "os", "posix"),
        *("posixpath", "pwd", "runpy", "site", "stat", "sys", "time", "zipimport"),
    ]
)
"""Modules that Python loads before it looks at the archive; seen to be imported instead of its files."""

PACKAGES = frozenset(["numpy", "packaging", "torch", "ts", "yaml"])
"""Installed packages; a worker of the base handler was seen to die of a file of each name."""


def check(subject: Subject) -> Iterator[Finding]:
    for name, member in subject.members.items():
        module, _, rest = name.partition("/")
        if rest == "":
            module = name.removesuffix(".py")
        if not (name == f"{module}.py" or rest == "__init__.py"):
            continue
        place = subject.place(member)
        # a whole package with an installed one's name is likely that package
        is_package = bool(rest)
        if module in NEEDED or module == "ts":
            text = f"`{name}` takes the place of `{module}`, which TorchServe's worker imports"
            yield FATAL.at(place, text)
        elif module in LOADED:
            text = f"`{name}` is never imported, since Python has loaded its own `{module}` before"
            yield FATAL.at(place, text)
        elif module in PACKAGES and not is_package:
            yield FATAL.at(place, f"`{name}` takes the place of the package `{module}`")
        elif module in sys.stdlib_module_names:
            yield HIDING.at(place, f"`{name}` takes the place of Python's own `{module}`")
        elif subject.environment.requires(module) and not is_package:
            yield HIDING.at(place, f"`{name}` takes the place of the required package `{module}`")
