"""The page of the reference about `MAR-INF/MANIFEST.json`."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.archive_names import MODEL_STRINGS, STRINGS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "manifest.md"
CREATED = datetime(2020, 2, 2, tzinfo=timezone.utc)


def keys_below(heading: str) -> list[str]:
    """The keys of the first table below a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([\w.]+)` \|", section, re.M)


def test_model():
    """The tables have the keys that are written, in their order."""
    manifest = Manifest.for_model(
        model_name="digits",
        model_version="1.0",
        handler="handler.py",
        created=CREATED,
        serialized_file="digits.pth",
        model_file="model.py",
        requirements_file="requirements.txt",
        config_file="model-config.yaml",
    )

    assert keys_below("Keys of the manifest") == [*manifest.document]
    assert keys_below("Keys of `model`") == [*manifest.model]


def test_workflow():
    """A workflow's keys are there, too."""
    manifest = Manifest.for_workflow(
        workflow_name="breeds", spec_file="workflow.yaml", handler="handler.py", created=CREATED
    )

    assert keys_below("Workflows") == [*manifest.workflow]


def test_others():
    """Whatever else TorchServe reads is on the page."""
    known = {*STRINGS, *(f"model.{key}" for key in MODEL_STRINGS), "model.sourceVocab"}
    written = {
        *keys_below("Keys of the manifest"),
        *(f"model.{key}" for key in keys_below("Keys of `model`")),
    }

    assert {*keys_below("Keys of other tools")} == known - written
