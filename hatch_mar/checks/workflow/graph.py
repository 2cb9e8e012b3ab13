"""The graph of a workflow, which must begin with one node and have no circle (Dag.java)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from hatch_mar.checks.workflow.spec_file import SpecFile
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.text import quote, quote_some
from hatch_mar.torchserve.workflow_spec import Spec

GRAPH = Rule(
    code="MAR854",
    title="The workflow's graph is not one that TorchServe runs",
    consequence=(
        "the registration fails with `Not a valid DAG`, `loop exception`, `Self loop exception` or"
        " `DAG should have only one start node`"
    ),
    fix="remove one of the steps",
)


def check(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    dag = spec.table.table("dag")
    if dag is None:
        return
    yield from islice(check_edges(file, spec), MOST_FINDINGS)
    if circle := find_circle(spec):
        shown = " → ".join(quote(node) for node in circle[:6]) + (" → …" if circle[6:] else "")
        yield GRAPH.at(file.place(spec.nodes[circle[0]]), f"`dag` has a cycle: {shown}")
    begins = starts(spec)
    if begins[1:]:
        fix = "begin with one node that leads to all of them, such as a function"
        text = f"`dag` begins with {len(begins)} nodes, {quote_some(begins)}, and not with one"
        yield GRAPH.at(file.place(spec.nodes[begins[1]]), text, fix)
    elif not dag:
        yield GRAPH.at(file.place(spec.table.lines.get("dag")), "`dag` is empty", "name a node")


def check_edges(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    for node, following in spec.edges.items():
        place = file.place(spec.nodes[node])
        for each, count in Counter(following).items():
            if each == node:
                yield GRAPH.at(place, f"Node {quote(node)} of `dag` leads to itself")
            elif count > 1:
                yield GRAPH.at(place, f"Node {quote(node)} of `dag` leads to {quote(each)} more than once")


def find_circle(spec: Spec) -> list[str]:
    """The nodes of a circle, of which the last is the first again; none if no two or more form one."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node, following in spec.edges.items():
        for each in following:
            if each != node:
                sorter.add(each, node)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def starts(spec: Spec) -> list[str]:
    """The nodes that no other one leads to, in the order of the file."""
    reached = {each for node, following in spec.edges.items() for each in following if each != node}
    return [node for node in spec.nodes if node not in reached]
