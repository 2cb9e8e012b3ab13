"""Explains why TorchServe refuses a request or does not answer it, and what to do about it."""

from __future__ import annotations

import re
import ssl
from urllib.error import URLError

from hatch_mar.release.deployment.authorization import Key, variable_of
from hatch_mar.torchserve.answer import Answer
from hatch_mar.torchserve.client import Api, Interface, message_of

PORTS: dict[Api, int] = {"management": 8081, "inference": 8080}

REMEDIES = {
    r"Model file already exists": "if that file is this version's, register it by its name, with `--url`; if"
    ' it is another\'s, set `archive-name = "{model-name}-{version}"`',
    r"does not match any allowed URL": "add it to `allowed_urls` in the server's `config.properties`",
    r"Failed to download archive from": "check that it can be fetched from the server's machine",
    r"Failed to save model": "the file may be damaged: compare its SHA-256 with that of the archive",
    r"Custom pip package installation failed": "see the server's `logs/ts_log.log`",
}
"""What to do about TorchServe's messages that do not say it."""


def explain_refusal(answer: Answer, interface: Interface, key: Key) -> str:
    """What an unexpected answer means."""
    api, url = interface.api, interface.url
    if 300 <= answer.status < 400:
        return f"{url} redirects, which TorchServe never does; give the address of TorchServe itself"
    kind = kind_of(answer)
    if kind is None:
        told = f"it answered with status {answer.status}: {answer.summary}"
        return f"{url} is not a TorchServe server, or is behind a proxy or a login page; {told}"
    if kind == "InvalidKeyException":
        return explain_key(api, url, key)
    if kind == "MethodNotAllowedException":
        return (
            f"The model API of {url} is disabled; set `enable_model_api=true` in the server's"
            " `config.properties`, or start it with `--enable-model-api`"
        )
    if kind == "ResourceNotFoundException":
        return f"{url} has no {api} API; check the port, which is {PORTS[api]} by default"
    message = message_of(answer)
    remedy = next((fix for pattern, fix in REMEDIES.items() if re.search(pattern, message)), "")
    return f"TorchServe said: {message} (status {answer.status}){f'; {remedy}' if remedy else ''}"


def kind_of(answer: Answer) -> str | None:
    """The class of the exception that TorchServe reports; None if it is not TorchServe that answers."""
    found = answer.value
    return found["type"] if isinstance(found, dict) and isinstance(found.get("type"), str) else None


def explain_key(api: Api, url: str, key: Key) -> str:
    if not key.value:
        return f"The {api} API of {url} requires a key; set `{variable_of(api)}`, or give `--key-file`"
    return (
        f"The {api} API of {url} refuses the key from {key.origin}: it has expired (by default, after an"
        f" hour) or belongs to another API or server; `GET /token?type={api}` with the API key writes a new"
        " one into the server's `key_file.json`"
    )


def explain_silence(error: OSError, interface: Interface) -> str:
    """Why there was no answer."""
    api, url = interface.api, interface.url
    reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
    if isinstance(reason, TimeoutError):
        return f"The {api} API at {url} did not answer in time; see the server's logs, or raise `timeout`"
    if isinstance(reason, ssl.SSLCertVerificationError):
        advice = "if you have an authority of your own, name its certificate in `SSL_CERT_FILE`"
        return f"The certificate of {url} cannot be verified: {reason.verify_message}; {advice}"
    if isinstance(reason, ssl.SSLError):
        return f"{url} does not speak TLS as expected; check whether it should begin with `http://`"
    what = getattr(reason, "strerror", None) or str(reason)
    where = "the address" if api == "management" else f"the address, which `{api}` sets"
    return f"Cannot reach the {api} API at {url}: {what}; check {where}, and that the server is running"
