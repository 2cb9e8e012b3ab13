from __future__ import annotations

import json

import pytest

from hatch_mar.cli import main
from hatch_mar.project.config.json_schema import make_schema, make_whole_schema


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_partial(options: list[str], capfd: pytest.CaptureFixture[str]):
    """The schema of `[tool.mar]` is printed as JSON, with or without `--json`."""
    assert main(["schema", *options]) == 0

    assert json.loads(capfd.readouterr().out) == make_schema()


def test_whole(capfd: pytest.CaptureFixture[str]):
    """With `--whole`, it is one of `pyproject.toml`."""
    assert main(["schema", "--whole"]) == 0

    assert json.loads(capfd.readouterr().out) == make_whole_schema()
