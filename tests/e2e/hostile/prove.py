"""Loads every case in a process of its own, and prints the names of those whose code runs.

python -m tests.e2e.hostile.prove DIRECTORY
"""

from __future__ import annotations

import gzip
import os
import pickle
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.hostile.case import MARKER
from tests.e2e.hostile.code import hostile
from tests.e2e.hostile.numbers import honest

LONGEST_START = 30
"""Seconds after which a command that a file has started has certainly begun."""


def prove(folder: Path) -> None:
    import numpy
    import torch
    import yaml

    def look(path: Path) -> None:
        torch.load(path, weights_only=False)
        if Counter.__init__ is torch.device:  # type: ignore[comparison-overlap]
            Path(MARKER).touch()

    def load_arrays(path: Path) -> None:
        found = numpy.load(path, allow_pickle=True)
        for name in getattr(found, "files", ()):
            found[name]

    loaders: dict[str, Callable[[Path], Any]] = {
        "torch.load": lambda path: torch.load(path, weights_only=False),
        "torch.jit.load": torch.jit.load,
        "torch.export.load": torch.export.load,
        "module": lambda path: torch.export.load(path).module()(torch.ones(1, 2)),
        "numpy.load": load_arrays,
        "pickle.load": lambda path: pickle.loads(path.read_bytes()),
        "yaml": lambda path: yaml.unsafe_load(path.read_bytes()),
        "gzip": lambda path: pickle.loads(gzip.decompress(path.read_bytes())),
        "look": look,
        "none": Path.stat,
    }
    os.chdir(folder)
    warnings.filterwarnings("ignore")
    for number, case in enumerate([*hostile(torch, numpy), *honest(torch, numpy)]):
        if runs(loaders[case.load], case.write(folder / str(number) / case.file), waits=not case.honest):
            print(case.file)


def runs(load: Callable[[Path], Any], path: Path, *, waits: bool) -> bool:
    """Whether loading a file creates the marker. What a hostile file starts is waited for."""
    child = os.fork()
    if not child:
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silent, stream)
        try:
            load(path)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    marker = Path(MARKER)
    until = time.monotonic() + (LONGEST_START if waits else 0)
    while not (ran := marker.exists()) and time.monotonic() < until:
        time.sleep(0.01)
    marker.unlink(missing_ok=True)
    return ran


if __name__ == "__main__":
    prove(Path(sys.argv[1]).resolve())
