"""The documents do what they say: their commands are run, and their output is compared."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.documents.page import Page
from tests.documents.run import Run
from tests.documents.shell import Shell
from tests.e2e.conftest import CHECKOUT, without
from tests.e2e.conftest import Run as Runner

PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "example_project" / "README.md",
    # the pages of the checks show examples that `tests/checks/test_examples.py` runs
    *sorted(path for path in (CHECKOUT / "docs").rglob("*.md") if not path.match("reference/checks/*")),
]

PATIENT = {"--retry 60 ": "--retry 240 "}
"""How often curl asks a server that is starting, which takes longer while other tests run."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the documents show what Linux prints")


def has_commands(path: Path) -> bool:
    return any(block.is_run or block.word == "before" for block in Page(path).blocks())


def name_page(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("path", [*filter(has_commands, PAGES)], ids=name_page)
def test_page(path: Path, tmp_path: Path, run: Runner, plugin_wheel: Path) -> None:
    """Every command of a page prints what the page shows below it."""
    page = Page(path)
    for name in page.needs():
        if find_spec(name) is None and shutil.which(name) is None:
            without(f"module or command `{name}`")
    home = tmp_path / "home" / "me"
    folder = home / path.stem
    folder.mkdir(parents=True)
    ports = free_ports()
    environ = prepare_environ(run, tmp_path, plugin_wheel, ports)
    replaced = {"/home/me": str(home), **ports, **PATIENT}
    with Shell(folder, environ) as shell:
        Run(page, home, shell.run, replaced).compare()


def prepare_environ(run: Runner, work: Path, plugin: Path, ports: dict[str, str]) -> dict[str, str]:
    """The variables of somebody's shell.

    In it `hatch-mar` seems to come from an index, and TorchServe finds free ports.
    """
    temporary = work / "temporary"
    temporary.mkdir()
    config = work / "config.properties"
    addresses = zip(("inference", "management", "metrics"), ports.values())
    lines = [f"{name}_address=http://{address}" for name, address in addresses]
    grpc = {f"grpc_{name}_port": str(free_port()) for name in ("inference", "management")}
    lines += [f"{name}={port}" for name, port in grpc.items()]
    config.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    links = {
        name: f"{plugin.parent} {os.environ.get(name, '')}".strip()
        for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS")
    }
    return {
        **{name: value for name, value in run.environ.items() if name != "CI"},
        **links,
        # for a page with a configuration of its own that lets the environment win (`enable_envvars_config`)
        **{f"TS_{name.upper()}": port for name, port in grpc.items()},
        "HOME": str(work / "home" / "me"),
        "HATCH_MAR_CHECKOUT": str(CHECKOUT),
        "TMPDIR": str(temporary),
        "TS_CONFIG_FILE": str(config),
        "LOG_LOCATION": str(work / "logs"),
        "METRICS_LOCATION": str(work / "logs"),
        "COLUMNS": "80",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "GIT_CONFIG_GLOBAL": str(git_config(work)),
    }


def git_config(work: Path) -> Path:
    path = work / "gitconfig"
    path.write_text("[user]\n\tname = Me\n\temail = me@example.com\n[init]\n\tdefaultBranch = main\n")
    return path


def free_ports() -> dict[str, str]:
    """Free addresses of this machine for TorchServe's own, and for one other server of a page."""
    return {f"127.0.0.1:{port}": f"127.0.0.1:{free_port()}" for port in (8080, 8081, 8082, 5000)}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
