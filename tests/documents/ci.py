"""`python ci.py FILE JOB…`: runs the commands of jobs of a workflow of GitHub, or of a `.gitlab-ci.yml`.

Of the actions, only that of hatch-mar is run: a page has its project checked out already. Each job has a
Python environment of its own, as it would have on a runner.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import yaml

CHECKOUT = Path(__file__).parents[2]


class Script(NamedTuple):
    text: str
    variables: Mapping[str, str]
    folder: str


class Action(NamedTuple):
    """hatch-mar's own."""

    inputs: Mapping[str, str]


def list_steps(
    document: Mapping[str, Any], job: str, environ: Mapping[str, str]
) -> Iterator[Script | Action]:
    """What a job runs: on GitHub its steps, on GitLab a script, whose variables may name others."""
    if "jobs" not in document:
        found = document[job]
        variables = found.get("variables", {})
        expanded = {name: Template(value).safe_substitute(environ) for name, value in variables.items()}
        yield Script("\n".join(found["script"]), expanded, ".")
        return
    for step in document["jobs"][job]["steps"]:
        if re.match(r"[^/]+/hatch-mar@", step.get("uses", "")):
            yield Action(step.get("with", {}))
        elif "run" in step:
            yield Script(step["run"], step.get("env", {}), step.get("working-directory", "."))


def run_job(document: Mapping[str, Any], job: str, environ: Mapping[str, str]) -> None:
    """Raises CalledProcessError at the first step that fails."""
    from tests.documents.action import run_action

    with tempfile.TemporaryDirectory() as environment:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        path = os.pathsep.join([str(Path(environment, "bin")), environ["PATH"]])
        for script in list_steps(document, job, environ):
            if isinstance(script, Action):
                outcome = run_action(CHECKOUT, script.inputs, {**environ, "PATH": path}, Path(environment))
                print(outcome.log, flush=True)
                if outcome.status:
                    raise subprocess.CalledProcessError(outcome.status, "hatch-mar")
                path = outcome.path
                continue
            print(f"{job}: {script.text}", flush=True)
            subprocess.run(
                ["bash", "-e", "-c", script.text],
                cwd=script.folder,
                env={**environ, **script.variables, "PATH": path, "CI": "true"},
                check=True,
            )


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))
    file, *jobs = sys.argv[1:]
    for job in jobs:
        run_job(yaml.safe_load(Path(file).read_text(encoding="utf-8")), job, os.environ)
