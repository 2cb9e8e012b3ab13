from __future__ import annotations

import ast
import os
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hatch_mar.cli._recorder import archive_and_record
from hatch_mar.errors import ConfigError
from hatch_mar.migration import record as record_module
from hatch_mar.migration.call import Call
from hatch_mar.migration.record import SHIMS, Recording, record

LEAST = "--model-name digits --version 1.0 --handler handler.py"
CONFIG = "model_name='digits', version='1.0', handler='handler.py'"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="These commands are for a POSIX shell")


class Recorder:
    """Commands that are run and recorded in a project."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capfd = capfd

    def __call__(self, *command: str, pack: bool = True, status: int = 0) -> Recording:
        recording = record(command, archive_and_record, self.root, pack=pack)
        self.out, self.err = self._capfd.readouterr()
        assert recording.status == status, self.err
        return recording

    def sh(self, script: str, *, pack: bool = True, status: int = 0) -> list[Call]:
        """The calls of a shell script."""
        return self("sh", "-ec", script, pack=pack, status=status).calls

    def python(self, program: str, status: int = 0) -> list[Call]:
        """The calls of a Python program."""
        return self(sys.executable, "-c", program, status=status).calls


@pytest.fixture
def recorder(project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Recorder:
    monkeypatch.chdir(project)
    return Recorder(project, capfd)


def arguments_of(calls: list[Call]) -> list[list[str]]:
    """What calls that packed an archive were given."""
    assert [call.status for call in calls] == [0] * len(calls)
    return [list(call.arguments) for call in calls]


class TestExecutables:
    def test_call(self, recorder: Recorder) -> None:
        """A call is noted with its working directory and with what was packed, and the archive is there."""
        [call] = recorder.sh(
            f"cd weights; torch-model-archiver {LEAST.replace('handler.py', '../handler.py')}"
        )

        assert (call.tool, call.directory) == ("torch-model-archiver", str(recorder.root / "weights"))
        assert shlex.join(call.arguments) == LEAST.replace("handler.py", "../handler.py")
        assert call.status == 0
        assert {name: path for name, (path, _) in (call.members or {}).items()} == {
            "handler.py": str(recorder.root / "handler.py")
        }
        assert zipfile.is_zipfile(recorder.root / "weights/digits.mar")

    def test_workflow(self, recorder: Recorder) -> None:
        """A call of torch-workflow-archiver is recorded too."""
        (recorder.root / "spec.yaml").write_text("dag: {}\n")

        [call] = recorder.sh("torch-workflow-archiver --workflow-name flow --spec-file spec.yaml")

        assert (call.tool, call.status) == ("torch-workflow-archiver", 0)
        assert zipfile.is_zipfile(recorder.root / "flow.war")

    def test_silent(self, recorder: Recorder) -> None:
        """Nothing is printed, as by the tools; what the script prints goes to standard error."""
        recorder.sh(
            f"torch-model-archiver {LEAST} --serialized-file weights/model.pth; echo out; echo err >&2"
        )

        assert recorder.out == ""
        assert [line for line in recorder.err.splitlines() if not line.startswith("Warning: ")] == [
            "out",
            "err",
        ]

    def test_drop_in(self, recorder: Recorder) -> None:
        """`hatch-mar archive` is recorded as the tool is; it prints the path as ever."""
        [call] = recorder.sh(f"hatch-mar --version; hatch-mar archive --strict {LEAST}")

        assert str(call) == f"torch-model-archiver {LEAST}"
        assert recorder.err.splitlines()[-1] == "digits.mar"

    def test_overwritten(self, recorder: Recorder) -> None:
        """A call that replaces an archive is told from one after the archive has been moved away."""
        pack = f"torch-model-archiver {LEAST} -f"

        calls = recorder.sh(f"{pack}; {pack}; mv digits.mar weights; {pack}")

        assert [call.overwrote for call in calls] == [False, True, False]
        assert calls[1].inode == (recorder.root / "weights/digits.mar").stat().st_ino

    def test_fault(self, recorder: Recorder) -> None:
        """A fault is on standard error, and the exit status is the tool's."""
        calls = recorder.sh(
            f"torch-model-archiver {LEAST} -r none.txt || echo $?; torch-model-archiver --none || echo $?"
        )

        assert [call.status for call in calls] == [1, 2]
        assert "Option `--requirements-file`: file not found: `none.txt`" in recorder.err
        assert "torch-model-archiver: error: " in recorder.err
        assert [line for line in recorder.err.splitlines() if line.isdigit()] == ["1", "2"]

    def test_existing(self, recorder: Recorder) -> None:
        """An archive that exists needs --force, as with the tool."""
        (recorder.root / "digits.mar").touch()

        assert [call.status for call in recorder.sh(f"torch-model-archiver {LEAST}", status=1)] == [1]
        assert [call.status for call in recorder.sh(f"torch-model-archiver {LEAST} -f")] == [0]

    def test_help(self, recorder: Recorder) -> None:
        """`--help` is not recorded as a call."""
        assert recorder.sh("torch-model-archiver --help; which torch-model-archiver") == []
        assert "usage: torch-model-archiver" in recorder.err

    def test_no_pack(self, recorder: Recorder) -> None:
        """Without packing, no file need exist; wrong options still fail."""
        calls = recorder.sh(
            f"torch-model-archiver {LEAST} -r none.txt; torch-model-archiver --none || true", pack=False
        )

        assert [call.status for call in calls] == [0, 2]
        assert calls[0].members is None
        assert not [*recorder.root.glob("*.mar")]

    def test_parallel(self, recorder: Recorder) -> None:
        """Calls at the same time are all recorded, and none is mixed up with another."""
        archiver = "torch-model-archiver --model-name m{} --version {} --handler handler.py"

        calls = recorder.sh(f"seq 12 | xargs -P 6 -I {{}} {archiver}")

        expected = sorted(archiver.replace("{}", str(number)) for number in range(1, 13))
        assert sorted(map(str, calls)) == expected
        assert [call.status for call in calls] == [0] * 12

    def test_surroundings(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        """hatch-mar packs, whatever is in the folder or the environment."""
        for name in ("json.py", "hatch_mar.py", "argparse.py"):
            (recorder.root / name).write_text("raise SystemExit(9)\n")
        monkeypatch.setenv("PYTHONPATH", str(recorder.root))

        calls = recorder.sh(f"export PYTHONHOME=/none PYTHONSTARTUP=/none; torch-model-archiver {LEAST}")

        assert arguments_of(calls) == [LEAST.split()]


class TestPackages:
    @pytest.mark.parametrize(
        "program",
        [
            (
                "from model_archiver import ModelArchiver, ModelArchiverConfig\n"
                f"ModelArchiver.generate_model_archive(ModelArchiverConfig({CONFIG}))"
            ),
            (
                "from model_archiver.model_archiver import ModelArchiver\n"
                "from model_archiver.model_archiver_config import ModelArchiverConfig\n"
                f"ModelArchiver.generate_model_archive(config=ModelArchiverConfig({CONFIG}))"
            ),
            (
                "from model_archiver.model_packaging import generate_model_archive\n"
                "from model_archiver import ModelArchiverConfig\n"
                f"generate_model_archive(ModelArchiverConfig({CONFIG}))"
            ),
            (
                "from model_archiver.model_packaging import package_model\n"
                "from model_archiver.model_packaging_utils import ModelExportUtils\n"
                "from model_archiver.manifest_components.manifest import RuntimeType\n"
                "from argparse import Namespace\n"
                f"args = Namespace({CONFIG}, extra_files=None, runtime=RuntimeType.PYTHON.value)\n"
                "package_model(args, manifest=ModelExportUtils.generate_manifest_json(args))"
            ),
        ],
        ids=["ModelArchiver", "modules", "generate_model_archive", "package_model"],
    )
    def test_import(self, recorder: Recorder, program: str) -> None:
        """A program's calls are recorded, however it imports the tool."""
        calls = recorder.python(program)

        [words] = arguments_of(calls)
        assert set(words) - {"--runtime=python", "--archive-format=default"} == {
            "--model-name=digits",
            "--version=1.0",
            "--handler=handler.py",
        }
        assert zipfile.is_zipfile(recorder.root / "digits.mar")

    def test_module(self, recorder: Recorder) -> None:
        """`python -m` of the tool is recorded."""
        calls = recorder.sh(f"{shlex.quote(sys.executable)} -m model_archiver.model_packaging {LEAST}")

        assert arguments_of(calls) == [LEAST.split()]

    def test_console_script(self, recorder: Recorder) -> None:
        """An environment's own command is recorded, even if activation puts it first on the path."""
        script = recorder.root / "bin/torch-model-archiver"
        script.parent.mkdir()
        script.write_text(
            f"#!{sys.executable}\nimport sys\n"
            "from model_archiver.model_packaging import generate_model_archive\n"
            "sys.exit(generate_model_archive())\n"
        )
        script.chmod(0o755)

        calls = recorder.sh(
            f'export PATH="$PWD/bin:$PATH"; torch-model-archiver {LEAST};'
            " bin/torch-model-archiver --none || echo $?"
        )

        assert [call.status for call in calls] == [0, 2]

    def test_export_path(self, recorder: Recorder) -> None:
        """The working directory is the default and says nothing, until the program leaves it."""
        program = (
            "import os\nfrom model_archiver import ModelArchiver, ModelArchiverConfig\n"
            f"config = ModelArchiverConfig({CONFIG}, force=True)\n"
            "ModelArchiver.generate_model_archive(config)\n"
            "os.chdir('weights')\nconfig.handler = '../handler.py'\n"
            "ModelArchiver.generate_model_archive(config)\n"
        )

        first, second = arguments_of(recorder.python(program))

        assert not [word for word in first if word.startswith("--export-path")]
        assert f"--export-path={recorder.root}" in second

    def test_error(self, recorder: Recorder) -> None:
        """A fault is the tool's own error, and has the message."""
        program = (
            "from model_archiver import ModelArchiver, ModelArchiverConfig\n"
            "from model_archiver.model_archiver_error import ModelArchiverError\n"
            "try:\n"
            f"    ModelArchiver.generate_model_archive(ModelArchiverConfig({CONFIG}, config_file='none'))\n"
            "except ModelArchiverError as error:\n"
            "    print('caught', error)\n"
        )

        assert [call.status for call in recorder.python(program)] == [1]
        assert "caught Option `--config-file`: file not found: `none`" in recorder.err

    def test_file_not_found(self, recorder: Recorder) -> None:
        """For want of a file, it is Python's own error too, as with the tool."""
        program = (
            "from model_archiver import ModelArchiver, ModelArchiverConfig\n"
            "try:\n"
            f"    ModelArchiver.generate_model_archive(ModelArchiverConfig({CONFIG}, config_file='none'))\n"
            "except FileNotFoundError as error:\n"
            "    print('caught', error)\n"
        )

        assert [call.status for call in recorder.python(program)] == [1]
        assert "caught Option `--config-file`: file not found: `none`" in recorder.err

    def test_manifest(self, recorder: Recorder) -> None:
        """Manifest keys that a program changes are recorded."""
        program = (
            "import json\nfrom argparse import Namespace\n"
            "from model_archiver.model_packaging import package_model\n"
            "from model_archiver.model_packaging_utils import ModelExportUtils\n"
            f"args = Namespace({CONFIG})\n"
            "manifest = json.loads(ModelExportUtils.generate_manifest_json(args))\n"
            "manifest['base'] = 'resnet'\n"
            "package_model(args, json.dumps(manifest))\n"
        )

        assert [call.changed_manifest for call in recorder.python(program)] == [["base"]]

    def test_parser(self, recorder: Recorder) -> None:
        """The tool's own parser reads a program's arguments."""
        program = (
            "import sys\nfrom model_archiver.arg_parser import ArgParser\n"
            "from model_archiver.model_packaging import generate_model_archive\n"
            f"sys.argv[1:] = {LEAST.split()} + ['-f', '-c', 'model-config.yaml']\n"
            "generate_model_archive(ArgParser.export_model_args_parser())\n"
        )

        [words] = arguments_of(recorder.python(program))

        assert {"--force", "--config-file=model-config.yaml"} <= set(words)

    def test_workflow(self, recorder: Recorder) -> None:
        """torch-workflow-archiver can be imported too."""
        (recorder.root / "spec.yaml").write_text("dag: {}\n")
        program = (
            "from argparse import Namespace\n"
            "from workflow_archiver.workflow_packaging import package_workflow\n"
            "from workflow_archiver.workflow_packaging_utils import WorkflowExportUtils\n"
            "args = Namespace(workflow_name='flow', spec_file='spec.yaml', handler='handler.py')\n"
            "package_workflow(args, WorkflowExportUtils.generate_manifest_json(args))\n"
        )

        assert arguments_of(recorder.python(program)) == [
            ["--workflow-name=flow", "--spec-file=spec.yaml", "--handler=handler.py"]
        ]

    @pytest.mark.parametrize(
        "file", sorted(SHIMS.rglob("*.py")), ids=lambda file: file.relative_to(SHIMS).as_posix()
    )
    def test_old_python(self, file: Path) -> None:
        """The packages run under Pythons that hatch-mar itself does not run under."""
        text = file.read_text()
        ast.parse(text, feature_version=(3, 7))
        # without it, annotations such as `str | None` are evaluated
        assert ":" not in "".join(text.split('"""')[::2]) or "from __future__ import annotations" in text


class TestRun:
    def test_input(self, project: Path) -> None:
        """Standard input is the command's."""
        done = migrate(project, "--no-pack", "--", "sh", input=f"torch-model-archiver {LEAST}\n")

        assert done.returncode == 0
        assert done.stdout.startswith("[[tool.mar.archives]]")

    def test_archives(self, recorder: Recorder) -> None:
        """New archives are listed, whether or not a call was recorded."""
        recording = recorder("sh", "-c", f"torch-model-archiver {LEAST}; touch weights/other.mar")

        assert [path.name for path in recording.archives] == ["digits.mar", "other.mar"]

    def test_unseen(self, recorder: Recorder) -> None:
        """A tool that runs without the search paths is not recorded."""
        recording = recorder("env", "-i", "sh", "-c", "touch x.mar")

        assert (recording.calls, [path.name for path in recording.archives]) == ([], ["x.mar"])

    @pytest.mark.parametrize("command", ["none-such", "./handler.py"])
    def test_cannot_run(self, recorder: Recorder, command: str) -> None:
        """A command that cannot be started is a fault."""
        with pytest.raises(ConfigError, match=f"Cannot run `{command}`: (No such file|Permission denied)"):
            recorder(command)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_signal(self, project: Path, number: int, tmp_path: Path) -> None:
        """Whatever ends hatch-mar ends the command with all it has started, and nothing is left."""
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        script = "sleep 60 & echo $! > pid; wait"  # which ignores Ctrl-C, being in the background
        program = "import sys; from hatch_mar import cli; from hatch_mar.migration import record; "
        program += "record.GRACE = 0.5; sys.exit(cli.main())"
        command = [sys.executable, "-c", program, "migrate", "--", "sh", "-c", script]
        process = subprocess.Popen(
            command, cwd=project, env=os.environ | {"TMPDIR": str(temporary)}, stdin=subprocess.DEVNULL
        )
        until(lambda: (project / "pid").exists() and (project / "pid").read_text())
        process.send_signal(number)

        assert process.wait(30) in (128 + number, 130)
        assert [*temporary.iterdir()] == []
        until(lambda: not alive(int((project / "pid").read_text())))

    def test_terminal(self, project: Path) -> None:
        """On a terminal, the command reads what is typed, and Ctrl-C ends it."""
        import fcntl
        import pty
        import termios

        ours, theirs = pty.openpty()
        script = "read name; echo $name > typed; sleep 60 & echo $! > pid; wait"
        process = subprocess.Popen(
            [sys.executable, "-m", "hatch_mar", "migrate", "--", "sh", "-c", script],
            cwd=project,
            stdin=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY),  # noqa: PLW1509
        )
        os.close(theirs)
        os.write(ours, b"digits\n")
        until(lambda: (project / "pid").exists() and (project / "pid").read_text())
        os.write(ours, b"\x03")

        assert process.wait(30) == 130
        os.close(ours)
        assert (project / "typed").read_text() == "digits\n"

    def test_grandchild(self, tmp_path: Path) -> None:
        """What a command has started has time to end too, even when the command itself has ended."""
        slow = "trap 'sleep 0.3; echo done > ended; exit' TERM; echo ready; while :; do sleep 0.05; done"
        process = subprocess.Popen(
            ["sh", "-c", f"({slow}) & exec sleep 60"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"

        record_module.end(process, [signal.SIGTERM], own_group=True)

        assert process.returncode == -signal.SIGTERM
        assert (tmp_path / "ended").read_text() == "done\n"
        process.stdout.close()

    def test_stubborn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A command that does not end when it is asked to is killed."""
        monkeypatch.setattr(record_module, "GRACE", 0.1)
        script = 'trap "" TERM; echo ready; sleep 60'
        process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"

        record_module.end(process, [signal.SIGTERM], own_group=True)

        assert process.returncode == -signal.SIGKILL
        assert process.stdout.read() == b""  # nobody holds it open any more
        process.stdout.close()


def migrate(root: Path, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:  # noqa: A002
    command = [sys.executable, "-m", "hatch_mar", "migrate", *arguments]
    return subprocess.run(command, cwd=root, input=input, capture_output=True, text=True, check=False)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
