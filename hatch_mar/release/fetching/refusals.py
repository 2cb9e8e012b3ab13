"""What it means that a web server refuses, or does not answer, and what to do about it."""

from __future__ import annotations

import re
from http.client import responses
from ssl import SSLCertVerificationError
from urllib.error import HTTPError
from urllib.parse import urlsplit

from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.body import Broken, Unreachable
from hatch_mar.release.fetching.hub import is_on_hub
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import format_seconds, truncate

DENIED, GONE = (401, 403), (404, 410)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


def explain_refusal(error: HTTPError, url: str) -> ReleaseError | Broken:
    """What to raise if the server of a URL answers with an error."""
    code = error.code
    status = f"{code} {responses.get(code, '')}".strip()
    shown = f"`{hide_secrets(url)}`"
    if code in TEMPORARY:
        pause = find_pause(error)
        when = f"in {format_seconds(pause)}" if pause else "later"
        return Broken(f"{shown} answers {status}; try again {when}", pause)
    if code in DENIED:
        return ReleaseError(f"{shown} denies access ({status}); {advise_log_in(url)}")
    if code in GONE:
        return ReleaseError(f"{shown} does not exist ({status}); correct the `url`")
    if 300 <= code < 400:
        return ReleaseError(
            f"{shown} redirects in a loop, or to something other than a web address ({status}); correct the"
            " `url`"
        )
    return ReleaseError(f"{shown} answers {status}; correct the `url`")


def find_pause(error: HTTPError) -> int:
    """The seconds for which the server wants to be left alone, as it says in "Retry-After"."""
    found = re.fullmatch(r"[0-9]{1,6}", error.headers.get("Retry-After", ""))
    return int(found[0]) if found else 0


def advise_log_in(url: str) -> str:
    if is_on_hub(url):
        return "set `HF_TOKEN` to a token that may read it"
    log_in = "add its host to `~/.netrc`"
    return f"{log_in}, or sign the `url` anew" if urlsplit(url).query else log_in


def explain_silence(reason: object, url: str) -> ReleaseError | Broken:
    """What to raise if nobody answers at a URL."""
    shown = f"`{hide_secrets(url)}`"
    if isinstance(reason, SSLCertVerificationError):
        return ReleaseError(
            f"{shown} has a certificate that cannot be trusted: {describe(reason)}; if it is your own server,"
            " set `SSL_CERT_FILE` to the certificates of its authority"
        )
    if isinstance(reason, (ConnectionResetError, BrokenPipeError)):
        return Broken(f"the connection to {shown} was lost: {describe(reason)}")
    return Unreachable(f"{shown} cannot be reached: {describe(reason)}; check the network, and the `url`")


def describe(error: object) -> str:
    """Why a connection failed, in the system's words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    told = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return truncate((told or type(error).__name__).rstrip("."), 200)
