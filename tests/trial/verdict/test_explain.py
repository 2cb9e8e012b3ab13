from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.finding import RULES, Place, Severity
from hatch_mar.trial.candidate import Options
from hatch_mar.trial.verdict import explain
from hatch_mar.trial.verdict.explain import (
    MOST_REASONS,
    Cause,
    explain_error,
    explain_failure,
    explain_response,
    run_checks,
)
from hatch_mar.trial.worker.error import Frame, WorkerError
from hatch_mar.trial.worker.run import Run
from tests.trial import candidate_of

IN_HANDLER = (Frame("handler.py", 4),)


class TestCause:
    @pytest.mark.parametrize(
        ("fix", "expected"),
        [("", "digits: it broke, on `one`"), ("do this", "digits: it broke, on `one`; do this")],
    )
    def test_sentence(self, fix: str, expected: str):
        """A cause is a line that says where, what, when and what to do."""
        assert Cause("digits", "it broke", fix).sentence("on `one`") == expected


class TestExplainFailure:
    @pytest.mark.parametrize(
        ("phase", "key"), [("loading", "startupTimeout"), ("answering", "responseTimeout")]
    )
    def test_hung(self, phase: Any, key: str):
        """The key that raises the limit is named."""
        cause = explain_failure(candidate_of(), Options(), Run(Path(), phase=phase, limit=5))

        assert (cause.place, cause.what) == ("digits", "still busy after 5 s")
        assert f"raise `{key}`" in cause.fix

    @pytest.mark.parametrize(
        ("status", "output", "what", "last"),
        [
            (3, "", "the worker's process ended with exit status 3", "it last printed: nothing"),
            (-11, "one\ntwo\n\n", "the worker's process ended with SIGSEGV", "it last printed: two"),
        ],
    )
    def test_ended(self, status: int, output: str, what: str, last: str):
        """The status is named, and what the worker printed last."""
        cause = explain_failure(candidate_of(), Options(), Run(Path(), status=status, output=output))

        assert cause.what == what
        assert cause.fix.endswith(last)

    def test_error(self):
        """An exception is explained as such."""
        error = WorkerError("ValueError", "wrong", IN_HANDLER)
        cause = explain_failure(candidate_of(), Options(), Run(Path(), error=error))

        assert cause == Cause("digits.mar/handler.py:4", "ValueError: wrong")


class TestExplainError:
    def test_place(self):
        """The innermost frame in a member of the archive is the place."""
        frames = (*IN_HANDLER, Frame("unpacked/elsewhere.py", 1))

        assert explain_error(candidate_of(), Options(), WorkerError("E", "", frames)).place == (
            "digits.mar/handler.py:4"
        )
        assert explain_error(candidate_of(), Options(), WorkerError("E")).place == "digits"

    def test_status_and_mask(self):
        """A handler's own status is named, and what TorchServe reports instead of the exception."""
        error = WorkerError("E", "m", status=422, masked="other")

        assert explain_error(candidate_of(), Options(), error).what == (
            "E: m (status 422) (TorchServe itself would report: other)"
        )

    def test_import(self):
        """An import that failed is explained as such."""
        error = WorkerError("ModuleNotFoundError", "No module named 'nowhere'", IN_HANDLER, "nowhere")

        assert explain_error(candidate_of(), Options(), error).fix.startswith("pack it")

    @pytest.mark.parametrize(
        ("printed", "fix"),
        [("x.py: error: unrecognized arguments: --a", "a worker's `sys.argv`"), ("x", "")],
    )
    def test_exit(self, printed: str, fix: str):
        """What was printed before an exit is shown; if argparse did, the message says what to do."""
        cause = explain_error(candidate_of(), Options(), WorkerError("SystemExit", "2", printed=printed))

        assert cause.what == f"SystemExit: 2 (it last printed: {printed})"
        assert cause.fix.partition(" are ")[0] == fix

    def test_variable(self, monkeypatch: pytest.MonkeyPatch):
        """A variable that the shell has and the archive's code does not see is named."""
        monkeypatch.setenv("SOME_KEY", "x")
        error = WorkerError("KeyError", "'SOME_KEY'", IN_HANDLER)

        def fix(**options: Any) -> str:
            return explain_error(candidate_of(), Options(**options), error).fix

        about = "the shell has a variable `SOME_KEY`, which the archive's code does not see: "
        assert fix() == f"{about}pass it with `--env SOME_KEY`"
        assert fix(building=True) == f"{about}`hatch-mar try --env SOME_KEY` passes it on, a build does not"
        assert fix(environ=("SOME_KEY",)) == ""
        monkeypatch.delenv("SOME_KEY")
        assert fix() == ""

    def test_envelope(self):
        """`base_handler` without an envelope cannot take a request of HTTP; its other errors are others."""
        candidate = candidate_of(handler="base_handler")
        error = WorkerError("RuntimeError", "Could not infer dtype of dict")

        assert "`--envelope body`" in explain_error(candidate, Options(), error).fix
        assert explain_error(candidate, Options(envelope="body"), error).fix == ""
        assert explain_error(candidate, Options(), WorkerError("RuntimeError", "of state_dict")).fix == ""


class TestExplainResponse:
    @pytest.mark.parametrize(
        ("returned", "size", "what"),
        [
            ("dict", 1, "the handler returned a `dict`"),
            ("1", 2, "the handler returned 1 answer"),
            ("3", 2, "the handler returned 3 answers"),
            ("2", 2, "Unsupported"),
        ],
    )
    def test_returned(self, returned: str, size: int, what: str):
        """What the handler returned is named, or else what TorchServe says."""
        answered = {"error": None, "returned": returned, "message": "Unsupported."}

        assert explain_response(candidate_of(), Options(), answered, size).what == what

    def test_raised(self):
        """What the handler raised is more important."""
        error = {"type": "E", "message": "m", "module": None, "masked": None, "status": None, "frames": []}
        answered = {"error": error, "returned": None, "message": "Prediction failed"}

        assert explain_response(candidate_of(), Options(), answered, 1) == Cause("digits", "E: m")


class TestRunChecks:
    def test_severest_first(self, monkeypatch: pytest.MonkeyPatch):
        """A few findings are enough: errors before warnings, and no notes."""
        rule = next(iter(RULES.values()))
        severities: list[Severity] = ["note", "warning", "error", *["warning"] * MOST_REASONS]
        findings = [rule.at(Place("file"), severity, severity=severity) for severity in severities]
        monkeypatch.setattr(explain, "check", lambda _: findings)
        _, warning, error, *warnings = map(str, findings)

        assert run_checks(candidate_of()) == [error, warning, *warnings][:MOST_REASONS]

    def test_none(self):
        """An archive in order has none."""
        code = "def handle(data, context):\n    return data\n"

        assert run_checks(candidate_of(code)) == []
