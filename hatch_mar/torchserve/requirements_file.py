"""The one reader of a requirements file: its lines, as pip takes them apart.

pip 26, _internal/req/req_file.py (`preprocess`, `get_line_parser`, `_decode_req_file`) and
_internal/req/constructors.py (`parse_req_from_line`).
"""

from __future__ import annotations

import codecs
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from optparse import OptionParser, Values
from typing import NoReturn

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from hatch_mar.budget import REQUIREMENT_LINES, Budget, Exhausted, Unit
from hatch_mar.text import numbered_lines

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
)
CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")
"""As pip's own, but in time that grows with the line and not with its square."""

MOST_LINES = 50_000
"""Lines of a file; one with the hashes of 300 distributions has 10,000."""

LONGEST_LINE = 100_000
"""Characters of a line that is read; one with a hash for each of a hundred wheels has 8000."""

LINE_CHARACTERS = Unit("characters in a requirement line", 0)

COSTS_A_LINE = 500
"""Characters that take as long to be read as another line does."""

MOST_FILES = 20
"""Files that include one another."""

Read = Callable[[str], "bytes | None"]
"""What gives a file's bytes by its path; None if there is no such file."""

VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
"""What pip replaces from the server's environment, if it is set there."""

SCHEMES = ("http", "https", "file", "ftp", "ssh", "git", "hg", "bzr", "sftp", "svn")
ARCHIVES = (".whl", ".zip", ".tar", ".tgz", ".tbz", ".txz", ".tlz", ".gz", ".bz2", ".xz", ".lz", ".lzma")

WITH_VALUE = (
    ("-i", "--index-url", "--pypi-url"),
    ("--extra-index-url",),
    ("-c", "--constraint"),
    ("-r", "--requirement"),
    ("-e", "--editable"),
    ("-f", "--find-links"),
    ("--no-binary",),
    ("--only-binary",),
    ("--all-releases",),
    ("--only-final",),
    ("--trusted-host",),
    ("--use-feature",),
    ("--global-option",),
    ("--hash",),
    ("-C", "--config-settings"),
)
FLAGS = ("--no-index", "--prefer-binary", "--require-hashes", "--no-require-hashes", "--pre")


class OptionError(ValueError):
    """pip refuses the options of a line."""


class Parser(OptionParser):
    def __init__(self) -> None:
        super().__init__(add_help_option=False, usage="")
        for names in WITH_VALUE:
            self.add_option(*names, action="append")
        for flag in FLAGS:
            self.add_option(flag, action="store_true")

    def error(self, msg: str) -> NoReturn:
        raise OptionError(msg)


PARSER = Parser()
"""Made once, because that takes longer than all else that is done with a line."""


def no_options() -> Values:
    """Values to which a parser appends."""
    return Values({str(each.dest): [] if each.action == "append" else False for each in PARSER.option_list})


def decode(data: bytes) -> str:
    """The file's text: by its byte order mark, its `coding:` comment, or as UTF-8.

    Raises:
        ValueError: the bytes are not in that encoding, or there is no encoding of that name.
    """
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding)
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (named := CODING.search(line)):
            name = named[1].decode("ascii")
            try:
                return data.decode(name)
            except LookupError:
                raise ValueError(f"there is no encoding `{name}`") from None
    return data.decode("utf-8")


def logical_lines(text: str, budget: Budget) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without comments; a line that ends in a backslash goes on in the next.

    Raises:
        Exhausted: there are too many, or one is too long.
    """
    first, parts = 0, list[str]()
    for count, (number, line) in enumerate(numbered_lines(text), start=1):
        if count > MOST_LINES:
            raise Exhausted(REQUIREMENT_LINES)
        first = first if parts else number
        comment = COMMENT.match(line)
        parts.append(f" {line}" if comment else line)
        if line.endswith("\\") and not comment:
            parts[-1] = line.strip("\\")
            continue
        yield first, join_line(parts, budget)
        parts = []
    if parts:
        yield first, join_line(parts, budget)


def join_line(parts: list[str], budget: Budget) -> str:
    line = "".join(parts)
    if len(line) > LONGEST_LINE:
        raise Exhausted(LINE_CHARACTERS)
    budget.spend(REQUIREMENT_LINES, 1 + len(line) // COSTS_A_LINE)
    return COMMENT.sub("", line).strip()


def split_options(line: str) -> tuple[str, Values]:
    """A line's requirement, which may be empty, and its options.

    Raises:
        OptionError: pip does not know the option, or its value is missing.
    """
    words = line.split(" ")
    at = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    try:
        options = shlex.split(" ".join(words[at:]))
    except ValueError as error:
        raise OptionError(str(error)) from None
    values, _ = PARSER.parse_args(options, no_options())
    return " ".join(words[:at]).strip(), values


def url_scheme(text: str) -> str | None:
    """The scheme of a URL, which is `git` for `git+https://…`; None if the text is not a URL."""
    name = text.partition(":")[0].lower().partition("+")[0] if ":" in text else ""
    return name if name in SCHEMES else None


def path_in(requirement: str) -> str | None:
    """The local file or folder that a requirement names, or None."""
    name = requirement.partition(";")[0].strip()
    before, at, _ = name.partition("@")
    if at and not looks_like_path(before):
        return None
    name = re.sub(r"\[[^\]]*\]$", "", name).strip()
    return name if looks_like_path(name) or name.lower().endswith(ARCHIVES) else None


def distributions(
    data: bytes, budget: Budget, path: str = "", read: Read = lambda _: None
) -> Iterator[str | None]:
    """The distributions that a file requires, normalized; None stands for any whose names are not known.

    One that is required with an extra is there under that name too, as `transformers[torch]`.
    What it includes, by a path relative to its own, is required too, and known if `read` gives its bytes.
    """
    yield from read_distributions(data, budget, path, read, {path})


def read_distributions(
    data: bytes, budget: Budget, path: str, read: Read, seen: set[str]
) -> Iterator[str | None]:
    try:
        lines = list(logical_lines(decode(data), budget))
    except (ValueError, Exhausted):
        yield None
        return
    for _, line in lines:
        try:
            requirement, options = split_options(line)
        except OptionError:
            yield None
            continue
        if requirement:
            yield required_distribution(requirement)
            yield from required_extras(requirement) if "[" in requirement else ()
            continue
        yield from map(egg_name, options.editable)
        for included in options.requirement[:1]:  # pip takes the first one
            inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), included))
            if inner in seen:
                continue
            seen.add(inner)
            found = None if url_scheme(included) or len(seen) > MOST_FILES else read(inner)
            yield from [None] if found is None else read_distributions(found, budget, inner, read, seen)


def required_distribution(requirement: str) -> str | None:
    """The distribution that a requirement names, normalized; None if it names none."""
    try:
        return parse_wheel_filename(requirement.partition("#")[0].rpartition("/")[2])[0]
    except InvalidWheelFilename:
        pass
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return egg_name(requirement)


def required_extras(requirement: str) -> Iterator[str]:
    """The distribution with each extra that is required of it, such as `transformers[torch]`."""
    try:
        found = Requirement(requirement)
    except InvalidRequirement:
        return
    yield from (f"{canonicalize_name(found.name)}[{canonicalize_name(extra)}]" for extra in found.extras)


def egg_name(url: str) -> str | None:
    """The distribution that a URL names in its fragment, `#egg=…`; None if it names none."""
    name = url.partition("egg=")[2].partition("&")[0].partition("[")[0]
    return canonicalize_name(name) if name else None


def looks_like_path(name: str) -> bool:
    return "/" in name or name.startswith(".")
