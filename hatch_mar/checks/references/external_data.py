"""The data of ONNX models that lie in files beside them, as those of torch's exporter do by default."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.archive.archive import Member
from hatch_mar.checks.references.absent import advise, describe_absence, resolve
from hatch_mar.checks.subject import Subject
from hatch_mar.checks.wholeness import find_fault
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import count_of, quote

MISSING = Rule(
    code="MAR421",
    title="An ONNX model's external data is not packed",
    consequence="ONNX Runtime refuses the model: `External data path does not exist`",
    fix="pack the file beside the model, or export the model with `external_data=False`",
)
SHORT = Rule(
    code="MAR422",
    title="An ONNX model's external data is cut off",
    consequence="ONNX Runtime refuses the model: `… are out of bounds or can not be read in full`",
    fix="export the model again, and pack both files",
)


def check(subject: Subject, member: Member) -> Iterator[Finding]:
    place, missing = subject.place(member), []
    for file in subject.weights(member).external:
        name = resolve(member, file.path)
        data = subject.members.get(name)
        if data is None:
            missing.append(file.path)
        elif data.source.size() < file.needed and find_fault(subject.weights(data)) is None:
            size = count_of(data.source.size(), "byte")
            text = f"{quote(name)} has {size}, but {quote(member.name)} needs {file.needed}"
            yield SHORT.at(place, text)
    if missing:
        absence = describe_absence(subject, [resolve(member, path) for path in missing])
        yield MISSING.at(place, f"{quote(member.name)} needs {absence}", advise(subject, member, missing))
