"""Names that some consumers cannot use: KServe, SageMaker, Vertex AI, Windows, a server without a locale.

KServe's wrapper (pytorch/serve, kubernetes/kserve/kserve_wrapper/TorchserveModel.py) looks for
a folder, or for a file whose only `pathlib` suffix is `.mar`. A JVM with a POSIX locale, as in
an image that does not set `LANG`, cannot name a file that is not ASCII.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from hatch_mar.checks.archive_names import file_name_place
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.names import fold_name, name_fault, windows_fault
from hatch_mar.torchserve import consumers, suffixes

KSERVE = Rule(
    code="MAR901",
    severity="warning",
    consumer=consumers.KSERVE,
    title="KServe does not find the archive",
    consequence="its wrapper exits with `ModelMissingError` if nothing else is in the model store",
    fix="for KServe, set `archive-name` to a name without dots, or publish it with the layout `kserve`",
)
NOT_ASCII = Rule(
    code="MAR902",
    severity="warning",
    title="A name is not ASCII",
    consequence="in a POSIX locale, TorchServe fails (`InvalidPathException`) or, with `--models all`, exits",
    fix="rename it, or set `LC_ALL=C.UTF-8` where TorchServe runs",
)
CASE = Rule(
    code="MAR903",
    severity="warning",
    consumer=consumers.WINDOWS,
    title="Names differ only by case",
    consequence="on Windows and macOS, one file replaces the other",
    fix="rename one of them",
)
WINDOWS = Rule(
    code="MAR904",
    severity="warning",
    consumer=consumers.WINDOWS,
    title="A name is not valid on Windows",
    consequence="TorchServe on Windows fails to unpack the archive",
    fix="rename it",
)
VERTEX = Rule(
    code="MAR905",
    severity="warning",
    consumer=consumers.VERTEX,
    title="Vertex AI does not find the archive",
    consequence="its containers serve only a file named `model.mar`",
    fix=(
        "set `archive-name` to `model`, and `archive-format` to `default`, or publish it with the layout"
        " `vertex`"
    ),
)
SAGEMAKER = Rule(
    code="MAR906",
    severity="warning",
    consumer=consumers.SAGEMAKER,
    title="SageMaker does not unpack the archive",
    consequence="it unpacks only a `.tar.gz` for TorchServe",
    fix="set `archive-format` to `tgz`, or publish it with the layout `sagemaker`",
)


def check(subject: Subject) -> Iterator[Finding]:
    yield from check_kserve(subject)
    yield from check_vertex(subject)
    yield from check_sagemaker(subject)
    yield from check_ascii(subject)
    yield from islice(check_case(subject), MOST_FINDINGS)
    yield from islice(check_windows(subject), MOST_FINDINGS)


def check_kserve(subject: Subject) -> Iterator[Finding]:
    name = subject.file_name
    if name.endswith((".tar.gz", ".tgz")):
        text = f"KServe does not find `{name}`, which is not a `.mar`"
        yield KSERVE.at(file_name_place(subject), text, "for KServe, set `archive-format` to `default`")
    elif name.endswith(".mar") and has_more_dots(name) and consumers.KSERVE not in subject.layouts:
        yield KSERVE.at(
            file_name_place(subject), f"KServe does not find `{name}`, whose name has more than one dot"
        )


def has_more_dots(name: str) -> bool:
    return PurePosixPath(name).suffixes != [suffixes.MODEL]


def check_vertex(subject: Subject) -> Iterator[Finding]:
    """What is wrong with a model's name; Vertex AI takes no workflows."""
    if consumers.VERTEX in subject.layouts and subject.file_name.endswith(suffixes.MODEL):
        return
    if subject.file_name != "model.mar" and not subject.file_name.endswith(suffixes.WORKFLOW):
        text = f"Vertex AI serves `model.mar`, not `{subject.file_name}`"
        yield VERTEX.at(file_name_place(subject), text)


def check_sagemaker(subject: Subject) -> Iterator[Finding]:
    """What is wrong with a file. A directory is packed for the upload, by SageMaker's own library too."""
    if subject.file_name.endswith(".mar") and consumers.SAGEMAKER not in subject.layouts:
        text = f"SageMaker does not unpack `{subject.file_name}`, which is not a `.tar.gz`"
        yield SAGEMAKER.at(file_name_place(subject), text)


def check_ascii(subject: Subject) -> Iterator[Finding]:
    if not subject.file_name.isascii():
        yield NOT_ASCII.at(file_name_place(subject), f"The file name `{subject.file_name}` is not ASCII")
    names = [name for name in subject.members if not name.isascii()]
    if names:
        others = f", nor are {len(names) - 1} others" if names[1:] else ""
        place = subject.place(subject.members[names[0]])
        yield NOT_ASCII.at(place, f"Member `{names[0]}` is not ASCII{others}")


def check_case(subject: Subject) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, member in subject.members.items():
        other = first.setdefault(fold_name(name), name)
        if other != name:
            yield CASE.at(subject.place(member), f"Members `{other}` and `{name}` differ only by case")


def check_windows(subject: Subject) -> Iterator[Finding]:
    for name, member in subject.members.items():
        if not name_fault(name) and (fault := windows_fault(name)):
            yield WINDOWS.at(subject.place(member), f"Member `{name}` {fault}")
