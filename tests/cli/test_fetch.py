from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.cli import main
from hatch_mar.release.fetching import draft
from tests.archives import needs_posix, tree
from tests.release.fetching.conftest import home, plain_surroundings, server  # noqa: F401
from tests.release.fetching.test_fetching import DATA, digest_of
from tests.release.fetching.web_server import WebServer, give, redirect, take_turns

LABELS = b'["zero"]'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: WebServer) -> Iterator[Path]:  # noqa: F811
    """A project with two remote files, which its server has."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    server.routes["/digits.pth"] = give(DATA)
    server.routes["/labels.json"] = give(LABELS)
    declare(server, digits=digest_of(DATA), labels=digest_of(LABELS))
    return folder


def declare(server: WebServer, digits: str | None, labels: str | None) -> None:  # noqa: F811
    text = "# mine\n"
    for path, digest in (("digits.pth", digits), ("labels.json", labels)):
        text += (
            f'[[tool.mar.remote-files]]\npath = "weights/{path}"\nurl = "{server.url}/{path}?key=secret"\n'
        )
        text += f'sha256 = "{digest}"\n' if digest else ""
    Path("pyproject.toml").write_text(text)


class Shown:
    """What a command has printed."""

    def __init__(self, capfd: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> None:
        assert main(["fetch", *arguments]) == status
        captured = capfd.readouterr()
        self.out, self.err = captured.out, captured.err
        assert "secret" not in self.out + self.err


class TestFetch:
    def test_all(self, root: Path, capfd: pytest.CaptureFixture[str]):
        """All files are brought; a second run finds them."""
        shown = Shown(capfd)
        assert (shown.out, shown.err) == ("weights/digits.pth\nweights/labels.json\n", "")
        assert tree(root / "weights") == {"digits.pth": DATA, "labels.json": LABELS}

        shown = Shown(capfd)
        assert shown.out == "weights/digits.pth (unchanged)\nweights/labels.json (unchanged)\n"

    @pytest.mark.parametrize("path", ["weights/labels.json", "./weights/labels.json"])
    def test_some(self, root: Path, path: str, capfd: pytest.CaptureFixture[str]):
        """A path is that of a file, or leads to it from the working directory."""
        assert Shown(capfd, path).out == "weights/labels.json\n"
        assert tree(root / "weights") == {"labels.json": LABELS}

    def test_elsewhere(self, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
        """So it is for a project elsewhere."""
        monkeypatch.chdir(root.parent)

        assert Shown(capfd, "--project", "project", "weights/labels.json").out == "weights/labels.json\n"
        shown = Shown(capfd, "--project", "project", "project/weights/labels.json")
        assert shown.out == "weights/labels.json (unchanged)\n"

    def test_unknown(self, root: Path, capfd: pytest.CaptureFixture[str]):
        """One that no file has is a fault, with the nearest."""
        shown = Shown(capfd, "weights/digit.pth", "x", status=1)

        assert shown.err == (
            "No remote file has the path `weights/digit.pth`; did you mean `weights/digits.pth`?\n"
            "No remote file has the path `x`; declare it in `[[tool.mar.remote-files]]`\n"
        )
        assert tree(root).keys() == {"pyproject.toml"}

    def test_none(self, root: Path, capfd: pytest.CaptureFixture[str]):
        """A project without remote files has nothing to fetch, and that is no fault."""
        (root / "pyproject.toml").write_text("")

        assert Shown(capfd).err == "Nothing to fetch: the project has no `[[tool.mar.remote-files]]`\n"

    def test_faults(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """A file that cannot be had keeps no other from being brought."""
        del server.routes["/digits.pth"]
        shown = Shown(capfd, status=1)

        assert shown.err == (
            f"Cannot fetch `weights/digits.pth`: `{server.url}/digits.pth?…` does not exist (404 Not Found);"
            " correct the `url`\n"
        )
        assert shown.out == "weights/labels.json\n"
        assert tree(root / "weights") == {"labels.json": LABELS}

    def test_no_digest(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """Without a digest nothing is fetched."""
        declare(server, None, digest_of(LABELS))

        assert "`tool.mar.remote-files[0].sha256` is required" in Shown(capfd, status=1).err
        assert server.asked == []

    def test_json(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """JSON has all files, the failed ones too."""
        del server.routes["/digits.pth"]
        found = json.loads(Shown(capfd, "--json", status=1).out)

        assert found == [
            {
                "path": "weights/digits.pth",
                "url": f"{server.url}/digits.pth?…",
                "sha256": digest_of(DATA),
                "size": None,
                "state": "failed",
            },
            {
                "path": "weights/labels.json",
                "url": f"{server.url}/labels.json?…",
                "sha256": digest_of(LABELS),
                "size": len(LABELS),
                "state": "fetched",
            },
        ]

    @needs_posix
    def test_terminated(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """SIGTERM ends it as Ctrl-C does, and leaves no lock and no empty folder."""

        def end(_: draft.Draft, __: bytes) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(draft.Draft, "append", end)
        with pytest.raises(SystemExit) as error:
            main(["fetch", "weights/labels.json"])

        assert error.value.code == 128 + signal.SIGTERM
        assert tree(root).keys() == {"pyproject.toml"}


class TestCheck:
    def test_states(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """It says what is missing or differs, and touches nothing."""
        (root / "weights").mkdir()
        (root / "weights/labels.json").write_bytes(b"old")
        before = tree(root)
        shown = Shown(capfd, "--check", status=1)

        assert shown.out == "weights/digits.pth (missing)\nweights/labels.json (differs)\n"
        assert (tree(root), server.asked) == (before, [])
        found = json.loads(Shown(capfd, "--check", "--json", status=1).out)
        assert [(each["state"], each["size"]) for each in found] == [("missing", None), ("differs", 3)]

    def test_all_there(self, root: Path, capfd: pytest.CaptureFixture[str]):
        """If all is there, the status is 0."""
        Shown(capfd)

        assert Shown(capfd, "--check", "-q").out.count(" (unchanged)\n") == 2

    def test_either(self, root: Path):
        """`--check` and `--lock` exclude each other."""
        with pytest.raises(SystemExit):
            main(["fetch", "--check", "--lock"])


class TestLock:
    @pytest.fixture(autouse=True)
    def tomlkit(self) -> None:
        pytest.importorskip("tomlkit")

    def test_missing(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """Digests that are missing are found out and written, and the files are then there."""
        declare(server, digest_of(DATA), digest_of(LABELS))
        expected = (root / "pyproject.toml").read_text()
        declare(server, digest_of(DATA), None)
        shown = Shown(capfd, "--lock")

        assert shown.out == f"weights/labels.json (locked: {digest_of(LABELS)})\n"
        assert (root / "pyproject.toml").read_text() == expected
        assert tree(root / "weights") == {"labels.json": LABELS}
        shown = Shown(capfd, "--lock")
        assert (shown.out, shown.err.startswith("Nothing to lock: ")) == ("", True)

    def test_named(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """A named file gets the digest that it has now, and is replaced."""
        Shown(capfd)
        server.routes["/labels.json"] = give(b'["one"]', etag='"2"')
        found = json.loads(Shown(capfd, "--lock", "--json", "weights/labels.json").out)

        assert [(each["state"], each["sha256"]) for each in found] == [("locked", digest_of(b'["one"]'))]
        assert digest_of(b'["one"]') in (root / "pyproject.toml").read_text()
        assert tree(root / "weights") == {"digits.pth": DATA, "labels.json": b'["one"]'}
        assert Shown(capfd, "--lock", "weights/labels.json").out == "weights/labels.json (unchanged)\n"

    def test_hub(
        self,
        root: Path,
        server: WebServer,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ):
        """The Hub says the digest of a large file, which is not fetched for that."""
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        tag = f'"{digest_of(DATA)}"'
        server.routes["/org/repo/resolve/main/digits.pth"] = redirect("/store", X_Linked_Etag=tag)
        (root / "pyproject.toml").write_text(
            '[[tool.mar.remote-files]]\npath = "digits.pth"\nurl = "hf://org/repo/digits.pth"\n'
        )
        shown = Shown(capfd, "--lock")

        assert shown.out == f"digits.pth (locked: {digest_of(DATA)})\n"
        assert (
            shown.err == "`digits.pth` is at revision `main`, which can change; name a commit in its `url`\n"
        )
        assert tree(root).keys() == {"pyproject.toml"}
        assert [each.method for each in server.asked] == ["HEAD"]

    def test_page(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """A login page is not locked."""
        before = (root / "pyproject.toml").read_text()
        server.routes["/digits.pth"] = give(b"<!doctype html>")
        shown = Shown(capfd, "--lock", "weights/digits.pth", status=1)

        assert shown.err == (
            f"Cannot fetch `weights/digits.pth`: `{server.url}/digits.pth?…` is a web page, such as a login"
            " page; correct the `url`\n"
        )
        assert tree(root) == {"pyproject.toml": before.encode()}

    def test_compressed(self, root: Path, server: WebServer, capfd: pytest.CaptureFixture[str]):  # noqa: F811
        """What a server has compressed is not locked, unless the file is called so."""
        server.routes["/digits.pth"] = give(b"zipped", headers={"Content-Encoding": "gzip"})
        shown = Shown(capfd, "--lock", "weights/digits.pth", status=1)

        assert "?…` is compressed by the server with gzip; " in shown.err
        path = Path("pyproject.toml")
        path.write_text(path.read_text().replace('path = "weights/digits.pth"', 'path = "digits.gz"'))
        assert Shown(capfd, "--lock", "digits.gz").out.startswith("digits.gz (locked: ")

    def test_not_ignored(self, root: Path, capfd: pytest.CaptureFixture[str]):
        """In a repository, a file that git does not ignore is named."""
        (root / ".git").mkdir()
        declare_without = (root / "pyproject.toml").read_text().replace(digest_of(LABELS), "0" * 64)
        (root / "pyproject.toml").write_text(declare_without)

        assert Shown(capfd, "--lock", "weights/labels.json").err == (
            "No `.gitignore` has `weights/labels.json`; add it, so that nobody commits the file\n"
        )
        (root / "pyproject.toml").write_text(declare_without)
        (root / ".gitignore").write_text("weights/\n")
        assert Shown(capfd, "--lock", "weights/labels.json").err == ""

    def test_changed_while_broken(
        self,
        root: Path,
        server: WebServer,  # noqa: F811
        capfd: pytest.CaptureFixture[str],
    ):
        """A file that changes between two connections is not locked as a mixture, even without a tag."""
        parts = give(DATA, etag="", breaks=[1 << 20]), give(LABELS, etag="")
        server.routes["/digits.pth"] = take_turns(*parts)
        declare(server, None, digest_of(LABELS))
        Shown(capfd, "--lock")

        assert tree(root / "weights") == {"digits.pth": LABELS}

    def test_no_tomlkit(self, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
        """Without the package that edits, nothing is fetched in vain."""
        monkeypatch.setitem(sys.modules, "tomlkit", None)

        assert Shown(capfd, "--lock", "weights/digits.pth", status=1).err == (
            "Option `--lock` needs tomlkit: pip install 'hatch-mar[cli]'\n"
        )
        assert tree(root).keys() == {"pyproject.toml"}
