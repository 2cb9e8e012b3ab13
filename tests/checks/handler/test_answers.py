"""Findings about what a handler answers; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from tests.checks import BASE, Files, found

CLASS = BASE.replace("...\n", "\n    ")
OWN = "class H:\n    def initialize(self, context): ...\n    "
HANDLE = "def handle(self, data, context): return []"
BATCHES: Files = {"c.yaml": "batchSize: 2\n"}


class TestReturn:
    @pytest.mark.parametrize(
        ("source", "line", "said"),
        [
            (f"{CLASS}def postprocess(self, data): return {{}}", 3, "`Handler.postprocess` returns a dict"),
            (f"{OWN}def handle(self, data, context): return 'ok'", 3, "`H.handle` returns a string"),
            (f"{OWN}def handle(self, data, context): print(data)", 3, "`H.handle` returns nothing"),
            (f"{OWN}async def handle(self, data, context): return {{}}", 3, "`H.handle` returns a dict"),
            ("def handle(data, context): return {}", 1, "`handle` returns a dict"),
            ("def handle(data, context):\n    if data:\n        return 1, 2", 3, "`handle` returns a tuple"),
        ],
    )
    def test_bad(self, source: str, line: int, said: str) -> None:
        files = {"h.py": source, "c.yaml": f"asyncCommunication: {str('async' in source).lower()}"}
        assert found(check, files, config_file="c.yaml") == [
            (
                f"digits.mar/h.py:{line}: MAR263 {said}, not a list;"
                " return a list with an answer for each request"
            )
        ]

    @pytest.mark.parametrize(
        "source",
        [
            f"{CLASS}def postprocess(self, data): return [{{}}]",
            f"{CLASS}def preprocess(self, data): return {{}}",
            f"{OWN}def postprocess(self, data): return {{}}\n    {HANDLE}",
            f"{CLASS}def postprocess(self, data): return {{}}\n    {HANDLE}",
            f"{CLASS}def postprocess(self, data): return {{}}\n    def f(self): self.handle = print",
            (
                "from ts.torch_handler.vllm_handler import VLLMHandler\n"
                "class H(VLLMHandler):\n    def postprocess(self, data): return {}"
            ),
            "def handle(data, context): return None if data is None else []",
            "from impl import handle",
        ],
    )
    def test_good(self, source: str) -> None:
        files = {"h.py": source, "impl.py": "def handle(data, context): return []", "r.txt": "vllm"}
        assert found(check, files, requirements_file="r.txt") == []

    def test_of_a_base(self) -> None:
        """A method may come from a class of another module."""
        files = {
            "h.py": "from base import Base\nclass H(Base): ...",
            "base.py": CLASS.replace("Handler(", "Base("),
        }
        files["base.py"] += "def postprocess(self, data): return {}"
        [message] = found(check, files)

        assert message.startswith("digits.mar/base.py:3: MAR263 `H.postprocess` returns a dict, ")


class TestSteps:
    @pytest.mark.parametrize(
        "method",
        [
            "def preprocess(self, data, context): ...",
            "def inference(self): ...",
            "def postprocess(self, data, *, threshold): ...",
            "@staticmethod\n    def preprocess(): ...",
        ],
    )
    def test_bad(self, method: str) -> None:
        [message] = found(check, {"h.py": CLASS + method})

        assert ": MAR264 `Handler." in message
        assert message.endswith(
            "` cannot be called with one argument, the data, as `BaseHandler.handle` calls it;"
            " take one argument besides `self`, and give all others a default"
        )

    @pytest.mark.parametrize(
        "methods",
        [
            "def preprocess(self, data, context=None): ...",
            "def inference(self, *args, **kwargs): ...",
            "@anything\n    def postprocess(self): ...",
            "@staticmethod\n    def preprocess(data): ...",
            "preprocess = print",
            "def inference(self): ...\n    def handle(self, data, context): ...",
        ],
    )
    def test_good(self, methods: str) -> None:
        assert found(check, {"h.py": CLASS + methods}) == []

    def test_async(self) -> None:
        assert found(check, {"h.py": CLASS + "async def inference(self, data): ..."}) == [
            (
                "digits.mar/h.py:3: MAR264 `Handler.inference` is `async`, but `BaseHandler.handle` does not"
                " await it; make it a plain method, or define an `async` method `handle` that awaits it"
            )
        ]

    def test_own_class(self) -> None:
        """A class without TorchServe's `handle` may call its methods as it likes."""
        source = f"{OWN}def handle(self, data, context): ...\n    def preprocess(self): ..."
        assert found(check, {"h.py": source}) == []


class TestFirst:
    @pytest.mark.parametrize(
        ("source", "line", "who"),
        [
            (f"{CLASS}def preprocess(self, data): return data[0]", 3, "Handler.preprocess"),
            (f"{OWN}def handle(self, data, context): return [data[0]]", 3, "H.handle"),
            ("def handle(data, context): return data and [data[0]]", None, ""),
            ("def handle(data, context):\n    if data is not None:\n        return [data[0]]", 3, "handle"),
            (
                "from ts.torch_handler.text_classifier import TextClassifier\nclass H(TextClassifier): ...",
                2,
                "TextClassifier.preprocess",
            ),
        ],
    )
    def test_batches(self, source: str, line: int | None, who: str) -> None:
        files = {"h.py": source, "source_vocab.pt": ""}
        messages = found(check, {**files, **BATCHES}, config_file="c.yaml")

        assert found(check, files) == []
        assert found(check, {**files, "c.yaml": "batchSize: 1"}, config_file="c.yaml") == []
        expected = (
            f"digits.mar/h.py:{line}: MAR265 `{who}` looks only at the first request, but a batch has up"
            " to 2 by `batchSize`; answer every request, or set `batchSize: 1`"
        )
        assert messages == ([expected] if line else [])

    @pytest.mark.parametrize(("handler", "told"), [("text_classifier", True), ("image_classifier", False)])
    def test_built_in(self, handler: str, told: bool) -> None:
        """TorchServe's own text handler answers the first request alone."""
        messages = found(check, {**BATCHES, "source_vocab.pt": ""}, handler, config_file="c.yaml")

        assert ["MAR265 Handler `text_classifier` looks only at" in message for message in messages] == [
            True
        ] * told
