"""The stack, moved by opcodes as Python's own unpickler moves it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.weights.pickles.disassembler import OPAQUE, PickleFault
from hatch_mar.weights.pickles.interpreter import interpret
from hatch_mar.weights.pickles.stack import MOST_REFUSALS, STEP, Stack
from hatch_mar.weights.pickles.torch_objects import Dictionary

leaves = st.none() | st.booleans() | st.integers(0, 1 << 40) | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


def plain(value: Any) -> Any:
    """An interpreted value as plain Python."""
    if isinstance(value, Dictionary):
        return {key: plain(item) for key, item in (value.items or {}).items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    return value


class TestValues:
    @given(values, st.integers(0, 5))
    def test_any(self, value: object, protocol: int) -> None:
        """Whatever is pickled of lists, tuples, dictionaries and their leaves has the same value."""
        assert plain(interpret(pickle.dumps(value, protocol)).value) == value

    @pytest.mark.parametrize("protocol", range(6))
    def test_shared(self, protocol: int) -> None:
        """What the memo holds is the same object each time."""
        item: list[object] = []
        [first, second] = interpret(pickle.dumps([item, item], protocol)).value

        assert first is second

    def test_sets(self) -> None:
        """A set is opaque, and its items are gone from the stack."""
        assert interpret(pickle.dumps([{1, 2}, frozenset({3})], 4)).value == [OPAQUE, OPAQUE]


MANY = 1 << 20


class TestStack:
    def test_marks(self) -> None:
        """What is below a mark is out of reach until the mark is gone."""
        stack = Stack(MANY, MANY)
        stack.push(1)
        stack.load_mark()

        with pytest.raises(PickleFault, match="its stack is empty"):
            stack.pop()

        stack.load_pop()
        assert stack.pop() == 1

    def test_pop_to_mark(self) -> None:
        stack = Stack(MANY, MANY)
        stack.push(1)
        stack.load_mark()
        stack.push(2)
        stack.push(3)

        assert stack.pop_to_mark() == [2, 3]
        assert stack.top() == 1

    def test_spend(self) -> None:
        """Operations are counted, and no more are done than allowed."""
        stack = Stack(10, MANY)
        stack.spend(10)

        with pytest.raises(PickleFault, match="operations than are read") as fault:
            stack.spend(1)
        assert fault.value.blind

    def test_put(self) -> None:
        """The memo takes any index but a negative one."""
        stack = Stack(MANY, MANY)
        stack.push(None)
        stack.load_put(1 << 31)
        stack.load_get(1 << 31)

        assert stack.stack == [None, None]
        with pytest.raises(PickleFault, match="it memoizes at -1"):
            stack.load_put(-1)

    def test_refusals(self) -> None:
        """No number of refusals takes much memory."""
        stack = Stack(MANY, MANY)
        for number in range(MOST_REFUSALS + 1):
            stack.refuse(str(number))

        assert len(stack.refusals) == MOST_REFUSALS

    def test_memory(self) -> None:
        """No look at the memory is missed by operations that count as several."""
        stack = Stack(STEP + 1, memory=0)
        stack.push(None)

        with pytest.raises(PickleFault, match="it makes more than is kept in memory"):
            stack.spend(2)
