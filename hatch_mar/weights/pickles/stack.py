"""The stack and the memo of an unpickler, moved as `_pickle.c` moves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hatch_mar.weights.pickles.disassembler import HIGHEST_PROTOCOL, OPAQUE, PickleFault
from hatch_mar.weights.pickles.torch_objects import Dictionary

VALUE, PAIR = 80, 180
"""Bytes that a value takes, about, on the stack or in something, and one in a dictionary with its key."""
STEP = 1 << 12
"""Operations after which what is kept is looked at. The least that each is worth is a few bytes."""
MOST_REFUSALS = 1000


def pushing(make: Callable[[], Any]) -> Callable[[Stack], None]:
    """A method that pushes a new value."""
    return lambda stack: stack.push(make())


def collecting(size: int) -> Callable[[Stack], None]:
    """A method that makes one tuple of so many values."""
    return lambda stack: stack.push(tuple(reversed([stack.pop() for _ in range(size)])))


class Memo:
    """Values by number. Almost always each has the next number, and then takes a few bytes."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        # the unpickler's array takes all memory for one large index
        self.others: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self.values) + len(self.others)

    def put(self, index: int, value: Any) -> None:
        if index < len(self.values):
            self.values[index] = value
        elif index == len(self.values):
            self.others.pop(index, None)
            self.values.append(value)
        else:
            self.others[index] = value

    def get(self, index: int) -> Any:
        """
        Raises:
            KeyError: there is none of this number.
        """
        return self.values[index] if 0 <= index < len(self.values) else self.others[index]

    @property
    def memory(self) -> int:
        return 9 * len(self.values) + PAIR * len(self.others)


class Stack:
    """The unpickler's state.

    A method `load_x` does what the opcode X does to it, as those of `pickle._Unpickler`. What
    is below the last mark is out of reach, as in `_pickle.c`.
    """

    def __init__(self, most: int, memory: int) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo = Memo()
        self.most_memory, self.kept = memory, 0
        """What may be kept, and what has left the stack: it is in something else, or in the memo."""
        self.protocol = 0
        self.left = most
        self.refusals: dict[str, None] = {}

    def spend(self, cost: int) -> None:
        steps = self.left // STEP
        self.left -= cost
        if self.left < 0:
            raise PickleFault("it has more operations than are read", blind=True)
        if self.left // STEP < steps and self.memory > self.most_memory:
            raise PickleFault("it makes more than is kept in memory", blind=True)

    @property
    def memory(self) -> int:
        """About how many bytes are taken by the values so far."""
        return self.kept + VALUE * (len(self.stack) + len(self.marks)) + self.memo.memory

    def refuse(self, what: str) -> None:
        """Note something at which torch's unpickler stops."""
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals[what] = None

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def top(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise PickleFault("its stack is empty")
        return self.stack[-1]

    def pop(self) -> Any:
        self.top()
        self.kept += VALUE
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise PickleFault("it has no mark")
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        self.kept += VALUE * len(items)
        return items

    # The stack and the memo

    def load_proto(self, protocol: int) -> None:
        if protocol > HIGHEST_PROTOCOL:
            raise PickleFault(f"protocol {protocol} is unknown")
        self.protocol = protocol

    def load_stop(self) -> None:
        self.top()

    def load_mark(self) -> None:
        self.marks.append(len(self.stack))

    def load_pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def load_pop_mark(self) -> None:
        self.pop_to_mark()

    def load_dup(self) -> None:
        self.push(self.top())

    def load_memoize(self) -> None:
        self.memo.put(len(self.memo), self.top())

    def load_put(self, index: int) -> None:
        if index < 0:
            raise PickleFault(f"it memoizes at {index}")
        self.memo.put(index, self.top())

    load_binput = load_long_binput = load_put

    def load_get(self, index: int) -> None:
        try:
            self.push(self.memo.get(index))
        except KeyError:
            raise PickleFault(f"it gets {index} from the memo, which does not have it") from None

    load_binget = load_long_binget = load_get

    # Values

    load_none = pushing(lambda: None)
    load_newtrue = pushing(lambda: True)
    load_newfalse = pushing(lambda: False)
    load_empty_list = pushing(list)
    load_empty_tuple = pushing(tuple)
    load_empty_dict = pushing(lambda: Dictionary(plain=True))
    load_empty_set = pushing(lambda: OPAQUE)

    load_int = load_binint = load_binint1 = load_binint2 = load_long = load_long1 = load_long4 = push
    load_float = load_binfloat = push
    load_string = load_binstring = load_short_binstring = push
    load_unicode = load_binunicode = load_short_binunicode = load_binunicode8 = push

    def load_list(self) -> None:
        self.push(self.pop_to_mark())

    def load_tuple(self) -> None:
        self.push(tuple(self.pop_to_mark()))

    load_tuple1, load_tuple2, load_tuple3 = collecting(1), collecting(2), collecting(3)

    def load_dict(self) -> None:
        items = self.pop_to_mark()
        dictionary = Dictionary(plain=True)
        self.set_pairs(dictionary, items)
        self.push(dictionary)

    def load_frozenset(self) -> None:
        self.pop_to_mark()
        self.push(OPAQUE)

    # Items

    def load_append(self) -> None:
        item = self.pop()
        self.extend_top([item])

    def load_appends(self) -> None:
        self.extend_top(self.pop_to_mark())

    def extend_top(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is list:
            target.extend(items)
        elif target is not OPAQUE:
            self.refuse("it appends to something that is not a list")

    def load_setitem(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_pairs(self.top(), [key, value])

    def load_setitems(self) -> None:
        items = self.pop_to_mark()
        self.set_pairs(self.top(), items)

    def set_pairs(self, target: Any, items: list[Any]) -> None:
        """Set the items of a dictionary, given as keys and values in turn."""
        if len(items) % 2:
            raise PickleFault("a key has no value")
        if type(target) is not Dictionary:
            if target is not OPAQUE:
                self.refuse("it sets items of something that is not a dictionary")
            return
        for index in range(0, len(items), 2):
            target.set(items[index], items[index + 1])

    def load_additems(self) -> None:
        self.pop_to_mark()
        self.top()
