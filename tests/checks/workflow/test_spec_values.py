"""Findings about the values of a specification."""

from __future__ import annotations

import pytest

from tests.checks.workflow import found, spec

TYPE = "give it a value of that type"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "has no value; give it an integer, or leave it out"),
        ("4.0", f"must be an integer, not the number with a point 4.0; {TYPE}"),
        ("'4'", f'must be an integer, not the string "4"; {TYPE}'),
        ("yes", f"must be an integer, not the boolean true; {TYPE}"),
        ("5000000000", f"must be an integer of 32 bits, not 5000000000; {TYPE}"),
        ("[1]", f"must be an integer, not a list; {TYPE}"),
    ],
)
def test_setting(value: str, expected: str):
    """A setting must be an integer, of all models and of one."""
    default, own = (
        spec(defaults=f"  retry-attempts: {value}\n"),
        spec(f"  net: {{url: a.mar, retry-attempts: {value}}}\n"),
    )

    assert found(default) == [f"error: s.yaml:2: MAR853 `models.retry-attempts` {expected}"]
    assert found(own) == [f"error: s.yaml:2: MAR853 `models.net.retry-attempts` {expected}"]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("max-workers", "the model has no worker, and every request fails"),
        ("timeout-ms", "no node answers in time, and every request fails"),
    ],
)
def test_too_small(key: str, why: str):
    """TorchServe takes 0 for what it says."""
    assert found(spec(defaults=f"  {key}: 0\n")) == [
        f"warning: s.yaml:2: MAR853 `models.{key}` is 0, so that {why}; set it to more than 0"
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("retry_attempts: 4", "the integer 4; did you mean `retry-attempts`?"),
        ("other: net.mar", 'the string "net.mar"; give it a `url`'),
        ("other:", "null; give it a `url`"),
    ],
)
def test_not_a_model(line: str, expected: str):
    """Every key of `models` that is no setting is a model for TorchServe."""
    name = line.partition(":")[0]

    assert found(spec(defaults=f"  {line}\n")) == [
        (
            f"error: s.yaml:2: MAR853 TorchServe takes `models.{name}` for a model, which must be a table,"
            f" not {expected}"
        )
    ]


def test_url():
    assert found(spec("  net: {url: 5}\n")) == [
        f"error: s.yaml:2: MAR853 `models.net.url` must be a string, not the integer 5; {TYPE}"
    ]


@pytest.mark.parametrize("key", ["models", "dag"])
def test_missing(key: str):
    """Both parts must be there, and be tables."""
    parts = {"models": "models: {}\n", "dag": "dag: {prepare: [finish]}\n"}
    other = "".join(text for name, text in parts.items() if name != key)

    assert [text.partition(";")[0] for text in found(other)] == [f"error: s.yaml: MAR853 `{key}` is missing"]
    assert [text.partition(";")[0] for text in found(f"{other}{key}:\n")] == [
        f"error: s.yaml:2: MAR853 `{key}` has no value"
    ]
    assert found(f"{other}{key}: [a]\n") == [
        f"error: s.yaml:2: MAR853 `{key}` must be a table, not a list; {TYPE}"
    ]


@pytest.mark.parametrize(
    ("dag", "expected"),
    [
        ("prepare:", "`dag.prepare` has no value; write `[]` if no node follows"),
        ("prepare: net", f'`dag.prepare` must be a list of nodes, not the string "net"; {TYPE}'),
        ("prepare: [net, 1]", "`1` in `dag.prepare` is an integer, not a string; put it in quotes"),
        ("prepare: [net, [finish]]", "`…` in `dag.prepare` is a list, not a string; list the nodes' names"),
        ("1: [net]", "`dag.1` is an integer, not a string; put it in quotes"),
    ],
)
def test_node(dag: str, expected: str):
    """A node is a string, what follows it a list of strings."""
    assert found(spec(dag=f"  {dag}\n")) == [f"error: s.yaml:4: MAR853 {expected}"]


def test_model_name():
    assert found(spec("  net: {url: a.mar}\n  2: {url: b.mar}\n")) == [
        "error: s.yaml:3: MAR853 `models.2` is an integer, not a string; put it in quotes"
    ]
