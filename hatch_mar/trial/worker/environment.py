"""The environment that TorchServe gives to a worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hatch_mar.errors import TrialError
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.environment import inherit, installer_settings
from hatch_mar.trial.process import Process, TimedOutError

INSTALL_SECONDS = 600
DEFAULTS = {"TS_DECODE_INPUT_REQUEST": "true", "TS_IPEX_ENABLE": "false", "TS_IPEX_GPU_ENABLE": "false"}
"""What a server tells its workers of its configuration (ConfigManager.java, `getBackendConfiguration`)."""


def worker_environ(
    model: Path, handler: str | None, temporary: Path, asked: Sequence[str] = ()
) -> dict[str, str]:
    """The server's own variables, with the archive on the PYTHONPATH (EnvironmentUtils.java, `getEnvString`).

    Temporary files go where they are deleted with everything else.

    Raises:
        TrialError: a variable that is asked for is not set.
    """
    python_path = [os.environ.get("PYTHONPATH", ""), str(model)]
    if handler and ":" in handler:
        file = handler.partition(":")[0]
        python_path.insert(0, file.rpartition("/")[0] or file)
    return {
        **DEFAULTS,
        **inherit(asked),
        "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
        # the same output on every terminal
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
    }


def prepare_python(candidate: Candidate, options: Options, place: Path, model: Path) -> str:
    """The Python to run the worker with, after installing the archive's requirements if `options` say so.

    As TorchServe does, they are installed into the archive's own directory, by the pip of a
    new virtual environment that sees the packages of this one; for a model with `useVenv`,
    into that environment (ModelManager.java, `setupModelDependencies`; ts/utils/setup_model_venv.py).
    """
    requirements = candidate.requirements
    if not options.requirements or not requirements:
        return sys.executable
    if not (model / requirements).is_file():
        raise TrialError(
            f"The manifest names `{requirements}` as the requirements file, but it is not packed; pack it"
        )

    def run(what: str, command: list[str], directory: Path, environ: Mapping[str, str]) -> None:
        log = place / "install.log"
        process = Process(command, directory=directory, environ=environ, log=log, stop=options.stop)
        wait_for_success(process, what, max(options.timeout or 0, INSTALL_SECONDS))

    environ = worker_environ(model, candidate.handler, place / "tmp", options.environ) | installer_settings()
    without_model = {name: value for name, value in environ.items() if name != "PYTHONPATH"}
    run("`python -m venv`", [sys.executable, "-m", "venv", str(place / "venv")], place, without_model)
    python = inherit_packages(place / "venv")
    where = ["--upgrade-strategy", "only-if-needed"] if candidate.settings.venv else ["-t", str(model)]
    pip = [python, "-m", "pip", "--no-input", "--disable-pip-version-check"]
    command = [*pip, "install", "-U", *where, "-r", str(model / requirements)]
    # a requirement may be a path, which is relative to the archive
    run(f"`pip install -r {requirements}`", command, model, environ)
    return python


def inherit_packages(venv: Path) -> str:
    """Let a virtual environment import what this Python can, and return the path of its own Python."""
    inherited = "\n".join(path for path in sys.path if path and Path(path).is_dir())
    for site in [*venv.glob("lib/python*/site-packages"), *venv.glob("Lib/site-packages")]:
        (site / "inherited.pth").write_text(f"{inherited}\n", encoding="utf-8")
    return str(next(path for path in (venv / "bin/python", venv / "Scripts/python.exe") if path.exists()))


def wait_for_success(process: Process, what: str, seconds: float) -> None:
    """Run a process to its end."""
    with process:
        try:
            process.wait(seconds)
        except TimedOutError:
            message = f"{what} took more than {seconds:g} s; give it longer with `--timeout`"
            raise TrialError(message) from None
        if process.status == 0:
            return
    lines = [line for line in process.output().splitlines() if line.strip()]
    reasons = [line for line in lines if line.lower().startswith("error")] or lines[-1:]
    raise TrialError(f"{what} failed: {' '.join(reasons) or f'exit status {process.status}'}")
