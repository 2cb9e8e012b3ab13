from __future__ import annotations

import pytest

from hatch_mar.release.hide_secrets import hide_secrets


@pytest.mark.parametrize(
    "text",
    [
        "s3://models/digits.mar",
        "https://example.org:8443/a/x.pth",
        "what is it? a = b",
        "(what is it?)",
        "me@example.org",
        "abfs://models@account.net/a",
    ],
)
def test_nothing(text: str):
    """Text without a secret stays as it is."""
    assert hide_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sftp://me:se@cret@host/a", "sftp://…host/a"),
        ("https://token@host/a", "https://…host/a"),
        ("https://me:secret@host:8443/a?secret", "https://…host:8443/a?…"),
        ("https://host/a?X-Amz-Signature=secret#secret", "https://host/a?…"),
        ("cannot open 'https://host/a?sig=abc&x=1'", "cannot open 'https://host/a?…'"),
        ("cannot open /a?sig=abc, or so", "cannot open /a?… or so"),
    ],
)
def test_hidden(text: str, shown: str):
    """A password, a token and a signature are not shown."""
    assert hide_secrets(text) == shown
