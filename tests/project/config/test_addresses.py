from __future__ import annotations

import pytest

from hatch_mar.project.config import addresses
from hatch_mar.project.config.shape import ShapedReader

TAKEN: list[tuple[ShapedReader[object], object]] = [
    (addresses.source, "https://example.org/digits.pth"),
    (addresses.source, "https://me@example.org:8443/a/digits.pth?version=1"),
    (addresses.source, "hf://org/repo@main/model.safetensors"),
    (addresses.source, "file:///srv/digits.pth"),
    (addresses.source, "s3://bucket/digits.pth"),
    (addresses.source, "abfs://container@account.dfs.core.windows.net/digits.pth"),
    (addresses.source, "http://127.0.0.1:8000/digits.pth"),
    (addresses.source, "http://[::1]:8000/digits.pth"),
    (addresses.source, "http://localhost/digits.pth"),
    (addresses.server, "http://serving.example:8081"),
    (addresses.server, "https://[::1]:8081/"),
    (addresses.location, "model-store"),
    (addresses.location, "../shared store"),
    (addresses.location, "C:/models"),
    (addresses.location, "a?b#c"),
    (addresses.location, "abfs://models@account.dfs.core.windows.net/a"),
    (addresses.location, "s3://models/{model-name}/{version}/"),
    (addresses.registered, "{file}"),
    (addresses.registered, "https://store.example/{model-name}-{version}.mar"),
    (addresses.inner_path, "weights/digits.pth"),
    (addresses.sha256, "0" * 64),
]

REFUSED: list[tuple[ShapedReader[object], object, str]] = [
    (addresses.source, "digits.pth", "must be a URL"),
    (addresses.source, "https://me:secret@example.org/digits.pth", "without spaces or a password"),
    (addresses.source, "https://example.org/a b", "must be a URL"),
    (addresses.source, "https://example.org", "must name a file"),
    (addresses.source, "http://example.org/digits.pth", "must begin with `https://`, except on this machine"),
    (addresses.source, "http://127.example/digits.pth", "must begin with `https://`"),
    (addresses.server, "serving:8081", "must be the `http://HOST:PORT`"),
    (addresses.server, "http://serving:8081/models", "must be the `http://HOST:PORT`"),
    (addresses.server, "http://serving:99999", "must be the `http://HOST:PORT`"),
    (addresses.server, "http://serving:x", "must be the `http://HOST:PORT`"),
    (addresses.server, "http://:8081", "must be the `http://HOST:PORT`"),
    (addresses.server, "http://[::1", "must be the `http://HOST:PORT`"),
    (addresses.source, "https://[example.org/a", "must be a URL"),
    (addresses.location, "s3://me:secret@bucket/a", "without spaces or a password"),
    (addresses.location, "s3://models/a b", "must be a URL"),
    (addresses.location, "s3://[models/a", "must be a URL"),
    (addresses.location, "s3://models/a?b", r"must be a URL without `\?` and `#`"),
    (addresses.location, "s3://models/{name}", "may have the placeholders .*and no others"),
    (addresses.location, "shelf/{name}", "may have the placeholders"),
    (addresses.location, "s3://", r"must name a bucket: `s3://`$"),
    (addresses.location, "gs:///digits", "must name a bucket"),
    (addresses.location, "s3:/models", r"is not a URL: `s3:/models`; did you mean `s3://models`\?$"),
    (addresses.location, "file:/srv/a", r"did you mean `file:///srv/a`\?$"),
    (addresses.registered, "{name}.mar", "and no others"),
    (addresses.registered, "https://[::1/{file}", "must be a URL"),
    (addresses.inner_path, "../digits.pth", "must be a path inside the project"),
    (addresses.inner_path, "/srv/digits.pth", "must be a path inside the project"),
    (addresses.sha256, "0" * 63, "must be a SHA-256"),
]


@pytest.mark.parametrize(("read", "value"), TAKEN)
def test_taken(read: ShapedReader[object], value: object):
    """A value is stored as it is written."""
    assert read(value) == value


def test_sha256():
    """Windows writes digests in upper case."""
    assert addresses.sha256("AB" * 32) == "ab" * 32


@pytest.mark.parametrize(("read", "value", "reason"), REFUSED)
def test_refused(read: ShapedReader[object], value: object, reason: str):
    """Another value is refused, and the message says what is expected."""
    with pytest.raises(ValueError, match=reason):
        read(value)


@pytest.mark.parametrize(
    "read", [addresses.source, addresses.location, addresses.server, addresses.registered]
)
def test_secret(read: ShapedReader[object]):
    """What is said of an address does not have its password."""
    with pytest.raises(ValueError, match="password") as raised:
        read("https://me:secret@host/a")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_is_loopback(host: str, *, expected: bool):
    """This machine has a name and several addresses."""
    assert addresses.is_loopback(host) == expected
