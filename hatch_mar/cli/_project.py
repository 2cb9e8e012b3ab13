"""The options of commands that read a project."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from hatch_mar.project.pyproject import PyProject


def add_project_options(command: ArgumentParser, project: str = "the project") -> None:
    """Add the options; `project` says in the help what the project is for."""
    command.add_argument("--project", default=".", metavar="DIR", help=f"{project} (default: here)")


def open_project(options: Namespace) -> PyProject:
    return PyProject(Path(options.project))
