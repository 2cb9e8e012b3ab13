"""Findings about the call at load; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from tests.checks import BASE, HANDLER, found

OBJECT = BASE.replace("...\n", "\n    {}\nservice = Handler()\n")
PREPROCESS = "def preprocess(self, data): return [len(row) for row in data]"
LOADING = "    if not service.initialized:\n        service.initialize(context)\n"


def message(line: int, said: str = "", file: str = "h.py", function: str = "handle") -> str:
    return (
        f"digits.mar/{file}:{line}: MAR266 `{function}` uses its data{said}, which is None when TorchServe"
        " loads the model; return early `if data is None`"
    )


def test_bad() -> None:
    assert found(check, {"h.py": "def handle(data, context): return [data[0]]"}) == [message(1)]
    source = "def predict(data, context): return [data[0]]"
    assert found(check, {"h.py": source}, "h.py:predict") == [message(1, function="predict")]


@pytest.mark.parametrize(
    ("method", "call", "said"),
    [
        (PREPROCESS, "preprocess", "preprocess"),
        (PREPROCESS, "handle", "preprocess"),
        (
            PREPROCESS + "\n    def infer(self, data): return self.preprocess(data)",
            "infer",
            "preprocess",
        ),
    ],
)
def test_object(method: str, call: str, said: str) -> None:
    """The methods of an object that the module makes are followed."""
    source = OBJECT.format(method) + f"def handle(data, context):\n{LOADING}    return service.{call}(data)"
    assert found(check, {"h.py": source}) == [message(3, f", by way of `{said}`")]


def test_other_module() -> None:
    base = "class Base:\n    def preprocess(self, data): return list(data)"
    source = (
        "from base import Base\nservice = Base()\n"
        "def handle(data, context):\n    return [service.preprocess(data)]"
    )
    assert found(check, {"h.py": source, "base.py": base}) == [
        message(2, ", by way of `preprocess`", file="base.py")
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def handle(data, context): return None if data is None else [1]",
        "from impl import handle",
        HANDLER.replace("data, context): ...", "data, context): return data[0]"),
        OBJECT.format("x = 1") + "def handle(data, context): return service.handle(data, context)",
        OBJECT.format("x = 1") + "def handle(data, context): return other.preprocess(data)",
        "service = make()\ndef handle(data, context): return service.preprocess(data)",
        (
            "from ts.torch_handler.base_handler import BaseHandler\n"
            "service = BaseHandler()\ndef handle(data, context): return service.preprocess(data)"
        ),
        OBJECT.format("def f(self, data): return g(data)")
        + "def handle(data, context): return service.f(data)",
        "def g(data): return data\ndef handle(data, context): return g(data)",
    ],
)
def test_good(source: str) -> None:
    assert found(check, {"h.py": source, "impl.py": "def handle(data, context): ..."}) == []
