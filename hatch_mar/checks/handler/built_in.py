"""TorchServe's own handlers: whether the server has what they import, and the archive what they read."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.handler_facts import built_in, name_built_in, name_vocabulary, runs_built_in
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule

PACKAGES = Rule(
    code="MAR221",
    severity="warning",
    title="TorchServe's own code needs a package that the server lacks",
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


def check(subject: Subject) -> Iterator[Finding]:
    """Check the handler that the manifest names, or that the archive's own is derived from."""
    own = built_in(subject)
    place = subject.set_by("handler")
    imports = own.imports if own else ()
    if absent := [module for module in imports if not subject.environment.has_installed(module)]:
        packages = " and ".join(f"`{module}`" for module in absent)
        text = (
            f"Handler `{subject.value('handler')}` imports {packages}, which nothing installs on the server"
        )
        yield PACKAGES.at(place, text)
    vocabulary = name_vocabulary(subject)
    found = runs_built_in(subject, "initialize")
    if found and vocabulary and vocabulary not in subject.members:
        text = (
            f"{name_built_in(subject, found)} reads `{vocabulary}` at the archive's root, but it is not there"
        )
        yield VOCABULARY.at(place, text)
