"""The requirements that TorchServe installs beside the model.

With `install_py_dep_per_model=true` in its configuration it runs `pip install -U -t MODEL -r FILE`
inside the unpacked archive; without, it never opens the file (pytorch/serve, frontend/server/src/
main/java/org/pytorch/serve/wlm/ModelManager.java, `setupModelDependencies`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from optparse import Values
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.requirements.rules import (
    ABSENT,
    CYCLE,
    EDITABLE,
    ENCODING,
    HASHES,
    LINE,
    LOCAL,
    ONLY_IF_SET,
    OPTION,
    SERVERS_OWN,
    TORCH,
    UNCHECKED,
)
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.finding import Finding, Place
from hatch_mar.text import shorten
from hatch_mar.torchserve.requirements_file import (
    VARIABLE,
    OptionError,
    decode,
    logical_lines,
    path_in,
    scheme,
    split_options,
)

SERVERS_PACKAGES = ("torch", "torchvision", "torchaudio", "torchserve")
"""What a server has already, and is better not given twice."""


def check(subject: Subject) -> Iterator[Finding]:
    name = subject.value("requirementsFile")
    if name is None or subject.manifest.name != MANIFEST_NAME:
        return
    path = posixpath.normpath(name.lstrip("/"))
    if path not in subject.members:
        yield ABSENT.at(subject.set_by("requirements-file"), f"The archive has no `{name}`")
        return
    reading = Reading(subject)
    yield from reading.check(path)
    yield from reading.check_hashes()
    if reading.lines:
        message = "TorchServe installs the requirements only with `install_py_dep_per_model=true`"
        yield ONLY_IF_SET.at(reading.place(path), message)


PROJECT_FILES = ("pyproject.toml", "setup.py")

PACKED = (".mar", ".tar.gz", ".tgz", ".model", ".zip")
"""Ends of file names; TorchServe links to anything else and does not unpack it."""


@dataclass
class Reading:
    """One run of pip through a file and those that it includes."""

    subject: Subject
    files: list[str] = field(default_factory=list)
    lines: list[tuple[Place, str, bool]] = field(default_factory=list)
    """The requirements, and whether they have a hash."""
    hashed: bool = False

    def __post_init__(self) -> None:
        runtime = self.subject.manifest.document.get("runtime", "python")
        self.venv = self.subject.model_config.settings.get("useVenv") is True and runtime == "python"

    def place(self, path: str, number: int | None = None) -> Place:
        if "requirements-from" in self.subject.origins:
            return self.subject.set_by("requirements-from")
        return self.subject.place(self.subject.members[path], number)

    def check(self, path: str, outer: tuple[str, ...] = ()) -> Iterator[Finding]:
        self.files.append(path)
        data = self.subject.text(self.subject.members[path])
        if len(data) == LARGEST_TEXT:
            yield UNCHECKED.at(self.place(path), f"The requirements file `{path}` is too long to be checked")
            return
        try:
            text = decode(data)
            if "\0" in text:
                raise ValueError("it has null characters, as UTF-16 has without a byte order mark")
        except ValueError as error:
            reason = error.reason if isinstance(error, UnicodeDecodeError) else error
            yield ENCODING.at(self.place(path), f"pip cannot read `{path}`: {reason}")
            return
        for number, line in logical_lines(text):
            # what the server's environment puts in is not known here
            if line and not VARIABLE.search(line):
                yield from self.check_line(self.place(path, number), line, (*outer, path))

    def check_line(self, place: Place, line: str, files: tuple[str, ...]) -> Iterator[Finding]:
        try:
            requirement, options = split_options(line)
        except OptionError as error:
            yield OPTION.at(place, f"pip refuses the options of `{shorten(line)}`: {error}")
            return
        self.hashed |= options.require_hashes
        if requirement:
            self.hashed |= bool(options.hash)
            self.lines.append((place, requirement, bool(options.hash)))
            yield from self.check_requirement(place, requirement)
        elif options.editable:
            self.lines.append((place, f"-e {options.editable[0]}", False))
            yield from self.check_editable(place, options.editable[0])
        else:
            yield from self.check_included(place, options, files)

    def check_requirement(self, place: Place, line: str) -> Iterator[Finding]:
        if found := scheme(line):
            if found == "file":
                yield from self.check_url(place, line)
            return
        if path := path_in(line):
            yield from self.check_path(place, path)
            return
        try:
            requirement = Requirement(line.rstrip("; "))
        except InvalidRequirement as error:
            reason = str(error).partition("\n")[0]
            yield LINE.at(place, f"pip refuses the requirement `{shorten(line)}`: {reason}")
            return
        if requirement.url and not scheme(requirement.url):
            yield LINE.at(
                place, f"pip refuses the requirement `{shorten(line)}`: `{requirement.url}` is no URL"
            )
        elif requirement.url and scheme(requirement.url) == "file":
            yield from self.check_url(place, requirement.url)
        if canonicalize_name(requirement.name) in SERVERS_PACKAGES and not self.venv:
            message = f"`{requirement.name}` is installed beside the model, and goes before the server's own"
            yield TORCH.at(place, message)

    def check_url(self, place: Place, url: str) -> Iterator[Finding]:
        path = unquote(urlsplit(url.partition(";")[0].strip()).path)
        yield from self.check_path(place, path)

    def check_path(self, place: Place, path: str) -> Iterator[Finding]:
        """A path is relative to the archive's root, where pip is started, whatever file names it."""
        if path.startswith("/"):
            yield SERVERS_OWN.at(place, f"pip looks for `{path}` on the server")
            return
        name = posixpath.normpath(path)
        if not self.subject.file_name.endswith(PACKED):
            message = f"pip does not find `{path}`: it is started beside a directory model, not in it"
            yield LOCAL.at(place, message, "build a `.mar`, or install the package on the server")
        elif name in self.subject.members:
            yield from check_wheel(place, name)
        elif not any(f"{self.prefix(name)}{file}" in self.subject.members for file in PROJECT_FILES):
            kind = "project" if self.has_folder(name) else "file or folder"
            yield LOCAL.at(place, f"The archive has no {kind} `{path}` for pip to install")

    def prefix(self, folder: str) -> str:
        return "" if folder == "." else f"{folder}/"

    def has_folder(self, name: str) -> bool:
        return any(member.startswith(self.prefix(name)) for member in self.subject.members)

    def check_editable(self, place: Place, line: str) -> Iterator[Finding]:
        if not self.venv:
            yield EDITABLE.at(place, f"`-e {line}` cannot be imported from where TorchServe installs it")
        elif not scheme(line):
            yield from self.check_path(place, path_in(line) or f"./{line}")

    def check_included(self, place: Place, options: Values, files: tuple[str, ...]) -> Iterator[Finding]:
        for folder in options.find_links:
            if not scheme(folder) and (
                folder.startswith("/") or not self.has_folder(posixpath.normpath(folder))
            ):
                yield SERVERS_OWN.at(place, f"pip looks for packages in `{folder}` on the server")
        # pip takes the first of a line's `-r`, else the first of its `-c`
        for included in (options.requirement or options.constraint)[:1]:
            if scheme(included):
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(files[-1]), included))
            if path.startswith("/"):
                yield SERVERS_OWN.at(place, f"pip reads `{included}` on the server")
            elif path in files:
                yield CYCLE.at(place, f"`{included}` includes itself")
            elif path not in self.subject.members:
                yield LOCAL.at(place, f"The archive has no `{path}` for pip to read")
            elif path not in self.files:
                yield from self.check(path, files)

    def check_hashes(self) -> Iterator[Finding]:
        for place, line, hashed in self.lines:
            if self.hashed and not hashed:
                yield HASHES.at(place, f"`{line}` has no `--hash`, but others do")


def check_wheel(place: Place, name: str) -> Iterator[Finding]:
    if not name.endswith(".whl"):
        return
    try:
        parse_wheel_filename(posixpath.basename(name))
    except InvalidWheelFilename:
        message = f"pip refuses the wheel `{name}` for its name"
        yield LINE.at(place, message, "name it `name-version-python-abi-platform.whl`, as it was built")
