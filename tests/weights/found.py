"""What all loaders of a weights file do together."""

from __future__ import annotations

from typing import BinaryIO

from hatch_mar.budget import Budget
from hatch_mar.weights.detect import inspect_weights
from hatch_mar.weights.weights import Weights


class Found(Weights):
    """A weights file, with its loadings summed up."""

    @property
    def globals(self) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(pair for loading in self.loadings for pair in loading.globals))

    @property
    def unsafe_globals(self) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(pair for loading in self.loadings for pair in loading.unsafe_globals))

    @property
    def refusals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for loading in self.loadings for each in loading.refusals))

    @property
    def complete(self) -> bool:
        """Whether every loader could be followed to its end; otherwise `globals` may lack some."""
        return not any(loading.unknown for loading in self.loadings)


def inspect(file: BinaryIO, name: str = "", budget: Budget | None = None) -> Found:
    return Found(*inspect_weights(file, name, budget))
