"""What a refusal and a silence mean."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any
from urllib.error import URLError

import pytest

from hatch_mar.release.deployment.authorization import Key
from hatch_mar.release.deployment.explanation import explain_refusal, explain_silence
from hatch_mar.torchserve.answer import Answer
from hatch_mar.torchserve.client import Inference, Management
from tests.release.deployment.fake_torchserve import API_OFF, INVALID_KEY, Reply, refusal

SERVER = Management("http://serving:8081")


def answer(reply: Reply) -> Answer:
    status, body = reply
    return Answer(body if isinstance(body, bytes) else json.dumps(body).encode(), "", status)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            INVALID_KEY,
            (
                "The management API of http://serving:8081 requires a key; set `HATCH_MAR_MANAGEMENT_KEY`, or"
                " give `--key-file`"
            ),
        ),
        (
            API_OFF,
            (
                "The model API of http://serving:8081 is disabled; set `enable_model_api=true` in the"
                " server's `config.properties`, or start it with `--enable-model-api`"
            ),
        ),
        (
            refusal(404, "ResourceNotFound", "Requested resource is not found"),
            "http://serving:8081 has no management API; check the port, which is 8081 by default",
        ),
        (
            refusal(500, "InternalServer", "Model file already exists digits.mar"),
            (
                "TorchServe said: Model file already exists digits.mar (status 500); if that file is this"
                " version's, register it by its name, with `--url`; if it is another's, set"
                ' `archive-name = "{model-name}-{version}"`'
            ),
        ),
        (
            refusal(400, "InvalidArchiveURL", "Given URL http://x does not match any allowed URL(s)"),
            (
                "TorchServe said: Given URL http://x does not match any allowed URL(s) (status 400); add it"
                " to `allowed_urls` in the server's `config.properties`"
            ),
        ),
        (
            refusal(500, "InternalServer", "Failed to save model: digits.mar"),
            (
                "TorchServe said: Failed to save model: digits.mar (status 500); the file may be damaged:"
                " compare its SHA-256 with that of the archive"
            ),
        ),
        (refusal(503, "ServiceUnavailable", "busy"), "TorchServe said: busy (status 503)"),
        (
            (302, b""),
            (
                "http://serving:8081 redirects, which TorchServe never does; give the address of TorchServe"
                " itself"
            ),
        ),
        (
            (200, b"<html>log\x1bin</html>"),
            (
                "http://serving:8081 is not a TorchServe server, or is behind a proxy or a login page; it"
                " answered with status 200: <html>log\\x1bin</html>"
            ),
        ),
        (
            (404, {"message": "no"}),
            (
                "http://serving:8081 is not a TorchServe server, or is behind a proxy or a login page; it"
                ' answered with status 404: {"message": "no"}'
            ),
        ),
    ],
)
def test_refusal(reply: Reply, expected: str):
    assert explain_refusal(answer(reply), SERVER, Key()) == expected


def test_refused_key():
    """A key that is refused is not shown, but where it comes from is."""
    found = explain_refusal(answer(INVALID_KEY), SERVER, Key("secret", "`key_file.json`"))

    assert found.startswith(
        "The management API of http://serving:8081 refuses the key from `key_file.json`: it"
    )
    assert found.endswith(
        "; `GET /token?type=management` with the API key writes a new one into the server's `key_file.json`"
    )
    assert "secret" not in found


UNVERIFIED = ssl.SSLCertVerificationError()
UNVERIFIED.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            URLError(ConnectionRefusedError(111, "Connection refused")),
            "8081: Connection refused; check the address",
        ),
        (
            URLError(socket.gaierror(-2, "Name or service not known")),
            "8081: Name or service not known; check",
        ),
        (TimeoutError("timed out"), "did not answer in time; see the server's logs, or raise `timeout`"),
        (URLError(TimeoutError()), "did not answer in time"),
        (URLError(UNVERIFIED), "cannot be verified: self-signed certificate; if you have an authority"),
        (URLError(ssl.SSLError(1, "WRONG_VERSION")), "does not speak TLS as expected; check whether"),
        (ConnectionResetError(104, "Connection reset by peer"), "8081: Connection reset by peer; check"),
        (URLError("unknown proxy"), "unknown proxy"),
    ],
)
def test_silence(error: Any, expected: str):
    assert expected in explain_silence(error, SERVER)


def test_silent_inference():
    """Of the address that may be a guess, the message says what sets it."""
    found = explain_silence(
        ConnectionRefusedError(111, "Connection refused"), Inference("http://serving:8080")
    )

    assert found.endswith("check the address, which `inference` sets, and that the server is running")
