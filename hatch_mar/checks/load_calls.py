"""Which of its files the archive's own code certainly loads, and by which calls."""

from __future__ import annotations

from collections.abc import Mapping

from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.known_values import Result
from hatch_mar.pysource.rehearsal.paths import member_name

LOADERS = (
    *("torch.load", "torch.jit.load", "pickle.load", "joblib.load", "dill.load", "cloudpickle.load"),
    "pandas.read_pickle",
)


def find_load_calls(subject: Subject) -> Mapping[str, list[Call]]:
    """The calls that certainly load a member, by its name: of its path, or of a file that was opened by it.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    found: dict[str, list[Call]] = {}
    for event in subject.rehearsal:
        if isinstance(event, Call) and event.is_certain and event.name in LOADERS:
            file = event.argument(0, "f")
            path = file.text if isinstance(file, Result) else file
            if isinstance(path, str) and (name := member_name(path)):
                found.setdefault(name, []).append(event)
    return found
