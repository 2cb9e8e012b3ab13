"""The tensors of a model's state_dict, worked out from the code that makes the model."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import cast

from hatch_mar.pysource.rehearsal.calls import Site
from hatch_mar.pysource.rehearsal.known_values import (
    PRESENT,
    UNKNOWN,
    Class,
    Frame,
    Function,
    Inherited,
    Instance,
    Reference,
    Result,
    Value,
    is_constant,
)
from hatch_mar.pysource.rehearsal.layers import WITH_TENSORS, WITHOUT_TENSORS, Shape, Shapes, shapes_of
from hatch_mar.pysource.rehearsal.objects import PLAIN_CLASSES
from hatch_mar.pysource.rehearsal.serving import Worker
from hatch_mar.pysource.rehearsal.ways import Stopped

MODULES = {"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module"}
CONSTRUCTORS = {f"{each}.__init__" for each in MODULES}
LISTS = {"Sequential", "ModuleList"}
PARTS = {*WITH_TENSORS, *WITHOUT_TENSORS, *LISTS, "ModuleDict", "Parameter"}
"""What of `torch.nn` is followed."""
FILLED = {"torch.zeros", "torch.ones", "torch.empty", "torch.rand", "torch.randn"}
"""Functions that make a tensor of a shape."""
ORDERED = "collections.OrderedDict"
BUFFER = "a buffer"

HARMLESS = {
    *("apply", "eval", "train", "parameters", "named_parameters", "modules", "named_modules", "children"),
    *("requires_grad_", "weight", "bias", "data", "in_features", "out_features"),
}
"""Methods and attributes of a module that leave the names and the shapes of its tensors alone."""
DECISIVE = {
    *("state_dict", "load_state_dict", "_load_from_state_dict", "_save_to_state_dict", "__setattr__"),
    *("named_parameters", "named_buffers", "register_buffer", "register_parameter", "add_module"),
    *("__new__", "_register_load_state_dict_pre_hook", "register_load_state_dict_pre_hook"),
}
"""Methods by which a class decides on the names itself."""
NO_MODULES = ("math.", "logging.", "os.", "torch.device")
"""What begins the names of functions that return no module."""


class Intricate(Exception):
    """The model's tensors cannot be told."""


class Layer(Result):
    """A layer or a tensor of torch, with what it was made of. Each is another one, however alike."""

    args: tuple[Value, ...]
    keywords: Mapping[str, Value]

    def __init__(self, name: str, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> None:
        super().__init__(name)
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "keywords", keywords)

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Network(Worker):
    """Makes a model as TorchServe does, and keeps what its layers are made of."""

    def find_tensors(self, name: str) -> Shapes | None:
        """The shapes of the tensors of the only class that a module defines; None if they cannot be told."""
        try:
            package = self.import_module(name)
            only = package.frame.module.only_class if package else None
            of = self.store.get(package.frame, only.name) if package and only else None
            return self.tensors_of(self.make_object(of, (), {})) if isinstance(of, Class) else None
        except (Intricate, Stopped, RecursionError):
            return None

    def apply_partly(self, function: Value, site: Site) -> Value:
        value = super().apply_partly(function, site)
        if isinstance(value, Result) and (
            split_part(value.name)[1] == "" or value.name in (*FILLED, ORDERED)
        ):
            return Layer(value.name, site.args, site.keywords)
        return value

    def record(self, name: str, site: Site) -> None:
        part, rest = split_part(name)
        if part and rest and rest.partition(".")[0] not in HARMLESS:
            raise Intricate
        is_followed = (part and not rest) or name in CONSTRUCTORS
        changing = (Instance,) if name.rpartition(".")[0] in MODULES else (Instance, Layer)
        given = (*site.args, *site.keywords.values())
        if not is_followed and any(isinstance(each, changing) for each in given):
            # what gets a module may change it
            raise Intricate
        super().record(name, site._replace(args=(), keywords={}))

    def call_inherited(
        self, method: Inherited, args: tuple[Value, ...], keywords: Mapping[str, Value]
    ) -> Value:
        if method.base not in MODULES:
            return super().call_inherited(method, args, keywords)
        match method.name, args:
            case "__init__", _:
                return PRESENT
            case "add_module" | "register_module" | "register_parameter", (str() as name, value):
                self.store.bind(method.instance, name, value)
            case "register_buffer", (str() as name, value, *rest):
                if keywords.get("persistent", rest[0] if rest else True) is True:
                    self.store.bind(method.instance, name, Layer(BUFFER, (value,), {}))
            case name, _ if name not in HARMLESS:
                raise Intricate
        return UNKNOWN

    def assign_attribute(self, target: ast.Attribute, value: Value, frame: Frame) -> None:
        if isinstance(self.evaluate(target.value, frame), Result):
            raise Intricate
        super().assign_attribute(target, value, frame)

    def assign_item(self, target: ast.Subscript, frame: Frame) -> None:
        if isinstance(self.evaluate(target.value, frame), Result):
            raise Intricate
        super().assign_item(target, frame)

    def tensors_of(self, value: Value) -> Shapes:
        """The tensors of a module or a parameter; none of anything else that an object may have."""
        match value:
            case Layer():
                return self.tensors_of_layer(value)
            case Instance():
                return self.tensors_of_object(value)
            case Result(name=name) if name.startswith(NO_MODULES):
                return {}
            case Function() | Class() | Mapping():
                return {}
        if is_constant(value) or isinstance(value, tuple):
            return {}
        raise Intricate

    def tensors_of_object(self, instance: Instance) -> Shapes:
        line = instance.of.lineage
        outside = {each.name for each in line if isinstance(each, Reference)} - PLAIN_CLASSES
        own = {node.name for each in line if isinstance(each, Class) for node in functions(each)}
        is_known = all(isinstance(each, (Class, Reference)) for each in line)
        if not is_known or instance in self.changed or instance.of.is_open or own & DECISIVE:
            raise Intricate
        if not outside:
            return {}
        if not outside <= MODULES:
            raise Intricate
        return self.gather(self.store.all_of(instance).items())

    def tensors_of_layer(self, layer: Layer) -> Shapes:
        part, _ = split_part(layer.name)
        if part in LISTS:
            parts = layer.args
            if len(parts) == 1 and isinstance(parts[0], tuple):
                parts = parts[0]
            ordered = parts[0] if parts and isinstance(parts[0], Layer) and parts[0].name == ORDERED else None
            return self.gather(
                pairs_of(ordered) if ordered else ((str(n), each) for n, each in enumerate(parts))
            )
        if part == "ModuleDict":
            return self.gather(pairs_of(layer))
        if part == "Parameter" or layer.name == BUFFER:
            return {"": shape_of(layer.args[0] if layer.args else UNKNOWN)}
        return make_shapes(part, layer) if part else {}

    def gather(self, parts: Iterable[tuple[str, Value]]) -> Shapes:
        found: Shapes = {}
        for prefix, value in parts:
            tensors = self.tensors_of(value)
            self.take_step(1 + len(tensors))
            for name, shape in tensors.items():
                found[f"{prefix}.{name}".removesuffix(".")] = shape
        return found


def make_shapes(part: str, layer: Layer) -> Shapes:
    keywords = {key: value for key, value in layer.keywords.items() if key not in ("device", "dtype")}
    if not all(map(is_constant, (*layer.args, *keywords.values()))):
        raise Intricate
    found = shapes_of(part, layer.args, keywords)
    if found is None:
        raise Intricate
    return found


def pairs_of(layer: Layer) -> Iterable[tuple[str, Value]]:
    """The names and the modules of a dictionary, or of pairs."""
    match layer.args:
        case ():
            return ()
        case (Mapping() as named,):
            return cast("Iterable[tuple[str, Value]]", named.items())
        case (tuple() as pairs,) if all(isinstance(each, tuple) and len(each) == 2 for each in pairs):
            return cast("Iterable[tuple[str, Value]]", pairs)
    raise Intricate


def shape_of(value: Value) -> Shape:
    if isinstance(value, Layer) and value.name in FILLED:
        sizes = value.args[0] if len(value.args) == 1 and isinstance(value.args[0], tuple) else value.args
        if isinstance(sizes, tuple) and sizes and all(isinstance(each, int) for each in sizes):
            return cast("Shape", sizes)
    raise Intricate


def split_part(name: str) -> tuple[str, str]:
    """What of `torch.nn` a name begins with, and what follows; empty if it is nothing that is followed."""
    part, _, rest = name.removeprefix("torch.nn.").partition(".")
    return (part, rest) if name.startswith("torch.nn.") and part in PARTS else ("", name)


def functions(of: Class) -> Iterable[ast.FunctionDef]:
    return (node for node in of.node.body if isinstance(node, ast.FunctionDef))
