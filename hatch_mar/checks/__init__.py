"""What breaks after the deploy, found before it.

A module a subject. Each has its rules and a function `check` that yields what it
finds in a `Subject`. Nothing of the archive is imported or run, and whatever it holds, a
check reads a bounded part of it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from hatch_mar.checks.handler_facts import needs_config
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import RULES, Finding, Rule

SUBJECTS = (
    "archive_names",
    "handler",
    "model_file",
    "serialized_file",
    "model_config",
    "requirements",
    "index_to_name",
    "portability",
)
"""The modules, in the order of their codes; `container` and `archive_file` are for files that were read."""

OF_A_KEY = {"model_file": "modelFile", "model_config": "configFile", "requirements": "requirementsFile"}
"""Those that have nothing to look at where the manifest lacks a key."""


def check(subject: Subject) -> list[Finding]:
    """All that is wrong with an archive."""
    return [
        finding
        for name in SUBJECTS
        if concerned(name, subject)
        for finding in import_module(f"{__name__}.{name}").check(subject)
    ]


def concerned(name: str, subject: Subject) -> bool:
    """Whether a module has anything to look at; it is not even imported otherwise."""
    if name not in OF_A_KEY or OF_A_KEY[name] in subject.manifest.model:
        return True
    return name == "model_config" and needs_config(subject)


def rules() -> list[Rule]:
    """All rules, by code: those of every module, for a rule registers itself where it is written."""
    for package in ("hatch_mar.checks", "hatch_mar.project"):
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    return [RULES[code] for code in sorted(RULES)]
