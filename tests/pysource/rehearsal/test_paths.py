"""Where the worker's paths lead."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, member_name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{MODEL_DIR}/a/b", "a/b"),
        (f"{MODEL_DIR}/a/../b", "b"),
        (MODEL_DIR, "."),
        ("a/./b", "a/b"),
        ("", "."),
        ("../a", None),
        (f"{MODEL_DIR}-x/a", None),
        ("/home/a", None),
    ],
)
def test_member_name(path: str, expected: str | None):
    """The worker runs in the model's directory, to which paths are relative."""
    assert member_name(path) == expected
