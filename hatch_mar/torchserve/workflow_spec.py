"""The specification of a workflow, as TorchServe reads it (pytorch/serve, ensemble/WorkFlow.java)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from hatch_mar.budget import Budget
from hatch_mar.torchserve.model_config import Document, Table, read_yaml

SETTINGS = ("min-workers", "max-workers", "batch-size", "max-batch-delay", "retry-attempts", "timeout-ms")
"""The keys of `models` that are not models but defaults for them, and keys of a model."""

MODEL_KEYS = ("url", *SETTINGS)


def read(data: bytes, budget: Budget | None = None, *, is_whole: bool = True) -> Document:
    """Read a specification, of which only the beginning need be given.

    Raises:
        Exhausted: the budget does not suffice.
    """
    # Java's reader puts a sign in the place of what is not UTF-8, and goes on
    text = data.decode("utf-8", "replace")
    return read_yaml(text.encode(), budget, is_whole=is_whole)


class Spec:
    """A specification's models and its graph; of values that TorchServe refuses, what they seem to mean."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def models(self) -> Mapping[str, Any]:
        """The models by name, each with whatever it is set to."""
        settings = self.table.table("models") or Table()
        return {
            name: value for name, value in settings.items() if isinstance(name, str) and name not in SETTINGS
        }

    @cached_property
    def edges(self) -> Mapping[str, list[str]]:
        """Each node of `dag` with the nodes that get its answer."""
        dag = self.table.table("dag") or Table()
        return {
            node: [each for each in following if isinstance(each, str) and each.strip()]
            for node, following in dag.items()
            if isinstance(node, str) and isinstance(following, list)
        }

    @cached_property
    def nodes(self) -> Mapping[str, int | None]:
        """All nodes, and the line in which each is met first."""
        lines = (self.table.table("dag") or Table()).lines
        found: dict[str, int | None] = {}
        for node, following in self.edges.items():
            for each in (node, *following):
                found.setdefault(each, lines.get(node))
        return found

    def line_of(self, name: object) -> int | None:
        """The line of a key of `models`."""
        return (self.table.table("models") or Table()).lines.get(name)
