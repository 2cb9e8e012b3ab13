"""`python ci.py FILE JOB…`: runs the commands of jobs of a workflow of GitHub, or of a `.gitlab-ci.yml`.

Actions are not run: a page has its project checked out already. Each job has a Python environment of
its own, as it would have on a runner.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import yaml


class Script(NamedTuple):
    text: str
    variables: Mapping[str, str]
    folder: str


def list_scripts(document: Mapping[str, Any], job: str, environ: Mapping[str, str]) -> Iterator[Script]:
    """What a job runs: on GitHub a script for each step, on GitLab one, whose variables may name others."""
    if "jobs" not in document:
        found = document[job]
        variables = found.get("variables", {})
        expanded = {name: Template(value).safe_substitute(environ) for name, value in variables.items()}
        yield Script("\n".join(found["script"]), expanded, ".")
        return
    for step in document["jobs"][job]["steps"]:
        if "run" in step:
            yield Script(step["run"], step.get("env", {}), step.get("working-directory", "."))


def run_job(document: Mapping[str, Any], job: str, environ: Mapping[str, str]) -> None:
    """Raises CalledProcessError at the first step that fails."""
    with tempfile.TemporaryDirectory() as environment:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        path = os.pathsep.join([str(Path(environment, "bin")), environ["PATH"]])
        for script in list_scripts(document, job, environ):
            print(f"{job}: {script.text}", flush=True)
            subprocess.run(
                ["bash", "-e", "-c", script.text],
                cwd=script.folder,
                env={**environ, **script.variables, "PATH": path, "CI": "true"},
                check=True,
            )


if __name__ == "__main__":
    file, *jobs = sys.argv[1:]
    for job in jobs:
        run_job(yaml.safe_load(Path(file).read_text(encoding="utf-8")), job, os.environ)
