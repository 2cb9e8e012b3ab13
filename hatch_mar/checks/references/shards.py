"""Weights in several files, the shards, and the index that says which tensors are in which of them.

transformers writes such an index (`save_pretrained`), as does everything that follows it. One without any of
its shards may be left over from a folder of which something else is packed, so it says nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hatch_mar.archive.archive import Member
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.checks.references.absent import advise, describe_absence, resolve
from hatch_mar.checks.references.json_file import read_json
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import count_of, escape, quote, quote_some
from hatch_mar.weights.shapes import read_shapes

MISSING = Rule(
    code="MAR423",
    severity="warning",
    title="Some shards of weights are not packed",
    consequence="loading the others fails with `FileNotFoundError` or `OSError`",
    fix="pack all of them in one folder",
)
LACKING = Rule(
    code="MAR424",
    severity="warning",
    title="A shard lacks tensors that the index says are in it",
    consequence="`from_pretrained` gives them random numbers, after a line in the worker's log",
    fix="pack the index and the shards that the same `save_pretrained` wrote",
)
SUFFIX = ".index.json"
LARGEST_INDEX = 10_000_000
"""Bytes. That of a model of 600 billion parameters has nine million."""


def check(subject: Subject, member: Member) -> Iterator[Finding]:
    if not member.name.endswith(SUFFIX):
        return
    shards = read_index(subject, member)
    missing = [shard for shard in shards if resolve(member, shard) not in subject.members]
    is_used = len(missing) < len(shards) or member == subject.named_member("serializedFile")
    if missing and is_used:
        absence = describe_absence(subject, [resolve(member, shard) for shard in missing])
        text = f"{quote(member.name)} names {absence}"
        yield MISSING.at(subject.place(member), text, advise(subject, member, missing))
    for shard, tensors in shards.items():
        if found := subject.members.get(resolve(member, shard)):
            yield from check_shard(subject, member, found, tensors)


def check_shard(subject: Subject, index: Member, shard: Member, tensors: list[str]) -> Iterator[Finding]:
    with explain_read_errors(escape(shard.name)), shard.source.open() as stream:
        present = read_shapes(stream, subject.budget)
    if present is None:
        return
    if lacking := [tensor for tensor in tensors if tensor not in present]:
        text = f"{quote(shard.name)} lacks {count_of(len(lacking), 'tensor')} of {quote(index.name)}: "
        yield LACKING.at(subject.place(shard), text + quote_some(lacking))


def read_index(subject: Subject, member: Member) -> Mapping[str, list[str]]:
    """The shards and the tensors of each; none if it is not an index of that kind."""
    document = read_json(subject, member, LARGEST_INDEX)
    tensors = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(shard, str) for shard in tensors.values()):
        return {}
    shards: dict[str, list[str]] = {}
    for tensor, shard in tensors.items():
        shards.setdefault(shard, []).append(tensor)
    return shards
