"""What functions of Python's library return for values that are known.

A path of `pathlib` is its text here, as most code does not mind which of them it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from hatch_mar.pysource.rehearsal.known_values import UNKNOWN, Value, is_constant
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, absolute

LONGEST_RANGE = 100
"""Numbers of a range that are told apart."""

LONGEST_TEXT = 1000
"""Characters of a text that is computed."""


def join(*parts: str) -> str:
    return posixpath.join(*parts) if parts else "."


CONSTANTS = {"os.curdir": ".", "os.pardir": "..", "os.sep": "/", "os.path.sep": "/"}

FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "str": lambda value="": value if isinstance(value, str) else str(value),
    "int": int,
    "bool": bool,
    "tuple": tuple,
    "list": tuple,
    "len": len,
    "sorted": lambda values: tuple(sorted(values)),
    "enumerate": lambda values: tuple(enumerate(values)),
    "range": lambda *numbers: tuple(range(*numbers)[:LONGEST_RANGE]),
    "os.fspath": lambda path: path,
    "os.fsdecode": lambda path: path,
    "os.getcwd": lambda: MODEL_DIR,
    "os.path.join": posixpath.join,
    "os.path.dirname": posixpath.dirname,
    "os.path.basename": posixpath.basename,
    "os.path.normpath": posixpath.normpath,
    "os.path.abspath": absolute,
    "os.path.realpath": absolute,
    "os.path.splitext": posixpath.splitext,
    "os.path.split": posixpath.split,
    "pathlib.Path": join,
    "pathlib.PurePath": join,
    "pathlib.PosixPath": join,
    "pathlib.PurePosixPath": join,
    "pathlib.Path.cwd": lambda: MODEL_DIR,
}

ITERATING = {
    *("all", "any", "enumerate", "iter", "len", "list", "max", "min", "reversed", "set", "sorted", "sum"),
    *("tuple", "zip"),
}
"""Functions that fail if their first argument is None."""

HARMLESS = re.compile(
    r"^logging\.(?!.*([hH]andler|[cC]onfig))|^(warnings|sys\.path|torch\.device|copy)\b|^json\.dumps$"
    r"|^(print|isinstance|len|str|repr|list|dict|set|tuple|sorted|type|id|iter|zip|enumerate|hasattr|getattr)$"
    r"|(^|\.)(info|debug|warning|error)$|^ts\."
)
"""Functions that make no files and change nothing, whatever they are given."""

ARGUMENTS = "sys.argv"
FEWEST_ARGUMENTS = 7
"""Those that TorchServe gives every worker, its script's name among them (WorkerLifeCycle.java)."""

PARSING = {
    *("argparse.ArgumentParser.parse_args", "optparse.OptionParser.parse_args"),
    "transformers.HfArgumentParser.parse_args_into_dataclasses",
}
"""Functions that read `sys.argv` and end the process if they do not know an argument."""

TEXT_METHODS = {
    *("format", "join", "replace", "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize"),
    *("removeprefix", "removesuffix", "split", "rsplit", "partition", "rpartition", "startswith", "endswith"),
}

PATH_METHODS: Mapping[str, Callable[..., Value]] = {
    "joinpath": posixpath.join,
    "resolve": lambda path, **_: absolute(path),
    "absolute": absolute,
    "as_posix": lambda path: path,
    "__str__": lambda path: path,
    "with_name": lambda path, name: str(PurePosixPath(path).with_name(name)),
    "with_suffix": lambda path, suffix: str(PurePosixPath(path).with_suffix(suffix)),
}

PER_REQUEST = {
    *("clone", "contiguous", "cpu", "cuda", "detach", "double", "float", "half", "numpy", "to", "tolist"),
    *("exp", "log_softmax", "sigmoid", "softmax"),
}
"""Methods of a tensor, and functions of torch, that have something for each request if it has."""

REDUCING = {"argmax", "argmin", "mean", "sum"}
"""Those of which that is so only along another dimension than the first."""

METHODS = {*TEXT_METHODS, *PATH_METHODS}
"""Those of a text or a path that only compute, and touch no file."""

PATH_ATTRIBUTES: Mapping[str, Callable[[PurePosixPath], str | tuple[str, ...]]] = {
    "parent": lambda path: str(path.parent),
    "parents": lambda path: tuple(map(str, path.parents)),
    "parts": lambda path: path.parts,
    "name": lambda path: path.name,
    "stem": lambda path: path.stem,
    "suffix": lambda path: path.suffix,
}


def compute(function: Callable[..., Value], /, *args: Value, **keywords: Value) -> Value:
    """What a function returns, if all its arguments are known and it does not fail."""
    if not all(map(is_constant, (*args, *keywords.values()))):
        return UNKNOWN
    if sum(map(size, args)) > LONGEST_TEXT:
        return UNKNOWN
    try:
        value = function(*args, **keywords)
    except Exception:
        # the user's own error, or a function that takes more than is known of it here
        return UNKNOWN
    if isinstance(value, list):
        value = tuple(value)
    return value if is_constant(value) else UNKNOWN


def is_harmless(name: str) -> bool:
    return HARMLESS.search(name) is not None


def size(value: Value) -> int:
    """Characters of a text, or of all texts in a tuple."""
    if isinstance(value, tuple):
        return len(value) + sum(map(size, value))
    return len(value) if isinstance(value, (str, bytes)) else 0


def call_method(value: str, name: str, /, *args: Value, **keywords: Value) -> Value:
    """What a method of a text, or of the path that it stands for, returns."""
    if name in PATH_METHODS:
        return compute(PATH_METHODS[name], value, *args, **keywords)
    if name in TEXT_METHODS and not is_wide(name, value):
        return compute(getattr(value, name), *args, **keywords)
    return UNKNOWN


def is_wide(name: str, value: str) -> bool:
    """Whether a text is a format with a width, which may be of any size."""
    return name == "format" and ":" in value


def is_per_request(name: str, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> bool:
    """Whether a method of a batch, or a function of torch that is given one, returns a batch again."""
    dimension = next(iter((*args, keywords.get("dim"))))
    return name in PER_REQUEST or (name in REDUCING and isinstance(dimension, int) and dimension != 0)


def path_attribute(path: str, name: str) -> Value:
    return PATH_ATTRIBUTES[name](PurePosixPath(path))
