"""The configuration's file: what makes TorchServe end, ignore all of it, or start no worker."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, ScalarNode
from yaml.reader import ReaderError

from hatch_mar.archive.archive import Member
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.torchserve.model_config import (
    MOST_CHARACTERS,
    MOST_NODES,
    EndlessError,
    EntangledError,
    Loader,
    Table,
    cut,
    in_yaml,
    kind_of,
    line_of,
)

ABSENT = Rule(
    code="MAR501",
    severity="error",
    title="The model configuration is not in the archive",
    consequence="the worker dies with `FileNotFoundError`",
    fix="add the file, or take `configFile` out of the manifest",
)
OUTSIDE = Rule(
    code="MAR502",
    severity="error",
    title="The model configuration's name leaves the archive",
    consequence="both halves of TorchServe follow it, and read whatever the server has there",
    fix="name a file of the archive, relative to its root",
)
ENCODING = Rule(
    code="MAR503",
    severity="error",
    title="The model configuration is not UTF-8",
    consequence="the worker dies with `UnicodeDecodeError`",
    fix="save the file as UTF-8",
)
SYNTAX = Rule(
    code="MAR504",
    severity="error",
    title="The model configuration is not YAML",
    consequence="TorchServe ignores all of it, and the worker dies with the same error",
    fix="fix the file",
)
DOCUMENTS = Rule(
    code="MAR505",
    severity="error",
    title="The model configuration has several documents",
    consequence="TorchServe ignores all of it, and the worker dies with `ComposerError`",
    fix="keep one document, without `---` after it",
)
VALUE = Rule(
    code="MAR506",
    severity="error",
    title="The model configuration has a value that `yaml.safe_load` refuses",
    consequence="the worker dies with `ConstructorError`; of `!!int` and `!!float`, TorchServe itself ends",
    fix="write plain strings, numbers, lists and tables, without tags",
)
EMPTY = Rule(
    code="MAR507",
    severity="error",
    title="The model configuration is empty",
    consequence=(
        "TorchServe ends when it starts with `--models all`, and refuses the model otherwise:"
        " `NullPointerException`"
    ),
    fix="set something, or leave the file out",
)
TOP_LEVEL = Rule(
    code="MAR508",
    severity="error",
    title="The model configuration is no mapping",
    consequence=(
        "TorchServe ends when it starts with `--models all`, and refuses the model otherwise:"
        " `ClassCastException`"
    ),
    fix="write `key: value` lines",
)
KEY = Rule(
    code="MAR509",
    severity="error",
    title="The model configuration has a key that is no string",
    consequence=(
        "TorchServe ends when it starts with `--models all`, and refuses the model otherwise:"
        " `ClassCastException`"
    ),
    fix="put the key in quotes",
)
ENTANGLED = Rule(
    code="MAR510",
    severity="error",
    title="The model configuration is too large or too entangled for TorchServe",
    consequence=(
        "its parser refuses more than 3145728 characters, 50 references or 50 levels, and all of the"
        " file is ignored"
    ),
    fix="write it plainly",
)
UNCHECKED = Rule(
    code="MAR511",
    severity="warning",
    title="The model configuration is too long to be checked",
    consequence="what it holds is not known here",
    fix="keep data that is no configuration in a file of its own",
)
DUPLICATE = Rule(
    code="MAR512",
    severity="warning",
    title="A key of the model configuration is there twice",
    consequence="the last one counts, and the others are lost",
    fix="keep one of them",
)


@dataclass(frozen=True)
class ConfigFile:
    """The file that the manifest names, or the table in `[tool.mar]` that it is made of."""

    subject: Subject
    member: Member

    def place(self, line: int | None = None) -> Place:
        if "config" in self.subject.origins:
            # nobody wrote the generated file, so its lines tell nothing
            return self.subject.set_by("config")
        return self.subject.place(self.member, line)


def locate(subject: Subject) -> Iterator[Finding | ConfigFile]:
    """The file that the manifest names, or what is wrong with the name."""
    if "configFile" not in subject.manifest.model:
        return
    name = subject.manifest.model["configFile"]
    place = subject.set_by("config-file")
    if not isinstance(name, str) or not name:
        yield ABSENT.at(place, f"The manifest's `configFile` names no file: `{name}`")
        return
    path = posixpath.normpath(name)
    if path.startswith(("/", "../")) or path == "..":
        yield OUTSIDE.at(place, f"The manifest's `configFile` leaves the archive: `{name}`")
    elif path not in subject.members:
        yield ABSENT.at(place, f"The archive has no `{name}`")
    else:
        yield ConfigFile(subject, subject.members[path])


def load(file: ConfigFile) -> Iterator[Finding | Table]:
    """What is wrong with the file; and what it holds, unless that cannot be known."""
    data = file.subject.text(file.member)
    try:
        # what was cut off may have cut a character in two
        text = data.decode("utf-8", "ignore" if len(data) == LARGEST_TEXT else "strict")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        yield ENCODING.at(file.place(line), f"The model configuration is not UTF-8: {error.reason}")
        return
    if len(text) > MOST_CHARACTERS:
        message = f"TorchServe reads no more than {MOST_CHARACTERS} characters of a model configuration"
        yield ENTANGLED.at(file.place(), message)
        return
    try:
        yield from document(file, Loader(text))
    except EntangledError as error:
        message = f"TorchServe's parser refuses the model configuration: {error}"
        yield ENTANGLED.at(file.place(line_in(error, text)), message)
    except ConstructorError as error:
        message = f"TorchServe's worker refuses the model configuration: {problem(error)}"
        yield VALUE.at(file.place(line_in(error, text)), message)
    except (yaml.YAMLError, RecursionError) as error:
        fix = "indent with spaces: YAML has no tabs" if r"'\t'" in problem(error) else None
        message = f"The model configuration is not YAML: {problem(error)}"
        yield SYNTAX.at(file.place(line_in(error, text)), message, fix)
    except EndlessError:
        message = f"The model configuration has more than {MOST_NODES} values, too many to be checked"
        yield UNCHECKED.at(file.place(), message)


def document(file: ConfigFile, loader: Loader) -> Iterator[Finding | Table]:
    root, second = loader.document()
    if second is not None:
        place = file.place(second.start_mark.line + 1)
        yield DOCUMENTS.at(place, "The model configuration has a second document")
        return
    if root is None or root.tag.endswith(":null"):
        yield EMPTY.at(file.place(), "The model configuration is empty")
        return
    if not isinstance(root, MappingNode):
        kind = "one value" if isinstance(root, ScalarNode) else "a list"
        yield TOP_LEVEL.at(file.place(line_of(root)), f"The model configuration is {kind}, not a mapping")
        return
    for key, line in dict.fromkeys(loader.duplicates):
        message = f"Key `{cut(key)}` is there more than once, and TorchServe takes the last"
        yield DUPLICATE.at(file.place(line), message)
    found: Any = loader.construct_document(root)
    if not isinstance(found, Table):
        yield TOP_LEVEL.at(
            file.place(line_of(root)), f"The model configuration is {kind_of(found)}, not a mapping"
        )
    elif faults := list(foreign_keys(file, found)):
        yield from faults
    else:
        yield found


def foreign_keys(file: ConfigFile, root: Table) -> Iterator[Finding]:
    """The keys that TorchServe casts to strings: those of the top level and of `torchrun`."""
    for where, table in (("", root), (" of `torchrun`", root.table("torchrun") or Table())):
        for key in table:
            if not isinstance(key, str):
                message = f"Key `{in_yaml(key)}`{where} is {kind_of(key)}, not a string"
                yield KEY.at(file.place(table.lines.get(key)), message)


def problem(error: Exception) -> str:
    if isinstance(error, ReaderError):
        return f"character U+{int(error.character):04X} is not allowed"
    text = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
    if text == "second occurrence":
        text = "an anchor is defined twice"
    return cut(text or type(error).__name__, 120)


def line_in(error: Exception, text: str) -> int | None:
    if isinstance(error, ReaderError):
        return text.count("\n", 0, error.position) + 1
    mark = getattr(error, "problem_mark", None)
    return None if mark is None else mark.line + 1
