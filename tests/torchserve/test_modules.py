"""The table of TorchServe's modules, against the TorchServe that is installed."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from hatch_mar.pysource.namespace import Namespace
from hatch_mar.torchserve.modules import modules, names_in


def test_table():
    """The table has the modules of the wheel, and the names that their statements bind."""
    spec = find_spec("ts")
    if spec is None or spec.origin is None:
        pytest.skip("TorchServe is not installed")
    root = Path(spec.origin).parent
    installed = {
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in root.rglob("*.py")
        if "-" not in str(path.relative_to(root))
    }
    names = {name: Namespace(ast.parse(path.read_bytes()).body) for name, path in installed.items()}

    assert modules() == {
        module: {name for name in found.list_bound() if not name.startswith("__")}
        for module, found in names.items()
    }


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("ts.torch_handler.base_handler", "BaseHandler", True),
        ("ts.torch_handler.base_handler", "torch", True),
        ("ts.torch_handler", "base_handler", True),
        ("ts.torch_handler", "distributed", True),
        ("ts.torch_handler", "BaseHandler", False),
        ("ts.torch_handler", "distributed.base_pippy_handler", False),
    ],
)
def test_names_in(module: str, name: str, expected: bool):
    """A module has its own names, what it imports, and the modules within it."""
    assert (name in names_in(module)) is expected
