"""`hatch-mar completion`, in the shells themselves."""

from __future__ import annotations

import builtins
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hatch_mar.cli import COMMANDS, main
from hatch_mar.cli.completion import SHELLS, make_whole_parser

PATIENCE = 30.0
"""Seconds that a shell gets to answer, which it does at once if the machine is not busy."""

COMMANDS_OF = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}

SETTINGS = {
    "bash": """
PS1='READY> '
hatch-mar() {{ echo "RAN:$*:"; }}
. {script}
""",
    "zsh": """
PS1='READY> '
unsetopt prompt_cr prompt_sp auto_remove_slash
fpath=({folder} $fpath)
autoload -U compinit && compinit -u -D
hatch-mar() {{ echo "RAN:$*:"; }}
""",
    "fish": """
function fish_prompt; echo 'READY> '; end
function hatch-mar; echo "RAN:$argv:"; end
source {script}
""",
}
"""What a shell is told first: the completion, and a function with the name of the command."""

TYPED = {
    "arch": "archive",
    "archive --serial": "archive --serialized-file",
    "archive --runtime L": "archive --runtime LSP",
    "archive --export-path sto": "archive --export-path store/",
    "check --output-format conc": "check --output-format concise",
    "check --ignore MAR84": "check --ignore MAR841",
    "inspect dig": "inspect digits.mar",
    "inspect digits.mar stored": "inspect digits.mar stored.txt",
    "check digits.mar stored": "check digits.mar stored.txt",
    "check digits.mar --outp": "check digits.mar --output-format",
    "build --dry": "build --dry-run",
    "build --output sto": "build --output store/",
    "completion zs": "completion zsh",
    "help ins": "help inspect",
}
"""What is typed before the tabulator, and what it is completed to."""


class Shell:
    """A shell on a terminal of its own."""

    def __init__(self, terminal: int) -> None:
        self.terminal = terminal
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def expect(self, text: str) -> str:
        """What it shows up to this text, which is waited for."""
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"never shown: {text!r} in {self.shown!r}"
            self.shown += os.read(self.terminal, 1 << 16).decode(errors="replace")
        before, _, self.shown = self.shown.partition(text)
        return before


@contextmanager
def start(command: list[str], folder: Path) -> Iterator[Shell]:
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "HOME": str(folder), "INPUTRC": "/dev/null"}
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Shell(ours)
    finally:
        os.close(ours)  # which ends the shell
        process.wait(PATIENCE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.mar").touch()
    (tmp_path / "store").mkdir()
    (tmp_path / "stored.txt").touch()
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="setsid of Linux gives a shell its terminal")
@pytest.mark.parametrize("name", SHELLS)
def test_typed(name: str, folder: Path, capfd: pytest.CaptureFixture[str]):
    """A tabulator completes commands, options, choices, codes, files and directories."""
    if not shutil.which(name) and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is not installed")
    assert main(["completion", name]) == 0
    script = folder / "functions" / "_hatch-mar"
    script.parent.mkdir()
    script.write_text(capfd.readouterr().out)
    (folder / "settings").write_text(SETTINGS[name].format(script=script, folder=script.parent))

    found = {}
    with start(COMMANDS_OF[name], folder) as shell:
        shell.type("source ./settings\n")
        shell.expect("READY> ")
        for typed, completed in TYPED.items():
            shell.type(f"hatch-mar {typed}\t")
            shell.expect(
                completed.removeprefix(typed).rstrip("/")
            )  # zsh completes nothing if more is typed meanwhile
            shell.type("\n")
            shell.expect("RAN:")
            found[typed] = shell.expect(":").strip()
            shell.expect("READY> ")

    assert found == TYPED


@pytest.mark.parametrize("name", SHELLS)
def test_json(name: str, capfd: pytest.CaptureFixture[str]):
    """As JSON, it is the same script."""
    assert main(["completion", name]) == 0
    script = capfd.readouterr().out
    assert main(["completion", name, "--json"]) == 0

    assert json.loads(capfd.readouterr().out) == {"shell": name, "script": script}


def test_without_shtab(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Without shtab, one line says how to install it."""
    imported = builtins.__import__

    def lack(name: str, *rest: object) -> object:
        if name == "shtab":
            raise ImportError(name)
        return imported(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", lack)

    assert main(["completion", "bash"]) == 1
    assert capfd.readouterr().err == "Completion needs shtab: pip install 'hatch-mar[cli]'\n"


def test_all_commands():
    """Every command is part of it, and its parser can be made part of another."""
    text = make_whole_parser().format_help()

    assert all(f"{name} " in text for name in [*COMMANDS, "help"])
