"""`python docs/generate.py`: writes the parts of the documents that follow from the code.

They are the sections between `<!-- generated: NAME -->` and `<!-- end -->`, in the README and in any page,
the page of each check, and the JSON Schemas that the site serves. With `--check` nothing is written: what
differs is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hatch_mar.project.config.json_schema import make_schema, make_whole_schema
from parts import benchmarks, checks, commands, documents, frontends, keys

ROOT = Path(__file__).parents[1]

SECTIONS: Mapping[str, Callable[[], str]] = {
    "benchmarks": benchmarks.show_results,
    "archiver keys": keys.list_archiver_keys,
    "keys": keys.describe_archive_keys,
    "project keys": keys.describe_project_keys,
    "example keys": keys.list_example_keys,
    "remote file keys": keys.list_remote_file_keys,
    "destination keys": keys.list_destination_keys,
    "deploy keys": keys.list_deploy_keys,
    "workflow keys": keys.list_workflow_keys,
    "commands": commands.list_commands,
    "options": commands.describe_commands,
    "frontends": frontends.list_frontends,
    "ignorable checks": checks.list_ignorable,
    "checks": checks.list_checks,
    "project of the examples": checks.show_project,
}

SCHEMAS = {"mar.schema.json": make_schema, "pyproject.schema.json": make_whole_schema}
"""What makes the files that editors take from the site."""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, and fail if anything would change"
    )
    options = parser.parse_args(arguments)
    changes = dict(find_changes(root))
    for path, text in changes.items():
        print(path.relative_to(root).as_posix())
        if options.check:
            continue
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    if changes and options.check:
        print("`python docs/generate.py` writes them", file=sys.stderr)
        return 1
    return 0


def find_changes(root: Path) -> Iterator[tuple[Path, str | None]]:
    """The files that must change, each with what belongs in it, or nothing if it must go."""
    pages = root / "docs" / "reference" / "checks"
    right: dict[Path, str | None] = {pages / name: text for name, text in checks.write_pages().items()}
    for name, make in SCHEMAS.items():
        right[root / "docs" / name] = json.dumps(make(), indent=2) + "\n"
    for path in (root / "README.md", *sorted((root / "docs").rglob("*.md"))):
        if path.parent == pages and path.name.startswith("MAR"):
            right.setdefault(path, None)
        else:
            right[path] = documents.fill(read(path), SECTIONS)
    for path, text in right.items():
        if text != (read(path) if path.exists() else None):
            yield path, text


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
