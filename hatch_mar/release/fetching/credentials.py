"""The credentials that a host gets: a token for the Hugging Face Hub, or what netrc has for the host."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hatch_mar.output import explain
from hatch_mar.release.fetching.hub import expand, find_token, is_on_hub


def find_authorization(url: str) -> str | None:
    """The value of the header `Authorization` for a URL; None if there are no credentials for its host.

    Raises:
        ReleaseError: the token for the Hub cannot be sent.
    """
    if is_on_hub(url) and (token := find_token()):
        return f"Bearer {token}"
    parts = urlsplit(url)
    login = find_login(parts.hostname or "", unquote(parts.username or ""))
    return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}" if login else None


def find_login(host: str, user: str) -> tuple[str, str] | None:
    """The user and the password that netrc has for a host, and for a user if the URL has one.

    The entry `default` is ignored: it would send a password to any host that a project names.
    """
    import netrc

    file = find_netrc()
    try:
        found = netrc.netrc(str(file)).hosts.get(host)
    except (OSError, UnicodeDecodeError):
        return None
    except netrc.NetrcParseError as error:  # whose message may have a password
        explain(f"Not using `{file}`: line {error.lineno} is not valid netrc")
        return None
    if not found or host == "default" or (user and user != found[0]):
        return None
    login, _, password = found
    return login or "", password or ""


def find_netrc() -> Path:
    if path := os.environ.get("NETRC"):
        return Path(path)
    home = expand("~")
    names = ("_netrc", ".netrc") if os.name == "nt" else (".netrc",)
    return next((home / name for name in names if (home / name).exists()), home / names[-1])
