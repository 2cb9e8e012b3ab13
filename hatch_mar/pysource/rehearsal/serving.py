"""What TorchServe's worker does with an archive: it imports, makes, initializes and calls its handler.

pytorch/serve 0.12, ts/model_loader.py, ts/service.py, ts/torch_handler/base_handler.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hatch_mar.pysource.module import Module
from hatch_mar.pysource.rehearsal.events import Event
from hatch_mar.pysource.rehearsal.known_values import (
    ABSENT,
    BATCH,
    PRESENT,
    UNKNOWN,
    Class,
    Context,
    Function,
    Inherited,
    Instance,
    Table,
    Value,
)
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR
from hatch_mar.pysource.rehearsal.statements import Statements
from hatch_mar.pysource.rehearsal.ways import Stopped
from hatch_mar.torchserve.base_handler import ATTRIBUTES, CALLS, NEEDS
from hatch_mar.torchserve.context import CONTEXT_ATTRIBUTES, SYSTEM_PROPERTIES
from hatch_mar.torchserve.handlers import HANDLERS_PACKAGE, handles_in_steps

MOST_STEPS = 50_000
"""Statements and expressions that are followed: those of more than a thousand lines."""


class Worker(Statements):
    """A worker that has an archive with this manifest and this model configuration."""

    def __init__(
        self,
        find_module: Callable[[str], Module | None],
        manifest: Mapping[str, object],
        config: Mapping[str, object] | None,
        members: Mapping[str, object],
    ) -> None:
        super().__init__(find_module, MOST_STEPS)
        model = manifest.get("model")
        self.model: Mapping[str, object] = model if isinstance(model, Mapping) else {}
        self.members = members
        properties = dict.fromkeys(SYSTEM_PROPERTIES, UNKNOWN) | {"model_dir": MODEL_DIR}
        known = {
            "manifest": table("manifest", manifest),
            "system_properties": Table("system_properties", properties),
            "_system_properties": Table("system_properties", properties),
            "model_yaml_config": UNKNOWN if config is None else table("model_yaml_config", config),
        }
        for name in CONTEXT_ATTRIBUTES:
            self.store.bind(Context, name, known.get(name, UNKNOWN))

    def serve(self, handler: str, function: str | None) -> list[Event]:
        """Load the handler of this module, and call it with one batch of requests."""
        try:
            if package := self.import_module(handler):
                entry = self.store.get(package.frame, function or "handle")
                if isinstance(entry, Function):
                    self.call_function(entry)
                elif only := package.frame.module.only_class:
                    made = self.store.get(package.frame, only.name)
                    self.call_class(made) if isinstance(made, Class) and entry is ABSENT else None
            elif model_file := self.model.get("modelFile"):
                self.load_model_file(str(model_file))
        except (Stopped, RecursionError):
            # what has been seen is so, whatever follows
            pass
        return self.events

    def call_function(self, entry: Function) -> None:
        self.run_function(entry, (None, Context()), {})
        self.phase = "request"
        self.run_function(entry, (BATCH, Context()), {})

    def call_class(self, of: Class) -> None:
        instance = self.make_object(of, (), {})
        self.call_method(instance, "initialize", Context())
        self.phase = "request"
        self.call_method(instance, "handle", BATCH, Context())

    def call_method(self, instance: Instance, name: str, *args: Value) -> Value:
        match self.bind_method(instance, name, instance.of.lineage):
            case Function() as method:
                return self.run_function(method, args, {})
            case Inherited() as method:
                return self.call_inherited(method, args, {})
        return UNKNOWN

    def call_inherited(
        self, method: Inherited, args: tuple[Value, ...], keywords: Mapping[str, Value]
    ) -> Value:
        """Do what TorchServe's own handlers do; other classes do what is not known."""
        if not method.base.startswith(f"{HANDLERS_PACKAGE}."):
            return PRESENT if method.name == "__init__" else UNKNOWN
        instance = method.instance
        match method.name:
            case "__init__":
                for name, value in (*ATTRIBUTES.items(), ("profiler_args", PRESENT)):
                    self.store.bind(instance, name, value)
            case "initialize":
                self.initialize(instance)
            case "handle":
                self.handle(instance, *args, *keywords.values())
        return UNKNOWN

    def initialize(self, instance: Instance) -> None:
        """What `BaseHandler.initialize` does."""
        file, model_file = self.model.get("serializedFile"), self.model.get("modelFile")
        path = f"{MODEL_DIR}/{file}" if isinstance(file, str) else None
        labels = UNKNOWN if "index_to_name.json" in self.members else None
        bound = {
            "manifest": self.store.get(Context, "manifest"),
            "model_yaml_config": self.store.get(Context, "model_yaml_config"),
            "map_location": PRESENT,
            "device": PRESENT,
            "model_pt_path": path,
        }
        for name, value in bound.items():
            self.store.bind(instance, name, value)
        if isinstance(model_file, str) and model_file:
            self.load_model_file(model_file)
            model = self.call_method(instance, "_load_pickled_model", MODEL_DIR, model_file, path)
        elif path and path.endswith(".pt"):
            model = self.call_method(instance, "_load_torchscript_model", path)
        else:
            model = PRESENT
        for name, value in {"model": model or PRESENT, "mapping": labels, "initialized": True}.items():
            self.store.bind(instance, name, value)

    def load_model_file(self, name: str) -> None:
        """What `BaseHandler` does with a model file, as some other of TorchServe's own handlers do."""
        package = self.import_module(name.partition(".")[0])
        only = package.frame.module.only_class if package else None
        made = self.store.get(package.frame, only.name) if package and only else None
        if isinstance(made, Class):
            self.make_object(made, (), {})

    def handle(self, instance: Instance, data: Value = BATCH, context: Value = UNKNOWN, *_: Value) -> None:
        """What `BaseHandler.handle` does."""
        self.store.bind(instance, "context", context)
        for step in ("preprocess", "inference", "postprocess"):
            self.check_called(instance, step)
            # what is made of a batch has something for each request
            data = self.call_method(instance, step, BATCH if data in (UNKNOWN, PRESENT) else data)

    def check_called(self, instance: Instance, step: str) -> None:
        """An inherited step fails if what it reads is not there, or what it calls is None."""
        method = self.bind_method(instance, step, instance.of.lineage)
        if not isinstance(method, Inherited) or not handles_in_steps(method.base):
            return
        of, called = instance.of, CALLS.get(step)
        for name in NEEDS[step]:
            value = self.instance_attribute(instance, name, of.node, of.frame)
            if value is None and name == called and not of.may_set(name):
                self.report_missing(of.node, of.frame, f"self.{name}", None, of)


def table(name: str, data: Mapping[str, object]) -> Table:
    """A table of text, numbers and further tables, as JSON or YAML has them."""
    return Table(name, {key: known(f'{name}["{key}"]', value) for key, value in data.items()})


def known(name: str, value: object) -> Value:
    if isinstance(value, Mapping):
        return table(name, value)
    return tuple(known(name, each) for each in value) if isinstance(value, list) else value
