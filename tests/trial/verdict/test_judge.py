from __future__ import annotations

import json
from typing import Any

import pytest

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.examples.expectation import Expectation
from hatch_mar.trial.verdict.explain import Cause
from hatch_mar.trial.verdict.judge import Exchange, judge
from tests.trial import ECHO, candidate_of, request_of

BROKE = Cause("digits", "it broke", "fix it")


def exchange(batch: list[int], *values: Any, status: int = 200) -> Exchange:
    return Exchange(batch, 0.1, tuple(Answer(json.dumps(value).encode(), status=status) for value in values))


def failed(batch: list[int], cause: Cause = BROKE) -> Exchange:
    return Exchange(batch, 0.1, cause=cause)


@pytest.fixture
def candidate() -> Candidate:
    return candidate_of(ECHO, request_of(1, "first"), request_of(2, "second"))


class TestReplies:
    def test_all(self, candidate: Candidate):
        """There is a reply for each batch; the answers of a larger one are only compared."""
        replies, faults = judge(candidate, [exchange([0], 5), exchange([1], 6), exchange([0, 1], 5, 7)])

        assert [(reply.label, reply.ok, reply.note, reply.index) for reply in replies] == [
            ("first", True, "", 0),
            ("second", True, "", 1),
            ("a batch of 2", False, "answers differ from those alone", None),
        ]
        assert faults == [
            "digits: `second` is answered differently in a batch of 2 than alone: the answer is 7, expected 6"
        ]

    def test_same(self, candidate: Candidate):
        """The same answers in a batch are fine."""
        replies, faults = judge(candidate, [exchange([0], 5), exchange([1], 6), exchange([0, 1], 5, 6)])

        assert (replies[-1].note, faults) == ("the same answers", [])

    def test_twice(self):
        """A request that a batch has twice is reported once."""
        _, faults = judge(candidate_of(ECHO, request_of(1)), [exchange([0], 1), exchange([0, 0], 2, 2)])

        assert len(faults) == 1


class TestAnswers:
    def test_expected(self):
        """An answer is compared with what its example expects; only a few differences are shown."""
        candidate = candidate_of(ECHO, request_of(1, expectation=Expectation(list("abcde"))))
        _, faults = judge(candidate, [exchange([0], list("ABCDE"))])

        assert faults == [
            'digits: `one`: `[0]` is "A", expected "a"',
            'digits: `one`: `[1]` is "B", expected "b"',
            'digits: `one`: `[2]` is "C", expected "c"',
            "digits: `one`: there are more differences",
        ]

    def test_status(self, candidate: Candidate):
        """An error status is a fault, as is a different status in a batch."""
        exchanges = [exchange([0], "no", status=404), exchange([1], 1), exchange([0, 1], 1, 1)]
        _, faults = judge(candidate, exchanges)

        assert faults == [
            'digits: `first` got status 404: "no"',
            ("digits: `first` is answered differently in a batch of 2 than alone: status 200, expected 404"),
        ]


class TestUnanswered:
    def test_shared(self, candidate: Candidate):
        """A cause that several requests share is reported once, and not again for their batch."""
        replies, faults = judge(candidate, [failed([0]), failed([1]), failed([0, 1])])

        assert faults == ["digits: it broke, on `first` and 1 more; fix it"]
        assert [(reply.ok, reply.note) for reply in replies] == [(False, "no answer")] * 3

    def test_batch_alone(self, candidate: Candidate):
        """A batch that fails although its requests are answered alone is reported."""
        _, faults = judge(candidate, [exchange([0], 1), failed([1], Cause("digits", "x")), failed([0, 1])])

        assert faults == ["digits: x, on `second`", "digits: it broke, on a batch of 2; fix it"]

    def test_first(self, candidate: Candidate):
        """Batches without an answer come before answers that are wrong."""
        wrong = candidate_of(ECHO, request_of(1, expectation=Expectation(2)), request_of(2, "second"))
        _, faults = judge(wrong, [exchange([0], 1), failed([1])])

        assert [fault.partition(",")[0] for fault in faults] == [
            "digits: it broke",
            "digits: `one`: the answer is 1",
        ]
