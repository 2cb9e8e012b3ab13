"""Collects the members of an archive; name conflicts and missing files are errors."""

from __future__ import annotations

import errno
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member, Source
from hatch_mar.archive.filesystem.walk import LinkLoop, files_below, is_cache, is_executable
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import LayoutError
from hatch_mar.finding import Finding, Place, Rule, field
from hatch_mar.names import fold_name, name_fault, name_from_disk
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.config.reading import MOST_FAULTS
from hatch_mar.project.layout.awaited import Awaited
from hatch_mar.project.unfetched import find_remedy
from hatch_mar.text import did_you_mean, show_path

FILE_NOT_FOUND = Rule(
    code="MAR021",
    severity="error",
    title="A file that the configuration names is missing, or is not a file",
    consequence="the file would be missing from the archive",
    fix="correct the path, or create the file",
)
NO_FILES = Rule(
    code="MAR022",
    severity="error",
    title="A pattern matches no files, or a directory is empty",
    consequence="files would be missing from the archive",
    fix="correct the pattern, or remove it",
)
UNREADABLE_DIRECTORY = Rule(
    code="MAR023",
    severity="error",
    title="A directory cannot be read completely",
    consequence="files would be missing from the archive",
    fix="remove the link that leads back, or make the directory readable",
)
TWO_SOURCES = Rule(
    code="MAR024",
    severity="error",
    title="Two files have the same name in the archive",
    consequence="one would overwrite the other",
    fix="rename one",
)
NAME = Rule(
    code="MAR025",
    severity="error",
    title="A file has a name that an archive cannot have",
    consequence="TorchServe refuses the archive",
    fix="rename the file, or leave it out with `exclude`",
)


class Claim(NamedTuple):
    """A member and the key that added it, for the message if another key adds the same name."""

    member: Member
    source: str
    """Where its bytes come from, for a message."""
    place: Place

    def describe(self, place: Place) -> str:
        """Its source, and the key unless it is the one at `place`."""
        return self.source if self.place == place else f"{self.source} ({self.place})"


class Members:
    """The members of an archive so far, and what is wrong with them.

    `place` is always the key that adds a file. Of what directories and patterns bring, that is left
    out which `exclude` matches, and the project's own archives, at the paths `outputs`, which an
    earlier build may have left there.
    """

    def __init__(
        self,
        root: Path,
        exclude: tuple[str, ...] = (),
        outputs: tuple[str, ...] = (),
        remote_files: Sequence[RemoteFile] = (),
    ) -> None:
        self.root = root
        self.exclude = exclude
        self.outputs = frozenset(root / output for output in outputs)
        self.remote_files = remote_files
        self.awaited = Awaited(root, remote_files, self.is_excluded)
        self.claims: dict[str, Claim] = {}
        self.findings: list[Finding] = []

    def archive(self, manifest: Manifest) -> Archive:
        self.refuse_files_that_are_folders()
        self.findings += self.awaited.findings()
        if self.findings:
            raise LayoutError(*self.findings)
        return Archive(manifest, self.found)

    @property
    def found(self) -> list[Member]:
        """The members so far, of which there may be less than there should be."""
        return [claim.member for claim in self.claims.values()]

    def refuse(self, rule: Rule, place: Place, text: str, fix: str = "") -> None:
        """Record a fault; `text` continues "Field `key`".

        Raises:
            LayoutError: there are so many that the others can wait.
        """
        self.findings.append(rule.at(place, f"{field(place.key)}{text}", fix))
        if len(self.findings) >= MOST_FAULTS:
            raise LayoutError(*self.findings)

    def add_file(self, path: str | None, place: Place, name: str | None = None, *, fix: str = "") -> None:
        """Add a file, by default at the archive's root; `fix` is advice if it is missing."""
        if path is None:
            return
        file = self.root / path
        if os.path.isdir(file):
            self.refuse(FILE_NOT_FOUND, place, f" must be a file, but is a directory: `{path}`")
        elif self.check_is_file(file, path, place, fix):
            self.add_path(name or file.name, file, place)

    def add_pattern(self, pattern: str, place: Place) -> None:
        """Add files by their base names and directories by their contents, as torch-model-archiver does.

        A pattern with `**` matches files in any subdirectory, but no directories.
        """
        if os.path.lexists(self.root / pattern):
            self.add_flat(pattern, place)
            return
        import glob

        # each further `**` would walk all folders again, for the same files
        merged = re.sub(r"(\*\*/)+", "**/", pattern)
        try:
            found = sorted(glob.glob(merged, root_dir=self.root, recursive=True))
        except RecursionError:
            self.refuse(UNREADABLE_DIRECTORY, place, f": folders are nested too deeply for `{pattern}`")
            return
        found = [path for path in found if not is_cache(path) and not self.is_excluded(path)]
        found = [path for path in found if not self.is_output(self.root / path)]
        if "**" in pattern:
            found = [path for path in found if not os.path.isdir(self.root / path)]
        has_magic = glob.has_magic(pattern)
        is_awaited = has_magic and self.awaited.note_matches(merged)
        if not found and not is_awaited:
            if has_magic:
                fetched = glob.glob(f"{merged}.dvc", root_dir=self.root)
                fix = "run `dvc pull`" if fetched else self.advise(self.root / pattern)
                self.refuse(NO_FILES, place, f": no file matches the pattern `{pattern}`", fix)
            else:
                self.check_is_file(self.root / pattern, pattern, place)
        for path in found:
            self.add_flat(path, place, name_from_disk(PurePosixPath(path).name))

    def add_flat(self, path: str, place: Place, name: str | None = None) -> None:
        if os.path.isdir(self.root / path):
            self.add_tree(path, "", place)
        else:
            self.add_file(path, place, name)

    def add_tree(self, path: str, target: str, place: Place, *, exclude: bool = True) -> None:
        """Add all files below a directory to the folder `target` of the archive."""
        directory = self.root / path
        try:
            found = list(files_below(directory))
        except LinkLoop as loop:
            self.refuse(
                UNREADABLE_DIRECTORY,
                place,
                f": link leads back to its own folder: `{show_path(loop.path, self.root)}`",
            )
            return
        except OSError as error:
            self.refuse(
                UNREADABLE_DIRECTORY, place, f": cannot read directory: `{error.filename}`: {error.strerror}"
            )
            return
        prefix = f"{target}/" if target else ""
        is_awaited = self.awaited.note_below(directory, exclude=exclude)
        if exclude:
            below = PurePosixPath(path).as_posix()
            found = [(name, file) for name, file in found if not self.is_excluded(f"{below}/{name}")]
        found = [(name, file) for name, file in found if not self.is_output(file)]
        if not found and not is_awaited:
            self.refuse(NO_FILES, place, f": directory has no files: `{path}`")
        for name, file in found:
            if self.check_is_file(file, show_path(file, self.root), place):
                self.add_path(prefix + name, file, place)

    def add_wheel(self, members: Iterable[Member], place: Place) -> None:
        """Add the files of the project's wheel that are to be in the archive."""
        folders: set[str] = set()
        for member in members:
            if self.takes_from_wheel(member):
                self.add(member, "the project", place)
                folders.add(posixpath.dirname(member.name))
        self.awaited.note_in_packages(folders)

    def add_generated(self, name: str, data: bytes, place: Place) -> None:
        """Add a file that is generated from the configuration."""
        self.add(Member(name, BytesSource(data)), "the configuration", place)

    def add_path(self, name: str, file: Path, place: Place) -> None:
        self.add(
            Member(name, FileSource(file), is_executable(file)), f"`{show_path(file, self.root)}`", place
        )

    def add(self, member: Member, source: str, place: Place) -> None:
        name = member.name
        if fault := name_fault(name):
            self.refuse(NAME, place, f": archive member `{name}`, from {source}, {fault}", NAME.fix)
            return
        other = self.claims.setdefault(fold_name(name), Claim(member, source, place))
        if other.member is member or (
            other.member.name == name and are_same(other.member.source, member.source)
        ):
            return
        also = "" if other.member.name == name else f", which on macOS and Windows is `{other.member.name}`,"
        self.refuse(
            TWO_SOURCES,
            place,
            f": archive member `{name}`{also} comes from {source} and from {other.describe(place)}",
            "rename one",
        )

    def check_is_file(self, file: Path, path: str, place: Place, fix: str = "") -> bool:
        """Whether there is a regular file that can be read; what is wrong with it otherwise is noted."""
        try:
            if stat.S_ISREG(file.stat().st_mode):
                file.open("rb").close()
                return True
            self.refuse(FILE_NOT_FOUND, place, f": not a regular file: `{path}`")
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                self.refuse(FILE_NOT_FOUND, place, f": cannot read `{path}`: {error.strerror}")
            elif file.is_symlink():
                text = f": broken link: `{path}` -> `{os.readlink(file)}`"
                self.refuse(FILE_NOT_FOUND, place, text, self.advise(file))
            else:
                fix = self.advise(file) or fix or find_similar(file, path)
                self.refuse(FILE_NOT_FOUND, place, f": file not found: `{path}`", fix)
            self.awaited.leave_to_key(file)
        return False

    def advise(self, file: Path) -> str:
        """What brings a file that is missing; empty if nothing says so."""
        return find_remedy(file, self.root, self.remote_files) or ""

    def refuse_files_that_are_folders(self) -> None:
        for claim in self.claims.values():
            for parent in PurePosixPath(claim.member.name).parents:
                other = self.claims.get(fold_name(str(parent)))
                if other is not None:
                    self.refuse(
                        TWO_SOURCES,
                        claim.place,
                        f": archive member `{claim.member.name}`, from {claim.source}, needs a folder where"
                        f" `{other.member.name}` is a file, from {other.describe(claim.place)}",
                        "rename one",
                    )

    def is_excluded(self, path: str) -> bool:
        if not self.exclude:
            return False
        return self.matches(path) or (os.path.isdir(self.root / path) and self.matches(f"{path}/"))

    def takes_from_wheel(self, member: Member) -> bool:
        """Whether a file of the project's wheel is to be in the archive."""
        source = member.source
        file = source.path if isinstance(source, FileSource) else self.root / member.name
        return not (self.is_excluded(member.name) or self.is_output(file))

    def is_output(self, file: Path) -> bool:
        return bool(self.outputs) and not self.outputs.isdisjoint((file, *file.parents))

    @cached_property
    def matches(self) -> Callable[[str], bool]:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(self.exclude)
        return lambda path: bool(spec.match_file(path))


def find_similar(file: Path, path: str) -> str:
    """A question that names the file with almost a missing one's name; `path` is how that was given."""
    try:
        names = os.listdir(file.parent)
    except OSError:
        return ""
    folder = path.rpartition(file.name)[0]
    return did_you_mean(file.name, names, cutoff=0.8).replace("`", f"`{folder}", 1)


def are_same(one: Source, other: Source) -> bool:
    """Whether two sources are the same file or, unless both are files, have the same bytes."""
    if isinstance(one, FileSource) and isinstance(other, FileSource):
        return one.path.samefile(other.path)
    return one.size() == other.size() and b"".join(one.chunks()) == b"".join(other.chunks())
