"""Findings about model files; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check as check_handler
from hatch_mar.checks.model_file import check, imported_module
from hatch_mar.pysource.module import PYTHON
from tests.checks import BASE, HANDLER, NET, Files, found, subject

ALONE = "keep the model's class alone in the file and import the others"
TWO = NET + "class Block: ...\n"


def net(source: str | bytes, *, handler: str = "base_handler", more: Files | None = None) -> list[str]:
    return found(check, {"net.py": source, **(more or {})}, handler, model_file="net.py")


@pytest.mark.parametrize(
    "source",
    [
        NET,
        "from torch.nn import Linear, Module\n" + NET,
        NET.replace("...", "\n    def __init__(self, *sizes, **more): ..."),
        NET.replace("...", "\n    def __init__(self, size=1): ..."),
        NET + "if __name__ == '__main__':\n    class Main: ...\n",
        "@dataclass\nclass Net(Module):\n    size: int = 1\n    sizes: list = field(default_factory=list)\n",
        "try:\n    class Net: ...\nexcept ImportError:\n    class Net: ...\n",
        "from layers import *\n" + NET,
    ],
)
def test_good(source: str) -> None:
    assert net(source) == []


def test_no_model_file() -> None:
    assert found(check, {}, "base_handler") == []


def test_missing() -> None:
    assert found(check, {"src/net.py": NET}, "base_handler", model_file="net.py") == [
        (
            "digits.mar/MAR-INF/MANIFEST.json: MAR301 The archive has no `net.py`; add the file, at the"
            " archive's root"
        )
    ]


@pytest.mark.parametrize("source", ["class", "nonlocal x\n", b"\xff"])
def test_syntax(source: str | bytes) -> None:
    [message] = net(source)

    assert f"digits.mar/net.py:1: MAR302 The model file is not {PYTHON}: " in message


@pytest.mark.parametrize(
    ("source", "line", "shown"),
    [
        (TWO, ":3", "`Net`, `Block`"),
        (NET + "Model = Net\n", ":2", "`Net`, `Model` (the same as `Net`)"),
        ("@dataclass\nclass Sizes: ...\n" + NET, ":4", "`Sizes`, `Net`"),
        ("from torchvision.models import ResNet as Net\n", "", "no class"),
        ("def build(): ...\n", "", "no class"),
    ],
)
def test_classes(source: str, line: str, shown: str) -> None:
    assert net(source) == [
        (
            f"digits.mar/net.py{line}: MAR303 The model file defines {shown} where TorchServe expects one"
            f" class; {ALONE}"
        )
    ]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (NET.replace("...", "\n    def __init__(self, size, *, depth): ..."), "`size`, `depth`"),
        ("@dataclass\nclass Net(Module):\n    size: int\n", "`size`"),
    ],
)
def test_arguments(source: str, wanted: str) -> None:
    assert net(source) == [
        (
            f"digits.mar/net.py:2: MAR304 Class `Net` is made without arguments, but requires {wanted};"
            " give every argument a default"
        )
    ]


@pytest.mark.parametrize(("file", "stem"), [("my.net.py", "my"), ("src/net.py", "src/net"), ("net", "net")])
def test_stem(file: str, stem: str) -> None:
    assert found(check, {file: NET}, "base_handler", model_file=file) == [
        (
            f"digits.mar/{file}: MAR305 TorchServe would import `{file}` as `{stem}`;"
            " give the file the name of a module, without further dots"
        )
    ]


def test_package_of_the_name() -> None:
    """If there is a package of the same name, TorchServe imports that."""
    [message] = net(NET, more={"net/__init__.py": ""})

    assert message.startswith("digits.mar/net/__init__.py: MAR303 ")


def test_name_of_another() -> None:
    """A model file may hide a module of Python as any other file may."""
    [message] = found(check_handler, {"queue.py": NET}, "base_handler", model_file="queue.py")

    assert message.startswith("digits.mar/queue.py: MAR241 ")


class TestSeverity:
    """A handler that may load the model file in another way makes a fault a warning."""

    @pytest.mark.parametrize(
        ("handler", "files"),
        [
            ("image_classifier", {}),
            ("densenet_handler", {}),
            ("h.py", {"h.py": BASE}),
            ("h.py", {"h.py": BASE.replace("...", "\n    def initialize(self, c): super().initialize(c)")}),
        ],
    )
    def test_error(self, handler: str, files: Files) -> None:
        [finding] = check(subject({"net.py": TWO, **files}, handler, model_file="net.py"))

        assert finding.severity == "error"

    @pytest.mark.parametrize(
        ("handler", "files"),
        [
            ("digits.serving", {}),
            ("h.py", {"h.py": "from impl import Base\nclass H(Base): ...\n"}),
            ("h.py", {"h.py": "service = Service()\ndef handle(data, c): service.initialize(c)\n"}),
            ("h.py", {"h.py": HANDLER.replace("...", "self.model_file = c['modelFile']")}),
        ],
    )
    def test_warning(self, handler: str, files: Files) -> None:
        [finding] = check(subject({"net.py": TWO, **files}, handler, model_file="net.py"))

        assert finding.severity == "warning"

    @pytest.mark.parametrize("source", [HANDLER, "def handle(data, context): ..."])
    def test_nothing(self, source: str) -> None:
        made = subject({"net.py": TWO, "h.py": source}, model_file="net.py")

        assert list(check(made)) == []
        assert imported_module(made) is None


@pytest.mark.parametrize(
    ("source", "keys", "lacking"),
    [
        ("class Net: ...", {"serialized_file": "w.pth"}, "load_state_dict"),
        ("class Net(object): ...", {}, "to"),
        ("from layers import Layer\nclass Net(Layer):\n    def to(self, device): ...", {}, "eval"),
        (BASE, {}, "to"),
    ],
)
def test_no_module(source: str, keys: dict[str, str], lacking: str) -> None:
    """TorchServe loads and moves the model, which its class must be able to."""
    files = {"net.py": source, "layers.py": "class Layer: ..."}
    [message] = found(check, files, "base_handler", model_file="net.py", **keys)

    name = "Handler" if source == BASE else "Net"
    assert (
        f" MAR306 Class `{name}` has no `{lacking}`, which TorchServe calls; derive it from `torch" in message
    )


@pytest.mark.parametrize(
    "source",
    [
        NET,
        "from anything import Base\nclass Net(Base): ...",
        "class Net:\n    def __getattr__(self, name): ...",
        "class Net:\n    def __init__(self): self.to = self.eval = print",
        "class Net:\n    def to(self, device): ...\n    def eval(self): ...",
    ],
)
def test_perhaps_module(source: str) -> None:
    assert net(source) == []


def test_own_loading() -> None:
    """A handler that loads the model itself may do without."""
    files = {"h.py": HANDLER.replace("...", "'modelFile'", 1), "net.py": "class Net: ..."}
    assert found(check, files, model_file="net.py") == []
