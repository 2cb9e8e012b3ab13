"""A requirements file and those that it includes, in one run of pip."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from optparse import Values

from hatch_mar.budget import FILES
from hatch_mar.checks.requirements.lines import (
    LOCAL,
    REFUSED,
    SERVERS_OWN,
    check_editable,
    check_local_version,
    check_name,
    check_requirement,
    has_folder,
)
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import shorten
from hatch_mar.torchserve.requirements_file import (
    VARIABLE,
    OptionError,
    decode,
    logical_lines,
    split_options,
    url_scheme,
)

ENCODING = Rule(
    code="MAR602",
    title="The requirements file is not in an encoding that pip reads",
    consequence=REFUSED,
    fix="save the file as UTF-8",
)
OPTION = Rule(
    code="MAR603",
    title="A line of the requirements has options that pip refuses",
    consequence=REFUSED,
    fix="use only the options that a requirements file may have",
)
CYCLE = Rule(
    code="MAR606",
    title="A requirements file includes itself",
    consequence=REFUSED,
    fix="remove the line",
)
HASHES = Rule(
    code="MAR607",
    title="Some requirements have hashes and others do not",
    consequence=f"{REFUSED}, since one hash makes pip require one for each",
    fix="give all of them hashes, or none of them",
)
UNCHECKED = Rule(
    code="MAR612",
    severity="warning",
    title="The requirements file is too long to be checked",
    consequence="faults in it are not found",
    fix="remove what is not a requirement",
)


MOST_LEVELS = 50
"""Files that include one another, one in the other."""


class Reading:
    """Checks a file and those that it includes, each once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.files: set[str] = set()
        self.required: list[tuple[Place, str, bool]] = []
        """The requirements, and whether they have a hash."""
        self.requires_hashes = False
        self.may_have_index = False
        """Whether pip may look elsewhere than on PyPI."""

    def place(self, path: str, number: int | None = None) -> Place:
        if "requirements-from" in self.subject.origins:
            return self.subject.set_by("requirements-from")
        return self.subject.place(self.subject.members[path], number)

    def check(
        self, path: str, outer: tuple[str, ...] = (), *, constraints: bool = False
    ) -> Iterator[Finding]:
        """Check a file that is included by the `outer` ones; `constraints` install nothing."""
        self.files.add(path)
        self.subject.budget.spend(FILES)
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
        for number, line in logical_lines(text, self.subject.budget):
            if VARIABLE.search(line):  # what the server's environment has for it is not known
                self.may_have_index = True
            elif line:
                yield from self.check_line(
                    self.place(path, number), line, (*outer, path), constraints=constraints
                )

    def check_line(
        self, place: Place, line: str, files: tuple[str, ...], *, constraints: bool
    ) -> Iterator[Finding]:
        try:
            requirement, options = split_options(line)
        except OptionError as error:
            yield OPTION.at(place, f"pip refuses the options of `{shorten(line)}`: {error}")
            return
        self.requires_hashes |= options.require_hashes or bool(requirement and options.hash)
        self.may_have_index |= bool(options.index_url or options.extra_index_url or options.find_links)
        if not requirement and not options.editable:
            yield from self.check_included(place, options, files)
            return
        if not constraints:
            self.required.append((place, requirement or f"-e {options.editable[0]}", bool(options.hash)))
        if requirement:
            yield from check_requirement(self.subject, place, requirement)
        else:
            yield from check_editable(self.subject, place, options.editable[0])
        if not constraints:
            yield from check_name(self.subject, place, requirement or options.editable[0])

    def check_included(self, place: Place, options: Values, files: tuple[str, ...]) -> Iterator[Finding]:
        for folder in options.find_links:
            if not url_scheme(folder) and (
                folder.startswith("/") or not has_folder(self.subject, posixpath.normpath(folder))
            ):
                yield SERVERS_OWN.at(place, f"pip looks for packages in `{folder}` on the server")
        # pip takes the first of a line's `-r`, else the first of its `-c`
        for included in (options.requirement or options.constraint)[:1]:
            if url_scheme(included):
                self.may_have_index = True
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(files[-1]), included))
            if path.startswith("/"):
                yield SERVERS_OWN.at(place, f"pip reads `{included}` on the server")
            elif path in files:
                yield CYCLE.at(place, f"`{included}` includes itself")
            elif path not in self.subject.members:
                yield LOCAL.at(place, f"The archive has no `{path}` for pip to read")
            elif path in self.files:
                continue
            elif len(files) >= MOST_LEVELS:
                yield UNCHECKED.at(place, f"`{path}` is not checked: too many files include one another")
            else:
                yield from self.check(path, files, constraints=not options.requirement)

    def check_local_versions(self) -> Iterator[Finding]:
        for place, requirement, _ in self.required:
            if not self.may_have_index:
                yield from check_local_version(self.subject, place, requirement)

    def check_hashes(self) -> Iterator[Finding]:
        for place, requirement, has_hash in self.required:
            if self.requires_hashes and not has_hash:
                yield HASHES.at(place, f"`{requirement}` has no `--hash`, but others do")
