"""What the worker does with a handler."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.events import Call, Missing
from tests.pysource.rehearsal import plain, rehearse, seen, worker

BASE = "import seen\nfrom ts.torch_handler.base_handler import BaseHandler\n"


def test_function():
    """A function is first called without data, to load the model."""
    source = "import seen\ndef predict(data, context):\n    if data is None: seen(1)\n    else: seen(2)"
    events = rehearse(source, "predict")

    assert seen(events) == [1, 2]
    assert [each.phase for each in events] == ["load", "request"]


def test_class():
    """The file's only class is made, initialized, and gets a batch."""
    source = """
        import seen
        class Handler:
            def __init__(self): seen(1)
            def initialize(self, context): seen(2)
            def handle(self, data, context): seen(3)
    """

    assert seen(rehearse(source)) == [1, 2, 3]


def test_base_handler():
    """What a class leaves out is done by BaseHandler, which calls what the class has."""
    source = BASE + (
        "class Handler(BaseHandler):\n"
        "    def initialize(self, context):\n"
        "        super().initialize(context)\n"
        "        seen((self.model_pt_path, self.initialized))\n"
        "    def _load_torchscript_model(self, path): seen(path)\n"
        "    def preprocess(self, data):\n"
        "        for row in data: seen(1)\n"
        "        return row\n"
        "    def postprocess(self, data): [seen(2) for row in data]\n"
    )
    events = rehearse(source, serializedFile="a.pt")
    [path, (model_path, initialized), *rest] = seen(events)

    assert (path, plain(model_path), initialized, rest) == ("MODEL/a.pt", "MODEL/a.pt", True, [1, 2])


def test_derived():
    """A subclass of another of TorchServe's handlers has attributes that are not known here."""
    source = BASE.replace(
        "base_handler import BaseHandler", "vision_handler import VisionHandler as BaseHandler"
    )
    events = rehearse(
        source + "class H(BaseHandler):\n    def preprocess(self, data): self.ig", serializedFile="a.pt"
    )

    assert [each for each in events if isinstance(each, Missing)] == []


def test_model_file():
    """The model file runs, too, and its class is made."""
    files = {
        "h.py": BASE
        + "class Handler(BaseHandler):\n    def _load_pickled_model(self, *paths): seen(paths[1])",
        "net.py": "import seen\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self): seen(1)",
    }

    assert seen(rehearse(files, serializedFile="a.pth", modelFile="net.py")) == [1, "net.py"]


@pytest.mark.parametrize("source", ["class A: ...\nclass B: ...", "handle = 1", "import a", ""])
def test_nothing(source: str):
    """Where it cannot be told what is called, nothing is."""
    assert [each for each in rehearse(source) if isinstance(each, Call)] == []


def test_other():
    """A handler that is not in the archive is not followed."""
    assert worker({}).serve("image_classifier", None) == []


def test_steps():
    """A program that would run long is followed for a bounded number of steps."""
    lines = ["def f0(): ..."] + [f"def f{n}():\n  f{n - 1}(); f{n - 1}()" for n in range(1, 19)]
    bounded = worker(
        "import seen\nseen(1)\n" + "\n".join(lines) + "\nf18()\nseen(2)\ndef handle(data, context): ..."
    )

    assert seen(bounded.serve("h", None)) == [1]
    assert bounded.steps < 0
