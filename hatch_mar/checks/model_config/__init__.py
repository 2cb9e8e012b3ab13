"""The model configuration: what both halves of TorchServe, and the handler, read of it.

The rules were read in pytorch/serve's source, which each module names, and seen with
TorchServe 0.12: tests/e2e/test_served_config.py shows them to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.model_config import combinations, file, handlers, keys, pt2
from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from hatch_mar.torchserve.model_config import Table


def check(subject: Subject) -> Iterator[Finding]:
    if subject.manifest.name != MANIFEST_NAME:
        return
    for located in file.locate(subject):
        if isinstance(located, ConfigFile):
            yield from check_file(located)
        else:
            yield located
    if "configFile" not in subject.manifest.model:
        yield from handlers.check(subject, None, Table())


def check_file(config_file: ConfigFile) -> Iterator[Finding]:
    for loaded in file.load(config_file):
        if not isinstance(loaded, Table):
            yield loaded
            continue
        yield from keys.check(config_file, loaded)
        yield from combinations.check(config_file, loaded)
        yield from pt2.check(config_file, loaded)
        yield from handlers.check(config_file.subject, config_file, loaded)


def settings(subject: Subject) -> Table:
    """What the archive's model configuration sets; nothing if it is at fault."""
    for located in file.locate(subject):
        if isinstance(located, ConfigFile):
            for loaded in file.load(located):
                if isinstance(loaded, Table):
                    return loaded
    return Table()
