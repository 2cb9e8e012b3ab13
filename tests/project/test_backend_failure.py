from __future__ import annotations

from subprocess import CalledProcessError

import pytest

from hatch_mar.project.backend_failure import reasons_of

FRAMES = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    fail()\n'


@pytest.mark.parametrize(
    ("stderr", "output", "expected"),
    [
        (f"{FRAMES}ValueError: a", "", "ValueError: a"),
        (f"warning\n{FRAMES}ValueError: a\n", "done\n", "ValueError: a"),
        (f"{FRAMES}KeyError: 1\n\nDuring this:\n\n{FRAMES}ValueError: a\n", "", "ValueError: a"),
        (f"{FRAMES}ValueError: a\n  b:\n\n  c\n]", "", "ValueError: a b:"),
        ("Collecting x\nERROR: no x\n", "", "ERROR: no x"),
        ("", "a\nb\n", "b"),
        ("", "", "Command 'x' returned non-zero exit status 1."),
    ],
    ids=["exception", "in between", "chained", "long", "last line", "only output", "nothing"],
)
def test_reason(stderr: str, output: str, expected: str):
    """The reason is one line: an exception's message, or else the last line."""
    error = CalledProcessError(1, "x", output.encode(), stderr.encode())

    assert reasons_of(error) == [expected]


def test_findings():
    """What `hatch_mar.backend` has found is given whole, without what is printed around it."""
    faults = ["Field `a` must be b [MAR004]", "Unknown field `c` [MAR003]"]
    error = CalledProcessError(1, "x", b"", "\n".join(("Archives not built", *faults, "bye")).encode())

    assert reasons_of(error) == faults


def test_of_pyproject_hooks():
    """An error that has the traceback of another process gives that."""
    error = RuntimeError("unavailable")
    error.traceback = f"{FRAMES}ModuleNotFoundError: No module named 'a'\n"  # type: ignore[attr-defined]

    assert reasons_of(error) == ["ModuleNotFoundError: No module named 'a'"]
