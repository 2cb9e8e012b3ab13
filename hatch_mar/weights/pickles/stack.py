"""The stack and the memo of an unpickler, moved as `_pickle.c` moves them."""

from __future__ import annotations

from typing import Any

from hatch_mar.weights.pickles.disassembler import HIGHEST_PROTOCOL, OPAQUE, PickleFault
from hatch_mar.weights.pickles.torch_objects import Mapping

MOST_OPERATIONS = 4_000_000
"""The pickle of 10 000 tensors has 300 000."""
MOST_REFUSALS = 1000


class PickleStack:
    """The unpickler's state. The stack below the last mark is out of reach, as in `_pickle.c`."""

    def __init__(self, most: int = MOST_OPERATIONS) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.protocol = 0
        self.left = self.most = most
        self.refusals: dict[str, None] = {}

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise PickleFault(f"it has more than the {MOST_OPERATIONS} operations that are read", blind=True)

    def refuse(self, what: str) -> None:
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals[what] = None

    def pop(self) -> Any:
        self.top()
        return self.stack.pop()

    def top(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise PickleFault("its stack is empty")
        return self.stack[-1]

    def pop_marked(self) -> list[Any]:
        if not self.marks:
            raise PickleFault("it has no mark")
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    # The stack and the memo

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def stop(self) -> None:
        self.top()

    def discard(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def discard_marked(self) -> None:
        self.pop_marked()

    def duplicate(self) -> None:
        self.stack.append(self.top())

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.top()

    def put(self, index: int) -> None:
        if not 0 <= index <= self.most - self.left:
            # The unpickler's memo is an array: one large index takes all memory.
            raise PickleFault(f"it memoizes at {index}, beyond its own length", blind=True)
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise PickleFault(f"it takes {index} from the memo, where nothing is")
        self.stack.append(self.memo[index])

    def set_protocol(self, protocol: int) -> None:
        if protocol > HIGHEST_PROTOCOL:
            raise PickleFault(f"protocol {protocol} is unknown")
        self.protocol = protocol

    def frame(self, size: int) -> None:
        """Frames are the reader's matter (PEP 3154)."""

    # Values

    def none(self) -> None:
        self.stack.append(None)

    def true(self) -> None:
        self.stack.append(True)

    def false(self) -> None:
        self.stack.append(False)

    def empty_list(self) -> None:
        self.stack.append([])

    def empty_dict(self) -> None:
        self.stack.append(Mapping(plain=True))

    def empty_tuple(self) -> None:
        self.stack.append(())

    def opaque(self) -> None:
        self.stack.append(OPAQUE)

    def marked_opaque(self) -> None:
        self.pop_marked()
        self.stack.append(OPAQUE)

    def marked_list(self) -> None:
        self.stack.append(self.pop_marked())

    def marked_tuple(self) -> None:
        self.stack.append(tuple(self.pop_marked()))

    def marked_dict(self) -> None:
        items = self.pop_marked()
        mapping = Mapping(plain=True)
        self.set_pairs(mapping, items)
        self.stack.append(mapping)

    def tuple1(self) -> None:
        self.stack.append((self.pop(),))

    def tuple2(self) -> None:
        second, first = self.pop(), self.pop()
        self.stack.append((first, second))

    def tuple3(self) -> None:
        third, second, first = self.pop(), self.pop(), self.pop()
        self.stack.append((first, second, third))

    # Items

    def append(self) -> None:
        item = self.pop()
        self.extend([item])

    def appends(self) -> None:
        self.extend(self.pop_marked())

    def extend(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is list:
            target.extend(items)
        elif target is not OPAQUE:
            self.refuse("it appends to what is no list")

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_pairs(self.top(), [key, value])

    def set_items(self) -> None:
        items = self.pop_marked()
        self.set_pairs(self.top(), items)

    def set_pairs(self, target: Any, items: list[Any]) -> None:
        if len(items) % 2:
            raise PickleFault("a key has no value")
        if type(target) is not Mapping:
            if target is not OPAQUE:
                self.refuse("it sets items of what is no dictionary")
            return
        for index in range(0, len(items), 2):
            target.set(items[index], items[index + 1])

    def add_items(self) -> None:
        self.pop_marked()
        self.top()
