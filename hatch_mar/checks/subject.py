"""An archive under examination: its members by name, its Python modules parsed once."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.budget import STEPS, TOKENS, Budget
from hatch_mar.finding import Place
from hatch_mar.pysource.module import Module, count_tokens, parse_module
from hatch_mar.torchserve import suffixes
from hatch_mar.torchserve.consumers import DEFAULT_CONSUMERS
from hatch_mar.torchserve.handlers import parse_entry
from hatch_mar.torchserve.packages import Environment

if TYPE_CHECKING:
    from hatch_mar.project.config.models import Config
    from hatch_mar.pysource.rehearsal.events import Event
    from hatch_mar.torchserve.model_config import Document
    from hatch_mar.weights.weights import Weights

LARGEST_TEXT = 4 << 20
"""Bytes of a text file that are read; people write smaller ones."""

TOKENS_OF_A_FILE = 30
"""What a Python file costs of the budget beyond its tokens, for the time that it takes to open it."""

MOST_PARTS = 50
"""Parts of a path that are looked at."""


class Subject:
    """What the checks look at, alike for a configured archive and for one read from disk.

    A configured one has a project's `root`, and `origins`, which say where each key was set. Of the rules,
    those of its `consumers` apply.
    """

    def __init__(
        self,
        archive: Archive,
        file_name: str,
        origins: Mapping[str, Place] | None = None,
        allow_globals: tuple[str, ...] = (),
        root: Path | None = None,
        *,
        server_packages: tuple[str, ...] = (),
        consumers: Collection[str] = DEFAULT_CONSUMERS,
        layouts: Collection[str] = (),
        models: tuple[str, ...] = (),
        budget: Budget | None = None,
    ) -> None:
        self.archive = archive
        self.file_name = file_name
        self.origins = origins or {}
        self.allow_globals = frozenset(allow_globals)
        self.root = root
        self.server_packages = server_packages
        self.consumers = consumers
        self.layouts = layouts
        """Those in which the archive is published, and may have another name."""
        self.models = models
        """The file names of the project's models, which a workflow may name."""
        self.budget = budget or Budget()
        """What is left to be read, of this archive or of all that a command reads."""
        self.modules: dict[str, Module] = {}
        """The modules that have been parsed, by the names of their files."""
        self.inspected: dict[tuple[object, str], Weights] = {}
        """What has been found in files, by what identifies them and by their suffixes."""

    @classmethod
    def of_file(
        cls,
        archive: Archive,
        path: Path,
        budget: Budget | None = None,
        consumers: Collection[str] = DEFAULT_CONSUMERS,
    ) -> Subject:
        """The archive that was read from `path`."""
        return cls(archive, path.name, consumers=consumers, budget=budget)

    @classmethod
    def of_config(cls, config: Config, archive: Archive, root: Path, budget: Budget | None = None) -> Subject:
        return cls(
            archive,
            config.file_name,
            config.origins,
            config.allow_globals,
            root,
            server_packages=config.server_packages,
            consumers=config.consumers,
            layouts=config.layouts,
            models=config.models,
            budget=budget,
        )

    @property
    def manifest(self) -> Manifest:
        return self.archive.manifest

    @property
    def may_grow(self) -> bool:
        """Whether files may be added after the build, as to the directory that `no-archive` makes."""
        return self.root is not None and not self.file_name.endswith(suffixes.ARCHIVES)

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """By name; of duplicates the last, as TorchServe unpacks them."""
        return {member.name: member for member in self.archive.members}

    def value(self, key: str) -> str | None:
        """A string in the manifest's `model` or `workflow`, such as `handler`; None if there is none."""
        manifest = self.manifest
        value = (manifest.workflow if manifest.is_of_workflow else manifest.model).get(key)
        return value if isinstance(value, str) else None

    @property
    def handler(self) -> tuple[str, str | None]:
        """The dotted name of the handler's module, empty if there is none, and the function that is named."""
        return parse_entry(self.value("handler") or "")

    def named_member(self, key: str) -> Member | None:
        """The member that a key of the manifest names, such as `configFile`."""
        name = self.value(key)
        return self.members.get(posixpath.normpath(name)) if name else None

    @cached_property
    def model_config(self) -> Document:
        """The model configuration, read once; one without settings if the archive has none."""
        from hatch_mar.torchserve.model_config import Document, read

        member = self.named_member("configFile")
        if member is None:
            return Document(None)
        data = self.text(member)
        return read(data, self.budget, is_whole=len(data) < LARGEST_TEXT)

    def setting(self, key: str) -> object:
        """What the model configuration sets a key to; None if it does not."""
        # without a file, the reader of YAML need not be loaded
        return self.model_config.settings.get(key) if self.named_member("configFile") else None

    @cached_property
    def rehearsal(self) -> list[Event]:
        """What the worker does with the handler, in its order; nothing if the handler is not in the archive.

        Raises:
            Exhausted: too much Python has been parsed already.
        """
        from hatch_mar.pysource.rehearsal.serving import MOST_STEPS, Worker

        config = self.model_config if self.named_member("configFile") else None
        settings: Mapping[str, object] | None = config.table if config else {}
        worker = Worker(self.module, self.manifest.document, settings, self.members)
        try:
            return worker.serve(*self.handler)
        finally:
            self.budget.spend(STEPS, MOST_STEPS - worker.steps)

    @cached_property
    def environment(self) -> Environment:
        """The packages that the server and the archive's requirements bring to the worker."""
        member = self.named_member("requirementsFile")
        if member is None:
            return Environment(b"", self.server_packages, self.budget)
        return Environment(
            self.text(member), self.server_packages, self.budget, path=member.name, read=self.read_included
        )

    def read_included(self, name: str) -> bytes | None:
        """A requirements file that another one includes."""
        member = self.members.get(name)
        return self.text(member) if member else None

    @cached_property
    def files_by_folder(self) -> Mapping[str, Mapping[str, Member]]:
        """The members directly in each folder, by their base names; the root is `.`."""
        found: dict[str, dict[str, Member]] = {}
        for name, member in self.members.items():
            folder, base = posixpath.split(name)
            found.setdefault(folder or ".", {})[base] = member
        return found

    @cached_property
    def names_by_base(self) -> Mapping[str, Sequence[str]]:
        """The names of members and folders by their last part."""
        found: dict[str, list[str]] = {}
        for name in (*self.members, *self.folders):
            found.setdefault(posixpath.basename(name), []).append(name)
        return found

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that has a member in it, however deep; the root is `.`."""
        return frozenset(
            parent.as_posix()
            for name in self.members
            if name.count("/") <= MOST_PARTS
            for parent in PurePosixPath(name).parents
        )

    def place(self, member: Member, line: int | None = None) -> Place:
        """Where a member is: its file in the project, or its name in the archive."""
        if not isinstance(member.source, FileSource):
            return Place(f"{self.file_name}/{member.name}", line)
        path = member.source.path
        if self.root and path.is_relative_to(self.root):
            return Place(path.relative_to(self.root).as_posix(), line)
        return Place(str(path), line)

    def set_by(self, key: str) -> Place:
        """Where a value of the manifest was set: a key of `[tool.mar]`, or the manifest itself."""
        return self.origins.get(key, Place(f"{self.file_name}/{self.manifest.name}"))

    def text(self, member: Member) -> bytes:
        return member.read(LARGEST_TEXT)

    def weights(self, member: Member) -> Weights:
        """What a member is by its bytes, which are read once, however many names they have.

        Raises:
            Exhausted: too many files have been looked at already.
            ReadError: it cannot be read.
        """
        from hatch_mar.inspection.contents import inspect_contents

        key = identify(member), PurePosixPath(member.name).suffix
        if key not in self.inspected:
            self.inspected[key] = inspect_contents(member, self.budget)
        return self.inspected[key]

    def module(self, name: str) -> Module | None:
        """The archive's module of a dotted name, as Python finds it from the archive's root; parsed once.

        Raises:
            Exhausted: too much Python has been parsed already.
        """
        path = name.replace(".", "/")
        for file in (f"{path}/__init__.py", f"{path}.py"):
            if member := self.members.get(file):
                return self.parse(member)
        return None

    def parse(self, member: Member) -> Module:
        """A member as a module, whatever its name; parsed once.

        Raises:
            Exhausted: too much Python has been parsed already.
        """
        if member.name not in self.modules:
            source = self.text(member)
            self.budget.spend(TOKENS, TOKENS_OF_A_FILE + count_tokens(source))
            self.modules[member.name] = parse_module(member, source)
        return self.modules[member.name]


def identify(member: Member) -> object:
    """What two members have in common if they are one file on disk, such as by a link."""
    if not isinstance(member.source, FileSource):
        return member.name, id(member.source)
    status = member.source.path.stat()
    return status.st_dev, status.st_ino
