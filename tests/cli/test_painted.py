"""Archives whose authors try to write on the terminal, or to command the service that runs the build."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import Manifest
from hatch_mar.cli import main
from tests.archives import PACKING, needs_posix
from tests.weights import onnx_files

PAINT = "\x1b[2J\r::add-mask::a\n  ::error file=x::b\u2028##[error]c\u202e\x85\x7f"


def archive_of(*names: str, **model: str) -> Archive:
    """Of members of these names, with weights that would import a name as bad as they are."""
    module = PAINT.encode()
    weights = b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c\x01x\x93)R."
    members = [Member(name, BytesSource(weights)) for name in ("weights.pt", *names)]
    settings = {"modelName": "a", "handler": "handler.py", "serializedFile": "weights.pt", **model}
    return Archive(Manifest({"model": settings, PAINT: PAINT}), members)


def write(folder: Path, form: str) -> Path:
    """Such an archive, written in a format."""
    path = folder / f"a{'.tar.gz' if form == 'tgz' else '.mar'}"
    FORMATS[form].write(archive_of(PAINT, handler=PAINT, envelope=PAINT), path, PACKING)
    return path


@pytest.mark.parametrize("form", ["zip-store", "tgz"])
@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "damaged"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "--output-format=github"],
        ["check", "--output-format=gitlab"],
        ["check", "--output-format=markdown"],
        ["check", "--output-format=sarif"],
        ["check", "--json"],
        ["inspect"],
        ["inspect", "--output-format=markdown"],
        ["inspect", "--json"],
        ["diff"],
        ["diff", "--output-format=markdown"],
        ["diff", "--json"],
    ],
    ids=" ".join,
)
def test_painted(
    form: str,
    damaged: bool,
    arguments: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
):
    """Nothing that an archive has in it controls a terminal or begins a command of a workflow."""
    path, other = write(tmp_path, form), tmp_path / "other.mar"
    if damaged:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    FORMATS["zip-store"].write(archive_of(), other, PACKING)

    main([*arguments, *([str(other)] if "diff" in arguments else []), str(path)])

    out, err = capfd.readouterr()
    assert out + err
    for line in (out + err).split("\n"):
        assert line.isprintable()
        assert not re.match(r"\s*::", line) or re.match(r"::(error|warning|notice) file=[^:]*::", line)
        assert "##[" not in line
    if arguments[-1] in ("--json", "--output-format=gitlab", "--output-format=sarif") and out:
        assert isinstance(json.loads(out), (list, dict))


def test_names(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """As JSON, a name is what it is."""
    assert main(["inspect", "--json", str(write(tmp_path, "zip-store"))]) == 0

    [found] = json.loads(capfd.readouterr().out)
    assert PAINT in [member["name"] for member in found["members"]]


PROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "数.py"
"""

COMMANDS = {
    "init": ["init", "--project=数"],
    "build": ["build", "--output=数"],
    "archive": ["archive", "--model-name=a", "--version=1", "--handler=数.py", "--export-path=数"],
    "check": ["check"],
    "check of a file": ["check", "数.mar"],
    "check for github": ["check", "--output-format=github", "数.mar"],
    "inspect": ["inspect", "数.mar"],
    "diff": ["diff", "数.mar", "b.mar"],
    "migrate": ["migrate", "--", "torch-model-archiver", "--model-name=a", "--version=1", "--handler=数.py"],
    "try": ["try", "数.mar"],
}
"""What each command is called with to show a name that is not ASCII."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "数.py").write_text("def handle(data, context):\n    return data\n")
    (tmp_path / "数").mkdir()
    (tmp_path / "数" / "数.onnx").write_bytes(onnx_files.model())
    for name, file in (("数.mar", "数.py"), ("b.mar", "b.py")):
        archive = Archive(
            Manifest({"model": {"modelName": "数", "handler": file}}),
            [Member(file, BytesSource(b"def handle(data, context): ..."))],
        )
        FORMATS["zip-store"].write(archive, tmp_path / name, PACKING)
    return tmp_path


def run(arguments: list[str], **others: object) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, which has its own output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"PYTHONIOENCODING": "ascii"}
    return subprocess.run(
        [sys.executable, "-m", "hatch_mar", *arguments],
        env=environment, stderr=subprocess.PIPE, check=False, **others,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_encoding(command: str, project: Path):
    """Names that the output's encoding lacks are escaped."""
    result = run(COMMANDS[command], stdout=subprocess.PIPE)

    assert b"Traceback" not in result.stderr
    assert rb"\u6570" in result.stdout + result.stderr
    assert (result.stdout + result.stderr).isascii()


@needs_posix
@pytest.mark.parametrize("command", COMMANDS)
def test_broken_pipe(command: str, project: Path):
    """A reader that has seen enough ends a command with one line, and not with success."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as output:
        result = run([*COMMANDS[command]], stdout=output)

    assert result.returncode != 0
    assert result.stderr.endswith(b"Cannot write the output: Broken pipe\n")
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", COMMANDS)
def test_full_disk(command: str, project: Path):
    """A disk that is full is an error of one line."""
    with open("/dev/full", "wb") as output:
        result = run([*COMMANDS[command]], stdout=output)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == b"Cannot write the output: No space left on device"
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_error(project: Path):
    """Where not even the error can be written, the exit status remains."""
    script = "import subprocess, sys; full = open('/dev/full', 'w');"
    script += "sys.exit(subprocess.run([sys.executable, '-m', 'hatch_mar', 'x'], stderr=full).returncode)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 1
