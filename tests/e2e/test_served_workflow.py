"""What the checks say of a workflow, TorchServe does: an error ends its registration, a warning a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats import mar
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.workflow import check
from tests.archives import INSTANT
from tests.checks.workflow import DAG, GLOBALS, MODELS, spec, subject
from tests.e2e.torchserve import TorchServe, TorchServeError, missing

ECHO = """\
import time

def handle(data, context):
    time.sleep(0.2)
    return data and ["1"] * len(data)
"""
FLOW = """\
import time

def prepare(data, context):
    time.sleep(0.2)
    return data and [row.get("data") or row.get("body") for row in data]

def finish(data, context):
    time.sleep(0.2)
    return data and [{"answer": 1}] * len(data)
"""
# They sleep because TorchServe loses an answer that comes before it knows who waits for it: `invokeModel` of
# DagExecutor.java calls `setResponsePromise` only after it has handed the request to the worker.

GOOD = {
    "plain": spec(),
    "defaults": spec(defaults=GLOBALS),
    "odd-defaults": spec(defaults="  batch-size: 0\n  max-batch-delay: -5\n"),
    "functions-only": "models: {}\ndag: {prepare: [finish]}\n",
    "not-utf-8": b"# caf\xe9\n" + spec().encode(),
    "no-string-at-the-top": "on: 5\n" + spec(),
    "empty-nodes": spec(dag="  prepare: [net, null, '']\n"),
    "in-a-folder": spec("  net: {url: folder/net.mar}\n"),
    "unused-without-url": spec(f"{MODELS}  other: {{}}\n"),
}
"""No error is found."""

POINTER, CAST = "Cannot invoke", "cannot be cast to class"
ONE_START = "DAG should have only one start node"
BAD = {
    "empty": ("MAR852", "", POINTER),
    "not-yaml": ("MAR852", "models: [\n", "Failed to parse yaml"),
    "two-documents": ("MAR852", spec() + "---\na: b\n", "Failed to parse yaml"),
    "tag": ("MAR852", f"a: !foo b\n{spec()}", "Failed to parse yaml"),
    "list": ("MAR852", "- a\n", CAST),
    "no-value": ("MAR853", spec(defaults="  retry-attempts:\n"), POINTER),
    "no-value-of-model": ("MAR853", spec("  net: {url: net.mar, batch-size: }\n"), POINTER),
    "float": ("MAR853", spec(defaults="  timeout-ms: 5000.0\n"), CAST),
    "long": ("MAR853", spec(defaults="  timeout-ms: 5000000000\n"), CAST),
    "string": ("MAR853", spec(defaults="  timeout-ms: '5000'\n"), CAST),
    "unknown-default": ("MAR853", spec(defaults="  retries: 4\n"), CAST),
    "model-name": ("MAR853", spec(f"{MODELS}  2: {{url: net.mar}}\n"), CAST),
    "no-models": ("MAR853", "dag: {prepare: [finish]}\n", POINTER),
    "no-dag": ("MAR853", f"models:\n{MODELS}", POINTER),
    "no-following": ("MAR853", spec(dag="  prepare:\n"), POINTER),
    "no-list": ("MAR853", spec(dag="  prepare: net\n"), CAST),
    "no-string": ("MAR853", spec(dag="  prepare: [1]\n"), CAST),
    "no-node": ("MAR854", f"models:\n{MODELS}dag: {{}}\n", ONE_START),
    "itself": ("MAR854", spec(dag="  prepare: [net]\n  net: [net]\n"), "Self loop exception"),
    "same-twice": ("MAR854", spec(dag="  prepare: [net, net]\n"), "loop exception"),
    "circle": ("MAR854", spec(dag=f"{DAG}  finish: [net]\n"), "Not a valid DAG"),
    "whole-circle": ("MAR854", spec(dag="  net: [finish]\n  finish: [net]\n"), ONE_START),
    "two-starts": ("MAR854", spec(dag="  prepare: [net]\n  finish: [net]\n"), ONE_START),
    "neither": (
        "MAR855",
        spec(dag="  prepare: [finnish]\n"),
        "Failed to start workers for model neither__finn",
    ),
    "no-url": ("MAR856", spec("  net: {batch-size: 1}\n"), "Node no-url__net failed to register"),
    "outside": ("MAR856", spec("  net: {url: ../net.mar}\n"), "Relative path is not allowed in url"),
}
"""TorchServe refuses to register it, in these words."""

FAILING = {
    "no-worker": (spec(defaults="  max-workers: 0\n"), "has no worker to serve inference request"),
    "no-time": (spec(defaults="  timeout-ms: 0\n"), "Error executing prepare"),
}
"""A warning is found, and every request fails in these words."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    if reason := missing():
        pytest.skip(reason)
    store = tmp_path_factory.mktemp("store")
    manifest = Manifest.for_model(model_name="net", model_version="1", handler="h.py", created=INSTANT)
    pack(Archive(manifest, [Member("h.py", BytesSource(ECHO.encode()))]), store / "net.mar")
    with TorchServe(store, tmp_path_factory.mktemp("w")) as running:
        yield running


def pack(archive: Archive, path: Path) -> None:
    mar.write(archive, path, Packing(INSTANT))


def register(server: TorchServe, name: str, checked: Subject) -> None:
    pack(checked.archive, server.model_store / f"{name}.war")
    server.register_workflow(f"{name}.war")


def named(name: str, text: str | bytes) -> Subject:
    return subject(text, FLOW, manifest={"workflowName": name})


@pytest.mark.parametrize("name", GOOD)
def test_good(server: TorchServe, name: str) -> None:
    checked = named(name, GOOD[name])
    register(server, name, checked)

    assert [finding.code for finding in check(checked) if finding.severity != "note"] == []
    assert server.predict_workflow(name, b"1")


@pytest.mark.parametrize("name", BAD)
def test_refused(server: TorchServe, name: str) -> None:
    code, text, message = BAD[name]
    checked = named(name, text)

    assert [finding.code for finding in check(checked) if finding.severity == "error"] == [code]
    with pytest.raises(TorchServeError, match=re.escape(message)):
        register(server, name, checked)


@pytest.mark.parametrize("name", FAILING)
def test_failing(server: TorchServe, name: str) -> None:
    text, message = FAILING[name]
    checked = named(name, text)
    register(server, name, checked)

    assert [(finding.code, finding.severity) for finding in check(checked)] == [("MAR853", "warning")]
    with pytest.raises(TorchServeError, match=message):
        server.predict_workflow(name, b"1")


def test_without_handler(server: TorchServe) -> None:
    """TorchServe asks for a handler where no function is."""
    checked = subject(spec(dag="  net: []\n"), FLOW, manifest={"workflowName": "bare", "handler": None})

    assert [finding.code for finding in check(checked)] == ["MAR851"]
    with pytest.raises(TorchServeError, match="NullPointerException"):
        register(server, "bare", checked)


def test_late_default(server: TorchServe) -> None:
    """A default that comes after a model is not the model's."""
    checked = named("late", spec(f"{MODELS}  batch-size: 4\n"))
    register(server, "late", checked)

    assert [finding.code for finding in check(checked)] == ["MAR858"]
    assert server.describe("late__net")[0]["batchSize"] == 1
