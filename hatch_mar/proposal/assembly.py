"""An archive's table, put together from a model of the repository and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from glob import has_magic
from pathlib import PurePosixPath

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.budget import Exhausted
from hatch_mar.checks import model_file
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Severity
from hatch_mar.project.gitignore import escape_pattern
from hatch_mar.project.requirements import DEPENDENCIES
from hatch_mar.proposal.draft import Table, add, as_subject
from hatch_mar.proposal.handler_files import find_handlers
from hatch_mar.proposal.imported import add_modules
from hatch_mar.proposal.model import Model
from hatch_mar.proposal.model_files import ModelFiles, find_model_files
from hatch_mar.proposal.neighbours import add_neighbours, keep_nearest
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.opened import add_opened
from hatch_mar.proposal.repository import Repository, can_be_declared, folder_of
from hatch_mar.proposal.required import add_requirements_file, find_hiding, find_required
from hatch_mar.text import quote, quote_some
from hatch_mar.weights.kind import Kind

BUILT_IN = "base_handler"
TO_WRITE = "handler.py"
"""The handler of a model that none of TorchServe's own loads, which is still to be written."""
OF_BUILT_IN = (Kind.TORCHSCRIPT, Kind.STATE_DICT, Kind.ONNX)
"""What `base_handler` loads."""
OF_CLASS = (Kind.STATE_DICT, Kind.CHECKPOINT)
"""What is loaded into an object of a class."""

MOST_EXCLUDED = 5
"""Files in packages that are excluded by their paths."""

BUILT_IN_INSTEAD = (
    f"no handler was found for {{}}, so `{BUILT_IN}` is proposed: it loads the model, but does not turn"
    " requests into tensors; derive a class with a `preprocess` from it, or name another of TorchServe's"
    " handlers, such as `image_classifier`"
)
OF_SCRIPT = ".pt"
"""The suffix by which `base_handler` knows TorchScript."""
RENAMED = f"{BUILT_IN_INSTEAD}; rename it to `*{OF_SCRIPT}`, since it loads TorchScript by that suffix alone"
NO_HANDLER = (
    "no handler was found for {}, and none of TorchServe's own loads such a model; write"
    f" `{TO_WRITE}`, with a class derived from `BaseHandler` whose `initialize` loads it"
)
PRETRAINED = f"{NO_HANDLER} with `from_pretrained`; see {DOCUMENTATION}how-to/hugging-face/"
NOT_PRETRAINED = f"{NO_HANDLER}; see {DOCUMENTATION}tutorial/#write-a-handler"
HIDING = (
    "the code for {} imports {lacking}, which the server lacks; the project's dependencies have it, but would"
    " also install {hiding}, hiding the server's own: list what the server lacks in a dependency group, and"
    ' set `requirements-from = ["dependency-groups.NAME"]`'
)
NO_MODEL_FILE = (
    "no model file was found for {}: TorchServe loads a state_dict into the only class that a Python file"
    " defines, which it makes without arguments"
)

Choose = Callable[[str, Sequence[str]], str]
"""Answers a question with one of several files."""


class Assembly:
    """Puts the tables of a repository's models together.

    `choose` is asked where several files may be meant, once for the same files.
    """

    def __init__(
        self,
        repository: Repository,
        subject: Subject,
        choose: Choose,
        omissions: Omissions,
        dependencies: Sequence[str],
    ) -> None:
        self.repository = repository
        self.subject = subject
        self.choose = choose
        self.omissions = omissions
        self.dependencies = dependencies
        self.chosen: dict[tuple[str, ...], str] = {}
        """The answers so far, by the files that there were."""
        self.remarks: dict[str, list[str]] = {}
        """What is still to be done, and for which models."""

    @cached_property
    def handlers(self) -> list[str]:
        return find_handlers(self.repository, self.subject, self.omissions)

    @cached_property
    def model_files(self) -> ModelFiles:
        return find_model_files(self.repository, self.subject, self.omissions)

    def assemble(self, model: Model, name: str, weights: Sequence[str]) -> Table:
        """The table of a model, whose packages bring none of the repository's `weights`."""
        table: Table = {"model-name": name, "handler": self.find_handler(model)}
        if model.weights:
            first, *others = model.weights
            # an array begins with a path that cannot be taken for a pattern
            table["serialized-file"] = [first, *others] if others and not has_magic(first) else first
            for path in others if has_magic(first) else ():
                add(table, "extra-files", path)
        if model.folders:
            table["force-include"] = self.list_included(model)
        for path in model.extra_files:
            add(table, "extra-files", path)
        if (
            model.kind in OF_CLASS
            and not model.needs_handler
            and (found := self.find_model_file(model, table))
        ):
            table["model-file"] = found
        homes = [model.home, *(folder_of(str(table.get(key, ""))) for key in ("handler", "model-file"))]
        add_neighbours(table, self.repository, homes, weights)
        add_requirements_file(table, self.repository, homes, self.omissions)
        add_modules(table, self.repository.root)
        add_opened(table, self.repository, homes)
        self.add_dependencies(table, model)
        packages = tuple(f"{package}/" for package in table.get("packages", []))
        if inside := [path for path in weights if path.startswith(packages)]:
            table["exclude"] = list_patterns(inside)
        return table

    def add_dependencies(self, table: Table, model: Model) -> None:
        """Require the project's dependencies if the archive's code imports any that the server lacks."""
        root = self.repository.root
        if "requirements-file" in table or not self.dependencies:
            return
        required = find_required(table, root, self.dependencies)
        hiding = find_hiding(table, root, self.dependencies)
        if required and hiding:
            text = HIDING.format("{}", lacking=quote_some(required), hiding=quote_some(hiding))
            self.remark(text, model)
        elif required:
            table["requirements-from"] = [DEPENDENCIES]

    def list_included(self, model: Model) -> dict[str, str]:
        """The folders of a model with their names in the archive, or their files if some are left out."""
        included: dict[str, str] = {}
        for folder, name in model.folders.items():
            inside = [path for path in self.repository.files if path.startswith(f"{folder}/")]
            packed = [path for path in inside if path not in model.unread]
            if len(packed) < len(inside) and all(map(can_be_declared, packed)):
                included |= {path: name + path.removeprefix(folder) for path in packed}
            else:
                included[folder] = name
        return included

    def find_handler(self, model: Model) -> str:
        """The file of the handler; one of TorchServe's own where that is right, or else one to be written."""
        if found := self.pick(f"Which handler is for {quote(model.path)}?", self.handlers, model):
            return found
        if model.kind in OF_BUILT_IN and not model.needs_handler:
            is_called_so = model.kind is not Kind.TORCHSCRIPT or model.path.endswith(OF_SCRIPT)
            self.remark(BUILT_IN_INSTEAD if is_called_so else RENAMED, model)
            return BUILT_IN
        self.remark(PRETRAINED if model.kind is None else NOT_PRETRAINED, model)
        return TO_WRITE

    def find_model_file(self, model: Model, table: Table) -> str | None:
        """The file with the class of the model, unless the handler does without."""
        usable = self.model_files.usable
        root = self.repository.root
        supposed = as_subject({**table, "model-file": next(iter(usable), "model.py")}, root)
        severity = find_severity(supposed)
        if severity is None:
            return None
        fitting = [path for path in usable if is_fitting(as_subject({**table, "model-file": path}, root))]
        question = f"Which file has the model's class for {quote(model.path)}?"
        if found := self.pick(question, fitting or usable, model):
            return found
        if severity == "error":
            self.remark(NO_MODEL_FILE, model)
        return None

    def pick(self, question: str, candidates: Sequence[str], model: Model) -> str | None:
        """One of several files: the nearest to the model, the one of its name, or the one that is chosen."""
        nearest = keep_nearest(candidates, model.home)
        alike = [path for path in nearest if is_alike(path, model.path)]
        left = sorted(alike if len(alike) == 1 else nearest)
        if len(left) < 2:
            return next(iter(left), None)
        if tuple(left) not in self.chosen:
            self.chosen[tuple(left)] = self.choose(question, left)
        return self.chosen[tuple(left)]

    def remark(self, text: str, model: Model) -> None:
        """Note what is still to be done for a model, whose name the text has a place for."""
        self.remarks.setdefault(text, []).append(model.path)

    def list_notes(self) -> Iterator[str]:
        """What is still to be done, a line each."""
        for text, paths in self.remarks.items():
            yield text.format(quote_some(paths))
        if NO_MODEL_FILE in self.remarks:
            yield from self.model_files.others


def find_severity(subject: Subject) -> Severity | None:
    """How bad a fault of an archive's model file is; None if nothing loads it."""
    try:
        return model_file.loading_severity(subject)
    except Exhausted:  # the handler is too long to tell
        return "warning"


def is_fitting(subject: Subject) -> bool:
    """Whether TorchServe could load an archive's weights into the class of its model file."""
    imports = Reach(subject).start(model_file.module_stem(subject.value("modelFile")))
    try:
        return not any(each.kind == "relative" for each in imports) and not [*model_file.check_file(subject)]
    except Exhausted:  # it is too long to tell
        return True


def list_patterns(paths: Sequence[str]) -> list[str]:
    """Patterns that exclude files, each by its path, or all of a suffix if they are many."""
    if len(paths) <= MOST_EXCLUDED:
        return [escape_pattern(path) for path in paths]
    suffixes = (PurePosixPath(path).suffix for path in paths)
    return sorted({f"*{suffix}" for suffix in suffixes if suffix})


def is_alike(path: str, other: str) -> bool:
    """Whether one of two files is named after the other: `cats_handler.py` after `cats.pt`."""
    one, two = ({*re.split(r"[\W_]+", PurePosixPath(each).stem.lower())} for each in (path, other))
    return one <= two or two <= one
