from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hatch_mar.trial.worker.stand_in import ts
from hatch_mar.trial.worker.stand_in.ts import torch_handler
from hatch_mar.trial.worker.stand_in.ts.model_loader import ModelLoaderFactory

COUNTS = """
calls = []
def answer(data, context):
    calls.append(data)
    return data
"""
CLASS = """
from json import JSONDecoder
class Handler:
    def initialize(self, context):
        self.model_dir = context.system_properties["model_dir"]
    def handle(self, data, context):
        return [self.model_dir]
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(model: Path, handler: str, code: str, **options: Any) -> Any:
    (model / "stand_in_entry.py").write_text(dedent(code))
    return ModelLoaderFactory.get_model_loader().load("digits", str(model), handler, None, 1, **options)


class TestLoad:
    @pytest.mark.parametrize("handler", ["stand_in_entry:answer", "deep/stand_in_entry.py:answer"])
    def test_function(self, handler: str, model: Path):
        """A function is called without data once, to initialize."""
        service = load(model, handler, COUNTS)

        assert service._entry_point([1], None) == [1]
        assert sys.modules["stand_in_entry"].calls == [None, [1]]

    def test_handle(self, model: Path):
        """Without a function's name, `handle` is taken."""
        service = load(model, "stand_in_entry.py", COUNTS.replace("answer", "handle"))

        assert service._entry_point([1], None) == [1]

    def test_class(self, model: Path):
        """The one class that a module defines is made and initialized; imported ones do not count."""
        service = load(model, "stand_in_entry", CLASS)

        assert service._entry_point([1], None) == [str(model)]

    def test_manifest(self, model: Path):
        """The manifest is in the context."""
        (model / "MAR-INF").mkdir()
        (model / "MAR-INF" / "MANIFEST.json").write_text(json.dumps({"model": {"modelName": "digits"}}))
        service = load(model, "stand_in_entry", CLASS)

        assert service.context.manifest == {"model": {"modelName": "digits"}}

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("class A: ...\nclass B: ...\n", "^Expected only one class in custom service code"),
            ("x = 1\n", "^Expected only one class in custom service code"),
            ("class A: ...\n", "^Expect handle method in class"),
        ],
    )
    def test_no_entry_point(self, code: str, message: str, model: Path):
        """Anything else cannot be loaded."""
        with pytest.raises(ValueError, match=message):
            load(model, "stand_in_entry", code)

    def test_masked(self, model: Path, monkeypatch: pytest.MonkeyPatch):
        """A handler that cannot be imported is looked for among TorchServe's own, which masks the error."""
        monkeypatch.setitem(sys.modules, "ts", ts)
        monkeypatch.setitem(sys.modules, "ts.torch_handler", torch_handler)
        with pytest.raises(ModuleNotFoundError) as error:
            load(model, "stand_in_entry", "import nowhere\n")
        assert isinstance(error.value.__context__, ModuleNotFoundError)
        assert error.value.__context__.name == "nowhere"
