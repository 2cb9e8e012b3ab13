"""The option `--json`, which every command has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from hatch_mar import output
from hatch_mar.archive.checksums import format_sum
from hatch_mar.cli import COMMANDS, main, try_
from hatch_mar.cli._json import print_json
from hatch_mar.trial.candidate import Options
from tests.release.deployment.fake_torchserve import FakeTorchServe, Stored, serve

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"

[[tool.mar.examples]]
input = [1]
"""
HANDLER = "def handle(data, context):\n    return data\n"
OPTIONS = ["--model-name=letters", "--version=1", "--handler=handler.py"]

WORKING = {
    "init": [],
    "fetch": [],
    "build": [],
    "archive": OPTIONS,
    "check": [],
    "inspect": ["digits.mar"],
    "diff": ["digits.mar", "digits.mar"],
    "migrate": ["--", "torch-model-archiver", *OPTIONS],
    "schema": [],
    "try": [],
    "verify": ["digits.mar"],
    "publish": ["--to", "store"],
    "deploy": [],
    "completion": ["bash"],
}
"""What each command is called with to do its work."""

FAILING = {
    "init": ["--project", "nowhere"],
    "fetch": ["nothing-such"],
    "build": ["nothing-such"],
    "archive": [*OPTIONS, "--model-file=absent.py"],
    "check": ["digits.mar", "damaged.mar"],
    "inspect": ["damaged.mar"],
    "diff": ["digits.mar", "damaged.mar"],
    "migrate": ["--", "torch-model-archiver", "--model-name=", *OPTIONS[1:]],
    "try": ["damaged.mar"],
    "verify": ["damaged.mar"],
    "publish": ["--to", "store", "damaged.mar"],
    "deploy": ["nothing-such"],
}
"""What each command cannot do, but for those that can do all that they are asked."""


@pytest.fixture(autouse=True)
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """A project, beside an archive of it and a damaged one."""
    with prepare_project(tmp_path, monkeypatch):
        (tmp_path / "damaged.mar").write_bytes((tmp_path / "digits.mar").read_bytes()[:-30])
        capfd.readouterr()
        yield


@contextmanager
def prepare_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project in the working directory, beside an archive and its digest, with a server that takes it."""
    monkeypatch.setattr(try_, "Options", partial(Options, stand_in=True, bare=True))
    monkeypatch.chdir(root)
    (root / "handler.py").write_text(HANDLER)
    with serve(FakeTorchServe()) as server:
        server.store["digits.mar"] = Stored(version="1.0")
        deploy = f'management = "{server.url}"\ninference = "{server.url}"\ndrain = 0\n'
        (root / "pyproject.toml").write_text(f"{PYPROJECT}\n[tool.mar.deploy]\n{deploy}")
        assert main(["build", "--output", "."]) == 0
        digest = hashlib.sha256((root / "digits.mar").read_bytes()).hexdigest()
        (root / "digits.mar.sha256").write_text(format_sum("digits.mar", digest))
        yield


@pytest.mark.parametrize("command", COMMANDS)
def test_working(command: str, capfd: pytest.CaptureFixture[str]):
    """Standard output is one JSON document, and nothing else."""
    assert main([command, "--json", *WORKING[command]]) == 0

    assert isinstance(json.loads(capfd.readouterr().out), (list, dict))


@pytest.mark.parametrize("command", FAILING)
def test_failing(command: str, capfd: pytest.CaptureFixture[str]):
    """With faults, standard output is a JSON document too, or it is empty and standard error says why."""
    assert main([command, "--json", *FAILING[command]]) == 1

    out, err = capfd.readouterr()
    assert isinstance(json.loads(out), (list, dict)) if out else err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str, capfd: pytest.CaptureFixture[str]):
    """The help of every command has it."""
    with pytest.raises(SystemExit):
        main([command, "--help"])

    assert "--json" in capfd.readouterr().out


def test_a_long_document_is_never_whole_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is printed in parts, which together are the document."""
    printed: list[str] = []
    monkeypatch.setattr(output, "write", lambda text, *_, **__: printed.append(text))
    document = {"members": [{"name": f"weights/{number}", "size": number} for number in range(20_000)]}
    print_json(document)
    assert json.loads("".join(printed)) == document
    assert max(map(len, printed)) < sum(map(len, printed)) / 5
