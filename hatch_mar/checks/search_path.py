"""Whether the archive's code changes where Python finds modules.

The worker finds them in its own directory anyway, which is the archive's root: a line that adds it to
`sys.path` changes nothing (pytorch/serve, EnvironmentUtils.java).
"""

from __future__ import annotations

from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import member_name

ADDING = {"sys.path.append": 0, "sys.path.insert": 1, "site.addsitedir": 0}
"""Functions that add a folder, and at which place in their arguments it stands."""


def may_change_path(subject: Subject, module: Module) -> bool:
    """Whether a module may make Python look for modules elsewhere than it does without it.

    Raises:
        Exhausted: the handler could not be followed.
    """
    lines = module.path_lines
    return bool(lines) and not lines <= idle_lines(subject, module)


def idle_lines(subject: Subject, module: Module) -> set[int]:
    """The lines that add the worker's own directory, and nothing else."""
    calls = [event for event in subject.rehearsal if isinstance(event, Call) and event.module is module]
    folders = [(call.line, call.argument(ADDING[call.name])) for call in calls if call.name in ADDING]
    others = {line for line, path in folders if not isinstance(path, str) or member_name(path) != "."}
    return {line for line, _ in folders} - others
