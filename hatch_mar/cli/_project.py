"""The options of commands that read a project."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable
from pathlib import Path

from hatch_mar.output import explain
from hatch_mar.project.pyproject import PyProject


def add_project_option(command: ArgumentParser, project: str = "the project") -> None:
    """Add `--project`; `project` says in the help what the project is for."""
    command.add_argument("--project", default=".", metavar="DIR", help=f"{project} (default: here)")


def add_project_options(command: ArgumentParser, project: str = "the project") -> None:
    """Add `--project`, and how its build backend is asked."""
    add_project_option(command, project)
    command.add_argument(
        "--isolation",
        action=BooleanOptionalAction,
        help="if the build backend has to be asked, for dynamic metadata, ask it in an isolated environment"
        " or in this one (default: in this one if it has all that the backend requires)",
    )


def open_project(options: Namespace, tell: Callable[[str], object] = explain) -> PyProject:
    """The project of the options; `tell` is given a line before its build backend is called."""
    return PyProject(Path(options.project), isolation=options.isolation, tell=tell)
