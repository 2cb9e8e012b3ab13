"""What `--json` prints: one document for programs.

Standard output is that document, with all that the command found or did, or it is empty because a fault
left nothing to tell. Warnings, faults and progress are lines on standard error.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from hatch_mar.archive.packager.pack import Artifact
from hatch_mar.output import show
from hatch_mar.project.config.models import ArchiveConfig, Config


def add_json_option(command: ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def print_json(document: Any) -> None:
    # DEL is the one character that cannot be printed and that JSON does not escape
    text = json.dumps(document, indent=2).replace("\x7f", "\\u007f")
    show(*text.split("\n"), flush=True)


def describe(config: Config, artifact: Artifact) -> dict[str, Any]:
    """An archive that was built. Costs two reads of it, for the two digests."""
    return {
        "name": config.name,
        "version": config.version if isinstance(config, ArchiveConfig) else None,
        "path": str(artifact.path),
        "size": artifact.size,
        "sha256": artifact.sha256,
        "content_digest": artifact.content_digest,
        "unchanged": artifact.unchanged,
    }
