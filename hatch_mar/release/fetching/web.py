"""Files on web servers, read with the standard library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, InvalidURL, RemoteDisconnected
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.request import build_opener

from hatch_mar.__about__ import __version__
from hatch_mar.archive.archive import CHUNK
from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Body, Broken
from hatch_mar.release.fetching.proxies import Proxies
from hatch_mar.release.fetching.redirects import Redirects, make_request
from hatch_mar.release.fetching.refusals import describe, explain_refusal, explain_silence
from hatch_mar.release.hide_secrets import hide_secrets

TIMEOUT = 60.0
"""Seconds to wait for the next bytes of a server."""

HEADERS = {"User-Agent": f"hatch-mar/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
"""A compressed file would have another digest."""

RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
PARTIAL, UNSATISFIABLE = 206, 416
BREAKS = (ConnectionError, TimeoutError, RemoteDisconnected)


@contextmanager
def open_web(url: str, offset: int, validator: str) -> Iterator[Body]:
    """The bytes from `offset` on, or all of them if the server has no ranges, or another version of the file.

    Raises:
        ReleaseError: the server refuses, or answers with something else.
        Broken: it may answer later.
    """
    with ask(url, offset, validator) as response:
        start, size = read_extent(response)
        if start not in (0, offset):
            other = f"`{hide_secrets(url)}` sends another part of the file than it was asked for"
            raise ReleaseError(f"{other}; correct the `url`")
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
        ReleaseError: the server refuses, or cannot be asked.
        Broken: it may answer later.
        Unsatisfiable: see there.
    """
    redirects = Redirects(url)
    try:
        request = make_request(url, {**HEADERS, **(headers or {})}, method)
        return cast("HTTPResponse", build_opener(redirects, Proxies).open(request, timeout=TIMEOUT))
    except HTTPError as error:
        error.close()
        if error.code == UNSATISFIABLE and "Range" in request.headers:
            raise Unsatisfiable from None
        raise explain_refusal(error, redirects.url) from None
    except URLError as error:
        raise explain_silence(error.reason, redirects.url) from None
    except BREAKS as error:
        raise Broken(f"`{hide_secrets(redirects.url)}` does not answer: {describe(error)}") from None
    except (ValueError, InvalidURL):
        shown = hide_secrets(redirects.url)
        sentence = f"`{shown}` is not a valid web address, or redirects to an invalid one; correct the `url`"
        raise ReleaseError(sentence) from None
    except HTTPException:
        raise ReleaseError(
            f"`{hide_secrets(redirects.url)}` does not speak HTTP; correct the `url`"
        ) from None
    except OSError as error:
        raise explain_silence(error, redirects.url) from None
