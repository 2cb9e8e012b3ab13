"""The members of an archive as they are gathered: nothing overwrites, nothing goes missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member, Source
from hatch_mar.archive.filesystem.walk import LinkLoop, files_below, is_cache, is_executable
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import LayoutError
from hatch_mar.names import folded, in_unicode, unportable, unsafe


class Claim(NamedTuple):
    """A member and who asked for it, for the message when another asks for its name."""

    member: Member
    shown: str
    origin: str


class Gathering:
    """The members so far, and what is wrong with them.

    `origin` is the key that asks for a file, as a message names it.
    """

    def __init__(self, root: Path, exclude: tuple[str, ...] = ()) -> None:
        self.root = root
        self.exclude = exclude
        self.claims: dict[str, Claim] = {}
        self.faults: list[str] = []

    def archive(self, manifest: Manifest) -> Archive:
        """All members under their manifest.

        Raises:
            LayoutError: with all faults.
        """
        self.refuse_files_that_are_folders()
        if self.faults:
            raise LayoutError(*self.faults)
        return Archive(manifest, (claim.member for claim in self.claims.values()))

    def add_file(self, path: str | None, origin: str, name: str | None = None) -> None:
        """A file, at the archive's root unless it is given a name."""
        if path is None:
            return
        file = self.root / path
        if file.is_dir():
            self.faults.append(f"{origin} must be a file, but is a directory: `{path}`")
        elif self.is_there(file, path, origin):
            self.add_path(name or file.name, file, origin)

    def add_pattern(self, pattern: str, origin: str) -> None:
        """Files by their base names, directories by their contents, as torch-model-archiver has it.

        With `**`, which passes through directories, only files are meant.
        """
        if os.path.lexists(self.root / pattern):
            self.add_flat(pattern, origin)
            return
        import glob

        found = sorted(glob.glob(pattern, root_dir=self.root, recursive=True))
        found = [path for path in found if not is_cache(path) and not self.excluded(path)]
        if "**" in pattern:
            found = [path for path in found if not (self.root / path).is_dir()]
        if not found:
            missing = "no file matches the pattern" if glob.has_magic(pattern) else "file not found:"
            self.faults.append(f"{origin}: {missing} `{pattern}`")
        for path in found:
            self.add_flat(path, origin, in_unicode(PurePosixPath(path).name))

    def add_flat(self, path: str, origin: str, name: str | None = None) -> None:
        if (self.root / path).is_dir():
            self.add_tree(path, "", origin)
        else:
            self.add_file(path, origin, name)

    def add_tree(self, path: str, target: str, origin: str, *, exclude: bool = True) -> None:
        """All files below a directory, below the folder `target` of the archive."""
        directory = self.root / path
        try:
            found = list(files_below(directory))
        except LinkLoop as loop:
            self.faults.append(f"{origin}: link leads back to its own folder: `{self.shown(loop.path)}`")
            return
        except OSError as error:
            self.faults.append(f"{origin}: cannot read directory: `{error.filename}`: {error.strerror}")
            return
        prefix = f"{target}/" if target else ""
        if exclude:
            below = PurePosixPath(path).as_posix()
            found = [(name, file) for name, file in found if not self.excluded(f"{below}/{name}")]
        if not found:
            self.faults.append(f"{origin}: directory holds no files: `{path}`")
        for name, file in found:
            if self.is_there(file, self.shown(file), origin):
                self.add_path(prefix + name, file, origin)

    def add_generated(self, name: str, data: bytes, origin: str) -> None:
        """A file that the configuration itself writes."""
        self.add(Member(name, BytesSource(data)), "the configuration", origin)

    def add_path(self, name: str, file: Path, origin: str) -> None:
        self.add(Member(name, FileSource(file), is_executable(file)), f"`{self.shown(file)}`", origin)

    def add(self, member: Member, shown: str, origin: str) -> None:
        name = member.name
        if fault := unsafe(name) or unportable(name):
            self.faults.append(f"{origin}: archive member `{name}`, from {shown}, {fault}")
            return
        other = self.claims.setdefault(folded(name), Claim(member, shown, origin))
        if other.member is member or (other.member.name == name and same(other.member.source, member.source)):
            return
        also = "" if other.member.name == name else f", which on macOS and Windows is `{other.member.name}`,"
        self.faults.append(
            f"{origin}: archive member `{name}`{also} comes from {shown}"
            f" and from {other.shown} ({other.origin}); rename one"
        )

    def is_there(self, file: Path, path: str, origin: str) -> bool:
        if file.is_file():
            return True
        if file.is_symlink():
            self.faults.append(f"{origin}: broken link: `{path}` -> `{os.readlink(file)}`")
        elif file.exists():
            self.faults.append(f"{origin}: not a regular file: `{path}`")
        else:
            self.faults.append(f"{origin}: file not found: `{path}`")
        return False

    def refuse_files_that_are_folders(self) -> None:
        for claim in self.claims.values():
            for parent in PurePosixPath(claim.member.name).parents:
                other = self.claims.get(folded(str(parent)))
                if other is not None:
                    self.faults.append(
                        f"{claim.origin}: archive member `{claim.member.name}`, from {claim.shown}, needs a"
                        f" folder where `{other.member.name}` is a file, from {other.shown}"
                        f" ({other.origin}); rename one"
                    )

    def excluded(self, path: str) -> bool:
        """Whether a path, relative to the project, matches a pattern of `exclude`."""
        if not self.exclude:
            return False
        return self.exclusion(path) or ((self.root / path).is_dir() and self.exclusion(f"{path}/"))

    @cached_property
    def exclusion(self) -> Callable[[str], bool]:
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(self.exclude)
        return lambda path: bool(spec.match_file(path))

    def shown(self, file: Path) -> str:
        try:
            return file.relative_to(self.root).as_posix()
        except ValueError:
            return str(file)


def same(one: Source, other: Source) -> bool:
    """Whether two sources are one file, so that nothing is lost when one of them is dropped."""
    if isinstance(one, FileSource) and isinstance(other, FileSource):
        return one.path.samefile(other.path)
    return one.size() == other.size() and b"".join(one.chunks()) == b"".join(other.chunks())
