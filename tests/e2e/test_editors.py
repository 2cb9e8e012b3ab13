"""Editors and validators take the schema: they accept what is right, and show what is not at its line."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from hatch_mar.project.config.json_schema import make_schema, make_whole_schema
from hatch_mar.project.config.schema import ARCHIVE_KEYS, PROJECT_KEYS, TABLES
from tests.archives import needs_cpython
from tests.e2e.conftest import CHECKOUT, DEADLINE, Run, require

pytestmark = needs_cpython("the tools have no wheels for PyPy")

GOOD = """\
# where the schema is named
[project]
name = "digits"
version = "1.0.0"

[tool.other]
anything = 1

[tool.mar]
handler = "digits/handler.py:handle"
runtime = "python"
requirements-file = "requirements.txt"
config = { minWorkers = 1, handler.labels = ["zero", "one"] }
serialized-file = ["index.json", "*.safetensors"]
extra-files = "labels.json, vocab"
force-include."../src a" = "src"
archive-name = "{model-name}-{version}"
build-backend = "flit_core.buildapi"
server-packages = ["torchvision"]
exclude = []

[[tool.mar.examples]]
input.pixels = [[0, 1]]
expect = { label = "cat", score = 0.93 }
expect-schema.properties.digit.const = "seven"
tolerance = 1e-3

[[tool.mar.archives]]
model-name = "letters"
examples = [{ input = "x.png", expect = "y.json" }]

[tool.mar.archives.config]
torch.compile = { a = [1, { b = 2 }] }

[[tool.mar.workflows]]
workflow-name = "both"
spec-file = "workflow.yaml"
ignore = ["MAR203"]
"""

BAD = {
    "wrong value": ('runtime = "python"', 'runtime = "ruby"'),
    "wrong type": ("tolerance = 1e-3", 'tolerance = "1e-3"'),
    "wrong path": ('"digits/handler.py:handle"', '"digits\\\\handler.py"'),
    "wrong item": ('"MAR203"', '"mar203"'),
    "glob first": ('["index.json", "*.safetensors"]', '["*.safetensors"]'),
    "misspelled": ("serialized-file =", "serialised-file ="),
    "misspelled in an archive": ("examples = [", "exmples = ["),
    "misspelled in a workflow": ("spec-file =", "spec-fil ="),
    "either or": ("requirements-file =", 'requirements-from = ["dependencies"]\nrequirements-file ='),
}
"""What is replaced by what, in one line."""


@pytest.fixture(params=BAD.values(), ids=BAD)
def bad(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A document with a fault, and the number of its line."""
    right, wrong = request.param
    above, found, _ = GOOD.partition(right)
    assert found
    return GOOD.replace(right, wrong), above.count("\n") + 1


def lines_in(output: str) -> set[int]:
    """The lines that a tool names."""
    return {int(line) for line in re.findall(r"pyproject\.toml:(\d+):\d+", output)}


def lint_with_tombi(project: Path, run: Run, document: str, status: int) -> str:
    """Tombi by the schema of `[tool.mar]`, which its configuration names."""
    configure_tombi(project)
    return lint(project, run, document, status, "tombi", "lint", "--offline")


def lint_with_named(project: Path, run: Run, document: str, status: int, command: Sequence[str]) -> str:
    """Any linter by a schema of `pyproject.toml`, which the document names."""
    (project / "pyproject.schema.json").write_text(json.dumps(make_whole_schema()), encoding="utf-8")
    document = document.replace("# where the schema is named", "#:schema ./pyproject.schema.json")
    return lint(project, run, document, status, *command)


def lint(project: Path, run: Run, document: str, status: int, *command: str) -> str:
    (project / "pyproject.toml").write_text(document, encoding="utf-8")
    return run(*command, "pyproject.toml", cwd=project, status=status)


def configure_tombi(project: Path) -> None:
    (project / "mar.schema.json").write_text(json.dumps(make_schema()), encoding="utf-8")
    # without the schemas of others, which it would fetch
    (project / "tombi.toml").write_text(
        "[schema.catalog]\npaths = []\n"
        '[[schemas]]\nroot = "tool.mar"\npath = "mar.schema.json"\ninclude = ["pyproject.toml"]\n',
        encoding="utf-8",
    )


Lint = Callable[[Path, Run, str, int], str]
LINTERS: Mapping[str, Lint] = {
    "tombi": lint_with_tombi,
    "tombi, named": partial(lint_with_named, command=("tombi", "lint", "--offline")),
    "taplo, named": partial(lint_with_named, command=("taplo", "lint")),
}


@pytest.mark.parametrize("lint", LINTERS.values(), ids=LINTERS)
class TestLinters:
    def test_good(self, lint: Lint, tmp_path: Path, run: Run):
        """What is right gets neither an error nor a warning."""
        output = lint(tmp_path, run, GOOD, 0)

        assert "arning" not in output
        assert lines_in(output) == set()

    def test_bad(self, lint: Lint, bad: tuple[str, int], tmp_path: Path, run: Run):
        """What is wrong is an error, at its line."""
        document, line = bad

        assert line in lines_in(lint(tmp_path, run, document, 1))


class TestValidatePyproject:
    def validate(self, project: Path, run: Run, document: str, status: int) -> str:
        (project / "pyproject.toml").write_text(document, encoding="utf-8")
        command = ("python", "-m", "validate_pyproject", "-v", "pyproject.toml")
        return run(*command, cwd=project, status=status, PYTHONPATH=str(CHECKOUT))

    def test_good(self, tmp_path: Path, run: Run):
        """It finds the schema by itself."""
        output = self.validate(tmp_path, run, GOOD, 0)

        assert "json_schema.make_schema defines `tool.mar` schema" in output
        assert "Valid file: pyproject.toml" in output

    def test_bad(self, bad: tuple[str, int], tmp_path: Path, run: Run):
        """It names the key, or what its table must not have."""
        output = self.validate(tmp_path, run, bad[0], 1)

        assert "Invalid file: pyproject.toml" in output
        assert re.search(r"^\[ERROR\] `tool\.mar\b", output, re.MULTILINE)


class LanguageServer:
    """What an editor does with `tombi lsp`, over JSON-RPC."""

    def __init__(self, project: Path, run: Run) -> None:
        self.process = subprocess.Popen(
            [require("tombi"), "lsp", "--offline"],
            cwd=project,
            env=run.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.deadline = Timer(DEADLINE, self.process.kill)
        self.deadline.start()
        self.requests = 0
        folder = {"uri": project.as_uri(), "name": project.name}
        self.request("initialize", processId=None, rootUri=None, workspaceFolders=[folder], capabilities={})
        self.send(method="initialized", params={})

    def send(self, **message: Any) -> None:
        assert self.process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout
        length = 0
        while header := self.process.stdout.readline().strip():
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def request(self, method: str, **params: Any) -> Any:
        """The result; questions that the server asks meanwhile get no answer worth the name."""
        self.requests += 1
        self.send(id=self.requests, method=method, params=params)
        while True:
            message = self.receive()
            if "method" not in message and message["id"] == self.requests:
                return message["result"]
            if "method" in message and "id" in message:
                self.send(id=message["id"], result=None)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request about a document, which the server may still be reading."""
        end = time.monotonic() + DEADLINE
        while (result := self.request(method, **params)) is None:
            assert time.monotonic() < end, f"`{method}` has no result"
            time.sleep(0.1)
        return result

    def close(self) -> None:
        self.deadline.cancel()
        self.process.kill()
        self.process.communicate()


class TestLanguageServer:
    @pytest.fixture
    def server(self, tmp_path: Path, run: Run) -> Iterator[LanguageServer]:
        configure_tombi(tmp_path)
        with closing(LanguageServer(tmp_path, run)) as server:
            yield server

    def open(self, server: LanguageServer, project: Path, text: str) -> dict[str, str]:
        document = {"uri": (project / "pyproject.toml").as_uri()}
        opened = {**document, "languageId": "toml", "version": 1, "text": text}
        server.send(method="textDocument/didOpen", params={"textDocument": opened})
        return document

    def test_hover(self, server: LanguageServer, tmp_path: Path):
        """Over a key, its meaning is shown, once."""
        document = self.open(server, tmp_path, '[tool.mar]\nhandler = "h.py"\n')
        position = {"line": 1, "character": 1}
        shown = server.ask("textDocument/hover", textDocument=document, position=position)

        assert shown["contents"]["value"].count(ARCHIVE_KEYS["handler"].meaning) == 1

    def test_completion(self, server: LanguageServer, tmp_path: Path):
        """All keys are offered that are not there."""
        document = self.open(server, tmp_path, '[tool.mar]\nhandler = "h.py"\n\n')
        position = {"line": 2, "character": 0}
        found = server.ask("textDocument/completion", textDocument=document, position=position)
        items = found["items"] if isinstance(found, dict) else found

        assert {*ARCHIVE_KEYS, *PROJECT_KEYS, *TABLES} - {"handler"} <= {item["label"] for item in items}
