"""A pickle run without running it: the stack and the memo of the unpickler, and nothing called.

Follows CPython's `_pickle.c` where that decides what is imported, and fails closed: a
pickle that cannot be followed to its STOP says so, for its payload may run before the
unpickler meets the fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hatch_mar.weights.pickles.allowlist import imported
from hatch_mar.weights.pickles.disassembler import LONGEST_NAME, OPAQUE, PickleFault, operations
from hatch_mar.weights.pickles.opcodes import WEIGHTS_ONLY_OPCODES, Op
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
    refused = sorted(Op(code).name for code in machine.codes - WEIGHTS_ONLY_OPCODES)
    opcodes = [f"opcode {', '.join(refused)} is none that weights_only knows"] if refused else []
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
        self.codes: set[int] = set()
        self.globals: dict[tuple[str, str], Global] = {}
        self.storages: dict[Storage, None] = {}
        self.tensors: dict[Tensor, None] = {}

    def run(self, data: bytes, start: int) -> None:
        self.end = start
        for code, operand, end in operations(data, start):
            self.spend(1)
            self.codes.add(code)
            if operand is None:
                PLAIN[code](self)
            elif code in LITERALS:
                self.stack.append(operand)
            else:
                WITH_OPERAND[code](self, operand)
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
        Op.BINBYTES,
        Op.BINBYTES8,
        Op.BINFLOAT,
        Op.BININT,
        Op.BININT1,
        Op.BININT2,
        Op.BINSTRING,
        Op.BINUNICODE,
        Op.BINUNICODE8,
        Op.BYTEARRAY8,
        Op.FLOAT,
        Op.INT,
        Op.LONG,
        Op.LONG1,
        Op.LONG4,
        Op.SHORT_BINBYTES,
        Op.SHORT_BINSTRING,
        Op.SHORT_BINUNICODE,
        Op.STRING,
        Op.UNICODE,
    }
)
"""Opcodes that push their operand."""

PLAIN: dict[int, Callable[[Machine], None]] = {
    Op.ADDITEMS: Machine.add_items,
    Op.APPEND: Machine.append,
    Op.APPENDS: Machine.appends,
    Op.BINPERSID: Machine.persistent,
    Op.BUILD: Machine.build,
    Op.DICT: Machine.marked_dict,
    Op.DUP: Machine.duplicate,
    Op.EMPTY_DICT: Machine.empty_dict,
    Op.EMPTY_LIST: Machine.empty_list,
    Op.EMPTY_SET: Machine.opaque,
    Op.EMPTY_TUPLE: Machine.empty_tuple,
    Op.FROZENSET: Machine.marked_opaque,
    Op.LIST: Machine.marked_list,
    Op.MARK: Machine.mark,
    Op.MEMOIZE: Machine.memoize,
    Op.NEWFALSE: Machine.false,
    Op.NEWOBJ: Machine.reduce,
    Op.NEWOBJ_EX: Machine.new_object_ex,
    Op.NEWTRUE: Machine.true,
    Op.NEXT_BUFFER: Machine.out_of_band,
    Op.NONE: Machine.none,
    Op.OBJ: Machine.marked_object,
    Op.POP: Machine.discard,
    Op.POP_MARK: Machine.discard_marked,
    Op.READONLY_BUFFER: Machine.top,
    Op.REDUCE: Machine.reduce,
    Op.SETITEM: Machine.set_item,
    Op.SETITEMS: Machine.set_items,
    Op.STACK_GLOBAL: Machine.import_computed,
    Op.STOP: Machine.stop,
    Op.TUPLE: Machine.marked_tuple,
    Op.TUPLE1: Machine.tuple1,
    Op.TUPLE2: Machine.tuple2,
    Op.TUPLE3: Machine.tuple3,
}

WITH_OPERAND: dict[int, Callable[[Machine, Any], None]] = {
    Op.BINGET: Machine.get,
    Op.BINPUT: Machine.put,
    Op.EXT1: Machine.extension,
    Op.EXT2: Machine.extension,
    Op.EXT4: Machine.extension,
    Op.FRAME: Machine.frame,
    Op.GET: Machine.get,
    Op.GLOBAL: Machine.import_named,
    Op.INST: Machine.instance,
    Op.LONG_BINGET: Machine.get,
    Op.LONG_BINPUT: Machine.put,
    Op.PERSID: Machine.persistent_line,
    Op.PROTO: Machine.set_protocol,
    Op.PUT: Machine.put,
}
