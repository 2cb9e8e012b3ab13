from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.hatch.shipping import Shipping

PROJECT = '[project]\nname = "digits"\nversion = "1.0"\n'


def made(tmp_path: Path, more: str) -> Path:
    root = tmp_path / "project"
    root.mkdir(parents=True)
    (root / "pyproject.toml").write_text(PROJECT + more)
    (root / ".gitignore").touch()
    return root


@pytest.mark.parametrize("builder", [SdistBuilder, WheelBuilder])
def test_ignore_list(tmp_path: Path, builder: type[SdistBuilder | WheelBuilder]):
    """A pattern is to be added where hatchling reads it for what is built."""
    assert Shipping(builder(str(made(tmp_path, ""))), {}, tmp_path).ignore_list == "`.gitignore`"

    target = builder.PLUGIN_NAME
    table = f"tool.hatch.build.targets.{target}"
    root = made(tmp_path / target, f"[{table}]\nignore-vcs = true\nexclude = ['a']\n")
    assert Shipping(builder(str(root)), {}, root).ignore_list == f"`exclude` in `[{table}]`"
