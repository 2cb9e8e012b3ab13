"""The check as a whole; tests/e2e/test_served_workflow.py has TorchServe's word on all of it."""

from __future__ import annotations

import pytest

from hatch_mar.checks import check as check_all
from tests.checks.workflow import GLOBALS, found, spec, subject

DOCUMENTED = """\
models:
    #global model params
    min-workers: 1
    max-workers: 4
    batch-size: 3
    max-batch-delay : 5000
    retry-attempts : 3
    timeout-ms : 5000
    m1:
       url : model1.mar #local or public URI
       min-workers: 1   #override the global params
       max-workers: 2
       batch-size: 4

    m2:
       url : https://example.org/model2.mar

dag:
  prepare : [m1, m2]
  m1 : [finish]
  m2 : [finish]
"""


@pytest.mark.parametrize(
    "text",
    [
        spec(),
        spec(defaults=GLOBALS),
        DOCUMENTED,
        spec("", "  prepare: [finish]\n").replace("models:", "models: {}"),
        spec(dag="  net: []\n"),
        spec(dag="  prepare: [net, null, '  ']\n"),
        spec(defaults="  batch-size: 0\n  retry-attempts: -1\n  max-batch-delay: -5\n"),
        "on: whatever\n" + spec(),
        b"# caf\xe9\n" + spec().encode(),
        b"\xef\xbb\xbf" + spec().encode(),
    ],
)
def test_good(text: str | bytes):
    """Nothing is said of what TorchServe registers and runs."""
    assert found(text) == []


def test_part_of_checks():
    """A workflow's archive is checked as a model's is."""
    assert [finding.code for finding in check_all(subject(spec(dag="  net: [net]\n")))] == ["MAR854"]
    assert check_all(subject()) == []


def test_without_spec():
    """The other checks of a workflow need its specification."""
    assert found(manifest={"specFile": "other.yaml"}) == [
        (
            "error: WAR-INF/MANIFEST.json: MAR851 The archive has no `other.yaml`;"
            " add it, or build the archive again"
        )
    ]
