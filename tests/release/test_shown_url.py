from __future__ import annotations

import pytest

from hatch_mar.release.shown_url import show_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a/x.pth", "https://example.org/a/x.pth"),
        ("https://example.org/x?X-Amz-Signature=secret#secret", "https://example.org/x?…"),
        ("https://example.org/x?secret", "https://example.org/x?…"),
        ("https://me@example.org/x", "https://me@example.org/x"),
        ("https://me:secret@example.org:8443/x", "https://me@example.org:8443/x"),
        ("s3://bucket/x", "s3://bucket/x"),
    ],
)
def test_show(url: str, shown: str):
    """A URL is shown without what may be a secret."""
    assert show_url(url) == shown
