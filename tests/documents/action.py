"""Runs a composite action as GitHub does: a process for each script, and files for what they report."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What `shell: bash` is on GitHub."""


class Outcome(NamedTuple):
    status: int
    """That of the first script that failed, or 0."""
    outputs: Mapping[str, str]
    summary: str
    log: str
    path: str
    """What later steps have as their `PATH`."""


def run_action(
    folder: Path,
    inputs: Mapping[str, str],
    environ: Mapping[str, str],
    temporary: Path,
    *,
    only: Collection[str] = (),
) -> Outcome:
    """Run the action in `folder` on the repository in the working directory.

    Args:
        temporary: the folder that all the steps of a job have in common.
        only: the names of the steps to run, if not all.
    """
    action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    values = {f"inputs.{name}": inputs.get(name, of["default"]) for name, of in action["inputs"].items()}
    summary, path, log, status = temporary / "summary.md", environ["PATH"], "", 0
    summary.write_text("")
    for number, step in enumerate(action["runs"]["steps"]):
        if only and step["name"] not in only:
            continue
        files = {name: temporary / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        done = subprocess.run(
            [*SHELL, "-c", step["run"]],
            env={
                **environ,
                **{name: fill_in(value, values) for name, value in step.get("env", {}).items()},
                **{name: str(file) for name, file in files.items()},
                "CI": "true",
                "GITHUB_ACTION_PATH": str(folder),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(Path.cwd()),
                "PATH": path,
                "RUNNER_TEMP": str(temporary),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        log += done.stdout
        status = done.returncode
        if status:
            break
        path = os.pathsep.join([*reversed(files["GITHUB_PATH"].read_text().splitlines()), path])
        for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            values[f"steps.{step['id']}.outputs.{name}"] = value
    outputs = {name: fill_in(of["value"], values) for name, of in action["outputs"].items()}
    return Outcome(status, outputs, summary.read_text(encoding="utf-8"), log, path)


def fill_in(text: Any, values: Mapping[str, str]) -> str:
    """Text with the values of its expressions; one that has no value is empty."""
    return EXPRESSION.sub(lambda found: values.get(found[1], ""), str(text))
