"""The names of the model in the manifest, of the members, and of the archive itself.

pytorch/serve, frontend/archive/…/Manifest.java and ModelArchive.java (read by Gson, unpacked by
ZipUtils.java), frontend/server/…/ModelManager.java (`createModelArchive`). The module `handler`
checks the handler and the runtime, those after it the files that the manifest names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from hatch_mar.archive.formats.packed_names import DUPLICATE, FILE_AND_FOLDER, MISPLACED, UNPACKABLE
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.names import RESERVED_FOLDERS, fold_name, name_fault
from hatch_mar.text import quote
from hatch_mar.torchserve import suffixes
from hatch_mar.torchserve.member_names import files_that_are_folders, unpacking_fault

NOT_AN_OBJECT = Rule(
    code="MAR101",
    title="`model` in the manifest is not an object",
    consequence=(
        "a TorchServe that starts with `--models all` exits with a `NullPointerException` if it is `null`,"
        " and refuses the archive with `Failed to parse signature.json` if it is anything else"
    ),
    fix="make it an object, with `modelName`, `modelVersion` and `handler`",
)
NO_MODEL = Rule(
    code="MAR102",
    severity="warning",
    title="The manifest has no `model`",
    consequence=(
        "TorchServe's own handlers die with `KeyError: 'model'`, and the model has no handler unless the"
        " server has a `default_service_handler`"
    ),
    fix='add `"model"` with `modelName`, `modelVersion` and `handler`',
)
NOT_A_STRING = Rule(
    code="MAR103",
    title="A value in the manifest is not a string",
    consequence="TorchServe refuses the archive with `Failed to parse signature.json`",
    fix="make it a string",
)
NO_NAME = Rule(
    code="MAR104",
    severity="warning",
    title="The model has no name",
    consequence=(
        "TorchServe uses the file's name if it loads the archive when it starts, and answers a"
        " registration without `model_name` with `Model name is not defined`"
    ),
    fix="add `modelName` to its `model`",
)
UNREACHABLE_MODEL = Rule(
    code="MAR105",
    title="The model cannot be requested by its name",
    consequence="TorchServe registers the model and answers every request for it with 404",
    fix="give the model a name without `/`",
)
UNREACHABLE_VERSION = Rule(
    code="MAR106",
    severity="warning",
    title="The model cannot be requested by its version",
    consequence="requests that name this version are answered with 404",
    fix="give the model a version without `/`",
)
ENVELOPE = Rule(
    code="MAR107",
    severity="warning",
    title="The manifest sets an envelope",
    consequence="TorchServe overwrites it with its own `service_envelope` (ModelManager.java)",
    fix="set `service_envelope` in the server's `config.properties`",
)
MANIFEST_CASE = Rule(
    code="MAR115",
    severity="warning",
    title="A member's name differs from the manifest's only by case",
    consequence="TorchServe reads only `MAR-INF/MANIFEST.json`; on macOS and Windows this file replaces it",
    fix="remove it, or write its name as `MAR-INF/MANIFEST.json`",
)
FILE_NAME = Rule(
    code="MAR121",
    title="The archive's file name contains `..`",
    consequence="TorchServe refuses it with `Relative path is not allowed in url`",
    fix="remove one of the dots",
)
LONELY_MANIFEST = Rule(
    code="MAR122",
    title="The directory contains only the manifest",
    consequence="TorchServe treats a directory's only subfolder as the model, and loses the manifest in it",
    fix="choose another `archive-format`, or add a file",
)

STRINGS = ("createdOn", "description", "archiverVersion")
MODEL_STRINGS = (
    *("modelName", "version", "description", "modelVersion"),
    *("handler", "envelope", "requirementsFile", "configFile"),
)
"""The keys of Manifest.java that are a `String`: Gson takes any scalar for one."""


def check(subject: Subject) -> Iterator[Finding]:
    if not subject.manifest.is_of_workflow:
        yield from check_manifest(subject)
    yield from check_file_name(subject)
    for found in (check_members, check_duplicates, check_folders):
        yield from islice(found(subject), MOST_FINDINGS)


def check_manifest(subject: Subject) -> Iterator[Finding]:
    document = subject.manifest.document
    place = subject.set_by("manifest")
    for key in non_strings(document, STRINGS):
        yield NOT_A_STRING.at(place, f"`{key}` in the manifest is not a string")
    if "model" not in document:
        yield NO_MODEL.at(place, "The manifest has no `model`")
    elif not isinstance(document["model"], dict):
        yield NOT_AN_OBJECT.at(place, "`model` in the manifest is not an object")
    else:
        yield from check_model(subject)


def check_model(subject: Subject) -> Iterator[Finding]:
    model = subject.manifest.model
    for key in non_strings(model, MODEL_STRINGS):
        yield NOT_A_STRING.at(subject.set_by("manifest"), f"`model.{key}` in the manifest is not a string")
    name, version = model.get("modelName"), subject.value("modelVersion")
    if name is None or name == "":
        yield NO_NAME.at(subject.set_by("model-name"), "The manifest has no model name")
    elif isinstance(name, str) and "/" in name:
        yield UNREACHABLE_MODEL.at(subject.set_by("model-name"), f"Model name `{name}` has a `/`")
    if version and "/" in version:
        yield UNREACHABLE_VERSION.at(subject.set_by("version"), f"Version `{version}` has a `/`")
    if envelope := subject.value("envelope"):
        yield ENVELOPE.at(subject.set_by("manifest"), f"TorchServe overwrites the envelope `{envelope}`")


def non_strings(table: object, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if isinstance(table, dict) and isinstance(table.get(key), (dict, list))]


def check_file_name(subject: Subject) -> Iterator[Finding]:
    name = subject.file_name
    if ".." in name:
        yield FILE_NAME.at(file_name_place(subject), f"The file name `{name}` has two dots in a row")
    # what else is in a directory on disk is checked by `archive_file`
    configured = subject.root is not None
    if configured and not subject.members and not name.endswith(suffixes.UNPACKED):
        yield LONELY_MANIFEST.at(subject.set_by("archive-format"), f"`{name}` contains only the manifest")


def file_name_place(subject: Subject) -> Place:
    """Where the archive's file name is set: in the configuration, or by whoever named the file."""
    for key in ("archive-name", "model-name"):
        if key in subject.origins:
            return subject.origins[key]
    return Place(subject.file_name)


def check_members(subject: Subject) -> Iterator[Finding]:
    manifest = fold_name(subject.manifest.name)
    for name, member in subject.members.items():
        if fault := unpacking_fault(name):
            yield UNPACKABLE.at(subject.place(member), f"Member {quote(name)} {fault}")
        elif fold_name(name) == manifest:
            yield MANIFEST_CASE.at(
                subject.place(member), f"Member `{name}` differs from `{subject.manifest.name}` only by case"
            )
        elif name.partition("/")[0].upper() not in RESERVED_FOLDERS and (fault := name_fault(name)):
            yield MISPLACED.at(subject.place(member), f"Member `{name}` {fault}")


def check_duplicates(subject: Subject) -> Iterator[Finding]:
    for name, count in Counter(member.name for member in subject.archive.members).items():
        if count > 1:
            place = subject.place(subject.members[name])
            yield DUPLICATE.at(place, f"Member `{name}` appears {count} times")


def check_folders(subject: Subject) -> Iterator[Finding]:
    for name, below in files_that_are_folders({*subject.members, subject.manifest.name}):
        member = subject.members.get(name)
        yield FILE_AND_FOLDER.at(
            subject.place(member) if member else subject.set_by("manifest"),
            f"Member `{name}` is a file, but also the folder of `{below}`",
        )
