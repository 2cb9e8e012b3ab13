"""What torch's unpickling would make, worked out from the arguments with nothing called."""

from __future__ import annotations

from typing import Any, NamedTuple

from hatch_mar.weights.pickles.disassembler import OPAQUE


class Global(NamedTuple):
    module: str
    name: str


class Dictionary:
    """A dict, OrderedDict or Counter. Keys that are not strings are only counted."""

    __slots__ = ("is_state_dict", "items", "others", "plain")

    def __init__(self, plain: bool) -> None:
        self.plain = plain
        self.items: dict[str, Any] | None = None
        self.others = 0
        self.is_state_dict = False
        """Whether it carries the `_metadata` that `nn.Module.state_dict` attaches."""

    def set(self, key: Any, value: Any) -> None:
        if type(key) is not str:
            # Never hashed, since the hash of a deep tuple would overflow the C stack.
            self.others += 1
            return
        if self.items is None:
            self.items = {}
        self.items[key] = value


class Instance:
    """What a function or a class made of its arguments, and the state it was given."""

    __slots__ = ("arguments", "maker", "state")

    def __init__(self, maker: Global, arguments: Any = ()) -> None:
        self.maker, self.arguments = maker, arguments
        self.state: Any = None


class Storage(NamedTuple):
    """Bytes outside the pickle: `data/<key>` in a zip."""

    key: str
    dtype: str
    numel: int
    location: str

    @property
    def size(self) -> int | None:
        """Bytes, or None if the storage's type is not known."""
        width = ITEM_SIZES.get(self.dtype)
        return None if width is None else width * self.numel


class Tensor:
    """A tensor, with a storage or, if it is meta or composite, without one."""

    __slots__ = ("dtype", "fits", "shape")

    def __init__(self, dtype: str, fits: bool = True, shape: tuple[int, ...] | None = None) -> None:
        self.dtype = dtype
        self.fits = fits
        """Whether its last element is inside its storage."""
        self.shape = shape
        """None if it is not known."""


STORAGE_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "QInt8Storage": "qint8",
    "QInt32Storage": "qint32",
    "QUInt8Storage": "quint8",
    "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
    "UntypedStorage": "uint8",
}
"""torch/storage.py, `_dtype_to_storage_type_map`."""

ITEM_SIZES = {
    **dict.fromkeys(("bool", "uint8", "int8", "qint8", "quint8", "quint4x2", "quint2x4"), 1),
    **dict.fromkeys(("float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz", "float8_e4m3fnuz"), 1),
    **dict.fromkeys(("float8_e8m0fnu", "float4_e2m1fn_x2", "bits8", "bits1x8", "bits2x4", "bits4x2"), 1),
    **dict.fromkeys((f"{sign}int{bits}" for sign in ("", "u") for bits in range(1, 8)), 1),
    **dict.fromkeys(("float16", "bfloat16", "int16", "uint16", "bits16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32", "qint32", "complex32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of an element (`torch._utils._element_size`)."""

MOST_DIMENSIONS = 64
"""torch's own limit."""
MOST_WRAPPERS = 8
"""`_rebuild_from_type_v2` calls another rebuild function, which torch does once."""


def parse_storage(pid: Any) -> Storage | None:
    """The storage that a persistent id stands for (torch/serialization.py, `persistent_load`), or None.

    The id is a tuple ("storage", type, key, location, numel), followed in the old format by
    the data of a view.
    """
    if type(pid) is not tuple or len(pid) not in (5, 6) or pid[0] != "storage":
        return None
    _, kind, key, location, numel = pid[:5]
    if not isinstance(kind, Global) or type(key) is not str or type(numel) is not int or numel < 0:
        return None
    return Storage(key, STORAGE_DTYPES.get(kind.name, ""), numel, location if type(location) is str else "")


def call(function: Global, arguments: Any) -> Any:
    """What calling the function would give: a tensor, a dictionary, or an instance of anything else."""
    if type(arguments) is not tuple:
        return Instance(function, arguments)
    for _ in range(MOST_WRAPPERS):
        if function != ("torch._tensor", "_rebuild_from_type_v2") or len(arguments) < 3:
            break
        inner, arguments = arguments[0], arguments[2]
        if not isinstance(inner, Global) or type(arguments) is not tuple:
            return OPAQUE
        function = inner
    if function.module == "collections" and function.name in ("OrderedDict", "Counter") and not arguments:
        return Dictionary(plain=False)
    if function.module in ("torch._utils", "torch.nn.parameter"):
        tensor = rebuild(function.name, arguments)
        if tensor is not None:
            return tensor
    if function in (("torch", "Size"), ("torch.serialization", "_get_layout")) and arguments:
        return arguments[0]
    return Instance(function, arguments)


def rebuild(name: str, arguments: tuple[Any, ...]) -> Tensor | None:
    """The tensor that a function of torch/_utils.py rebuilds, or that a Parameter wraps."""
    first = arguments[0] if arguments else None
    if name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_qtensor") and isinstance(first, Storage):
        return view_of(first, first.dtype, arguments)
    if name == "_rebuild_tensor_v3" and isinstance(first, Storage) and len(arguments) > 6:
        return view_of(first, dtype_name(arguments[6]), arguments)
    if name in ("Parameter", "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_nested_tensor"):
        return first if isinstance(first, Tensor) else None
    if name == "_rebuild_sparse_tensor" and len(arguments) > 1 and type(arguments[1]) is tuple:
        parts = [part for part in arguments[1][:4] if isinstance(part, Tensor)]
        # The indices come first, the values last.
        return parts[-1] if parts else None
    if name == "_rebuild_meta_tensor_no_storage":
        return Tensor(dtype_name(first))
    if name.startswith(("_rebuild_device_tensor", "_rebuild_wrapper_subclass")) and len(arguments) > 1:
        return Tensor(dtype_name(arguments[1]))
    return None


def view_of(storage: Storage, name: str, arguments: tuple[Any, ...]) -> Tensor:
    """The tensor of (storage, offset, size, stride, ...), which count elements of its own dtype."""
    width, room = ITEM_SIZES.get(name), storage.size
    shape = arguments[2] if len(arguments) > 3 and is_shape(arguments[2]) else None
    if shape is None or width is None or room is None:
        return Tensor(name, shape=shape)
    offset, stride = arguments[1], arguments[3]
    if type(offset) is not int or not is_shape(stride) or 0 in shape:
        return Tensor(name, shape=shape)
    last = offset + sum((count - 1) * step for count, step in zip(shape, stride))
    return Tensor(name, fits=(last + 1) * width <= room, shape=shape)


def is_shape(value: Any) -> bool:
    return (
        type(value) is tuple
        and len(value) <= MOST_DIMENSIONS
        and all(type(number) is int for number in value)
    )


def dtype_name(value: Any) -> str:
    is_known = isinstance(value, Global) and value.module == "torch" and value.name in ITEM_SIZES
    return value.name if is_known else ""
