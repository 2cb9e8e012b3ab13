"""TorchServe's own handlers: whether the server has what they import, and the archive what they read."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.handler_facts import name_vocabulary
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.torchserve.handlers import BuiltIn

PACKAGES = Rule(
    code="MAR221",
    severity="warning",
    title="A built-in handler needs a package that the server lacks",
    consequence="on a server without it the worker dies with `No module named …`",
    fix="add it to the archive's requirements, or to `server-packages` if the server has it",
)
VOCABULARY = Rule(
    code="MAR222",
    title="A text handler has no vocabulary",
    consequence="the worker dies with `Missing the source_vocab file`",
    fix="add `source_vocab.pt` to `extra-files`",
)
HIDDEN = Rule(
    code="MAR223",
    severity="warning",
    title="A file of the archive takes the place of a built-in handler",
    consequence="TorchServe runs the file",
    fix="add `.py` to the handler if the file is meant, or else rename the file",
)


def check(subject: Subject, handler: BuiltIn) -> Iterator[Finding]:
    place = subject.set_by("handler")
    if absent := [module for module in handler.imports if not subject.environment.has_installed(module)]:
        packages = " and ".join(f"`{module}`" for module in absent)
        text = f"Handler `{handler.name}` imports {packages}, which nothing brings to the server"
        yield PACKAGES.at(place, text)
    vocabulary = name_vocabulary(subject)
    if vocabulary and vocabulary not in subject.members:
        text = f"Handler `{handler.name}` reads `{vocabulary}` at the archive's root, where it is not"
        yield VOCABULARY.at(place, text)
