"""What breaks after the deploy, found before it.

A module a subject. Each has its rules in `RULES` and a function `check` that yields what it
finds in a `Subject`. Nothing of the archive is imported or run, and whatever it holds, a
check reads a bounded part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from hatch_mar.checks.handler_facts import takes_settings
from hatch_mar.checks.rule import Finding, Rule, Severity
from hatch_mar.checks.subject import Subject

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


def check(subject: Subject, ignore: Iterable[str] = ()) -> list[Finding]:
    """All that is wrong with an archive, but for the codes in `ignore`."""
    found: Iterator[Finding] = (
        finding
        for name in SUBJECTS
        if concerned(name, subject)
        for finding in import_module(f"{__name__}.{name}").check(subject)
    )
    return [finding for finding in found if finding.code not in ignore]


def concerned(name: str, subject: Subject) -> bool:
    """Whether a module has anything to look at; it is not even imported otherwise."""
    if name not in OF_A_KEY or OF_A_KEY[name] in subject.manifest.model:
        return True
    return name == "model_config" and takes_settings(subject)


def rules() -> list[Rule]:
    """All rules, by code."""
    modules = (import_module(f"{__name__}.{name}") for name in (*SUBJECTS, "container", "archive_file"))
    return sorted((rule for module in modules for rule in module.RULES), key=lambda rule: rule.code)


__all__ = ["Finding", "Rule", "Severity", "Subject", "check", "rules"]
