"""What torch's own functions would make of the arguments in a pickle."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from hatch_mar.weights.pickles.disassembler import OPAQUE
from hatch_mar.weights.pickles.torch_objects import (
    ITEM_SIZES,
    STORAGE_DTYPES,
    Dictionary,
    Global,
    Instance,
    Storage,
    Tensor,
    call,
    parse_storage,
)

FLOATS = Global("torch", "FloatStorage")
STORAGE = Storage("0", "float32", 8, "cpu")


def rebuild(name: str, *arguments: Any) -> Any:
    return call(Global("torch._utils", name), arguments)


class TestStorage:
    def test_parse(self) -> None:
        """A persistent id of torch.save, and one of the old format, which has a view's data too."""
        assert parse_storage(("storage", FLOATS, "0", "cpu", 8)) == STORAGE
        assert parse_storage(("storage", FLOATS, "0", "cpu", 8, None)) == STORAGE
        assert STORAGE.size == 32

    @pytest.mark.parametrize(
        "pid",
        [
            None,
            "storage",
            ("storage", FLOATS, "0", "cpu"),
            ("module", FLOATS, "0", "cpu", 8),
            ("storage", "FloatStorage", "0", "cpu", 8),
            ("storage", FLOATS, 0, "cpu", 8),
            ("storage", FLOATS, "0", "cpu", -1),
            ("storage", FLOATS, "0", "cpu", True),
        ],
    )
    def test_other(self, pid: object) -> None:
        assert parse_storage(pid) is None

    def test_unknown_type(self) -> None:
        """The size of a storage of an unknown type is unknown."""
        storage = parse_storage(("storage", Global("torch", "NewStorage"), "0", "cpu", 8))

        assert storage is not None
        assert storage.size is None

    def test_torch(self, torch: ModuleType) -> None:
        """Types, and bytes of an element, are those of the installed torch."""
        types = torch.storage._dtype_to_storage_type_map()
        expected = {kind: str(dtype).removeprefix("torch.") for dtype, kind in types.items()}
        sizes = {name: getattr(torch, name).itemsize for name in ITEM_SIZES if hasattr(torch, name)}

        assert {kind: STORAGE_DTYPES.get(kind) for kind in expected} == expected
        assert {name: ITEM_SIZES[name] for name in sizes} == sizes


class TestCall:
    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("_rebuild_tensor", (STORAGE, 0, (8,), (1,))),
            ("_rebuild_tensor_v2", (STORAGE, 0, (2, 4), (4, 1), False, None)),
            ("_rebuild_tensor_v3", (STORAGE, 0, (8,), (1,), False, None, Global("torch", "float32"))),
            ("_rebuild_qtensor", (STORAGE, 0, (8,), (1,), None, False, None)),
            ("_rebuild_parameter", (Tensor("float32"), False, None)),
            ("_rebuild_sparse_tensor", (None, (Tensor("int64"), Tensor("float32"), (2, 2)))),
            ("_rebuild_meta_tensor_no_storage", (Global("torch", "float32"), (2,), (1,), False)),
            ("_rebuild_device_tensor_from_numpy", (None, Global("torch", "float32"), "cpu", False)),
        ],
    )
    def test_tensor(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Every function that rebuilds a tensor gives one of its dtype."""
        tensor = rebuild(name, *arguments)

        assert isinstance(tensor, Tensor)
        assert (tensor.dtype, tensor.fits) == ("float32", True)

    @pytest.mark.parametrize(
        ("offset", "shape", "stride", "fits"),
        [
            (0, (8,), (1,), True),
            (1, (8,), (1,), False),
            (0, (2, 4), (4, 1), True),
            (0, (2, 4), (5, 1), False),
            (9, (0, 4), (4, 1), True),
            (7, (), (), True),
            (8, (), (), False),
        ],
    )
    def test_fits(self, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], fits: bool) -> None:
        """A view fits if its last element is inside the storage; an empty one always does."""
        assert rebuild("_rebuild_tensor", STORAGE, offset, shape, stride).fits is fits

    def test_dictionaries(self) -> None:
        """An empty OrderedDict or Counter can be followed."""
        for name in ("OrderedDict", "Counter"):
            value = call(Global("collections", name), ())

            assert isinstance(value, Dictionary)
            assert not value.plain

    def test_wrapper(self) -> None:
        """The wrapper of a tensor's subclass calls the function it is given."""
        inner = Global("torch._utils", "_rebuild_tensor_v2")
        arguments = (STORAGE, 0, (8,), (1,), False, None)
        wrapper = Global("torch._tensor", "_rebuild_from_type_v2")

        assert call(wrapper, (inner, None, arguments, None)).dtype == "float32"
        assert call(wrapper, ("not a function", None, arguments, None)) is OPAQUE

    def test_wrapper_of_itself(self) -> None:
        """A wrapper of wrappers of wrappers ends the search."""
        wrapper = Global("torch._tensor", "_rebuild_from_type_v2")
        arguments: tuple[Any, ...] = ()
        for _ in range(100):
            arguments = (wrapper, None, arguments, None)

        assert isinstance(call(wrapper, arguments), Instance)

    def test_size(self) -> None:
        """A `torch.Size` is the tuple it is made from, so that it can be a shape."""
        assert call(Global("torch", "Size"), ((2, 4),)) == (2, 4)

    def test_other(self) -> None:
        """Anything else makes an instance, known by what made it."""
        value = call(Global("os", "system"), ("true",))

        assert isinstance(value, Instance)
        assert value.maker == ("os", "system")
        assert isinstance(call(Global("os", "system"), "not a tuple"), Instance)


class TestDictionary:
    def test_keys(self) -> None:
        """Strings are kept, the last one of a name; other keys are only counted."""
        dictionary = Dictionary(plain=True)
        dictionary.set("a", 1)
        dictionary.set("a", 2)
        dictionary.set(("b",), 3)

        assert (dictionary.items, dictionary.others) == ({"a": 2}, 1)
