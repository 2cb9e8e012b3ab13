"""Files on web servers, read with the standard library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, InvalidURL, RemoteDisconnected, responses
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.request import build_opener

from hatch_mar.__about__ import __version__
from hatch_mar.archive.archive import CHUNK
from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Body, Broken
from hatch_mar.release.fetching.hub import is_on_hub
from hatch_mar.release.fetching.redirects import Redirects, make_request
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import truncate

TIMEOUT = 60.0
"""Seconds to wait for the next bytes of a server."""

HEADERS = {"User-Agent": f"hatch-mar/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
"""A compressed file would have another digest."""

RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
PARTIAL, DENIED, GONE, UNSATISFIABLE = 206, (401, 403), (404, 410), 416
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)
BREAKS = (ConnectionError, TimeoutError, RemoteDisconnected)


@contextmanager
def open_web(url: str, offset: int, validator: str) -> Iterator[Body]:
    """The bytes from `offset` on, or all of them if the server has no ranges, or another version of the file.

    Raises:
        ReleaseError: the server cannot be reached, or refuses.
        Broken: it may answer later.
    """
    with ask(url, offset, validator) as response:
        start, size = read_extent(response)
        encoding = response.headers.get("Content-Encoding", "")
        yield Body(read_body(response, hide_secrets(url)), start, size, find_validator(response), encoding)


def ask(url: str, offset: int, validator: str) -> HTTPResponse:
    if not offset:
        return send(url)
    # "If-Range" (RFC 9110, 13.1.5): the rest of this version, or all of a newer one
    headers = {"Range": f"bytes={offset}-"} | ({"If-Range": validator} if validator else {})
    try:
        response = send(url, headers)
    except Unsatisfiable:
        return send(url)
    is_other = find_validator(response) not in ("", validator) and validator
    if response.status == PARTIAL and (read_extent(response)[0] != offset or is_other):
        response.close()
        return send(url)
    return response


def read_extent(response: HTTPResponse) -> tuple[int, int | None]:
    """Of which of the file's bytes an answer begins at, and how many the file has, if that is said."""
    if response.status == PARTIAL:
        found = RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])
    return 0, response.length


def find_validator(response: HTTPResponse) -> str:
    """What may be sent as `If-Range`: a strong ETag, or else a date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def read_body(response: HTTPResponse, shown: str) -> Iterator[bytes]:
    while True:
        try:
            # whatever has arrived: if more were waited for, a break would lose it
            chunk = response.read1(CHUNK)
        except HTTPException:
            raise Broken(f"the connection to `{shown}` was lost") from None
        except OSError as error:
            raise Broken(f"the connection to `{shown}` was lost: {describe(error)}") from None
        if not chunk:
            return
        yield chunk


class Unsatisfiable(Exception):
    """The file does not have the bytes that were asked for."""


def send(url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> HTTPResponse:
    """A server's answer, once it is neither an error nor a redirect.

    Raises:
        ReleaseError: the server cannot be reached, or refuses.
        Broken: it may answer later.
        Unsatisfiable: see there.
    """
    shown = hide_secrets(url)
    try:
        request = make_request(url, {**HEADERS, **(headers or {})}, method)
        return cast("HTTPResponse", build_opener(Redirects).open(request, timeout=TIMEOUT))
    except HTTPError as error:
        error.close()
        if error.code == UNSATISFIABLE and "Range" in request.headers:
            raise Unsatisfiable from None
        sentence = f"`{hide_secrets(error.url)}` {explain_status(error.code, error.url)}"
        raise (Broken if error.code in TEMPORARY else ReleaseError)(sentence) from None
    except URLError as error:
        if isinstance(error.reason, (ConnectionResetError, BrokenPipeError)):
            raise Broken(f"the connection to `{shown}` was lost: {describe(error.reason)}") from None
        raise ReleaseError(f"`{shown}` cannot be reached: {describe(error.reason)}") from None
    except BREAKS as error:
        raise Broken(f"`{shown}` does not answer: {describe(error)}") from None
    except (ValueError, InvalidURL):
        sentence = f"`{shown}` is not a valid web address, or redirects to an invalid one; correct the `url`"
        raise ReleaseError(sentence) from None
    except HTTPException:
        raise ReleaseError(f"`{shown}` does not speak HTTP; correct the `url`") from None
    except OSError as error:
        raise ReleaseError(f"`{shown}` cannot be reached: {describe(error)}") from None


def explain_status(code: int, url: str) -> str:
    """What a server's refusal means, and what to do about it."""
    status = f"{code} {responses.get(code, '')}".strip()
    if code in DENIED:
        remedy = (
            "set `HF_TOKEN` to a token that may read it" if is_on_hub(url) else "add its host to `~/.netrc`"
        )
        return f"denies access ({status}); {remedy}"
    if code in GONE:
        return f"does not exist ({status}); correct the `url`"
    if 300 <= code < 400:
        return f"redirects in a loop, or to something other than a web address ({status}); correct the `url`"
    return f"answers {status}"


def describe(error: object) -> str:
    """Why a connection failed, in the system's words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    told = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return truncate(told or type(error).__name__, 200)
