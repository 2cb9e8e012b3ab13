"""What code may make before it opens it, or has asked for, so that the archive need not have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from hatch_mar.checks.opened_files.reading import opened_path
from hatch_mar.pysource.rehearsal.events import Call, Event
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, absolute
from hatch_mar.pysource.rehearsal.values import Value

UNPACKS = re.compile(
    r"extract|unpack|untar|unzip|download|fetch|retrieve|clone|^subprocess\.|^os\.(system|popen|spawn|exec)",
    re.IGNORECASE,
)
"""What is in the name of a function that makes files whose names cannot be told."""

MAKES = re.compile(r"copy|move|save|write|dump|export|convert|make|build|prepare|sync", re.IGNORECASE)
"""What is in the name of a function that may make files in a folder that it is given."""

HARMLESS = re.compile(
    r"^(logging|warnings|sys\.path|torch\.device)\b|^print$|(^|\.)(info|debug|warning|error)$"
)
"""Functions that make no files, whatever they are given."""


class Made:
    """The files that may be there at run time, as the events tell so far."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.anything = False
        """Whether files of any name may have been made."""
        self.moved = False
        """Whether the worker may have left the model's directory, to which paths are relative."""

    def may_have(self, path: str) -> bool:
        """Whether a path may lead to a file that was made or asked for, or to one in such a folder."""
        if self.anything or (self.moved and not path.startswith("/")):
            return True
        full = absolute(path)
        return any(full == made or full.startswith(f"{made}/") for made in self.paths)

    def follow(self, event: Event) -> None:
        if not isinstance(event, Call) or HARMLESS.search(event.name):
            return
        self.moved |= event.name in ("os.chdir", "os.fchdir")
        paths = set(map(absolute, texts_in([*event.args, *event.keywords.values()])))
        name = ".".join(event.name.rsplit(".", 2)[-2:])
        if UNPACKS.search(name):
            self.anything = True
        elif MAKES.search(name):
            self.paths |= paths
        elif opened_path(event) is None:
            # `os.path.exists` asks for it, and what is not known may do anything with it
            self.paths |= paths - {MODEL_DIR}


def texts_in(values: Iterable[Value]) -> Iterator[str]:
    """The texts among arguments, and in lists of them, such as a command's."""
    for value in values:
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, str) and each)
        elif isinstance(value, Mapping):
            yield from (each for each in value.values() if isinstance(each, str) and each)
