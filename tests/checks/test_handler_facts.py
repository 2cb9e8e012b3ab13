"""Who loads the weights is told by the class that TorchServe would use."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler_facts import (
    built_in,
    imported_built_ins,
    imported_helpers,
    loads_as_base_handler,
    needs_config,
)
from hatch_mar.torchserve.handlers import BUILT_INS, DALI_PIPELINE
from tests.checks import BASE, HANDLER, subject

INITIALIZE = "def initialize(self, context): "


class TestBuiltIn:
    @pytest.mark.parametrize("name", ["base_handler", "text_handler", "distributed.base_pippy_handler"])
    def test_name(self, name: str):
        assert built_in(subject({}, name)) == BUILT_INS[name]

    @pytest.mark.parametrize("handler", ["base_handler.py", "base_handler:handle", "a/base_handler", "other"])
    def test_other(self, handler: str):
        """TorchServe looks for its own handlers by the whole of the manifest's value."""
        assert built_in(subject({}, handler)) is None

    def test_own_module(self):
        """A module of the archive takes the place of a built-in handler."""
        assert built_in(subject({"base_handler.py": HANDLER}, "base_handler")) is None


class TestImports:
    def test_module(self):
        """What the handler's module imports of TorchServe's, wherever in the file."""
        source = BASE + "def f():\n    from ts.handler_utils.preprocess.dali import get_dali_pipeline\n"

        assert imported_built_ins(subject({"h.py": source})) == [BUILT_INS["base_handler"]]
        assert imported_helpers(subject({"h.py": source})) == [DALI_PIPELINE]

    def test_built_in(self):
        """What a built-in handler imports is in the table."""
        assert imported_built_ins(subject({}, "image_classifier")) == []

    @pytest.mark.parametrize(
        ("handler", "expected"),
        [("base_handler", False), ("vllm_handler", True), ("dali_handler", True), ("h.py", False)],
    )
    def test_needs_config(self, handler: str, expected: bool):
        assert needs_config(subject({"h.py": BASE}, handler)) is expected


class TestLoadsAsBaseHandler:
    @pytest.mark.parametrize(
        "source",
        [
            BASE,
            BASE.replace("...", f"\n    {INITIALIZE}super().initialize(context)"),
            BASE + "if TYPE_CHECKING:\n    class Row: ...\n",
            BASE + "if __name__ == '__main__':\n    class Main: ...\n",
            BASE + "def handle_row(row): ...\n",
            "from ts.torch_handler import dali_handler\nclass H(dali_handler.DALIHandler): ...\n",
            "from ts.torch_handler.vision_handler import VisionHandler as Base\nclass H(Base): ...\n",
            "import ts.torch_handler.base_handler as base\nclass H(base.BaseHandler): ...\n",
            "import ts.torch_handler.base_handler\nclass H(ts.torch_handler.base_handler.BaseHandler): ...\n",
            "from ts.torch_handler.vision_handler import BaseHandler\nclass H(BaseHandler): ...\n",
            (
                "try:\n    from ts.torch_handler.base_handler import BaseHandler\n"
                "except ImportError:\n    BaseHandler = object\nclass H(BaseHandler): ...\n"
            ),
            "import a\n"
            + BASE.replace("class", "if a:\n    class")
            + "else:\n    class Handler(BaseHandler): ...\n",
        ],
    )
    def test_inherits(self, source: str):
        """A class that inherits from one of TorchServe's loads as it does, whatever else is in the file."""
        assert loads_as_base_handler(subject({"h.py": source}))

    @pytest.mark.parametrize(
        "source",
        [
            "",
            HANDLER,
            BASE + "def handle(data, context): ...\n",
            BASE + "from functions import handle\n",
            BASE + "handle = lambda data, context: data\n",
            BASE + "class Row: ...\n",
            "from digits.base import BaseHandler\nclass H(BaseHandler): ...\n",
            "from .base_handler import BaseHandler\nclass H(BaseHandler): ...\n",
            "class BaseHandler: ...\ndel BaseHandler\nclass H(BaseHandler): ...\n",
            "from ts.torch_handler.vllm_handler import VLLMHandler\nclass H(VLLMHandler): ...\n",
            "from ts.torch_handler.densenet_handler import DenseNetHandler\nclass H(DenseNetHandler): ...\n",
            BASE.replace("...", f"\n    {INITIALIZE}self.model = None"),
            BASE.replace("...", "\n    initialize = print"),
            BASE.replace("...", "\n    def _load_torchscript_model(self, path): ..."),
            BASE.replace("...", "\n    if a:\n        def _load_pickled_model(self, *paths): ..."),
        ],
    )
    def test_own_way(self, source: str):
        """A function, or a class that loads by itself, may load anything."""
        assert not loads_as_base_handler(subject({"h.py": source}))

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_built_in(self, name: str):
        assert loads_as_base_handler(subject({}, name)) is BUILT_INS[name].loads_as_base_handler

    @pytest.mark.parametrize(("handler", "expected"), [("h.py:predict", False), ("h.py:missing", True)])
    def test_function_named(self, handler: str, expected: bool):
        """Of the functions, only the one that TorchServe calls counts."""
        source = BASE + "def predict(data, context): ...\n"

        assert loads_as_base_handler(subject({"h.py": source}, handler)) is expected
