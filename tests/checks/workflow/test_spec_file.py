"""Findings about the specification's file."""

from __future__ import annotations

import pytest

from hatch_mar.torchserve.model_config import MOST_NODES
from tests.checks.workflow import found, spec

WRITE = "write one YAML document with `models` and `dag`"
THE = "MAR852 The workflow's specification"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "models: [\n",
            f":2: {THE} is not YAML: expected the node content, but found '<stream end>'; {WRITE}",
        ),
        ("", f": {THE} is empty; {WRITE}"),
        ("- a\n", f":1: {THE} is a list, not a mapping; {WRITE}"),
        ("a: 1\n---\nb: 1\n", f":2: {THE} has a second document; {WRITE}"),
        (
            "models:\n\tmin-workers: 1\n",
            (
                f":2: {THE} is not YAML: found character '\\t' that cannot start any token;"
                " indent with spaces: YAML has no tabs"
            ),
        ),
        (
            "a: !foo b\n",
            (
                f":1: {THE} has a value that is not plain YAML: could not determine a constructor for the tag"
                f" '!foo'; {WRITE}"
            ),
        ),
        (
            "a: " + "[" * 60 + "]" * 60,
            f":1: {THE} is refused by TorchServe's parser: it nests more than 50 lists and tables; {WRITE}",
        ),
    ],
)
def test_refused(text: str, expected: str):
    """TorchServe refuses all of it."""
    assert found(text) == [f"error: s.yaml{expected}"]


def test_too_long():
    """What is not read to its end is said to be unknown."""
    text = spec() + "".join(f"k{number}: 1\n" for number in range(MOST_NODES))

    assert found(text) == [
        f"warning: s.yaml: {THE} has more than {MOST_NODES} values, too many to be checked; {WRITE}"
    ]


def test_twice():
    """Of a node that is listed twice, TorchServe takes the last."""
    dag = "  prepare: [net]\n  prepare: [finish]\n  net: [finish]\n"

    assert [text for text in found(spec(dag=dag)) if "MAR858" in text] == [
        (
            "warning: s.yaml:5: MAR858 Key `prepare` appears more than once, and TorchServe uses the last"
            " one; keep one of them"
        )
    ]
