"""What `--json` prints: one document for programs.

Standard output is that document, with all that the command found or did, or it is empty because a fault
left nothing to tell. Warnings, faults and progress are lines on standard error.
"""

from __future__ import annotations

import json
from argparse import _ActionsContainer
from itertools import islice
from typing import TYPE_CHECKING, Any

from hatch_mar.output import show
from hatch_mar.project.config.models import ArchiveConfig, Config

if TYPE_CHECKING:
    from hatch_mar.archive.packager.artifact import Artifact

PIECES = 10_000
"""Parts of a document, such as a key or a number, that are text in memory."""


def add_json_option(command: _ActionsContainer) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def print_json(document: Any) -> None:
    pieces, rest = json.JSONEncoder(indent=2).iterencode(document), ""
    # some at a time: as text, the members of an archive take more memory than all that is known of them
    while some := "".join(islice(pieces, PIECES)):
        # DEL is the one character that cannot be printed and that JSON does not escape
        *lines, rest = (rest + some.replace("\x7f", "\\u007f")).split("\n")
        show(*lines)
    show(rest, flush=True)


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
