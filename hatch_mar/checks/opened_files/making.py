"""What code may make before it opens it, or has asked for, so that the archive need not have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hatch_mar.checks.opened_files.openers import opened_path, written_path
from hatch_mar.pysource.rehearsal.events import Call, Event
from hatch_mar.pysource.rehearsal.known_values import Value, elements, is_container
from hatch_mar.pysource.rehearsal.library import is_harmless
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, absolute

UNPACKS = re.compile(
    r"extract|unpack|untar|unzip|download|fetch|fget|retrieve|clone|create_subprocess"
    r"|^(subprocess|pty|pexpect|sh)\.|^os\.(system|popen|spawn|exec)",
    re.IGNORECASE,
)
"""What is in the name of a function that makes files whose names cannot be told."""

PLACING = {
    *("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move"),
    *("os.rename", "os.replace", "os.link", "os.symlink"),
}
"""Functions that make a file where their second argument, `dst`, says."""

MOVES = re.compile(r"(^|[._])(f?chdir|cd|pushd|(in|change|working|switch)_?(cwd|dir\w*))$", re.IGNORECASE)
"""The name of a function that leaves the directory which the worker runs in."""

MAKES = re.compile(r"copy|move|save|write|dump|export|convert|make|build|prepare|sync", re.IGNORECASE)
"""What is in the name of a function that may make files in a folder that it is given."""


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
        if not isinstance(event, Call) or is_harmless(event.name):
            return
        self.moved |= MOVES.search(event.name) is not None
        paths = set(map(absolute, texts_in([*event.args, *event.keywords.values()])))
        name = ".".join(event.name.rsplit(".", 2)[-2:])
        if UNPACKS.search(name) or makes_unknown(event):
            self.anything = True
        elif MAKES.search(name):
            self.paths |= paths
        elif opened_path(event) is None:
            # `os.path.exists` asks for it, and what is not known may do anything with it
            self.paths |= paths - {MODEL_DIR}


def makes_unknown(call: Call) -> bool:
    """Whether a call makes a file whose name is not known."""
    place = call.argument(1, "dst") if call.name in PLACING else written_path(call)
    return not (place is None or isinstance(place, (str, int)))


def texts_in(values: Iterable[Value]) -> Iterator[str]:
    """The texts among arguments, and in lists of them, such as a command's."""
    for value in values:
        inner = elements(value) if is_container(value) else (value,)
        yield from (each for each in inner if isinstance(each, str) and each)
