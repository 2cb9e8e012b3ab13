"""The whole road, from a clone to a client's answer, by the commands that the documentation shows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.conftest import CHECKOUT, Run, without
from tests.e2e.torchserve import TorchServe, missing

EXAMPLE = CHECKOUT / "example_project"
WEIGHTS = EXAMPLE / "weights" / "digits.pth"
PYPROJECT = """\
[build-system]
requires = ["hatchling", "{plugin}"]
build-backend = "hatchling.build"

[project]
name = "digits"
version = "1.0.0"
requires-python = ">=3.10"

[tool.hatch.build.hooks.mar]

[tool.mar]
handler = "digits/handler.py"
model-file = "digits/model.py"
serialized-file = "weights/digits.pth"
extra-files = ["index_to_name.json"]

[[tool.mar.examples]]
input = "samples/five.png"
expect = "samples/five.answer.json"

[[tool.mar.remote-files]]
path = "weights/digits.pth"
url = "{weights}"
sha256 = "{digest}"

[tool.mar.publish]
store = "../store"
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """The URL of a web server over a folder."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Clone:
    """A clone of a repository that has everything but the weights, beside the server's model store."""

    root: Path
    store: Path
    run_anywhere: Run

    def run(self, *command: str | Path, status: int = 0) -> str:
        return self.run_anywhere(*command, cwd=self.root, status=status)

    def commit(self) -> str:
        """The id of a commit of all that has changed, shortened as git does."""
        self.run("git", "commit", "--quiet", "--all", "--message", "A change")
        return self.run("git", "rev-parse", "HEAD").strip()

    def release(self, version: str) -> None:
        """Give the project another version, in a commit."""
        pyproject = self.root / "pyproject.toml"
        text = pyproject.read_text(encoding="utf-8")
        pyproject.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', text), encoding="utf-8")
        self.commit()


@pytest.fixture
def clone(tmp_path: Path, run: Run, plugin_uri: str) -> Iterator[Clone]:
    origin, web, store = (tmp_path / name for name in ("origin", "web", "store"))
    web.mkdir()
    store.mkdir()
    shutil.copy(WEIGHTS, web)
    ignored = shutil.ignore_patterns("weights", "dist", "__pycache__", "pyproject.toml")
    shutil.copytree(EXAMPLE, origin, ignore=ignored)
    (origin / ".gitignore").write_text("/weights/\n/dist/\n__pycache__/\n")
    with serve_files(web) as address:
        digest = sha256(WEIGHTS.read_bytes()).hexdigest()
        text = PYPROJECT.format(plugin=plugin_uri, weights=f"{address}/{WEIGHTS.name}", digest=digest)
        (origin / "pyproject.toml").write_text(text, encoding="utf-8")
        identity = ["-c", "user.name=Me", "-c", "user.email=me@example.com"]
        run("git", "init", "--quiet", cwd=origin)
        run("git", "add", ".", cwd=origin)
        run("git", *identity, "commit", "--quiet", "--message", "A model", cwd=origin)
        run("git", "clone", "--quiet", origin, "clone", cwd=tmp_path)
        run("git", "config", "user.name", "Me", cwd=tmp_path / "clone")
        run("git", "config", "user.email", "me@example.com", cwd=tmp_path / "clone")
        yield Clone(tmp_path / "clone", store, run)


def test_road(clone: Clone, tmp_path: Path) -> None:
    """Clone, fetch, build, check, try, publish, deploy, a client's answer, and the same bytes again."""
    if reason := missing():
        without(reason)

    output = clone.run("hatch", "build", "-t", "mar", status=1)
    assert "hatch-mar fetch" in output, output
    assert "Traceback" not in output
    clone.run("hatch-mar", "fetch")
    clone.run("hatch", "build", "-t", "mar")
    clone.run("hatch-mar", "check", "--strict")
    clone.run("hatch-mar", "try")
    clone.run("hatch-mar", "publish", "--to", "store")
    published = clone.store / "digits-1.0.0.mar"
    assert published.read_bytes() == (clone.root / "dist" / "digits.mar").read_bytes()

    with TorchServe(clone.store, tmp_path / "server", token_auth=True) as server:
        addresses = (
            *("--to", f"http://127.0.0.1:{server.management_port}"),
            *("--inference", f"http://127.0.0.1:{server.inference_port}"),
            *("--key-file", str(server.key_file)),
        )
        clone.run("hatch-mar", "deploy", *addresses)
        assert ask(server) == "five"

        clone.release("1.1.0")
        clone.run("hatch-mar", "publish", "--to", "store")
        clone.run("hatch-mar", "deploy", *addresses)
        assert [model["modelVersion"] for model in server.describe("digits", "all")] == ["1.1.0"]
        assert ask(server) == "five"

    commit = clone.run("git", "rev-parse", "HEAD").strip()
    output = clone.run("hatch-mar", "verify", "--rebuild", clone.store / "digits-1.1.0.mar")
    assert f"has the bytes of commit `{commit[:12]}`" in output, output
    output = clone.run("hatch-mar", "verify", "--rebuild", published, status=1)
    assert "1.1.0" in output, output


def ask(server: TorchServe) -> str:
    """The digit that a client is told."""
    sample = (EXAMPLE / "samples" / "five.png").read_bytes()
    return str(json.loads(server.predict("digits", sample, "image/png"))["digit"])
