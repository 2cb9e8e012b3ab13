"""Pickles of joblib, which have the bytes of arrays between their operations.

Whenever its unpickler has built a `NumpyArrayWrapper`, it reads what that describes from the file, and goes
on behind (joblib/numpy_pickle.py, `NumpyUnpickler.load_build`).
"""

from __future__ import annotations

import re
from math import prod
from typing import Any

from hatch_mar.weights.pickles.disassembler import PickleFault
from hatch_mar.weights.pickles.interpreter import Interpreter
from hatch_mar.weights.pickles.torch_objects import Dictionary, Global, Instance

WRAPPER = "NumpyArrayWrapper"
PADDED = "numpy_array_alignment_bytes"
"""An attribute since joblib 1.2, with which some bytes come before the array, and their number."""
ATTRIBUTES = {"subclass", "shape", "order", "dtype", "allow_mmap", PADDED}
NUMBER = re.compile(r"[biufcmM](\d{1,2})")
FLEXIBLE = re.compile(r"[SUV]\d{1,9}")
HAS_OBJECTS = 1
"""A flag (numpy/ndarraytypes.h, `NPY_ITEM_HASOBJECT`)."""


def is_wrapper(pair: tuple[str, str]) -> bool:
    return pair[1].rpartition(".")[2] == WRAPPER


class ArrayInterpreter(Interpreter):
    """An interpreter that passes over arrays."""

    def note_state(self, instance: Instance) -> None:
        if not is_wrapper(instance.maker):
            return
        if self.end < self.frame_end:
            raise PickleFault("an array of joblib begins inside a frame", blind=True)
        state = instance.state.items if type(instance.state) is Dictionary else None
        # what made it, or an earlier state, may have given it other attributes
        if not state or {*state, PADDED} != ATTRIBUTES or instance.arguments != ():
            raise PickleFault("it has an array of joblib whose size cannot be determined", blind=True)
        instance.arguments = None
        size = size_of(state["dtype"])
        if size == 0:
            self.follow_objects()
        else:
            if state.get(PADDED) is not None:
                self.end += 1 + sum(self.file.read(self.end, 1))
            self.end += size * count_of(state["shape"])
        self.pop()
        self.push(Instance(Global("numpy", "ndarray")))

    def follow_objects(self) -> None:
        """The pickle of an array of objects, which joblib gives to an unpickler of its own."""
        inner = Interpreter(self.left, self.most_memory - self.memory)
        inner.globals, inner.embedded, inner.opcodes = self.globals, self.embedded, self.opcodes
        try:
            inner.run(self.file, self.end)
        finally:
            self.left = inner.left
        self.end = inner.end


def count_of(shape: Any) -> int:
    """How many elements an array has.

    Raises:
        PickleFault: that cannot be told.
    """
    is_shape = type(shape) is tuple and all(type(each) is int and each >= 0 for each in shape)
    count = prod(shape) if is_shape else -1
    if not 0 <= count < 1 << 62:
        raise PickleFault("it has an array of joblib of an unknown shape", blind=True)
    return count


def size_of(dtype: Any) -> int:
    """The bytes of an element; 0 if the elements are objects.

    What makes a dtype says its type, and its state the size of text and fields, and whether it has objects
    (numpy's descriptor.c, `arraydescr_setstate`).

    Raises:
        PickleFault: that cannot be told.
    """
    if isinstance(dtype, Instance) and dtype.maker == ("numpy", "dtype"):
        match dtype.arguments, dtype.state:
            case (str(code), 0, 1), (3 | 4, _, None, _, _, int(size), _, int(flags), *_):
                if flags & HAS_OBJECTS:
                    size = 0 if code == "O8" else -1
                elif number := NUMBER.fullmatch(code):
                    size = int(number[1])
                elif not FLEXIBLE.fullmatch(code) or size == 0:
                    size = -1
                if size >= 0:
                    return size
    raise PickleFault("it has an array of joblib of an unknown dtype", blind=True)
