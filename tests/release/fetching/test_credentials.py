from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.output import set_verbosity
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.release.fetching.credentials import find_authorization
from hatch_mar.release.fetching.fetch import fetch_file
from tests.archives import needs_posix
from tests.release.fetching.test_fetching import DATA, PATH, digest_of
from tests.release.fetching.web_server import WebServer, give, redirect, refuse, run_server

HUB = "https://huggingface.co/org/repo/resolve/main/x"


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


class TestToken:
    def test_none(self):
        """Without a token nothing is sent."""
        assert find_authorization(HUB) is None

    def test_variable(self, monkeypatch: pytest.MonkeyPatch):
        """`HF_TOKEN` is sent to the Hub."""
        monkeypatch.setenv("HF_TOKEN", " hf_secret\n")

        assert find_authorization(HUB) == "Bearer hf_secret"

    @pytest.mark.parametrize(
        "url",
        [
            "https://huggingface.co.example.org/x",
            "https://cdn.huggingface.co/x",
            "https://huggingface.co@example.org/x",
            "https://huggingface.co:8443/x",
            "http://huggingface.co/x",
        ],
    )
    def test_others(self, url: str, monkeypatch: pytest.MonkeyPatch):
        """And to nobody else."""
        monkeypatch.setenv("HF_TOKEN", "hf_secret")

        assert find_authorization(url) is None

    @pytest.mark.parametrize(
        ("variable", "value", "file"),
        [
            (None, "", ".cache/huggingface/token"),
            ("XDG_CACHE_HOME", "cache", "cache/huggingface/token"),
            ("HF_HOME", "hub", "hub/token"),
            ("HF_TOKEN_PATH", "secrets/hub", "secrets/hub"),
        ],
    )
    def test_file(
        self, home: Path, variable: str | None, value: str, file: str, monkeypatch: pytest.MonkeyPatch
    ):
        """Without the variable, the token is where `hf auth login` has put it."""
        (home / file).parent.mkdir(parents=True)
        (home / file).write_text("hf_stored\n")
        if variable:
            monkeypatch.setenv(variable, str(home / value))

        assert find_authorization(HUB) == "Bearer hf_stored"

    @needs_posix
    def test_homeless(self, monkeypatch: pytest.MonkeyPatch):
        """A user may have no home directory, as in some containers."""
        import pwd

        def fail(_: int) -> None:
            raise KeyError

        monkeypatch.delenv("HOME")
        monkeypatch.setattr(pwd, "getpwuid", fail)

        assert find_authorization(HUB) is None

    @pytest.mark.parametrize("token", ["hf_ secret", "hf_\x07secret", "hf_sécret"])
    def test_invalid(self, token: str, monkeypatch: pytest.MonkeyPatch):
        """What cannot be a token is not shown."""
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(ReleaseError) as error:
            find_authorization(HUB)

        assert "cret" not in str(error.value)


class TestNetrc:
    @pytest.fixture(autouse=True)
    def netrc(self, home: Path) -> Path:
        file = home / ".netrc"
        file.write_text("machine example.org login me password p:w\ndefault login all password leak\n")
        file.chmod(0o600)
        return file

    @pytest.mark.parametrize(
        ("url", "sent"),
        [
            ("https://example.org/x", basic("me:p:w")),
            ("https://example.org:8443/x", basic("me:p:w")),
            ("https://me@example.org/x", basic("me:p:w")),
            ("https://you@example.org/x", None),
            ("https://example.org.evil.example/x", None),
            ("https://other.example/x", None),
            ("https://default/x", None),
        ],
    )
    def test_host(self, url: str, sent: str | None):
        """A host gets what netrc has for it; the entry `default` is for none that a project names."""
        assert find_authorization(url) == sent

    def test_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """`NETRC` names another file."""
        (tmp_path / "logins").write_text("machine example.org login you password there\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "logins"))

        assert find_authorization("https://example.org/x") == basic("you:there")

    def test_invalid(self, netrc: Path, capsys: pytest.CaptureFixture[str]):
        """A file in another form is not used; nothing of it is shown."""
        netrc.write_text("machine example.org login me pasword secret\n")
        netrc.chmod(0o600)
        set_verbosity("verbose")
        try:
            assert find_authorization("https://example.org/x") is None
        finally:
            set_verbosity("normal")

        assert capsys.readouterr().err == f"Not using `{netrc}`: line 1 is not valid netrc\n"


class TestSent:
    @pytest.fixture(autouse=True)
    def netrc(self, home: Path) -> None:
        (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
        (home / ".netrc").chmod(0o600)

    def test_other_host(self, server: WebServer, tmp_path: Path):
        """After a redirect, another host gets nothing, and the same host what it had."""
        with run_server() as other:
            elsewhere = other.url.replace("127.0.0.1", "localhost")
            server.routes["/first"] = redirect("/second")
            server.routes["/second"] = redirect(f"{elsewhere}/digits.pth")
            other.routes["/digits.pth"] = give(DATA)
            fetch_file(RemoteFile(PATH, f"{server.url}/first", digest_of(DATA)), tmp_path)

        assert [each.headers.get("authorization") for each in server.asked] == [basic("me:secret")] * 2
        assert [each.headers.get("authorization") for each in other.asked] == [None]

    def test_hub(self, server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The Hub's token does not follow to where the Hub keeps its files."""
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        with run_server() as store:
            target = f"{store.url.replace('127.0.0.1', 'localhost')}/digits.pth"
            server.routes["/org/repo/resolve/main/digits.pth"] = redirect(target)
            store.routes["/digits.pth"] = give(DATA)
            fetch_file(RemoteFile(PATH, "hf://org/repo/digits.pth", digest_of(DATA)), tmp_path)

        assert [each.headers.get("authorization") for each in server.asked] == ["Bearer hf_secret"]
        assert [each.headers.get("authorization") for each in store.asked] == [None]

    def test_refused(self, server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The Hub's refusal names the variable, and no token."""
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        server.routes["/org/repo/resolve/main/x"] = refuse(401)
        with pytest.raises(ReleaseError) as error:
            fetch_file(RemoteFile(PATH, "hf://org/repo/x", digest_of(DATA)), tmp_path)

        assert str(error.value).endswith("(401 Unauthorized); set `HF_TOKEN` to a token that may read it")
        assert "secret" not in str(error.value)
