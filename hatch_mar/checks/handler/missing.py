"""What the handler uses and will not find: keys, attributes, and values where there is None.

All of it is certain: a rehearsal of the worker comes to the line, whatever the requests are.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.handler_facts import handler_function
from hatch_mar.checks.index_to_name import NAME as LABELS
from hatch_mar.checks.lineage import calls_method
from hatch_mar.checks.packed_code import changes_path
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.pysource.functions import Function, FunctionNode, parameter
from hatch_mar.pysource.namespace import Namespace
from hatch_mar.pysource.rehearsal.events import DICTIONARY, Missing
from hatch_mar.pysource.rehearsal.known_values import Class, Package, Table
from hatch_mar.text import did_you_mean, quote
from hatch_mar.torchserve.base_handler import ATTRIBUTES, CALLS
from hatch_mar.torchserve.context import CONTEXT_ATTRIBUTES

UNGUARDED = Rule(
    code="MAR266",
    title="The handler's function uses its data at load, when it is None",
    consequence="the worker dies: to load the model, it calls the function with None and the context",
    fix="return early `if data is None`",
)
KEY = Rule(
    code="MAR267",
    severity="warning",
    title="The handler reads a key that is not there",
    consequence="the worker dies with `KeyError`, or every request fails",
    fix="set it, or read it with `.get`",
)
ATTRIBUTE = Rule(
    code="MAR268",
    severity="warning",
    title="The handler reads an attribute that nothing sets",
    consequence="the worker dies with `AttributeError`, or every request fails",
    fix="define it, or set it in `initialize`",
)
NONE = Rule(
    code="MAR269",
    severity="warning",
    title="The handler uses a value that is None",
    consequence="the worker dies with `TypeError` or `AttributeError`, or every request fails",
    fix="set it in `initialize`",
)

MOST_MISSING = 50
"""Things that are looked at further, and reported."""


MAPPING = "self.mapping"

OF_ARCHIVE = {"manifest": "manifest", "model_yaml_config": "model configuration"}
"""Tables of the context that the archive brings, and what they are called."""

ALIKE = 0.75
"""How much a key must be like another to be taken for a misspelling of it."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report each thing that is missing once, where it is used first, and one of a line.

    Raises:
        Exhausted: the handler could not be followed.
    """
    said: set[object] = set()
    for event in subject.rehearsal:
        if not isinstance(event, Missing) or not event.is_certain or event.identity in said:
            continue
        if len(said) > MOST_MISSING:
            return
        if isinstance(event.owner, Package) and changes_path(subject):
            continue
        if event.of == MAPPING and are_labels_elsewhere(subject):
            continue
        finding = report(subject, event)
        if finding.place not in said:
            yield finding
        said.update((event.identity, finding.place))


def are_labels_elsewhere(subject: Subject) -> bool:
    """Whether the archive has labels where TorchServe does not look, of which `index_to_name` tells."""
    return LABELS not in subject.members and LABELS in subject.names_by_base


def report(subject: Subject, event: Missing) -> Finding:
    place = subject.place(event.module.member, event.line)
    if event.key is None:
        return report_none(subject, event, place)
    if event.of == "self":
        return report_attribute(subject, event, place)
    if event.of == "context":
        text = f"TorchServe's context has no {quote(event.key)}"
        return ATTRIBUTE.at(place, text, did_you_mean(event.key, CONTEXT_ATTRIBUTES) or "use what it has")
    match event.owner:
        case Table(name=name) if event.of == DICTIONARY:
            text = f"`{name}` is a dictionary, which has no attribute {quote(event.key)}"
            return ATTRIBUTE.at(place, text, f'write `["{event.key}"]`')
        case Table() as table:
            return report_key(subject, table, event.key, place)
        case Package(frame=frame):
            what, known = f"`{frame.module.member.name}` does not define", frame.module.names
        case Class(node=node):
            what, known = f"Class `{node.name}` does not have", Namespace(node.body)
    fix = did_you_mean(event.key, known.list_bound()) or "define it there"
    return ATTRIBUTE.at(place, f"{what} {quote(event.key)}, which the handler reads", fix)


def report_key(subject: Subject, table: Table, key: str, place: Place) -> Finding:
    kind, _, path = table.name.partition("[")
    meant = did_you_mean(key, table.data, cutoff=ALIKE)
    if kind == "model_yaml_config" and subject.value("configFile") is None:
        text = f"The archive has no model configuration, and so no {quote(key)} in it"
        return KEY.at(place, text, "set `config-file`, or read it with `.get`")
    if kind not in OF_ARCHIVE:
        return KEY.at(place, f"`{table.name}` has no {quote(key)}", meant or "use what it has")
    inner = f" in `{table.name}`" if path else ""
    return KEY.at(place, f"The archive's {OF_ARCHIVE[kind]} has no {quote(key)}{inner}", meant or None)


def report_attribute(subject: Subject, event: Missing, place: Place) -> Finding:
    """An attribute is missing, perhaps since the `__init__` of the class that sets it is not called."""
    name = quote(f"self.{event.key}")
    broken = find_break(event.owner, "__init__") if event.key in (*ATTRIBUTES, "profiler_args") else None
    if broken is None:
        who = f"`{event.owner.node.name}`" if isinstance(event.owner, Class) else "The object"
        return ATTRIBUTE.at(place, f"{who} has no {quote(event.key or '')}, and nothing sets it")
    of, constructor = broken
    is_inherited = isinstance(event.owner, Class) and event.line == event.owner.node.lineno
    where = (
        "`BaseHandler` needs" if is_inherited else f"`{event.module.member.name}` needs in line {event.line}"
    )
    at = subject.place(of.frame.module.member, constructor.lineno)
    text = (
        f"`{of.node.name}.__init__` does not call that of its base class, and nothing else sets {name},"
        f" which {where}"
    )
    return ATTRIBUTE.at(at, text, "begin it with `super().__init__()`")


def report_none(subject: Subject, event: Missing, place: Place) -> Finding:
    name = quote(event.of)
    entry = handler_function(subject)
    if event.phase == "load" and entry and is_parameter(event):
        text = f"{name} is None when TorchServe calls `{entry[1].name}` to load the model"
        return UNGUARDED.at(place, text)
    if event.of == MAPPING and LABELS not in subject.members:
        return NONE.at(
            place, f"{name} is None, since the archive has no `{LABELS}`", "add it to `extra-files`"
        )
    broken = find_break(event.owner, "initialize")
    if broken is None or event.of.removeprefix("self.") not in ATTRIBUTES:
        fix = "set the key, or give `.get` a default" if ".get(" in event.of else None
        return NONE.at(place, f"{name} is None here", fix)
    of, initialize = broken
    callers = [step for step, called in CALLS.items() if f"self.{called}" == event.of]
    when = f" when `BaseHandler.{callers[0]}` calls it" if callers and event.line == of.node.lineno else ""
    since = f"since `{of.node.name}.{initialize.name}` does not call that of its base class"
    return NONE.at(
        place, f"{name} is None{when}, {since}", f"set {name}, or call `super().initialize(context)`"
    )


def find_break(owner: object, name: str) -> tuple[Class, FunctionNode] | None:
    """The class whose method keeps those of its base classes of this name from being called."""
    lineage = owner.lineage if isinstance(owner, Class) else ()
    for each in (each for each in lineage if isinstance(each, Class)):
        for node in each.node.body:
            if isinstance(node, Function) and node.name == name and not calls_method(node, name):
                return each, node
    return None


def is_parameter(event: Missing) -> bool:
    """Whether what is None is a parameter of the function around it."""
    return any(
        each.lineno <= event.line <= (each.end_lineno or 0)
        and event.of in (parameter(each, 0), parameter(each, 1))
        for each in event.module.functions
    )
