"""`hatch-mar init`: a repository's first `[tool.mar]`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_option
from hatch_mar.cli._question import choose_by
from hatch_mar.cli._refusals import find_refusals
from hatch_mar.errors import ConfigError
from hatch_mar.output import explain, remark, show
from hatch_mar.project.build_system import has_setup
from hatch_mar.project.config.models import PYPROJECT, TABLE
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.config.values import model_name
from hatch_mar.project.edit import add_table, will_make_archives
from hatch_mar.project.packaging_faults import find_packaging_faults
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.toml import table_at
from hatch_mar.proposal.annotated import format_proposal
from hatch_mar.proposal.assembly import TO_WRITE
from hatch_mar.proposal.proposal import Proposal, propose
from hatch_mar.proposal.repository import list_repository
from hatch_mar.text import count_of

NEW = f"make a `{PYPROJECT}` with `uv init --bare`"

DESCRIPTION = f"""Look at a repository and propose its [tool.mar]: an archive for each model, with the
handler, the model file, labels, configuration and requirements that belong to it. Weights are
recognised by their content, handlers by what TorchServe calls in them. None of the repository's
code runs.

The proposal is printed; --write adds it to {PYPROJECT}, and makes builds write the archives. If
several handlers or model files fit, you are asked which one; without a terminal, they are listed
and the exit status is 1.

If {PYPROJECT} already has a [tool.mar], it stays as it is, and the exit status is 0."""
EXAMPLE = "hatch-mar init --write && hatch build"


def parser() -> ArgumentParser:
    command = make_parser("init", DESCRIPTION, EXAMPLE)
    command.add_argument("--write", action="store_true", help=f"add the proposal to {PYPROJECT}")
    command.add_argument(
        "--yes", "-y", action="store_true", help="ask nothing, and take the first of several files"
    )
    add_project_option(command)
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    directory = Path(options.project)
    if not directory.is_dir():
        raise ConfigError(f"Not a directory: `{directory}`")
    project = PyProject(directory, new=True)
    path = project.root / PYPROJECT
    if "mar" in table_at(project.pyproject, "tool"):
        note = f"`{path}` has `[{TABLE}]` already, which stays as it is; remove it to have one proposed"
        return report(options, {}, "", [note])
    is_missing = not path.exists() and not has_setup(project.root)
    if is_missing and options.write:
        raise ConfigError(f"File not found: `{path}`; {NEW}")

    proposal = find_proposal(project, options)
    obstacles = [*find_packaging_faults(project)] if will_make_archives(project, adopt=True) else []
    refusals = [*list_refusals(proposal, project)]
    notes = [*proposal.notes, *obstacles, *refusals]
    changes: list[str] = []
    text = format_proposal(proposal)
    if options.write:
        is_buildable = not refusals and not (obstacles and will_make_archives(project))
        try:
            changes = add_table(project, text, adopt=not obstacles, buildable=is_buildable)
        except ConfigError:
            if not options.json:
                show(*text.splitlines())  # to be pasted by hand
            raise
    else:
        wanted = f"; {NEW} first" if is_missing else ""
        notes.append(f"nothing is written yet; `--write` adds this to `{path}`{wanted}")
    return report(options, proposal.to_table(), text, notes, changes)


def report(
    options: Namespace,
    table: Mapping[str, object],
    text: str,
    notes: Sequence[str],
    changes: Sequence[str] = (),
) -> int:
    """Print a table, of which `text` is the TOML, or what has changed instead; the exit status."""
    if options.json:
        print_json({"table": table, "notes": notes, "changes": changes})
    else:
        show(*changes or text.splitlines(), flush=True)
        remark(*(f"Note: {note}" for note in notes))
    return 0


def find_proposal(project: PyProject, options: Namespace) -> Proposal:
    """What the project could declare.

    Raises:
        ConfigError: there is nothing to propose, or several files may be meant and nobody can be asked.
    """
    repository = list_repository(project.root, (project.build_directory,))
    explain(f"Looking at {count_of(len(repository.files), 'file')} below `{project.root}`")
    proposal = propose(
        repository,
        choose_by(takes_first=options.yes),
        project_name=name_of(project),
        has_version=may_have_version(project),
        dependencies=static_dependencies(project),
    )
    if not proposal.to_table():
        raise ConfigError(
            f"No weights found in `{project.root}`, so there is nothing to pack", *proposal.notes
        )
    return proposal


def name_of(project: PyProject) -> str | None:
    """The project's name if a model can have it, as far as it stands in `pyproject.toml`."""
    name = project.project.get("name")
    try:
        return None if name is None or model_name(name)[0].isdigit() else name
    except ValueError:
        return None


def may_have_version(project: PyProject) -> bool:
    """Whether the project's version is there, or is for its build backend to tell."""
    if project.project:
        return "version" in project.project or project.leaves_to_backend("version")
    return "build-system" in project.pyproject or has_setup(project.root)


def static_dependencies(project: PyProject) -> Sequence[str]:
    """The project's dependencies, as far as they stand in `pyproject.toml`."""
    is_static = "name" in project.project and not project.leaves_to_backend("dependencies")
    return project.dependencies() if is_static else ()


def list_refusals(proposal: Proposal, project: PyProject) -> Iterator[str]:
    """Why a build would write none of the archives, unless that has been told."""
    configs = parse_table(
        proposal.to_table(),
        name=lambda: name_of(project) or "model",
        version=lambda: str(project.project.get("version", "0")),
    )
    is_written = (project.root / TO_WRITE).exists()
    written = [config for config in configs if is_written or config.handler != TO_WRITE]
    yield from find_refusals(written, project.root, project)
