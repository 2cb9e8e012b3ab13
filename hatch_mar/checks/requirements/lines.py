"""One requirement: whether pip can install it, from where it is told to, and whether it should.

pip runs in the archive's root, and installs into the model's folder or, with `useVenv`, into a
virtual environment that inherits the server's packages (pytorch/serve, ts/utils/setup_model_venv.py).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import shorten
from hatch_mar.torchserve import runtimes, suffixes
from hatch_mar.torchserve.requirements_file import path_in, required_distribution, url_scheme
from hatch_mar.torchserve.server_packages import OWN_PACKAGES

REFUSED = (
    "with `install_py_dep_per_model=true` the model is refused: `Custom pip package installation failed`"
)

LINE = Rule(
    code="MAR604",
    title="A line of the requirements is not a requirement",
    consequence=REFUSED,
    fix="write `name`, `name==1.0`, `name>=1; marker` or `name @ https://…`",
)
LOCAL = Rule(
    code="MAR605",
    title="The requirements name a path that pip does not find",
    consequence=REFUSED,
    fix="add it to the archive under this path, relative to the archive's root",
)
EDITABLE = Rule(
    code="MAR608",
    title="The requirements have an editable line",
    consequence="pip leaves a `.pth` file where Python does not look for one: `ModuleNotFoundError`",
    fix="leave `-e` out, or set `useVenv: true` in the model configuration",
)
SERVERS_OWN = Rule(
    code="MAR609",
    severity="warning",
    title="The requirements name a path of the server",
    consequence="a server that does not have it refuses the model, or pip uses an index instead",
    fix="add it to the archive and name it relative to the archive's root",
)
TORCH = Rule(
    code="MAR610",
    severity="warning",
    title="The requirements install torch or TorchServe",
    consequence="the model's folder gets a copy of its own, whose version may not fit the server's packages",
    fix="leave it out, or set `useVenv: true` in the model configuration",
)
ON_SERVER = Rule(
    code="MAR613",
    severity="note",
    title="The requirements install what the server has",
    consequence="pip installs a second copy beside the model, together with what that requires",
    fix="leave it out, unless the model needs another version than the server's",
)
NAMELESS = Rule(
    code="MAR614",
    severity="note",
    title="The requirements have a URL that does not say what it is",
    consequence="no import is reported as missing, since this package may bring it",
    fix="write `name @ git+https://…`, with the package's own name",
)
LOCAL_VERSION = Rule(
    code="MAR615",
    severity="warning",
    title="The requirements ask for a local version, but name no index that may have it",
    consequence=f"PyPI has no local versions, such as `1.0+cu118`; {REFUSED}",
    fix="name its index in the file, with `--extra-index-url https://…`, or leave out the `+` and the rest",
)
OTHER_TS = Rule(
    code="MAR616",
    severity="warning",
    title="The requirements have `ts`, which is not TorchServe",
    consequence="it hides TorchServe's own `ts`: the worker dies with `No module named 'ts.arg_parser'`",
    fix="leave it out, since every server has TorchServe",
)

PROJECT_FILES = ("pyproject.toml", "setup.py")


def check_requirement(subject: Subject, place: Place, line: str) -> Iterator[Finding]:
    """What pip refuses in a requirement, or does not find."""
    if found := url_scheme(line):
        if found == "file":
            yield from check_local_path(subject, place, path_of_url(line))
        return
    if path := path_in(line):
        yield from check_local_path(subject, place, path)
        return
    try:
        url = Requirement(line.rstrip("; ")).url
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        yield LINE.at(place, f"pip refuses the requirement `{shorten(line)}`: {reason}")
        return
    if url and not url_scheme(url):
        yield LINE.at(place, f"pip refuses the requirement `{shorten(line)}`: `{url}` is not a URL")
    elif url and url_scheme(url) == "file":
        yield from check_local_path(subject, place, path_of_url(url))


def check_name(subject: Subject, place: Place, line: str) -> Iterator[Finding]:
    """What is wrong with installing this distribution, or one whose name the line does not say."""
    name = required_distribution(line)
    if name is None and url_scheme(line) not in (None, "file"):
        yield NAMELESS.at(place, f"`{shorten(line)}` does not say which package it is")
    elif name == "ts":
        yield OTHER_TS.at(place, "`ts` is another project on PyPI, and not TorchServe")
    else:
        yield from check_server(subject, place, line)


def check_server(subject: Subject, place: Place, line: str) -> Iterator[Finding]:
    if is_on_server(subject, line) and not has_venv(subject):
        name = required_distribution(line)
        rule = TORCH if name in OWN_PACKAGES else ON_SERVER
        yield rule.at(place, f"`{name}` is installed beside the model, where it hides the server's own")


def check_editable(subject: Subject, place: Place, line: str) -> Iterator[Finding]:
    if not has_venv(subject):
        yield EDITABLE.at(place, f"`-e {line}` cannot be imported from where TorchServe installs it")
    elif not url_scheme(line):
        yield from check_local_path(subject, place, path_in(line) or f"./{line}")


def check_local_path(subject: Subject, place: Place, path: str) -> Iterator[Finding]:
    """A path is relative to the archive's root, where pip is started, whatever file names it."""
    if path.startswith("/"):
        yield SERVERS_OWN.at(place, f"pip looks for `{path}` on the server")
        return
    name = posixpath.normpath(path)
    if not subject.file_name.endswith(suffixes.UNPACKED):
        message = f"pip does not find `{path}`: it is started beside a directory model, not in it"
        yield LOCAL.at(place, message, "build a `.mar`, or install the package on the server")
    elif name in subject.members:
        yield from check_wheel(place, name)
    elif not any(f"{prefix_of(name)}{file}" in subject.members for file in PROJECT_FILES):
        kind = "project" if has_folder(subject, name) else "file or folder"
        yield LOCAL.at(place, f"The archive has no {kind} `{path}` for pip to install")


def check_wheel(place: Place, name: str) -> Iterator[Finding]:
    if not name.endswith(".whl"):
        return
    try:
        parse_wheel_filename(posixpath.basename(name))
    except InvalidWheelFilename:
        message = f"pip refuses the wheel `{name}` for its name"
        yield LINE.at(place, message, "name it `name-version-python-abi-platform.whl`, as it was built")


def check_local_version(subject: Subject, place: Place, line: str) -> Iterator[Finding]:
    """A version that PyPI cannot have, unless a marker may leave the requirement out."""
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return
    if requirement.marker or any(found.rule is TORCH for found in check_server(subject, place, line)):
        return
    for wanted in requirement.specifier:
        if wanted.operator in ("==", "===") and "+" in wanted.version:
            yield LOCAL_VERSION.at(place, f"No index that is named here can have `{shorten(line)}`")


def is_on_server(subject: Subject, requirement: str) -> bool:
    name = required_distribution(requirement)
    return name is not None and subject.environment.is_on_server(name)


def has_venv(subject: Subject) -> bool:
    settings = subject.model_config.settings
    return settings.get("useVenv") is True and subject.manifest.runtime == runtimes.DEFAULT


def has_folder(subject: Subject, name: str) -> bool:
    return name in subject.folders


def prefix_of(folder: str) -> str:
    return "" if folder == "." else f"{folder}/"


def path_of_url(url: str) -> str:
    return unquote(urlsplit(url.partition(";")[0].strip()).path)
