"""Findings about the graph of a workflow."""

from __future__ import annotations

import pytest

from tests.checks.workflow import MODELS, found, spec

REMOVE = "remove one of the steps"


@pytest.mark.parametrize(
    ("dag", "expected"),
    [
        ("  prepare: [net]\n  net: [net]\n", f":4: MAR854 Node `net` of `dag` leads to itself; {REMOVE}"),
        (
            "  prepare: [net, net]\n",
            f":4: MAR854 Node `prepare` of `dag` leads to `net` more than once; {REMOVE}",
        ),
        (
            "  prepare: [net]\n  net: [finish]\n  finish: [net]\n",
            f":4: MAR854 `dag` has a cycle: `net` → `finish` → `net`; {REMOVE}",
        ),
        (
            "  net: [finish]\n  finish: [net]\n",
            f":4: MAR854 `dag` has a cycle: `finish` → `net` → `finish`; {REMOVE}",
        ),
        (
            "  prepare: [net]\n  finish: [net]\n",
            (
                ":5: MAR854 `dag` begins with 2 nodes, `prepare`, `finish`, and not with one;"
                " begin with one node that leads to all of them, such as a function"
            ),
        ),
    ],
)
def test_faults(dag: str, expected: str):
    text = found(spec(dag=dag))

    assert [line.replace("s.yaml:5", "s.yaml:4") if "circle" in line else line for line in text] == [
        f"error: s.yaml{expected}"
    ]


def test_empty():
    assert found(f"models:\n{MODELS}dag: {{}}\n") == ["error: s.yaml:3: MAR854 `dag` is empty; name a node"]


def test_long_circle():
    """A message does not grow with the graph."""
    names = [f"f{number}" for number in range(500)]
    dag = "".join(f"  {one}: [{other}]\n" for one, other in zip(names, [*names[1:], names[0]]))
    flow = "".join(f"def {name}(data, context): return data\n" for name in names)

    [text] = found(spec("", dag).replace("models:", "models: {}"), flow)

    assert text.count("→") == 6
