"""A pickle run without running it: the stack and the memo of the unpickler, and nothing called.

Follows CPython's `_pickle.c` where that decides what is imported, and fails closed: a
pickle that cannot be followed to its STOP says so, for its payload may run before the
unpickler meets the fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_OPCODES, imported
from hatch_mar.weights.pickles.disassembler import LONGEST_NAME, OPAQUE, PickleFault, operations
from hatch_mar.weights.pickles.stack import MOST_OPERATIONS, PickleStack
from hatch_mar.weights.pickles.torch_objects import (
    Global,
    Instance,
    Mapping,
    Storage,
    Tensor,
    result,
    storage,
)
from hatch_mar.weights.wording import some

LARGEST_PICKLE = 64 << 20
"""Bytes. The pickle of 10 000 tensors has 2 MB."""
MOST_GLOBALS = 10_000


class Pickle(NamedTuple):
    """What a pickle holds and what loading it would do."""

    value: Any
    end: int
    """The offset behind STOP, or where reading ended."""
    operations: int
    globals: tuple[tuple[str, str], ...]
    storages: tuple[Storage, ...]
    tensors: tuple[Tensor, ...]
    refusals: tuple[str, ...]
    """What torch's weights_only unpickler would stop at, other than globals."""
    fault: str = ""
    """Why it could not be read to its STOP; `globals` may then lack some."""
    cut: bool = False
    """The fault is that the bytes end."""
    blind: bool = False
    """The fault is this reader's: an unpickler may go on."""


def read(data: bytes, start: int = 0, most: int = MOST_OPERATIONS) -> Pickle:
    """The pickle at an offset. Never raises."""
    machine = Machine(most)
    fault: PickleFault | None = None
    try:
        machine.run(data, start)
    except PickleFault as error:
        fault = error
    unknown = sorted(machine.opcodes - WEIGHTS_ONLY_OPCODES)
    noun = "opcode" if len(unknown) == 1 else "opcodes"
    opcodes = [f"weights_only does not know the {noun} {', '.join(unknown)}"] if unknown else []
    return Pickle(
        value=machine.stack[-1] if machine.stack and not fault else OPAQUE,
        end=machine.end,
        operations=most - machine.left,
        globals=tuple(machine.globals),
        storages=tuple(machine.storages),
        tensors=tuple(machine.tensors),
        refusals=some([*opcodes, *machine.refusals]),
        fault=str(fault) if fault else "",
        cut=fault is not None and fault.cut,
        blind=fault is not None and fault.blind,
    )


class Machine(PickleStack):
    """An unpickler that notes what it would import and make, and makes nothing."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.end = 0
        self.opcodes: set[str] = set()
        self.globals: dict[tuple[str, str], Global] = {}
        self.storages: dict[Storage, None] = {}
        self.tensors: dict[Tensor, None] = {}

    def run(self, data: bytes, start: int) -> None:
        self.end = start
        for opcode, operand, end in operations(data, start):
            self.spend(1)
            self.opcodes.add(opcode)
            if operand is None:
                PLAIN[opcode](self)
            elif opcode in LITERALS:
                self.stack.append(operand)
            else:
                WITH_OPERAND[opcode](self, operand)
            self.end = end

    def import_pair(self, module: str, name: str) -> Global:
        if len(module) + len(name) > LONGEST_NAME:
            raise PickleFault("a global's name is too long", blind=True)
        pair = imported(module, name, self.protocol)
        known = self.globals.get(pair)
        if known is None:
            if len(self.globals) >= MOST_GLOBALS:
                raise PickleFault(f"it imports more than {MOST_GLOBALS} names", blind=True)
            known = self.globals[pair] = Global(*pair)
        return known

    def import_named(self, names: tuple[str, str]) -> None:
        self.stack.append(self.import_pair(*names))

    def import_computed(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise PickleFault("it imports a name that it computes", blind=True)
        self.stack.append(self.import_pair(module, name))

    def extension(self, code: int) -> None:
        message = f"it imports by extension code {code}, which only the loader's copyreg knows"
        raise PickleFault(message, blind=True)

    def instance(self, names: tuple[str, str]) -> None:
        self.pop_marked()
        self.stack.append(Instance(self.import_pair(*names)))

    def marked_object(self) -> None:
        items = self.pop_marked()
        if not items:
            raise PickleFault("its stack is empty")
        self.stack.append(self.called(items[0], tuple(items[1:])))

    def reduce(self) -> None:
        arguments = self.pop()
        self.stack.append(self.called(self.pop(), arguments))

    def new_object_ex(self) -> None:
        self.pop()
        self.reduce()

    def called(self, function: Any, arguments: Any) -> Any:
        if type(function) is not Global:
            self.refuse("it calls what it did not import")
            return OPAQUE
        if (
            function.pair == ("collections", "OrderedDict")
            and type(arguments) is tuple
            and len(arguments) == 1
        ):
            return self.ordered(arguments[0])
        value = result(function, arguments)
        if type(value) is Tensor:
            self.tensors[value] = None
        return value

    def ordered(self, pairs: Any) -> Mapping:
        """An OrderedDict from a list of [key, value], as Python 2 pickled it."""
        mapping = Mapping(plain=False)
        if type(pairs) is list:
            # Three operations may repeat this for one long list.
            self.spend(len(pairs))
            for pair in pairs:
                if type(pair) in (list, tuple) and len(pair) == 2:
                    mapping.set(*pair)
        return mapping

    def build(self) -> None:
        state = self.pop()
        target = self.top()
        if type(target) is Instance:
            target.state = state
        elif type(target) is Mapping:
            if target.plain:
                self.refuse("it sets the state of a plain dictionary")
            items = state.items if type(state) is Mapping else None
            target.is_state_dict = bool(items and "_metadata" in items)
        elif type(target) is not Tensor and target is not OPAQUE:
            self.refuse("it sets the state of what is no object")

    def persistent(self) -> None:
        pid = self.pop()
        stored = storage(pid)
        if stored is not None:
            self.storages[stored] = None
            self.stack.append(stored)
            return
        self.refuse("it has a persistent id that is no storage's")
        # torch before 1.6 wraps a module's class, to add its source: ("module", class, file, source).
        is_class = type(pid) is tuple and len(pid) > 1 and pid[0] == "module" and type(pid[1]) is Global
        self.stack.append(pid[1] if is_class else OPAQUE)

    def persistent_line(self, _text: Any) -> None:
        self.stack.append(OPAQUE)

    def out_of_band(self) -> None:
        raise PickleFault("it takes a buffer from outside (PEP 574)", blind=True)


LITERALS = frozenset(
    {
        "BINBYTES",
        "BINBYTES8",
        "BINFLOAT",
        "BININT",
        "BININT1",
        "BININT2",
        "BINSTRING",
        "BINUNICODE",
        "BINUNICODE8",
        "BYTEARRAY8",
        "FLOAT",
        "INT",
        "LONG",
        "LONG1",
        "LONG4",
        "SHORT_BINBYTES",
        "SHORT_BINSTRING",
        "SHORT_BINUNICODE",
        "STRING",
        "UNICODE",
    }
)
"""Opcodes that push their operand."""

PLAIN: dict[str, Callable[[Machine], None]] = {
    "ADDITEMS": Machine.add_items,
    "APPEND": Machine.append,
    "APPENDS": Machine.appends,
    "BINPERSID": Machine.persistent,
    "BUILD": Machine.build,
    "DICT": Machine.marked_dict,
    "DUP": Machine.duplicate,
    "EMPTY_DICT": Machine.empty_dict,
    "EMPTY_LIST": Machine.empty_list,
    "EMPTY_SET": Machine.opaque,
    "EMPTY_TUPLE": Machine.empty_tuple,
    "FROZENSET": Machine.marked_opaque,
    "LIST": Machine.marked_list,
    "MARK": Machine.mark,
    "MEMOIZE": Machine.memoize,
    "NEWFALSE": Machine.false,
    "NEWOBJ": Machine.reduce,
    "NEWOBJ_EX": Machine.new_object_ex,
    "NEWTRUE": Machine.true,
    "NEXT_BUFFER": Machine.out_of_band,
    "NONE": Machine.none,
    "OBJ": Machine.marked_object,
    "POP": Machine.discard,
    "POP_MARK": Machine.discard_marked,
    "READONLY_BUFFER": Machine.top,
    "REDUCE": Machine.reduce,
    "SETITEM": Machine.set_item,
    "SETITEMS": Machine.set_items,
    "STACK_GLOBAL": Machine.import_computed,
    "STOP": Machine.stop,
    "TUPLE": Machine.marked_tuple,
    "TUPLE1": Machine.tuple1,
    "TUPLE2": Machine.tuple2,
    "TUPLE3": Machine.tuple3,
}

WITH_OPERAND: dict[str, Callable[[Machine, Any], None]] = {
    "BINGET": Machine.get,
    "BINPUT": Machine.put,
    "EXT1": Machine.extension,
    "EXT2": Machine.extension,
    "EXT4": Machine.extension,
    "FRAME": Machine.frame,
    "GET": Machine.get,
    "GLOBAL": Machine.import_named,
    "INST": Machine.instance,
    "LONG_BINGET": Machine.get,
    "LONG_BINPUT": Machine.put,
    "PERSID": Machine.persistent_line,
    "PROTO": Machine.set_protocol,
    "PUT": Machine.put,
}
