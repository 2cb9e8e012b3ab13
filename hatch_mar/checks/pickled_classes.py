"""What a pickle imports that the worker does not have, whether or not it is allowed to.

An unpickler imports each name as Python does (pickle.py, `find_class`), in the worker, whose `__main__` is
TorchServe's `model_service_worker.py`. Code of the archive may put a name there, or have an unpickler of its
own that finds names elsewhere: then nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable
from functools import cached_property
from itertools import islice

from hatch_mar.archive.archive import Member
from hatch_mar.budget import Exhausted
from hatch_mar.checks.handler.importing import advise_packing_module
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.load_calls import find_load_calls
from hatch_mar.checks.packed_code import changes_path, find_modules, find_words
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.main_module import MAIN, find_placed
from hatch_mar.torchserve import consumers
from hatch_mar.torchserve.server_packages import NEWER_MODULES
from hatch_mar.weights.kind import Kind

IN_MAIN = Rule(
    code="MAR416",
    title="A pickle names what was defined in the script that saved it",
    consequence=(
        "the worker dies with `Can't get attribute 'Net' on <module '__main__' from"
        " '…/model_service_worker.py'>`, because its `__main__` is TorchServe's own"
    ),
    fix=(
        "save a state_dict, or save it again in a script that imports the class from a packed module;"
        " `allow-globals` does not make it importable"
    ),
)
OF_WINDOWS = Rule(
    code="MAR417",
    title="A pickle names what works on Windows only",
    consequence="the worker dies with `cannot instantiate 'WindowsPath' on your system`, or cannot import it",
    fix="save it again without it; keep a path as text, `str(path)`",
)
ABSENT = Rule(
    code="MAR418",
    severity="warning",
    title="A pickle names a module that may be missing",
    consequence="if the server lacks it too, loading the file fails with `No module named …`",
    fix=(
        "save a state_dict; or pack the module, add it to the archive's requirements, or to `server-packages`"
        " if the server has it"
    ),
)
LACKING = Rule(
    code="MAR419",
    title="A pickle names what its packed module does not have",
    consequence="loading the file fails with `Can't get attribute …` or `No module named …`",
    fix="pack the module as it was when the file was saved, or save the file again",
)
NEWER = Rule(
    code="MAR434",
    severity="warning",
    title="A pickle names what is newer than the server",
    consequence="on TorchServe's own image, loading the file fails with `No module named 'numpy._core'`",
    fix=(
        "save it again with the server's versions, or as a state_dict without it; or add the package to the"
        " archive's requirements, or to `server-packages` if the server has a newer one"
    ),
)

Pair = tuple[str, str]
"""A module, and a name in it."""

OF_MAIN = re.compile(MAIN.encode())
WINDOWS_MODULES = frozenset(("nt", "msvcrt", "winreg", "_winapi", "_winreg", "winsound", "_overlapped"))
"""Modules of the standard library that Python has on Windows only."""
WINDOWS_PATH = "WindowsPath"
MOST_MODULES = 200
"""Modules that are looked for, beyond torch's own."""
PICKLED = (Kind.MODULE, Kind.PICKLE, Kind.CHECKPOINT, Kind.STATE_DICT, Kind.TENSOR, Kind.NPY, Kind.NPZ)
COMPRESSED = (Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.UNKNOWN)
"""Kinds of files whose pickles are meant to be loaded as they are; zlib's have no mark."""
WORDS = re.compile(rb"\b(?:find_class|pickle_module|WindowsPath)\b|[\"'][\w.]+\.\w+[\"']")
"""What code has that may give an unpickler something else for a name: also the name itself as a string."""


class PickledNames:
    """Tells which of the names that pickles import the worker does not have."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.reach = Reach(subject)
        self.modules: dict[str, Rule | None] = {}
        """What is wrong with the modules that were asked for."""

    def find_faults(self, member: Member, pairs: Iterable[Pair]) -> dict[Pair, Rule]:
        """What is wrong with names that a file imports; nothing of those that are there, or may be."""
        pairs = dict.fromkeys(pairs)
        if not pairs or self.subject.weights(member).kind not in (*PICKLED, *COMPRESSED):
            return {}
        try:
            found = ((pair, self.rule_of(pair, member)) for pair in pairs if is_importable(pair))
            return {pair: rule for pair, rule in found if rule and not self.may_replace(*pair)}
        except Exhausted:
            # which must not keep anything else from being said of the file
            return {}

    def rule_of(self, pair: Pair, member: Member) -> Rule | None:
        """The rule that a name breaks; None if the worker has it, or may."""
        module, name = pair
        top = name.partition(".")[0]
        if module == MAIN:
            return None if self.in_main is None or top in self.in_main else IN_MAIN
        if module.startswith("pathlib") and name == WINDOWS_PATH:
            return None if self.is_for_windows else OF_WINDOWS
        if module not in self.modules:
            if len(self.modules) == MOST_MODULES:
                return None
            self.modules[module] = self.rule_of_module(module, member)
        if rule := self.modules[module]:
            return rule
        has_name = self.reach.look_up(f"{module}.{top}") or self.reach.may_have(module, top)
        return None if has_name or self.changes_path else LACKING

    def rule_of_module(self, module: str, member: Member) -> Rule | None:
        environment = self.subject.environment
        if module in WINDOWS_MODULES:
            return None if self.is_for_windows else OF_WINDOWS
        if is_newer(module) and not self.reach.look_up(module.partition(".")[0]):
            is_there = environment.adds_any or self.changes_path or not self.is_for_image
            return None if is_there else NEWER
        fault = self.reach.fault_of(module)
        if fault is None or self.changes_path:
            return None
        if fault == "lacking":
            return LACKING
        # pickles name modules deep in what a requirement is installed with, of which not all is known
        may_be_brought = environment.requires_unknown or environment.may_bring(module)
        return None if may_be_brought and not advise_packing_module(self.subject, module, member) else ABSENT

    def may_replace(self, module: str, name: str) -> bool:
        """Whether code of the archive may have an unpickler take something else for a name."""
        words = self.words
        if b"find_class" in words or b"pickle_module" in words:
            return True
        if name == WINDOWS_PATH and name.encode() in words:
            return True
        return any(f"{mark}{module}.{name}{mark}".encode() in words for mark in "\"'")

    def report(
        self, rule: Rule, member: Member, imports: str, names: Collection[str], *, certain: bool
    ) -> Finding:
        """The finding that a file imports what is not there.

        Args:
            imports: who imports what, which are these `names`.
            certain: TorchServe's own code loads the file.
        """
        fix, severity = None, rule.severity
        if rule is ABSENT:
            fixes = (
                advise_packing_module(self.subject, name, member) for name in islice(names, MOST_MODULES)
            )
            fix = next(filter(None, fixes), None)
        elif not certain and member.name not in self.loaded:
            severity = "warning"
        place = self.subject.place(member)
        reason = REASONS[rule].format("is" if len(names) == 1 else "are")
        return rule.at(place, f"{imports}, which {reason}", fix, severity=severity)

    @property
    def is_for_windows(self) -> bool:
        """Whether no server of the archive's is on Linux."""
        return set(self.subject.consumers) == {consumers.WINDOWS}

    @property
    def is_for_image(self) -> bool:
        """Whether a server is TorchServe's own image, or KServe's, which is made of it."""
        return not {consumers.TORCHSERVE, consumers.KSERVE}.isdisjoint(self.subject.consumers)

    @cached_property
    def loaded(self) -> Container[str]:
        """The members that the handler certainly loads."""
        try:
            return find_load_calls(self.subject)
        except Exhausted:
            return ()

    @cached_property
    def words(self) -> frozenset[bytes]:
        return find_words(self.subject, WORDS)

    @cached_property
    def changes_path(self) -> bool:
        return changes_path(self.subject)

    @cached_property
    def in_main(self) -> frozenset[str] | None:
        """The names that the archive puts into `__main__`; None if that cannot be told."""
        names: set[str] = set()
        for module in find_modules(self.subject, OF_MAIN):
            placed = find_placed(module.tree) if module.tree else None
            if placed is None:
                return None
            names |= placed
        return frozenset(names)


REASONS = {
    IN_MAIN: "{} nowhere in the worker, whose `__main__` is TorchServe's own",
    OF_WINDOWS: "{} for Windows only",
    NEWER: "the server's own versions of Python and numpy do not have",
    ABSENT: "{} neither in the archive nor in its requirements nor on the server",
    LACKING: "the archive's own module does not have",
}


def is_newer(module: str) -> bool:
    """Whether the server's own versions do not have a module yet."""
    return f"{module}.".startswith(tuple(f"{newer}." for newer in NEWER_MODULES))


def is_importable(pair: Pair) -> bool:
    """Whether Python would import a name at all, and not fail with it for what it is."""
    return all(part.isidentifier() for name in pair for part in name.split("."))
