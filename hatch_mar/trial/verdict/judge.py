"""Judges whether each answer is as expected, and the same alone and in a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.examples.request import Request
from hatch_mar.trial.verdict.explain import Cause
from hatch_mar.trial.verdict.report import Reply

MOST_DIFFERENCES = 3
"""The most differences that are shown of one answer."""


@dataclass(frozen=True)
class Exchange:
    batch: Sequence[int]
    """The requests' indices."""
    seconds: float
    answers: tuple[Answer, ...] = ()
    cause: Cause | None = None
    """Why the batch was not answered."""


def judge(candidate: Candidate, exchanges: Iterable[Exchange]) -> tuple[list[Reply], list[str]]:
    """A reply for each batch, and all faults; a cause that several batches share is one fault."""
    alone: dict[int, Answer] = {}
    replies, faults = [], []
    unanswered: dict[Cause, list[Sequence[int]]] = {}
    for exchange in exchanges:
        label = candidate.label(exchange.batch)
        if exchange.cause:
            unanswered.setdefault(exchange.cause, []).append(exchange.batch)
            replies.append(Reply(label, False, exchange.seconds, note="no answer"))
        elif len(exchange.batch) == 1:
            [index], [answer] = exchange.batch, exchange.answers
            alone[index] = answer
            found = list(check_answer(candidate.name, candidate.requests[index], answer))
            replies.append(Reply(label, not found, exchange.seconds, answer, index))
            faults += found
        else:
            found = list(dict.fromkeys(check_batch(candidate, exchange, alone)))
            note = "answers differ from those alone" if found else "the same answers"
            replies.append(Reply(label, not found, exchange.seconds, note=note))
            faults += found
    return replies, [*describe_unanswered(candidate, unanswered, alone), *faults]


def describe_unanswered(
    candidate: Candidate, unanswered: dict[Cause, list[Sequence[int]]], alone: dict[int, Answer]
) -> Iterator[str]:
    """A fault for each cause; batches whose requests were not answered alone either are left out."""
    for cause, batches in unanswered.items():
        shown = [batch for batch in batches if len(batch) == 1 or any(index in alone for index in batch)]
        if shown:
            more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
            yield cause.sentence(f"on {quote_label(candidate, shown[0])}{more}")


def check_answer(name: str, request: Request, answer: Answer) -> Iterator[str]:
    """What is wrong with an archive's answer to a request."""
    if answer.status >= 400:
        yield f"{name}: `{request.label}` got status {answer.status}: {answer.summary}"
        return
    for fault in limit(request.expectation.find_faults(answer)):
        yield f"{name}: `{request.label}`: {fault}"


def check_batch(candidate: Candidate, exchange: Exchange, alone: dict[int, Answer]) -> Iterator[str]:
    for index, answer in zip(exchange.batch, exchange.answers):
        if index not in alone:
            continue
        request = candidate.requests[index]
        found: Iterator[str] = iter(())
        if answer.status != alone[index].status:
            found = iter([f"status {answer.status}, expected {alone[index].status}"])
        elif answer.status < 400:
            found = request.expectation.compare_batched(alone[index], answer)
        where = f"in a batch of {len(exchange.batch)} than alone"
        for fault in limit(found):
            yield f"{candidate.name}: `{request.label}` is answered differently {where}: {fault}"


def limit(differences: Iterator[str]) -> Iterator[str]:
    yield from islice(differences, MOST_DIFFERENCES)
    if next(differences, None) is not None:
        yield "there are more differences"


def quote_label(candidate: Candidate, batch: Sequence[int]) -> str:
    label = candidate.label(batch)
    return f"`{label}`" if len(batch) == 1 else label
