"""The configuration's file: what makes TorchServe exit, ignore the whole file, or start no worker."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import shorten
from hatch_mar.torchserve.model_config import ConfigFault, FaultKind

ABSENT = Rule(
    code="MAR501",
    title="The model configuration is not in the archive",
    consequence="the worker dies with `FileNotFoundError`",
    fix="add the file, or remove `configFile` from the manifest",
)
OUTSIDE = Rule(
    code="MAR502",
    title="The model configuration's path leads out of the archive",
    consequence="TorchServe and its worker follow it, and read whatever is there on the server",
    fix="name a file of the archive, relative to its root",
)
ENCODING = Rule(
    code="MAR503",
    title="The model configuration is not UTF-8",
    consequence="the worker dies with `UnicodeDecodeError`",
    fix="save the file as UTF-8",
)
SYNTAX = Rule(
    code="MAR504",
    title="The model configuration is not YAML",
    consequence="TorchServe ignores the file, and the worker dies with the same error",
    fix="fix the file",
)
DOCUMENTS = Rule(
    code="MAR505",
    title="The model configuration has several documents",
    consequence="TorchServe ignores the file, and the worker dies with `ComposerError`",
    fix="keep one document, without `---` after it",
)
VALUE = Rule(
    code="MAR506",
    title="The model configuration has a value that `yaml.safe_load` refuses",
    consequence="the worker dies with `ConstructorError`; with `!!int` or `!!float`, TorchServe exits",
    fix="write plain strings, numbers, lists and tables, without tags",
)
EMPTY = Rule(
    code="MAR507",
    title="The model configuration is empty",
    consequence="TorchServe refuses the model or, with `--models all`, exits: `NullPointerException`",
    fix="set something, or leave the file out",
)
TOP_LEVEL = Rule(
    code="MAR508",
    title="The model configuration is not a mapping",
    consequence="TorchServe refuses the model or, with `--models all`, exits: `ClassCastException`",
    fix="write `key: value` lines",
)
KEY = Rule(
    code="MAR509",
    title="The model configuration has a key that is not a string",
    consequence="TorchServe refuses the model or, with `--models all`, exits: `ClassCastException`",
    fix="put the key in quotes",
)
ENTANGLED = Rule(
    code="MAR510",
    title="The model configuration is too large or too entangled for TorchServe",
    consequence="TorchServe ignores a file of more than 3145728 characters, 50 references or 50 levels",
    fix="make it shorter or simpler",
)
UNCHECKED = Rule(
    code="MAR511",
    severity="warning",
    title="The model configuration is too long to be checked",
    consequence="faults in it are not found",
    fix="move data that is not configuration to a file of its own",
)
DUPLICATE = Rule(
    code="MAR512",
    severity="warning",
    title="A key of the model configuration appears twice",
    consequence="only the last one counts",
    fix="keep one of them",
)


FAULTS: Mapping[FaultKind, tuple[Rule, str]] = {
    "encoding": (ENCODING, "The model configuration is not UTF-8: {}"),
    "syntax": (SYNTAX, "The model configuration is not YAML: {}"),
    "documents": (DOCUMENTS, "The model configuration has {}"),
    "value": (VALUE, "TorchServe's worker refuses the model configuration: {}"),
    "empty": (EMPTY, "The model configuration has {}"),
    "top-level": (TOP_LEVEL, "The model configuration is {}, not a mapping"),
    "key": (KEY, "Key {}, not a string"),
    "entangled": (ENTANGLED, "TorchServe's parser refuses the model configuration: {}"),
    "unchecked": (UNCHECKED, "The model configuration has {}, too many to be checked"),
    "duplicate": (DUPLICATE, "Key `{}` appears more than once, and TorchServe uses the last one"),
}


class ConfigFile(NamedTuple):
    """The file that the manifest names, or the table in `[tool.mar]` that it is made of."""

    subject: Subject
    member: Member

    def place(self, line: int | None = None) -> Place:
        if "config" in self.subject.origins:
            # nobody wrote the generated file, so its lines mean nothing to the user
            return self.subject.set_by("config")
        return self.subject.place(self.member, line)


def check_name(subject: Subject) -> Iterator[Finding]:
    name = subject.manifest.model.get("configFile")
    place = subject.set_by("config-file")
    if not isinstance(name, str) or not name:
        yield ABSENT.at(place, f"`configFile` in the manifest does not name a file: `{name}`")
        return
    path = posixpath.normpath(name)
    if path.startswith(("/", "../")) or path == "..":
        yield OUTSIDE.at(place, f"`configFile` in the manifest leads out of the archive: `{name}`")
    elif path not in subject.members:
        yield ABSENT.at(place, f"The archive has no `{name}`")


def report_fault(file: ConfigFile, fault: ConfigFault) -> Finding:
    rule, text = FAULTS[fault.kind]
    return rule.at(file.place(fault.line), text.format(shorten(fault.problem, 120)), advise(fault))


def advise(fault: ConfigFault) -> str | None:
    """What to do about a fault of YAML, if that is more than to fix the file."""
    has_tab = fault.kind == "syntax" and r"'\t'" in fault.problem
    return "indent with spaces: YAML has no tabs" if has_tab else None
