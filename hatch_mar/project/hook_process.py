"""A hook of the wrapped backend, called in a process of its own, as frontends call every hook.

A backend may therefore leave its process in any state (PEP 517). setuptools, for one, cannot build
two wheels in the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from hatch_mar.errors import ConfigError
from hatch_mar.project.delegate import load_delegate, name_delegate
from hatch_mar.project.pyproject import PyProject
from hatch_mar.text import name_of_status

# the same path as here: Python's own would begin with the project, whose modules are not to be imported
CODE = "import sys; sys.path[:] = sys.argv[1:]; from hatch_mar.project.hook_process import main; main()"


def call_hook(project: PyProject, hook: str, *arguments: object) -> str:
    """What a hook returns; the arguments must be JSON. What it prints is shown.

    Raises:
        ConfigError: it failed; the error says why in one line, without the backend's traceback.
    """
    with tempfile.TemporaryDirectory(prefix="hatch-mar-") as place:
        result = Path(place, "result.json")
        done = subprocess.run(
            [sys.executable, "-c", CODE, *sys.path],
            cwd=project.root,
            input=json.dumps([hook, arguments, str(result)]),
            encoding="utf-8",
            check=False,
        )
        answer = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
        if "returned" in answer:
            return str(answer["returned"])
        name = name_delegate(project.pyproject)
        reason = answer.get("error", f"its process ended with {name_of_status(done.returncode)}")
        raise ConfigError(f"The build backend `{name}` failed in `{hook}`, which an archive needs: {reason}")


def main() -> None:
    """Make the call that is described on standard input, in the project that is the working directory."""
    hook, arguments, result = json.load(sys.stdin)
    delegate = load_delegate(PyProject(Path.cwd()).pyproject)
    try:
        answer = {"returned": getattr(delegate, hook)(*arguments)}
    except (Exception, SystemExit) as error:
        answer = {"error": " ".join(f"{type(error).__name__}: {error}".split())}
    Path(result).write_text(json.dumps(answer), encoding="utf-8")
