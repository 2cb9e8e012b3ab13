"""The environment that TorchServe gives to a worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event

from hatch_mar.errors import TrialError
from hatch_mar.trial.process import Process, TimedOutError

INSTALL_SECONDS = 600


def worker_environ(model: Path, handler: str | None, temporary: Path) -> dict[str, str]:
    """All that the server has, with the archive on the PYTHONPATH (EnvironmentUtils.java, `getEnvString`).

    Temporary files go where they are deleted with the rest.
    """
    python_path = [os.environ.get("PYTHONPATH", ""), str(model)]
    if handler and ":" in handler:
        file = handler.partition(":")[0]
        python_path.insert(0, file.rpartition("/")[0] or file)
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
        # the same kind of output whatever the terminal is
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
    }
    return {**os.environ, **own}


def install(
    model: Path,
    requirements: str,
    place: Path,
    *,
    venv: bool,
    environ: Mapping[str, str],
    stop: Event,
    seconds: float,
) -> str:
    """Install what the archive requires as TorchServe does, and give the Python to run it with.

    That is into the archive's own directory, by the pip of a new virtual environment which
    sees the packages of this one; with `venv`, as for models that set `useVenv`, into that
    environment (ModelManager.java, `setupModelDependencies`; ts/utils/setup_model_venv.py).

    Raises:
        TrialError: pip fails, or takes too long.
    """
    if not (model / requirements).is_file():
        raise TrialError(
            f"The archive has no `{requirements}`, which its manifest names as its requirements; pack it"
        )
    python = made_venv(place, environ, stop, seconds)
    how = ["-U", "--upgrade-strategy", "only-if-needed"] if venv else ["-U", "-t", str(model)]
    command = [python, "-m", "pip", "--no-input", "--disable-pip-version-check", "install", *how]
    ran = Process(
        [*command, "-r", str(model / requirements)],
        directory=model,
        environ=environ,
        log=place / "pip.log",
        stop=stop,
    )
    finish(ran, f"`pip install -r {requirements}`", seconds)
    return python


def made_venv(place: Path, environ: Mapping[str, str], stop: Event, seconds: float) -> str:
    plain = {name: value for name, value in environ.items() if name != "PYTHONPATH"}
    making = Process(
        [sys.executable, "-m", "venv", str(place / "venv")],
        directory=place,
        environ=plain,
        log=place / "venv.log",
        stop=stop,
    )
    finish(making, "`python -m venv`", seconds)
    inherited = "\n".join(path for path in sys.path if path and Path(path).is_dir())
    for site in [*place.glob("venv/lib/python*/site-packages"), *place.glob("venv/Lib/site-packages")]:
        (site / "inherited.pth").write_text(f"{inherited}\n", encoding="utf-8")
    return str(
        next(path for path in (place / "venv/bin/python", place / "venv/Scripts/python.exe") if path.exists())
    )


def finish(ran: Process, what: str, seconds: float) -> None:
    """Wait for a command to succeed."""
    with ran:
        try:
            ran.wait(seconds)
        except TimedOutError:
            raise TrialError(
                f"{what} took more than {seconds:g} s; give it longer with `--timeout`"
            ) from None
        if ran.status == 0:
            return
    lines = [line for line in ran.output().splitlines() if line.strip()]
    reasons = [line for line in lines if line.lower().startswith("error")] or lines[-1:]
    raise TrialError(f"{what} failed: {' '.join(reasons) or f'exit status {ran.status}'}")
