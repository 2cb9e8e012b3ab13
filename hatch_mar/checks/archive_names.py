"""What the manifest and the members are called, and the archive itself.

pytorch/serve, frontend/archive/…/Manifest.java and ModelArchive.java (read by Gson, unpacked by
ZipUtils.java), frontend/server/…/ModelManager.java (`createModelArchive`). Handler and
runtime are `handler`'s, the files that the manifest names those of the modules after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.names import RESERVED_FOLDERS, folded, unsafe
from hatch_mar.torchserve.member_names import brief, files_that_are_folders, unpackable

NO_OBJECT = Rule(
    code="MAR101",
    severity="error",
    title="The manifest's `model` is no object",
    consequence=(
        "a `null` ends a TorchServe that starts with `--models all` with a `NullPointerException`,"
        " all else is refused with `Failed to parse signature.json`"
    ),
    fix="make `model` an object",
)
NO_MODEL = Rule(
    code="MAR102",
    severity="warning",
    title="The manifest has no `model`",
    consequence=(
        "TorchServe's own handlers die with `KeyError: 'model'`, and there is no handler unless the"
        " server has a `default_service_handler`"
    ),
    fix='add `"model"` with `modelName`, `modelVersion` and `handler`',
)
NO_TEXT = Rule(
    code="MAR103",
    severity="error",
    title="A value of the manifest is no text",
    consequence="TorchServe refuses the archive with `Failed to parse signature.json`",
    fix="make it a string",
)
NO_NAME = Rule(
    code="MAR104",
    severity="warning",
    title="The model has no name",
    consequence=(
        "TorchServe takes the file's name when it loads the archive at its start, and answers a"
        " registration that names no model with `Model name is not defined`"
    ),
    fix="set `model-name`",
)
UNREACHABLE_MODEL = Rule(
    code="MAR105",
    severity="error",
    title="The model's name cannot be asked for",
    consequence="TorchServe registers the model and answers every request for it with 404",
    fix="give the model a name without `/`",
)
UNREACHABLE_VERSION = Rule(
    code="MAR106",
    severity="warning",
    title="The model's version cannot be asked for",
    consequence="a request for this version gets 404; one for the default version does not",
    fix="give the model a version without `/`",
)
ENVELOPE = Rule(
    code="MAR107",
    severity="warning",
    title="The manifest sets an envelope",
    consequence="TorchServe overwrites it with its own `service_envelope` (ModelManager.java)",
    fix="set `service_envelope` in the server's `config.properties`",
)
UNPACKABLE = Rule(
    code="MAR111",
    severity="error",
    title="A member cannot be unpacked",
    consequence="TorchServe stops unpacking with an `IOException`, such as `Detected Zip Slip vulnerability`",
    fix="rename it",
)
DUPLICATE = Rule(
    code="MAR112",
    severity="warning",
    title="Two members have one name",
    consequence="TorchServe keeps the last one; other tools may show the first",
    fix="keep one of them",
)
FILE_AND_FOLDER = Rule(
    code="MAR113",
    severity="error",
    title="A member is a file and a folder",
    consequence="TorchServe stops unpacking with an `IOException`",
    fix="rename the file or the folder",
)
MISPLACED = Rule(
    code="MAR114",
    severity="warning",
    title="A member's name is not plain",
    consequence="TorchServe unpacks it to another place than the name says, or to another one on Windows",
    fix="name it by its place in the archive",
)
MANIFEST_CASE = Rule(
    code="MAR115",
    severity="warning",
    title="A member differs from the manifest by case only",
    consequence=(
        "TorchServe reads only `MAR-INF/MANIFEST.json`; on macOS and Windows this file takes its place"
    ),
    fix="remove it, or write its name as `MAR-INF/MANIFEST.json`",
)
FILE_NAME = Rule(
    code="MAR121",
    severity="error",
    title="The archive's file name has `..`",
    consequence="TorchServe refuses it with `Relative path is not allowed in url`",
    fix="name the file without two dots in a row",
)
LONELY_MANIFEST = Rule(
    code="MAR122",
    severity="error",
    title="The directory holds nothing but the manifest",
    consequence=(
        "TorchServe takes a directory's only folder for the model, and so loses the manifest in it"
        " (ModelArchive.java, for SageMaker)"
    ),
    fix="choose another `archive-format`, or add a file",
)

TEXTS = ("createdOn", "description", "archiverVersion")
MODEL_TEXTS = (
    *("modelName", "version", "description", "modelVersion"),
    *("handler", "envelope", "requirementsFile", "configFile"),
)
"""The keys of Manifest.java that are a `String`: Gson takes any scalar for one."""

ARCHIVE_SUFFIXES = (".mar", ".war", ".tar.gz", ".tgz", ".zip", ".model")
MOST_FINDINGS = 20
"""Findings of one kind; a reader learns nothing from more."""


def check(subject: Subject) -> Iterator[Finding]:
    if subject.manifest.name == MANIFEST_NAME:
        yield from check_manifest(subject)
    yield from check_file_name(subject)
    for found in (check_members, check_duplicates, check_folders):
        yield from islice(found(subject), MOST_FINDINGS)


def check_manifest(subject: Subject) -> Iterator[Finding]:
    document = subject.manifest.document
    place = subject.set_by("manifest")
    for key in not_text(document, TEXTS):
        yield NO_TEXT.at(place, f"The manifest's `{key}` must be a string")
    if "model" not in document:
        yield NO_MODEL.at(place, "The manifest has no `model`")
    elif not isinstance(document["model"], dict):
        yield NO_OBJECT.at(place, "The manifest's `model` must be an object")
    else:
        yield from check_model(subject)


def check_model(subject: Subject) -> Iterator[Finding]:
    model = subject.manifest.model
    for key in not_text(model, MODEL_TEXTS):
        yield NO_TEXT.at(subject.set_by("manifest"), f"The manifest's `model.{key}` must be a string")
    name, version = model.get("modelName"), subject.value("modelVersion")
    if name is None or name == "":
        yield NO_NAME.at(subject.set_by("model-name"), "The manifest names no model")
    elif isinstance(name, str) and "/" in name:
        yield UNREACHABLE_MODEL.at(subject.set_by("model-name"), f"Model name `{name}` has a `/`")
    if version and "/" in version:
        yield UNREACHABLE_VERSION.at(subject.set_by("version"), f"Version `{version}` has a `/`")
    if envelope := subject.value("envelope"):
        yield ENVELOPE.at(subject.set_by("manifest"), f"TorchServe overwrites the envelope `{envelope}`")


def not_text(table: object, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if isinstance(table, dict) and isinstance(table.get(key), (dict, list))]


def check_file_name(subject: Subject) -> Iterator[Finding]:
    name = subject.file_name
    if ".." in name:
        yield FILE_NAME.at(named_by(subject), f"The file name `{name}` has two dots in a row")
    # of a directory on disk `container` knows what else is in it
    configured = subject.root is not None
    if configured and not subject.members and not name.endswith(ARCHIVE_SUFFIXES):
        yield LONELY_MANIFEST.at(subject.set_by("archive-format"), f"`{name}` holds nothing but the manifest")


def named_by(subject: Subject) -> Place:
    """What decides the archive's file name: the configuration, or whoever named the file."""
    for key in ("archive-name", "model-name"):
        if key in subject.origins:
            return subject.origins[key]
    return Place(subject.file_name)


def check_members(subject: Subject) -> Iterator[Finding]:
    manifest = folded(subject.manifest.name)
    for name, member in subject.members.items():
        if fault := unpackable(name):
            yield UNPACKABLE.at(subject.place(member), f"Member `{brief(name)}` {fault}")
        elif folded(name) == manifest:
            yield MANIFEST_CASE.at(
                subject.place(member), f"Member `{name}` differs from `{subject.manifest.name}` by case only"
            )
        elif name.partition("/")[0].upper() not in RESERVED_FOLDERS and (fault := unsafe(name)):
            yield MISPLACED.at(subject.place(member), f"Member `{name}` {fault}")


def check_duplicates(subject: Subject) -> Iterator[Finding]:
    if len(subject.members) == len(subject.archive.members):
        return
    for name, count in Counter(member.name for member in subject.archive.members).items():
        if count > 1:
            place = subject.place(subject.members[name])
            yield DUPLICATE.at(place, f"Member `{name}` is there {count} times")


def check_folders(subject: Subject) -> Iterator[Finding]:
    for name, below in files_that_are_folders(subject.members):
        yield FILE_AND_FOLDER.at(
            subject.place(subject.members[name]), f"Member `{name}` is a file, and the folder of `{below}`"
        )
