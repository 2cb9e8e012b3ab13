"""Which redirects are followed, and which credentials are sent with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.addresses import is_loopback
from hatch_mar.release.fetching.credentials import find_authorization
from hatch_mar.release.fetching.hub import DIGEST
from hatch_mar.release.hide_secrets import hide_secrets


class Redirects(HTTPRedirectHandler):
    """Follows redirects to `https://`, and from this machine to itself.

    Each host gets its own credentials, and no others.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        """What is asked now."""

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        if req.get_method() == "HEAD" and DIGEST in headers:
            return fp
        fp.close()  # or urllib would read whatever is sent along into memory
        return super().http_error_302(req, fp, code, msg, headers)

    # 3.10 has no 308
    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(  # noqa: PLR0917  (the arguments are urllib's)
        self,
        req: Request,
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Any,  # noqa: ARG002
        newurl: str,
    ) -> Request:
        """
        Raises:
            ReleaseError: the redirect must not be followed.
        """
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        stays_here = old.scheme == new.scheme == "http" and is_loopback(new.hostname or "")
        if new.scheme != "https" and not stays_here:
            insecure = f"`{hide_secrets(req.full_url)}` redirects to `{hide_secrets(newurl)}`"
            raise ReleaseError(f"{insecure}, which is not `https://`; correct the `url`")
        self.url = newurl
        return make_request(newurl, req.headers, req.get_method())


def make_request(url: str, headers: Mapping[str, str], method: str) -> Request:
    """A request whose credentials go only to the URL's own host."""
    request = Request(encode(url), headers={**headers}, method=method)
    if authorization := find_authorization(url):
        request.add_unredirected_header("Authorization", authorization)
    return request


def encode(url: str) -> str:
    """A URL as it is sent: in ASCII, without its user and its fragment."""
    from urllib.parse import quote, urlunsplit

    parts = urlsplit(url)
    path, query = (quote(part, safe="/%:=&?~#+!$,;'@()*[]") for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))
