from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.candidate import Options
from hatch_mar.trial.process import Process
from hatch_mar.trial.worker import environment
from hatch_mar.trial.worker.environment import (
    inherit_packages,
    prepare_python,
    wait_for_success,
    worker_environ,
)
from tests.trial import candidate_of


class TestWorkerEnviron:
    @pytest.mark.parametrize(
        ("inherited", "handler", "expected"),
        [
            ("", "handler.py", ["/model"]),
            ("", None, ["/model"]),
            ("/server", "handler.py", ["/server", "/model"]),
            ("/server", "deep/handler.py:answer", ["deep", "/server", "/model"]),
            ("", "handler:answer", ["handler", "/model"]),
        ],
    )
    def test_python_path(
        self, inherited: str, handler: str | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
    ):
        """The archive comes after the server's own PYTHONPATH, and a function's file before it."""
        monkeypatch.setenv("PYTHONPATH", inherited)
        environ = worker_environ(Path("/model"), handler, Path("/tmp/own"))

        assert environ["PYTHONPATH"].replace("\\", "/").split(os.pathsep) == expected

    def test_defaults(self):
        """A worker is told of the configuration what a server tells it that has the default one."""
        assert worker_environ(Path("/model"), None, Path("/own"))["TS_DECODE_INPUT_REQUEST"] == "true"

    def test_inherited(self, monkeypatch: pytest.MonkeyPatch):
        """A worker has a server's variables and those that are asked for, but its own temporary directory."""
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.setenv("SOME_KEY", "value")
        monkeypatch.setenv("OTHER_KEY", "value")
        environ = worker_environ(Path("/model"), None, Path("/own"), ["SOME_KEY"])

        assert (environ["OMP_NUM_THREADS"], environ["SOME_KEY"]) == ("1", "value")
        assert "OTHER_KEY" not in environ
        assert {environ[name] for name in ("TMPDIR", "TEMP", "TMP")} == {str(Path("/own"))}


class TestPreparePython:
    @pytest.mark.parametrize("options", [Options(), Options(requirements=True)])
    def test_nothing(self, options: Options, tmp_path: Path):
        """Without requirements, this Python will do."""
        assert prepare_python(candidate_of(), options, tmp_path, tmp_path) == sys.executable

    def test_no_file(self, tmp_path: Path):
        """A requirements file that the manifest names and the archive lacks is an error."""
        candidate = candidate_of(requirements_file="r.txt")

        with pytest.raises(TrialError, match=r"^The manifest names `r\.txt` as the requirements file, but"):
            prepare_python(candidate, Options(requirements=True), tmp_path, tmp_path)

    @pytest.mark.parametrize(
        ("config", "expected"),
        [("", ["-t", "model"]), ("useVenv: true\n", ["--upgrade-strategy", "only-if-needed"])],
    )
    def test_commands(
        self, config: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """pip of a new virtual environment installs into the archive, or with `useVenv` into that."""
        commands = []
        monkeypatch.setattr(
            environment, "wait_for_success", lambda process, *_: commands.append(process.command)
        )
        monkeypatch.setattr(environment, "inherit_packages", lambda venv: "python")
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "r.txt").touch()
        candidate = candidate_of(
            files={"r.txt": "", "c.yaml": config}, requirements_file="r.txt", config_file="c.yaml"
        )
        options = Options(requirements=True)

        assert prepare_python(candidate, options, tmp_path, tmp_path / "model") == "python"
        venv, pip = commands
        assert venv[1:] == ["-m", "venv", str(tmp_path / "venv")]
        assert [Path(part).name for part in pip[pip.index("-U") + 1 :]] == [*expected, "-r", "r.txt"]


class TestInheritPackages:
    def test_paths(self, tmp_path: Path):
        """A virtual environment imports what this Python can, and its own Python is found."""
        site = tmp_path / "lib" / "python3.11" / "site-packages"
        site.mkdir(parents=True)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python").touch()

        assert inherit_packages(tmp_path) == str(tmp_path / "bin" / "python")
        inherited = (site / "inherited.pth").read_text(encoding="utf-8").splitlines()
        assert inherited == [path for path in sys.path if path and Path(path).is_dir()]


class TestWaitForSuccess:
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("print('ok')\nprint('ERROR: no such package')\nexit(1)", "^pip failed: ERROR: no such package$"),
            ("print('one')\nprint('two')\nexit(1)", "^pip failed: two$"),
            ("exit(3)", "^pip failed: exit status 3$"),
            ("import time\ntime.sleep(60)", "^pip took more than 0.5 s; give it longer with `--timeout`$"),
        ],
    )
    def test_fails(self, code: str, message: str, tmp_path: Path):
        """The error says why the command failed."""
        with pytest.raises(TrialError, match=message):
            wait_for_success(self.process(code, tmp_path), "pip", 0.5 if "sleep" in code else 30)

    def test_succeeds(self, tmp_path: Path):
        """A command that succeeds raises nothing."""
        wait_for_success(self.process("print('error')", tmp_path), "pip", 30)

    @staticmethod
    def process(code: str, directory: Path) -> Process:
        command = [sys.executable, "-c", code]
        return Process(command, directory=directory, environ=os.environ, log=directory / "log", stop=Event())
