"""A workflow's specification as TorchServe reads it."""

from __future__ import annotations

from hatch_mar.torchserve.workflow_spec import Spec, read

TEXT = b"""\
models:
  batch-size: 4
  net: {url: net.mar}
dag:
  first: [net, '', null, 1]
  net:
    - last
  2: [net]
  other: net
"""


def test_spec():
    """Its models and its graph, without what TorchServe passes over or refuses."""
    document = read(TEXT)
    assert document.table is not None
    spec = Spec(document.table)

    assert spec.models == {"net": {"url": "net.mar"}}
    assert spec.line_of("net") == 3
    assert spec.edges == {"first": ["net"], "net": ["last"]}
    assert spec.nodes == {"first": 5, "net": 5, "last": 6}


def test_not_tables():
    """There is nothing in what is not a table."""
    document = read(b"models: [a]\ndag: b\n")
    assert document.table is not None
    spec = Spec(document.table)

    assert (spec.models, spec.edges, spec.nodes) == ({}, {}, {})


def test_encoding():
    """Java passes over bytes that are not UTF-8."""
    assert read(b"# caf\xe9\nmodels: {}\n").table == {"models": {}}


def test_keys():
    """Only the keys of `models` and `dag` must be strings."""
    assert read(b"on: 1\n5: 2\n").table == {True: 1, 5: 2}
