"""What a pickle of torch holds: a state_dict, a checkpoint around one, a tensor, a module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.pickles.interpreter import Pickle
from hatch_mar.weights.pickles.torch_objects import Instance, Mapping, Tensor
from hatch_mar.weights.report import Weights

USUAL_KEYS = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "ema")
"""Where checkpoints keep their state_dict, the likeliest first."""
WRAPPERS = ("module.", "_orig_mod.")
"""Set before every key by DataParallel (also distributed) and by torch.compile."""
MOST_WRAPPERS = 4
MODULE_MARKS = ("_parameters", "_modules")
"""Attributes that every `torch.nn.Module` has."""
GRAPH_MODULE = "torch.fx.graph_module"

Found = tuple[tuple[str, ...], Mapping]
"""The keys that lead to a state_dict, and it."""


def contents(pickle: Pickle) -> Weights:
    """The kind of a pickle's value, and what of it is known."""
    value = pickle.value
    found = Weights(
        Kind.PICKLE, tensors=len(pickle.tensors), dtypes=dtypes(pickle.tensors), type=named(value)
    )
    if isinstance(value, Tensor):
        found = Weights(Kind.TENSOR, tensors=1, dtypes=dtypes([value]))
    elif isinstance(value, Instance) and is_module(value):
        found = Weights(Kind.MODULE, tensors=found.tensors, dtypes=found.dtypes, type=found.type)
    elif isinstance(value, Mapping):
        where = ((), value) if is_empty(value) else StateDicts().within(value)
        if where is not None:
            keys, state_dict = where
            found = of_state_dict(state_dict, keys)
    return found


def of_state_dict(state_dict: Mapping, keys: tuple[str, ...]) -> Weights:
    items = state_dict.items or {}
    tensors = [value for value in items.values() if isinstance(value, Tensor)]
    return Weights(
        Kind.CHECKPOINT if keys else Kind.STATE_DICT,
        tensors=len(tensors),
        dtypes=dtypes(tensors),
        state_dict=keys,
        prefix=wrapper(items),
    )


def misfits(pickle: Pickle) -> Iterator[str]:
    """Tensors that torch would refuse to rebuild ("setStorage: ... out of bounds")."""
    number = sum(not tensor.fits for tensor in pickle.tensors)
    if number:
        yield f"tensors that reach beyond the end of their storage: {number}"


class StateDicts:
    """Finds the state_dict of a dictionary: itself, a value, or a value's value.

    Each dictionary is looked at once, however often the pickle repeats it.
    """

    def __init__(self) -> None:
        self.known: dict[int, bool] = {}

    def within(self, mapping: Mapping) -> Found | None:
        if self.accepts(mapping):
            return (), mapping
        inner = [(key, value) for key, value in (mapping.items or {}).items() if isinstance(value, Mapping)]
        nearest: list[Found] = [((key,), value) for key, value in inner if self.accepts(value)]
        if not nearest:
            distinct = {id(value): (key, value) for key, value in reversed(inner)}
            nearest = [
                ((key, below), value)
                for key, outer in distinct.values()
                for below, value in (outer.items or {}).items()
                if isinstance(value, Mapping) and self.accepts(value)
            ]
        return min(nearest, key=likelihood, default=None)

    def accepts(self, mapping: Mapping) -> bool:
        if id(mapping) not in self.known:
            self.known[id(mapping)] = is_state_dict(mapping)
        return self.known[id(mapping)]


def likelihood(candidate: Found) -> tuple[int, int]:
    keys, mapping = candidate
    rank = USUAL_KEYS.index(keys[-1]) if keys[-1] in USUAL_KEYS else len(USUAL_KEYS)
    return rank, -len(mapping.items or {})


def is_state_dict(mapping: Mapping) -> bool:
    """Names to tensors, or what `nn.Module.state_dict` marked as its own."""
    if mapping.is_state_dict:
        return True
    if mapping.others or not mapping.items:
        return False
    values = mapping.items.items()
    return any(isinstance(value, Tensor) for _, value in values) and all(
        isinstance(value, Tensor) or is_extra(key) for key, value in values
    )


def is_empty(mapping: Mapping) -> bool:
    """A module without parameters has this for a state_dict."""
    return not mapping.items and not mapping.others


def is_extra(key: str) -> bool:
    """What modules save beside tensors: quantized weights, and `get_extra_state`."""
    return key.endswith("_extra_state") or "_packed_params" in key


def is_module(instance: Instance) -> bool:
    if instance.maker.module == GRAPH_MODULE:
        return True
    state = instance.state
    return isinstance(state, Mapping) and all(mark in (state.items or ()) for mark in MODULE_MARKS)


def named(value: Any) -> str:
    """A value's class, or the function that makes it; nothing for what the reader does not follow."""
    if isinstance(value, Instance):
        return f"{value.maker.module}.{value.maker.name}"
    if isinstance(value, Mapping):
        return "dict"
    return type(value).__name__ if type(value) in (list, tuple, str, int, bool) else ""


def dtypes(tensors: Iterable[Tensor]) -> tuple[str, ...]:
    counts = Counter(tensor.dtype for tensor in tensors if tensor.dtype)
    return tuple(name for name, _ in counts.most_common())


def wrapper(keys: Iterable[str]) -> str:
    """The wrappers' names that all keys begin with."""
    keys, found = tuple(keys), ""
    for _ in range(MOST_WRAPPERS if keys else 0):
        for name in WRAPPERS:
            if all(key.startswith(found + name) for key in keys):
                found += name
                break
    return found
