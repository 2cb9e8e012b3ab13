"""The requirements that TorchServe installs beside the model.

With `install_py_dep_per_model=true` in its configuration it runs `pip install -U -t MODEL -r FILE`
inside the unpacked archive; without it, it never opens the file (pytorch/serve, frontend/server/src/
main/java/org/pytorch/serve/wlm/ModelManager.java, `setupModelDependencies`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice

from hatch_mar.checks.requirements.files import Reading
from hatch_mar.checks.requirements.lines import REFUSED, is_on_server
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule

ABSENT = Rule(
    code="MAR601",
    title="The requirements file is not in the archive",
    consequence=REFUSED,
    fix="add the file, or remove `requirementsFile` from the manifest",
)
ONLY_IF_SET = Rule(
    code="MAR611",
    severity="note",
    title="The requirements need a setting of the server",
    consequence="without `install_py_dep_per_model=true` TorchServe never reads them, and imports fail",
    fix="set it in `config.properties`",
)


def check(subject: Subject) -> Iterator[Finding]:
    name = subject.value("requirementsFile")
    if name is None:
        return
    path = posixpath.normpath(name.lstrip("/"))
    if path not in subject.members:
        yield ABSENT.at(subject.set_by("requirements-file"), f"The archive has no `{name}`")
        return
    reading = Reading(subject)
    yield from reading.check(path)
    yield from reading.check_hashes()
    yield from islice(reading.check_local_versions(), MOST_FINDINGS)
    if any(not is_on_server(subject, requirement) for _, requirement, _ in reading.required):
        message = "TorchServe installs the requirements only with `install_py_dep_per_model=true`"
        yield ONLY_IF_SET.at(reading.place(path), message)
