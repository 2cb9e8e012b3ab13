from __future__ import annotations

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.hub import is_on_hub, name_moving_revision, resolve
from hatch_mar.release.fetching.hub_digest import ask_hub
from tests.release.fetching.web_server import WebServer, give, redirect, refuse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "8fb9" * 16


class TestResolve:
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("hf://org/repo/x.bin", "https://huggingface.co/org/repo/resolve/main/x.bin"),
            ("hf://org/repo@v1/a/b c.bin", "https://huggingface.co/org/repo/resolve/v1/a/b%20c.bin"),
            ("hf://org/repo@refs/pr/7/x", "https://huggingface.co/org/repo/resolve/refs%2Fpr%2F7/x"),
            ("hf://org/repo@refs%2Fpr%2F7/x", "https://huggingface.co/org/repo/resolve/refs%2Fpr%2F7/x"),
            (f"hf://org/repo@{COMMIT}/x@2", f"https://huggingface.co/org/repo/resolve/{COMMIT}/x@2"),
            ("https://example.org/x", "https://example.org/x"),
        ],
    )
    def test_address(self, url: str, address: str):
        """The Hub's address of a file; any other URL is its own."""
        found = resolve(url)
        if not url.startswith("hf:"):
            assert found == address
            return
        assert found.replace("%40", "@") == address

    @pytest.mark.parametrize(
        "url",
        [
            "hf://org/repo",
            "hf://org/repo/",
            "hf://org/repo@main",
            "hf://org/repo@/x",
            "hf://datasets/org/repo/x",
            "hf://spaces/org/repo/x",
            "hf://org/repo?secret",
        ],
    )
    def test_invalid(self, url: str):
        """What is not the file of a model is refused, with the form of a URL that is."""
        with pytest.raises(ReleaseError) as error:
            resolve(url)

        assert str(error.value) == (
            f"`{url.replace('secret', '…')}` must name a file of a model, such as `hf://ORG/REPO@REVISION/FILE`"
        )

    def test_endpoint(self, monkeypatch: pytest.MonkeyPatch):
        """`HF_ENDPOINT` is another Hub."""
        monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/hub/")

        assert resolve("hf://org/repo/x") == "https://mirror.example/hub/org/repo/resolve/main/x"
        assert not is_on_hub("https://huggingface.co/x")
        assert is_on_hub("https://mirror.example/x")

    @pytest.mark.parametrize("endpoint", ["http://mirror.example", "mirror.example", "https://["])
    def test_plain(self, endpoint: str, monkeypatch: pytest.MonkeyPatch):
        """It must be encrypted, since the token is sent there."""
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(ReleaseError, match="`HF_ENDPOINT` must begin with `https://`"):
            resolve("hf://org/repo/x")


@pytest.mark.parametrize(
    ("url", "revision"),
    [
        ("hf://org/repo/x", "main"),
        ("hf://org/repo@v1/x", "v1"),
        (f"hf://org/repo@{COMMIT}/x", None),
        ("https://example.org/x", None),
    ],
)
def test_moving_revision(url: str, revision: str | None):
    """Only a commit always has the same files."""
    assert name_moving_revision(url) == revision


class TestAskHub:
    @pytest.fixture(autouse=True)
    def hub(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", server.url)

    def test_large(self, server: WebServer):
        """The Hub says a large file's digest with its redirect, which is not followed."""
        server.routes["/org/repo/resolve/main/x"] = redirect("/store", X_Linked_Etag=f'"{DIGEST}"')

        assert ask_hub("hf://org/repo/x") == DIGEST
        assert ask_hub(f"{server.url}/org/repo/resolve/main/x") == DIGEST
        assert [(each.method, each.path) for each in server.asked] == [
            ("HEAD", "/org/repo/resolve/main/x")
        ] * 2

    def test_renamed(self, server: WebServer):
        """A repository that was renamed is followed first."""
        server.routes["/org/old/resolve/main/x"] = redirect("/org/repo/resolve/main/x", 307)
        server.routes["/org/repo/resolve/main/x"] = redirect("/store", X_Linked_Etag=f'"{DIGEST}"')

        assert ask_hub("hf://org/old/x") == DIGEST

    @pytest.mark.parametrize("tag", [f'"{COMMIT}"', f'W/"{DIGEST}"', ""])
    def test_small(self, server: WebServer, tag: str):
        """Of a file that git keeps it says no SHA-256, and an ETag is none."""
        headers = {"X-Linked-Etag": tag} if tag else {}
        server.routes["/org/repo/resolve/main/x"] = give(b"{}", etag=f'"{DIGEST}"', headers=headers)

        assert ask_hub("hf://org/repo/x") is None

    def test_elsewhere(self, server: WebServer, monkeypatch: pytest.MonkeyPatch):
        """Nobody else is asked, whatever header they send, also after a redirect from the Hub."""
        server.routes["/x"] = redirect("/store", X_Linked_Etag=f'"{DIGEST}"')
        other = server.url.replace("127.0.0.1", "localhost")
        server.routes["/org/repo/resolve/main/x"] = redirect(f"{other}/x")
        assert ask_hub("hf://org/repo/x") is None
        monkeypatch.delenv("HF_ENDPOINT")
        server.asked.clear()

        assert ask_hub(f"{server.url}/x") is None
        assert ask_hub("s3://bucket/x") is None
        assert server.asked == []

    @pytest.mark.parametrize("status", [404, 405, 503])
    def test_refused(self, server: WebServer, status: int):
        """A mirror may not answer to HEAD; what is really wrong, the download says."""
        server.routes["/org/repo/resolve/main/x"] = refuse(status)

        assert ask_hub("hf://org/repo/x") is None
