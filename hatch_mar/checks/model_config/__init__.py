"""The model configuration: what both halves of TorchServe, and the handler, read in it.

The rules come from pytorch/serve's source, which each module names, and were seen with
TorchServe 0.12, to which tests/e2e/test_served_config.py shows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.model_config import combinations, file, handlers, keys, pt2
from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from hatch_mar.torchserve.model_config import Table


def check(subject: Subject) -> Iterator[Finding]:
    if "configFile" not in subject.manifest.model:
        yield from handlers.check(subject, None, Table())
        return
    yield from file.check_name(subject)
    member = subject.named_member("configFile")
    if member is None:
        return
    config_file, document = ConfigFile(subject, member), subject.model_config
    for fault in document.faults:
        yield file.report_fault(config_file, fault)
    if document.table is not None:
        yield from keys.check(config_file, document.table)
        yield from combinations.check(config_file, document.table)
        yield from pt2.check(config_file, document.table)
        yield from handlers.check(subject, config_file, document.table)
