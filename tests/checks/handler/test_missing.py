"""Findings about what is not there; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from tests.checks import BASE, HANDLER, found

OBJECT = BASE.replace("...\n", "\n    {}\n")
SERVICE = OBJECT + "service = Handler()\ndef handle(data, context):\n    {}\n"
INITIALIZE = HANDLER.replace("initialize(self, context): ...", "initialize(self, context): {}")
INFERENCE = "def inference(self, data): return data"
WEIGHTS = {"serialized_file": "model.pt"}


class TestData:
    @pytest.mark.parametrize(
        ("use", "line"),
        [
            ("return [data[0]]", 2),
            ("return [len(row) for row in data]", 2),
            ("for row in data: return []", 2),
            ("return len(data)", 2),
            ("return f(*data)", 2),
            ("return [1 in data]", 2),
            ("load(context)\n    return data.get('x')", 3),
            ("return rows(data)\ndef rows(requests): return list(requests)", 3),
        ],
    )
    def test_bad(self, use: str, line: int) -> None:
        name = "requests" if line == 3 and "requests" in use else "data"
        assert found(check, {"h.py": f"def handle(data, context):\n    {use}"}) == [
            (
                f"digits.mar/h.py:{line}: MAR266 `{name}` is None when TorchServe calls `handle` to load the"
                " model; return early `if data is None`"
            )
        ]

    @pytest.mark.parametrize(
        "use",
        [
            "return None if data is None else [data[0]]",
            "if not data: return\n    return [data[0]]",
            "return [row for row in data or []]",
            "try: return [data[0]]\n    except TypeError: return []",
            "return f(data)",
            "if not loaded: return []\n    return [data[0]]",
        ],
    )
    def test_good(self, use: str) -> None:
        assert found(check, {"h.py": f"def handle(data, context):\n    {use}"}) == []

    def test_object(self) -> None:
        """The methods of an object are followed."""
        method = f"def preprocess(self, data): return [row for row in data]\n    {INFERENCE}"
        for call in ("preprocess(data)", "handle(data, context)"):
            [message] = found(check, {"h.py": SERVICE.format(method, f"return service.{call}")})
            assert message.startswith(
                "digits.mar/h.py:3: MAR266 `data` is None when TorchServe calls `handle`"
            )


class TestKey:
    @pytest.mark.parametrize(
        ("key", "said"),
        [
            ("manifest['model']['modelFile']", 'manifest has no `modelFile` in `manifest["model"]`'),
            ("model_yaml_config['handler']['size']", "model configuration has no `handler`"),
            ("model_yaml_config['a']['b']", 'model configuration has no `b` in `model_yaml_config["a"]`'),
        ],
    )
    def test_archive(self, key: str, said: str) -> None:
        files = {"h.py": INITIALIZE.format(f"context.{key}"), "c.yaml": "a: {c: 1}"}
        assert found(check, files, config_file="c.yaml") == [
            f"digits.mar/h.py:2: MAR267 The archive's {said}; set it, or read it with `.get`"
        ]

    def test_misspelled(self) -> None:
        files = {"h.py": INITIALIZE.format("context.model_yaml_config['sise']"), "c.yaml": "size: 1"}
        [message] = found(check, files, config_file="c.yaml")

        assert message.endswith("configuration has no `sise`; did you mean `size`?")

    def test_properties(self) -> None:
        [message] = found(check, {"h.py": INITIALIZE.format("context.system_properties['gpu']")})

        assert message.endswith(": MAR267 `system_properties` has no `gpu`; use what it has")

    def test_no_configuration(self) -> None:
        [message] = found(check, {"h.py": INITIALIZE.format("context.model_yaml_config['a']")})

        text = "The archive has no model configuration, and so no `a` in it"
        assert message.endswith(f": MAR267 {text}; set `config-file`, or read it with `.get`")

    @pytest.mark.parametrize(
        "use",
        [
            "context.manifest['model'].get('modelFile')",
            "context.manifest['model']['handler']",
            "'modelFile' in context.manifest['model'] and context.manifest['model']['modelFile']",
            "context.model_yaml_config['a']['c']",
            "context.system_properties['gpu_id']",
            "context.model_yaml_config.get('b', {})",
        ],
    )
    def test_good(self, use: str) -> None:
        files = {"h.py": INITIALIZE.format(use), "c.yaml": "a: {c: 1}"}
        assert found(check, files, config_file="c.yaml") == []


class TestAttribute:
    @pytest.mark.parametrize(
        ("name", "fix"),
        [("model_config", "did you mean `model_yaml_config`?"), ("x", "use what it has")],
    )
    def test_context(self, name: str, fix: str) -> None:
        assert found(check, {"h.py": INITIALIZE.format(f"context.{name}")}) == [
            f"digits.mar/h.py:2: MAR268 TorchServe's context has no `{name}`; {fix}"
        ]

    def test_dictionary(self) -> None:
        """What a configuration has are keys, and not attributes."""
        files = {"h.py": INITIALIZE.format("context.model_yaml_config.size"), "c.yaml": "size: 1"}
        assert found(check, files, config_file="c.yaml") == [
            (
                "digits.mar/h.py:2: MAR268 `model_yaml_config` is a dictionary, which has no attribute"
                ' `size`; write `["size"]`'
            )
        ]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("net.Nets", "`net.py` does not define `Nets`, which the handler reads; did you mean `Net`?"),
            ("net.x", "`net.py` does not define `x`, which the handler reads; define it there"),
            ("net.Sizes.b", "Class `Sizes` does not have `b`, which the handler reads; define it there"),
        ],
    )
    def test_archive(self, line: str, said: str) -> None:
        """What is read of the archive's own modules and classes must be there."""
        files = {
            "h.py": "import net\n" + INITIALIZE.format(line),
            "net.py": "class Net: ...\nclass Sizes: a = 1",
        }
        assert found(check, files) == [f"digits.mar/h.py:3: MAR268 {said}"]

    @pytest.mark.parametrize(
        ("line", "module"),
        [
            ("net.a", "def __getattr__(name): ..."),
            ("net.a", "from os.path import *"),
            ("net.a", "def load():\n global a\n a = 1"),
            ("net.A.b", "class A: ...\nA.b = 1"),
            ("net.A.b", "class A:\n @classmethod\n def c(cls): cls.b = 1"),
            ("net.A.b", "from enum import Enum\nclass A(Enum): ..."),
            ("net.A.b", "class Meta(type): b = 1\nclass A(metaclass=Meta): ..."),
            ("net.A.__name__", "class A: ..."),
            ("net.A.mro()", "class A: ..."),
            ("getattr(net, 'a', None)", ""),
            ("net.part.a", ""),
        ],
    )
    def test_archive_good(self, line: str, module: str) -> None:
        files = {"h.py": "import net\n" + INITIALIZE.format(line), "net.py": module}
        if "part" in line:
            files = {"h.py": files["h.py"], "net/__init__.py": "from . import part", "net/part.py": "a = 1"}
        assert found(check, files) == []

    def test_unset(self) -> None:
        """What is missing is said once, and of two things in a line the first."""
        assert found(check, {"h.py": INITIALIZE.format("self.a + self.b + self.a")}) == [
            (
                "digits.mar/h.py:2: MAR268 `Handler` has no `a`, and nothing sets it;"
                " define it, or set it in `initialize`"
            )
        ]

    def test_inherited(self) -> None:
        """What BaseHandler's own steps read must be set, too."""
        methods = "def __init__(self): self.model = print\n    def initialize(self, context): ...\n    {}"
        source = OBJECT.format(methods.format("def preprocess(self, data): return data"))
        assert found(check, {"h.py": source}) == [
            (
                "digits.mar/h.py:3: MAR268 `Handler.__init__` does not call that of its base class, and"
                " nothing else sets `self.device`, which `BaseHandler` needs; begin it with"
                " `super().__init__()`"
            )
        ]

    def test_constructor(self) -> None:
        """What the base class would set in its constructor is missing if that is not called."""
        source = SERVICE.format(
            "def __init__(self): self.model = print",
            "if data is not None: return service.inference(data)",
        )
        assert found(check, {"h.py": source}) == [
            (
                "digits.mar/h.py:3: MAR268 `Handler.__init__` does not call that of its base class, and"
                " nothing else sets `self.context`, which `h.py` needs in line 6; begin it with"
                " `super().__init__()`"
            )
        ]

    @pytest.mark.parametrize(
        "method",
        [
            "def __init__(self): super().__init__()",
            "def __init__(self): BaseHandler.__init__(self)",
            "def __init__(self): self.device = self.context = self.model = print",
        ],
    )
    def test_good(self, method: str) -> None:
        source = SERVICE.format(method, "if data is not None: return service.inference(data)")
        assert found(check, {"h.py": source}) == []

    def test_steps(self) -> None:
        """`BaseHandler.initialize` and `handle` set what they need, whatever the constructor does."""
        assert found(check, {"h.py": OBJECT.format("def __init__(self): ...")}, **WEIGHTS) == []


class TestModule:
    def test_path(self) -> None:
        """On another path there may be another module of the name."""
        line = "sys.path.insert(0, 'lib'); import net; net.Network"
        files = {"h.py": "import sys\n" + INITIALIZE.format(line), "net.py": ""}
        assert found(check, files) == []


class TestNone:
    LABELS = "def postprocess(self, data): return [self.mapping[str(row)] for row in data]"

    def test_labels(self) -> None:
        files = {"h.py": OBJECT.format(self.LABELS)}
        assert found(check, files, **WEIGHTS) == [
            (
                "digits.mar/h.py:3: MAR269 `self.mapping` is None, since the archive has no"
                " `index_to_name.json`; add it to `extra-files`"
            )
        ]
        assert found(check, {**files, "index_to_name.json": "{}"}, **WEIGHTS) == []

    def test_elsewhere(self) -> None:
        """That labels are in a folder is told by their own check."""
        files = {"h.py": OBJECT.format(self.LABELS), "data/index_to_name.json": "{}"}
        assert found(check, files, **WEIGHTS) == []

    def test_tensor(self) -> None:
        """What is made of a batch has something for each request, too."""
        source = OBJECT.format(self.LABELS.replace("in data", "in data.argmax(1).tolist()"))
        [message] = found(check, {"h.py": source}, **WEIGHTS)

        assert ": MAR269 `self.mapping` is None" in message

    def test_default(self) -> None:
        [message] = found(check, {"h.py": INITIALIZE.format("context.model_yaml_config.get('a')['b']")})

        assert message.endswith(".get('a')` is None here; set the key, or give `.get` a default")

    def test_initialize(self) -> None:
        source = OBJECT.format(f"def initialize(self, context): ...\n    {self.LABELS}\n    {INFERENCE}")
        assert found(check, {"h.py": source, "index_to_name.json": "{}"}, **WEIGHTS) == [
            (
                "digits.mar/h.py:4: MAR269 `self.mapping` is None, since `Handler.initialize` does not call"
                " that of its base class; set `self.mapping`, or call `super().initialize(context)`"
            )
        ]

    @pytest.mark.parametrize(("body", "told"), [("self.net = load()", True), ("self.model = load()", False)])
    def test_model(self, body: str, told: bool) -> None:
        """BaseHandler's own `inference` calls the model."""
        files = {"h.py": OBJECT.format(f"def initialize(self, context): {body}")}
        said = (
            "digits.mar/h.py:2: MAR269 `self.model` is None when `BaseHandler.inference` calls it, since"
            " `Handler.initialize` does not call that of its base class; set `self.model`, or call"
            " `super().initialize(context)`"
        )
        assert found(check, files, **WEIGHTS) == [said] * told

    def test_other(self) -> None:
        [message] = found(check, {"h.py": INITIALIZE.format("(x := None).load()")})

        assert ": MAR269 `(x := None)` is None here;" in message

    @pytest.mark.parametrize(
        "use",
        [
            "self.mapping[str(row)] if self.mapping else row",
            "self.mapping and self.mapping[str(row)]",
            "map_class_to_label(row, self.mapping)",
        ],
    )
    def test_good(self, use: str) -> None:
        source = OBJECT.format(f"def postprocess(self, data): return [{use} for row in data]")
        assert found(check, {"h.py": source}, **WEIGHTS) == []
