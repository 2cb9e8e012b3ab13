"""Readers for the keys that say where a file comes from and where archives go, beyond the project."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from hatch_mar.names import name_fault
from hatch_mar.project.config.reading import string
from hatch_mar.project.config.shape import restrict, shaped, whole
from hatch_mar.project.config.values import CONTROL, PLACEHOLDER, path, plain, template

URL = rf"[a-z][a-z0-9+.-]*://(?:[^/@: {CONTROL}]*@)?[^/@ {CONTROL}]*(?:/[^ {CONTROL}]*)?"
"""A user may come before the host, but no password."""

NO_URL = (
    "must be a URL without spaces or a password, such as `https://example.org/digits.pth` or"
    " `s3://BUCKET/FOLDER`"
)
"""Does not show the text, which may have a password."""
in_form_of_url = restrict(string, "URL", URL, NO_URL)


@shaped(in_form_of_url.kind, in_form_of_url.schema)
def url(value: object) -> str:
    text = in_form_of_url(value)
    try:
        urlsplit(text)
    except ValueError:
        raise ValueError(NO_URL) from None
    return text


@shaped(url.kind, url.schema)
def source(value: object) -> str:
    """The URL of a file that is fetched."""
    text = url(value)
    parts = urlsplit(text)
    if not parts.path.strip("/"):
        raise ValueError("must name a file, as `https://example.org/digits.pth` does")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with `https://`, except on this machine")
    return text


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


NO_SERVER = "must be the `http://HOST:PORT` or `https://HOST:PORT` of a server, without a password"
in_form_of_server = restrict(string, "URL", rf"https?://[^/@?# {CONTROL}]+/?", NO_SERVER)


@shaped(in_form_of_server.kind, in_form_of_server.schema)
def server(value: object) -> str:
    text = in_form_of_server(value)
    try:
        parts = urlsplit(text)
        is_server = parts.hostname is not None and parts.port != 0
    except ValueError:  # about a port that is none, or half a bracket
        is_server = False
    if not is_server:
        raise ValueError(NO_SERVER)
    return text


SLIP = "([a-z][a-z0-9+.-]+):/([^/].*|)"
"""A URL with one slash, which would be taken for a directory."""

NO_BUCKET = "(?:s3a?|gc?s|az|abfss?)://(?:/.*)?"
"""A URL of a store without a bucket, such as `s3://$BUCKET/digits` gives where the variable is not set."""


@shaped(
    "directory or URL",
    {
        "allOf": [plain.schema, template.schema],
        "anyOf": [
            {"allOf": [url.schema, {"pattern": "^[^?#]*$"}, {"not": {"pattern": whole(NO_BUCKET)}}]},
            {"not": {"pattern": f"://|{whole(SLIP)}"}},
        ],
    },
)
def location(value: object) -> str:
    """Where archives are published, with `{model-name}` and `{version}` filled in for each."""
    text = plain(value)
    if slip := re.fullmatch(SLIP, text):
        slashes = "///" if slip[1] == "file" else "//"
        raise ValueError(f"is not a URL: `{text}`; did you mean `{slip[1]}:{slashes}{slip[2]}`?")
    if "://" in text and not set("?#").isdisjoint(url(text)):
        raise ValueError("must be a URL without `?` and `#`, which are not part of a folder's name")
    if re.fullmatch(NO_BUCKET, text):
        raise ValueError(f"must name a bucket: `{text}`")
    return template(text)


FILE = "{file}"
in_form_of_registered = restrict(
    string,
    "template",
    rf"(?:[^{{}} {CONTROL}]|\{{file\}}|{PLACEHOLDER})+",
    "may have the placeholders `{file}`, `{model-name}` and `{version}`, and no others",
)
"""Does not show the text, which may have a signature."""


@shaped(
    in_form_of_registered.kind,
    {"allOf": [in_form_of_registered.schema], "anyOf": [url.schema, {"not": {"pattern": "://"}}]},
)
def registered(value: object) -> str:
    """What a server registers: a file of its model store, or a URL."""
    text = in_form_of_registered(value)
    return url(text) if "://" in text else text


@shaped(path.kind, path.schema)
def inner_path(value: object) -> str:
    """A path in the project."""
    text = path(value)
    if name_fault(text):
        raise ValueError(f"must be a path inside the project, without `.` or `..`: `{text}`")
    return text


in_hexadecimal = restrict(
    string, "SHA-256 in hexadecimal", "[0-9A-Fa-f]{64}", "must be a SHA-256, of 64 hexadecimal digits: `{}`"
)


@shaped(in_hexadecimal.kind, in_hexadecimal.schema)
def sha256(value: object) -> str:
    """A digest in lower case; Windows writes them in upper case."""
    return in_hexadecimal(value).lower()
