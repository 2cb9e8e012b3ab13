"""`hatch-mar deploy`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.cli import main
from tests.release.deployment.fake_torchserve import FakeTorchServe, HangUp, Stored, serve

PYPROJECT = """
[project]
name = "digits"
version = "2.0"

[tool.mar]
handler = "handler.py"
examples = [{input = [1], expect = {version = "2.0"}}]

[[tool.mar.archives]]
model-name = "digits"

[[tool.mar.archives]]
model-name = "letters"
"""


@pytest.fixture
def server(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTorchServe]:
    monkeypatch.chdir(project)
    with serve(FakeTorchServe()) as fake:
        configure(f'management = "{fake.url}/"\ninference = "{fake.url}"\ndrain = 0')
        fake.add("1.0", batch_delay=0)
        fake.store |= {"digits-2.0.mar": Stored(), "letters.mar": Stored("letters")}
        yield fake


def configure(deploy: str, more: str = "") -> None:
    Path("pyproject.toml").write_text(f"{PYPROJECT}{more}\n[tool.mar.deploy]\n{deploy}\n")


def test_deploy(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """All archives are deployed; the steps are told, and the result is printed."""
    assert main(["deploy"]) == 0

    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"digits 2.0 has replaced 1.0 as the default of {server.url}",
        f"letters 2.0 is now the default of {server.url}",
    ]
    assert [line for line in err.splitlines() if " ready after " not in line] == [
        "digits 2.0: registering `digits-2.0.mar`",
        "digits 2.0: 1 example answered as expected",
        "digits 2.0: made the default instead of 1.0",
        "digits 2.0: waiting for the last answers of 1.0",
        "digits 1.0: unregistered",
        "letters 2.0: registering `letters-2.0.mar`",
        "letters 2.0: registering `letters.mar`, since there is no `letters-2.0.mar`",
        "letters 2.0: 1 example answered as expected",
        "letters 2.0: made the default",
    ]


def test_again(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """What is there is left alone."""
    main(["deploy", "digits", "--keep", "1", "-q"])
    changes = len(server.changes)
    capsys.readouterr()

    assert main(["deploy", "digits"]) == 0
    assert len(server.changes) == changes
    expected = f"digits 2.0 is already the default of {server.url}; still registered: 1.0\n"
    assert capsys.readouterr() == (expected, "")


def test_dry_run(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """It says what would be done, and sends only GETs."""
    assert main(["deploy", "digits", "--dry-run"]) == 0

    assert server.changes == []
    assert capsys.readouterr().out == (
        "digits 2.0 would be registered from `digits-2.0.mar`, tried with 1 example, made the default of"
        f" {server.url}, and 1.0 unregistered\n"
    )


def test_dry_run_keeping(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """The last of several steps follows an `and`, whichever it is."""
    assert main(["deploy", "digits", "--dry-run", "--keep", "1"]) == 0

    assert capsys.readouterr().out == (
        "digits 2.0 would be registered from `digits-2.0.mar`, tried with 1 example, and made the default of"
        f" {server.url}; still registered: 1.0\n"
    )


def test_json(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """With `--json`, standard output is one document, also if the second archive cannot be deployed."""
    del server.store["letters.mar"]

    assert main(["deploy", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == [
        {
            "name": "digits",
            "version": "2.0",
            "changed": True,
            "registered": "digits-2.0.mar",
            "previous": "1.0",
            "examples": 1,
            "unregistered": ["1.0"],
            "still_registered": [],
        }
    ]
    assert err.splitlines()[-1].startswith("The server's model store has no `letters-2.0.mar` or")


def test_first_fails(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """After an archive that fails, the others are not deployed, which is said."""
    del server.store["digits-2.0.mar"]

    assert main(["deploy"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "Not deployed after this failure: letters 2.0"
    assert "letters" not in server.models


def test_other_server(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """Of another server than the project's, the project knows neither the inference API nor the keys."""
    configure('management = "http://127.0.0.1:1"\ninference = "http://127.0.0.1:1"\nkey-file = "missing"')

    assert main(["deploy", "digits", "--to", server.url, "--inference", server.url, "--drain", "0"]) == 0


def test_no_server(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    configure("keep = 1")

    with pytest.raises(SystemExit) as end:
        main(["deploy"])
    assert end.value.code == 2
    assert "no server is named; give --to URL, or set `management`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        (["--to", "serving:8081"], "argument --to: must be the `http://HOST:PORT`"),
        (["--workers", "0"], "argument --workers: must be a whole number of at least 1"),
        (["--workers", "x"], "argument --workers: must be a whole number of at least 1"),
        (["--drain", "-1"], "argument --drain: must be a number of seconds of at least 0"),
        (["--url", "{x}"], "argument --url: may have the placeholders"),
    ],
)
def test_usage(option: list[str], fault: str, server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """An option is read as its key is."""
    with pytest.raises(SystemExit) as end:
        main(["deploy", *option])
    assert end.value.code == 2
    assert fault in capsys.readouterr().err


WORKFLOW = """
[[tool.mar.workflows]]
workflow-name = "flow"
spec-file = "flow.yaml"
"""


def test_workflow(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """Workflows are left out, and one that is asked for is refused."""
    configure(f'management = "{server.url}"', WORKFLOW)
    line = "Workflows are not deployed: `flow`; register them with `POST /workflows`"

    assert main(["deploy", "flow"]) == 1
    assert capsys.readouterr().err == f"{line}\n"
    assert main(["deploy", "--dry-run", "--inference", server.url]) == 0
    assert capsys.readouterr().err == f"{line}\n"


def test_keys(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """The key file of the project is relative to it; that of the command line to the working directory."""
    server.keys = {"management": "secret-m", "inference": "secret-i"}
    Path("keys").mkdir()
    Path("keys/key_file.json").write_text(json.dumps({api: {"key": key} for api, key in server.keys.items()}))
    configure(f'management = "{server.url}"\ninference = "{server.url}"\nkey-file = "keys/key_file.json"')

    assert main(["deploy", "--dry-run", "-v"]) == 0
    assert main(["deploy", "--dry-run", "--key-file", "key_file.json"]) == 1
    shown = "".join(capsys.readouterr())
    assert "Cannot read the key file" in shown
    assert "secret" not in shown


def test_gone(server: FakeTorchServe, capsys: pytest.CaptureFixture[str]):
    """A server that cannot be reached is a fault of one line."""

    def hang_up() -> None:
        raise HangUp

    server.overrides["."] = hang_up

    assert main(["deploy"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Cannot reach the management API at {server.url}: ")
