"""What the answers are worth: each by what was expected of it, and alone and in a batch the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.examples.request import Request
from hatch_mar.trial.verdict.report import Reply

MOST_DIFFERENCES = 3
"""Those of one answer that are shown."""


@dataclass(frozen=True)
class Exchange:
    """A batch, and what came back."""

    batch: Sequence[int]
    """The requests' indices."""
    seconds: float
    answers: tuple[Answer, ...] = ()
    refusal: Callable[[str], str] | None = None
    """Why the batch was refused, in a sentence that is told which batch it was."""


def judge(candidate: Candidate, exchanges: Iterable[Exchange]) -> tuple[list[Reply], list[str]]:
    """What became of each batch, and all that is wrong; what many batches share, once."""
    alone: dict[int, Answer] = {}
    replies, faults = [], []
    refused: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        label = label_of(candidate, exchange.batch)
        found: list[str] = []
        if exchange.refusal:
            refused.setdefault(exchange.refusal(""), []).append(exchange)
            replies.append(Reply(label, False, exchange.seconds, note="no answer"))
            continue
        if len(exchange.batch) == 1:
            [index], [answer] = exchange.batch, exchange.answers
            alone[index] = answer
            found += judged(candidate, candidate.requests[index], answer)
            replies.append(Reply(label, not found, exchange.seconds, answer, index))
        else:
            found += dict.fromkeys(compared(candidate, exchange, alone))
            note = "other answers than alone" if found else "the same answers"
            replies.append(Reply(label, not found, exchange.seconds, note=note))
        faults += found
    dumb = set(range(len(candidate.requests))) - set(alone)
    groups = ([one for one in group if not also(one, dumb)] for group in refused.values())
    return replies, [refusal_of(candidate, group) for group in groups if group] + faults


def also(exchange: Exchange, dumb: set[int]) -> bool:
    """Whether a batch of several was refused of which no request was answered alone either."""
    return len(exchange.batch) > 1 and dumb.issuperset(exchange.batch)


def refusal_of(candidate: Candidate, group: Sequence[Exchange]) -> str:
    first = f"on {named(candidate, group[0].batch)}"
    when = first if len(group) == 1 else f"{first} and {len(group) - 1} more"
    why = group[0].refusal
    return why(when) if why else when


def judged(candidate: Candidate, request: Request, answer: Answer) -> Iterator[str]:
    """What is wrong with the answer to a request that was sent alone."""
    if answer.status >= 400:
        yield f"{candidate.name}: `{request.label}` got status {answer.status}: {answer.shown}"
        return
    yield from shown(candidate, request, request.expectation.faults(answer))


def compared(candidate: Candidate, exchange: Exchange, alone: dict[int, Answer]) -> Iterator[str]:
    """How the answers of a batch of several differ from those that the same requests got alone."""
    size = len(exchange.batch)
    for index, answer in zip(exchange.batch, exchange.answers):
        if index not in alone:
            continue
        request = candidate.requests[index]
        if answer.status != alone[index].status:
            yield (
                f"{candidate.name}: `{request.label}` got status {answer.status} in a batch of {size},"
                f" alone {alone[index].status}"
            )
        elif answer.status < 400:
            found = request.expectation.disagreement(alone[index], answer)
            for fault in shown(candidate, request, found):
                yield f"{fault}, in a batch of {size}"


def shown(candidate: Candidate, request: Request, found: Iterator[str]) -> Iterator[str]:
    for fault in islice(found, MOST_DIFFERENCES):
        yield f"{candidate.name}: `{request.label}`: {fault}"
    if next(found, None) is not None:
        yield f"{candidate.name}: `{request.label}`: it differs elsewhere too"


def label_of(candidate: Candidate, batch: Sequence[int]) -> str:
    return candidate.requests[batch[0]].label if len(batch) == 1 else f"a batch of {len(batch)}"


def named(candidate: Candidate, batch: Sequence[int]) -> str:
    """A batch in a sentence."""
    label = label_of(candidate, batch)
    return f"`{label}`" if len(batch) == 1 else label
