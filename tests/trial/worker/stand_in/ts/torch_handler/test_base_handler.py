"""`BaseHandler` without torch: how it decides what to load. tests/e2e/test_try.py loads real models."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

MODULE = "hatch_mar.trial.worker.stand_in.ts.torch_handler.base_handler"
NET = """
class Net:
    weights = None
    def load_state_dict(self, weights): self.weights = weights
    def to(self, device): self.device = device
    def eval(self): ...
"""


@pytest.fixture
def base_handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    no = SimpleNamespace(is_available=lambda: False)
    torch = SimpleNamespace(
        cuda=no,
        backends=SimpleNamespace(mps=no),
        device=str,
        load=lambda path, map_location: Path(path).read_text(),
        jit=SimpleNamespace(load=lambda path, map_location: SimpleNamespace(eval=lambda: None, path=path)),
        compile=lambda model, **options: (model, options),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield importlib.import_module(MODULE)
    del sys.modules[MODULE]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "stand_in_net.py").write_text(NET)
    (tmp_path / "w.pth").write_text("weights")
    yield tmp_path
    sys.modules.pop("stand_in_net", None)


def initialize(base_handler: Any, model: Path, config: Any = None, **manifest: str) -> Any:
    handler = base_handler.BaseHandler()
    handler.initialize(
        SimpleNamespace(
            system_properties={"gpu_id": None, "model_dir": str(model)},
            manifest={"model": manifest},
            model_yaml_config=config,
        )
    )
    return handler


class TestInitialize:
    def test_eager(self, base_handler: Any, model: Path):
        """With a model file, its one class is made and gets the weights."""
        handler = initialize(base_handler, model, modelFile="stand_in_net.py", serializedFile="w.pth")

        assert (handler.model.weights, handler.model.device) == ("weights", "cpu")
        assert handler.initialized

    def test_torchscript(self, base_handler: Any, model: Path):
        """A `.pt` alone is TorchScript."""
        handler = initialize(base_handler, model, serializedFile="w.pt")

        assert handler.model.path == str(model / "w.pt")

    def test_nothing(self, base_handler: Any, model: Path):
        """Anything else cannot be loaded."""
        with pytest.raises(RuntimeError, match=r"^No model weights could be loaded$"):
            initialize(base_handler, model, serializedFile="w.pth")

    def test_missing_model_file(self, base_handler: Any, model: Path):
        """A model file that is not there is an error."""
        with pytest.raises(RuntimeError, match=r"^Missing the model.py file$"):
            initialize(base_handler, model, modelFile="absent.py")

    @pytest.mark.parametrize(
        ("config", "compiled"),
        [
            ({"pt2": "inductor"}, {"backend": "inductor"}),
            ({"pt2": {"backend": "eager", "mode": "x"}}, {"backend": "eager", "mode": "x"}),
            ({"pt2": {"compile": {"enable": True, "mode": "x"}}}, {"mode": "x"}),
            ({"pt2": {"compile": {"enable": False}}}, None),
            ({"pt2": {"export": {"aot_compile": True}}}, None),
            ({"pt2": "unknown"}, None),
            ({}, None),
        ],
    )
    def test_compile(self, config: Any, compiled: Any, base_handler: Any, model: Path):
        """`pt2` of the model configuration decides whether the model is compiled."""
        loaded = initialize(base_handler, model, config, serializedFile="w.pt").model

        assert (loaded[1] if isinstance(loaded, tuple) else None) == compiled
