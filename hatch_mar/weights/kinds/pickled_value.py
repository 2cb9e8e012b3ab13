"""What an unpickled value is to torch: a state_dict, a checkpoint around one, a tensor, a module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeGuard

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.pickles.interpreter import Pickle
from hatch_mar.weights.pickles.torch_objects import Dictionary, Instance, Tensor
from hatch_mar.weights.weights import Weights

USUAL_KEYS = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "ema")
"""Where checkpoints keep their state_dict, or a module, the most likely first."""
WRAPPERS = ("module.", "_orig_mod.")
"""Put before every key by DataParallel (also distributed) and by torch.compile."""
MOST_WRAPPERS = 4
MODULE_MARKS = ("_parameters", "_modules")
"""Attributes that every `torch.nn.Module` has."""
ANYWHERE = ("", "cpu", "meta")
"""Where storages are that can be loaded on any server."""
MOST_DEVICES = 20
GRAPH_MODULE = "torch.fx.graph_module"

Located = tuple[tuple[str, ...], Dictionary]


def inspect_value(pickle: Pickle) -> Weights:
    """What a file is that holds such a pickle, without what loading it would do."""
    return tell_value(pickle)._replace(saved_on=find_devices(pickle))


def find_devices(pickle: Pickle) -> tuple[str, ...]:
    """The devices that its storages were on, apart from the CPU."""
    devices = dict.fromkeys(storage.location for storage in pickle.storages)
    return tuple(device for device in devices if device not in ANYWHERE)[:MOST_DEVICES]


def tell_value(pickle: Pickle) -> Weights:
    """What the pickled value is: a tensor, a state_dict, a module or something else."""
    value = pickle.value
    if isinstance(value, Tensor):
        return Weights(Kind.TENSOR, tensors=1, dtypes=dtype_names([value]))
    if isinstance(value, Dictionary):
        # an empty one is the state_dict of a module without parameters
        located = find_state_dict(value) if value.items or value.others else ((), value)
        if located is not None:
            keys, state_dict = located
            return inspect_state_dict(state_dict, keys)
    tensors = pickle.tensors
    found = Weights(Kind.PICKLE, tensors=len(tensors), dtypes=dtype_names(tensors), type=class_name(value))
    if is_module(value):
        return found._replace(kind=Kind.MODULE)
    modules = find_modules(value)
    if key := min(modules, key=rank_key, default=None):
        return found._replace(kind=Kind.MODULE, keys=(key,), type=class_name(modules[key]))
    return found


def inspect_state_dict(state_dict: Dictionary, keys: tuple[str, ...]) -> Weights:
    items = state_dict.items or {}
    tensors = [value for value in items.values() if isinstance(value, Tensor)]
    return Weights(
        Kind.CHECKPOINT if keys else Kind.STATE_DICT,
        tensors=len(tensors),
        dtypes=dtype_names(tensors),
        keys=keys,
        prefix=wrapper_prefix(items),
    )


def find_misfits(pickle: Pickle) -> Iterator[str]:
    """The damage of tensors that torch refuses to rebuild ("setStorage: ... out of bounds")."""
    number = sum(not tensor.fits for tensor in pickle.tensors)
    if number:
        yield f"tensors that reach beyond the end of their storage: {number}"


def find_state_dict(mapping: Dictionary) -> Located | None:
    """A state_dict: the dictionary itself, a value of it, or a value's value.

    Each dictionary is examined once, however often the pickle repeats it.
    """
    accepts = cache(is_state_dict)
    if accepts(mapping):
        return (), mapping
    inner = [(key, value) for key, value in (mapping.items or {}).items() if isinstance(value, Dictionary)]
    nearest: list[Located] = [((key,), value) for key, value in inner if accepts(value)]
    if not nearest:
        distinct = {id(value): (key, value) for key, value in reversed(inner)}
        nearest = [
            ((key, below), value)
            for key, outer in distinct.values()
            for below, value in (outer.items or {}).items()
            if isinstance(value, Dictionary) and accepts(value)
        ]
    return min(nearest, key=likelihood, default=None)


def likelihood(candidate: Located) -> tuple[int, int]:
    keys, mapping = candidate
    return rank_key(keys[-1]), -len(mapping.items or {})


def rank_key(key: str) -> int:
    return USUAL_KEYS.index(key) if key in USUAL_KEYS else len(USUAL_KEYS)


def find_modules(value: Any) -> dict[str, Instance]:
    """The modules that a checkpoint holds instead of state_dicts, as YOLO's do."""
    if not isinstance(value, Dictionary):
        return {}
    return {key: each for key, each in (value.items or {}).items() if is_module(each)}


def is_state_dict(mapping: Dictionary) -> bool:
    """Whether it maps names to tensors, or carries the mark of `nn.Module.state_dict`."""
    if mapping.is_state_dict:
        return True
    if mapping.others or not mapping.items:
        return False
    values = mapping.items.items()
    return any(isinstance(value, Tensor) for _, value in values) and all(
        isinstance(value, Tensor) or is_extra(key) for key, value in values
    )


def is_extra(key: str) -> bool:
    """Whether modules save something other than a tensor here: quantized weights, or `get_extra_state`."""
    return key.endswith("_extra_state") or "_packed_params" in key


def is_module(instance: Any) -> TypeGuard[Instance]:
    if not isinstance(instance, Instance):
        return False
    if instance.maker.module == GRAPH_MODULE:
        return True
    state = instance.state
    return isinstance(state, Dictionary) and all(mark in (state.items or ()) for mark in MODULE_MARKS)


def class_name(value: Any) -> str:
    """The value's class, or the function that makes it; empty if neither is known."""
    if isinstance(value, Instance):
        return f"{value.maker.module}.{value.maker.name}"
    if isinstance(value, Dictionary):
        return "dict"
    return type(value).__name__ if type(value) in (list, tuple, str, int, bool) else ""


def dtype_names(tensors: Iterable[Tensor]) -> tuple[str, ...]:
    counts = Counter(tensor.dtype for tensor in tensors if tensor.dtype)
    return tuple(name for name, _ in counts.most_common())


def wrapper_prefix(keys: Iterable[str]) -> str:
    """The names of wrappers that all keys begin with."""
    keys, prefix = tuple(keys), ""
    for _ in range(MOST_WRAPPERS if keys else 0):
        for name in WRAPPERS:
            if all(key.startswith(prefix + name) for key in keys):
                prefix += name
                break
    return prefix
