"""`modules.json`, by which sentence-transformers knows the modules of a model and their folders.

sentence_transformers/SentenceTransformer.py (`_load_sbert_model`): each module but the first is in a folder
of its own, where it has its settings. `Normalize` has none, and its folder may be left out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.checks.references.absent import advise, describe_absence, resolve
from hatch_mar.checks.references.json_file import read_json
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import quote

MISSING = Rule(
    code="MAR425",
    severity="warning",
    title="A module of a sentence-transformers model is not packed",
    consequence="`SentenceTransformer` looks for its folder on the internet, and dies",
    fix="pack the folder beside `modules.json`",
)
NAME = "modules.json"
PACKAGE = "sentence_transformers."
WITHOUT_FILES = "Normalize"
CONFIG = "config.json"
CONFIGURED = ("Pooling", "Dense", "Dropout", "CNN", "LayerNorm", "WeightedLayerPooling")
"""The modules whose settings are `CONFIG` in their folder (sentence_transformers/models)."""


class Module(NamedTuple):
    """A module of a model."""

    path: str
    """Its folder, relative to `modules.json`."""
    kind: str
    """Its class, without the module that it is in."""


def check(subject: Subject, member: Member) -> Iterator[Finding]:
    if posixpath.basename(member.name) != NAME:
        return
    found = (find_missing(subject, member, module) for module in read_modules(subject, member))
    if missing := [path for path in found if path]:
        absence = describe_absence(subject, [resolve(member, path) for path in missing])
        text = f"{quote(member.name)} names {absence}"
        yield MISSING.at(subject.place(member), text, advise(subject, member, missing))


def read_modules(subject: Subject, member: Member) -> Iterator[Module]:
    """The modules that have files, as far as they are of sentence-transformers itself."""
    document = read_json(subject, member)
    for entry in document if isinstance(document, list) else ():
        path, kind = map(entry.get, ("path", "type")) if isinstance(entry, dict) else (None, None)
        if isinstance(path, str) and path and isinstance(kind, str) and kind.startswith(PACKAGE):
            name = kind.rpartition(".")[2]
            if name != WITHOUT_FILES:
                yield Module(path, name)


def find_missing(subject: Subject, member: Member, module: Module) -> str | None:
    """What a module lacks, relative to `modules.json`: its folder, or its settings there."""
    if resolve(member, module.path) not in subject.folders:
        return module.path
    config = posixpath.join(module.path, CONFIG)
    if module.kind in CONFIGURED and resolve(member, config) not in subject.members:
        return config
    return None
