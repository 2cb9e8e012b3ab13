"""What a pickle would import and make, followed opcode by opcode with nothing called.

Follows CPython's `_pickle.c` where that decides what is imported, and fails closed: a pickle
that cannot be followed to its STOP says so, since its payload may run before the unpickler
meets the fault.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

from hatch_mar.text import first_messages
from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_OPCODES, resolve_import
from hatch_mar.weights.pickles.code_runners import runs_code
from hatch_mar.weights.pickles.disassembler import (
    LONGEST_NAME,
    OPAQUE,
    OPCODES,
    PickleFault,
    operations,
)
from hatch_mar.weights.pickles.lookups import look_up
from hatch_mar.weights.pickles.stack import PAIR, VALUE, Stack
from hatch_mar.weights.pickles.torch_objects import (
    Dictionary,
    Global,
    Instance,
    Storage,
    Tensor,
    call,
    parse_storage,
)
from hatch_mar.weights.view import View

MOST_GLOBALS = 10_000
EMBEDDING = ("torch.storage", "_load_from_bytes")
"""What gives torch.load the bytes of storages that another pickler than torch.save's has written."""


class Span(NamedTuple):
    """Bytes of the file, from one offset to another."""

    start: int
    end: int


NOWHERE = Span(0, 0)
"""Bytes that the pickle makes."""


class Pickle(NamedTuple):
    """What a pickle holds and what loading it would do."""

    value: Any
    end: int
    """The offset after STOP, or where reading ended."""
    operations: int
    calls: int
    """How often it calls something that it imports."""
    globals: tuple[tuple[str, str], ...]
    storages: tuple[Storage, ...]
    tensors: tuple[Tensor, ...]
    embedded: tuple[Span, ...]
    """What it gives to torch.load."""
    refusals: tuple[str, ...]
    """What torch's weights_only unpickler would stop at, apart from globals."""
    fault: str = ""
    """Why it could not be read to its STOP, so that `globals` may lack some."""
    cut: bool = False
    """Whether the fault is that the bytes end."""
    framed: bool = False
    """Whether the fault has to do with a frame."""
    blind: bool = False
    """Whether the fault is a limit of this reader, where an unpickler may go on."""
    memory: int = 0
    """About how many bytes its values take."""


def interpret(
    data: View | bytes,
    start: int = 0,
    most: int = sys.maxsize,
    unpickler: Callable[[int, int], Interpreter] | None = None,
    memory: int = sys.maxsize,
) -> Pickle:
    """The pickle at an offset of a file, of at most so many operations and so many bytes of memory, as such
    an unpickler reads it.

    Raises:
        OSError: the file cannot be read.
    """
    file = data if isinstance(data, View) else View(BytesIO(data))
    interpreter = (unpickler or Interpreter)(most, memory)
    fault: PickleFault | None = None
    try:
        interpreter.run(file, start)
    except PickleFault as error:
        # a traceback has this frame, and with it the file, which would be kept until the next collection
        fault = error.with_traceback(None)
        fault.__context__ = None
    unknown = sorted(interpreter.opcodes - WEIGHTS_ONLY_OPCODES)
    noun = "opcode" if len(unknown) == 1 else "opcodes"
    refusals = [f"weights_only does not know the {noun} {', '.join(unknown)}"] if unknown else []
    return Pickle(
        value=interpreter.stack[-1] if interpreter.stack and not fault else OPAQUE,
        end=interpreter.end,
        operations=most - max(0, interpreter.left),
        calls=interpreter.calls,
        globals=tuple(interpreter.globals),
        storages=tuple(interpreter.storages),
        tensors=tuple(interpreter.tensors),
        embedded=tuple(interpreter.embedded),
        refusals=first_messages([*refusals, *interpreter.refusals]),
        fault=str(fault) if fault else "",
        cut=fault is not None and fault.cut,
        framed=fault is not None and fault.framed,
        blind=fault is not None and fault.blind,
        memory=interpreter.memory,
    )


class Interpreter(Stack):
    """An unpickler that notes what it would import and make, and makes nothing."""

    def __init__(self, most: int, memory: int) -> None:
        super().__init__(most, memory)
        self.file = View(BytesIO())
        self.start = self.end = self.frame_end = 0
        self.calls = 0
        self.opcodes: set[str] = set()
        self.globals: dict[tuple[str, str], Global] = {}
        self.storages: dict[Storage, None] = {}
        self.tensors: dict[Tensor, None] = {}
        self.embedded: dict[Span, None] = {}

    def run(self, file: View, start: int) -> None:
        self.file, self.end, opcode = file, start, ""
        while opcode != "STOP":
            for opcode, operand, end in operations(file, self.end):
                self.spend(1)
                self.opcodes.add(opcode)
                self.start, self.end = self.end, end
                load = LOADERS[opcode]
                if operand is None:
                    load(self)
                else:
                    load(self, operand)
                if self.end != end:
                    break  # it passed over bytes that are no operations

    def load_frame(self, size: int) -> None:
        self.frame_end = self.end + size

    # Imports

    def note_import(self, module: str, name: str) -> Global:
        if len(module) + len(name) > LONGEST_NAME:
            raise PickleFault("a global's name is too long", blind=True)
        pair = resolve_import(module, name, self.protocol)
        known = self.globals.get(pair)
        if known is None:
            if len(self.globals) >= MOST_GLOBALS:
                raise PickleFault(f"it imports more than {MOST_GLOBALS} names", blind=True)
            known = self.globals[pair] = Global(*pair)
        return known

    def load_global(self, names: tuple[str, str]) -> None:
        self.push(self.note_import(*names))

    def load_stack_global(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise PickleFault("it imports a name that it computes", blind=True)
        self.push(self.note_import(module, name))

    def load_ext1(self, code: int) -> None:
        message = f"it imports by extension code {code}, which only the loader's copyreg knows"
        raise PickleFault(message, blind=True)

    load_ext2 = load_ext4 = load_ext1

    # Bytes, which are not read

    def load_short_binbytes(self, _bytes: Any) -> None:
        self.push_span(2)

    def load_binbytes(self, _bytes: Any) -> None:
        self.push_span(5)

    def load_binbytes8(self, _bytes: Any) -> None:
        self.push_span(9)

    def push_span(self, before: int) -> None:
        """Push the bytes of the present operation that come after so many."""
        self.kept += VALUE  # it takes as much as two others
        self.push(Span(self.start + before, self.end))

    load_bytearray8 = load_binbytes8

    # Calls

    def load_inst(self, names: tuple[str, str]) -> None:
        self.pop_to_mark()
        self.calls += 1
        self.push(Instance(self.note_import(*names)))

    def load_obj(self) -> None:
        items = self.pop_to_mark()
        if not items:
            raise PickleFault("its stack is empty")
        self.push(self.note_call(items[0], tuple(items[1:])))

    def load_reduce(self) -> None:
        arguments = self.pop()
        self.push(self.note_call(self.pop(), arguments))

    load_newobj = load_reduce

    def load_newobj_ex(self) -> None:
        self.pop()
        self.load_reduce()

    def note_call(self, function: Any, arguments: Any) -> Any:
        if type(function) is not Global:
            self.refuse("it calls something that it did not import")
            return OPAQUE
        self.calls += 1
        if function == EMBEDDING and type(arguments) is tuple:
            self.embedded.update((each if isinstance(each, Span) else NOWHERE, None) for each in arguments)
        has_items = type(arguments) is tuple and len(arguments) == 1
        if function == ("collections", "OrderedDict") and has_items:
            return self.ordered_dict(arguments[0])
        found = look_up(function, arguments)
        if found is not None:
            if found.name and runs_code(*found):
                self.note_import(*found)
            return Instance(found)
        value = call(function, arguments)
        if type(value) is Tensor:
            self.kept += PAIR
            self.tensors[value] = None
        return value

    def ordered_dict(self, pairs: Any) -> Dictionary:
        """An OrderedDict of a list of [key, value], as Python 2 pickled it."""
        dictionary = Dictionary(plain=False)
        if type(pairs) is list:
            # Three operations may repeat this for one long list.
            self.spend(len(pairs))
            self.kept += PAIR * len(pairs)
            for pair in pairs:
                if type(pair) in (list, tuple) and len(pair) == 2:
                    dictionary.set(*pair)
        return dictionary

    def load_build(self) -> None:
        state = self.pop()
        target = self.top()
        if type(target) is Instance:
            target.state = state
            self.note_state(target)
        elif type(target) is Dictionary:
            if target.plain:
                self.refuse("it sets the state of a plain dictionary")
            items = state.items if type(state) is Dictionary else None
            target.is_state_dict = bool(items and "_metadata" in items)
        elif type(target) is not Tensor and target is not OPAQUE:
            self.calls += type(target) is Global  # it sets what a class has for all
            self.refuse("it sets the state of something that is not an object")

    def note_state(self, instance: Instance) -> None:
        """Called when an instance has got its state."""

    # What is outside the pickle

    def load_binpersid(self) -> None:
        pid = self.pop()
        storage = parse_storage(pid)
        if storage is not None:
            self.kept += PAIR
            self.storages[storage] = None
            self.push(storage)
            return
        self.refuse("it has a persistent id that is not a storage's")
        # torch before 1.6 wraps a module's class to add its source: ("module", class, file, source).
        is_class = type(pid) is tuple and len(pid) > 1 and pid[0] == "module" and type(pid[1]) is Global
        self.push(pid[1] if is_class else OPAQUE)

    def load_persid(self, _text: Any) -> None:
        self.push(OPAQUE)

    def load_next_buffer(self) -> None:
        raise PickleFault("it uses an out-of-band buffer (PEP 574)", blind=True)

    def load_readonly_buffer(self) -> None:
        self.top()


LOADERS: dict[str, Callable[..., None]] = {
    name: getattr(Interpreter, f"load_{name.lower()}") for name, _ in OPCODES.values()
}
"""The method of each opcode, which gets the operand if there is one."""
