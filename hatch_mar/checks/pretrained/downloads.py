"""What is downloaded when the model is loaded, or with a request."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.pretrained.libraries import (
    CACHES,
    FLAGGED,
    FLAGS,
    SETTERS,
    UNFLAGGED,
    WEIGHTS,
    Downloader,
    find_downloader,
)
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.known_values import Reference, Value
from hatch_mar.pysource.rehearsal.paths import member_name
from hatch_mar.text import quote

DOWNLOAD = Rule(
    code="MAR257",
    severity="warning",
    title="The handler downloads what it loads",
    consequence="without access to the internet, or while the host is down, no worker can load the model",
    fix="pack it and load it from the model's directory, or ignore this if the server's image has it",
)
LOCAL = "local-dir:"
"""What goes before a path for timm."""
PIPELINE = "transformers.pipeline"


def check_call(subject: Subject, call: Call, made: Made) -> Iterator[Finding]:
    if what := find_download(subject, call, made):
        place = subject.place(call.module.member, call.line)
        yield DOWNLOAD.at(place, f"`{shorten_name(call.name)}` downloads {what}")


def find_download(subject: Subject, call: Call, made: Made) -> str | None:
    """What a call downloads, as far as that is certain."""
    if call.name == PIPELINE and (task := find_task(call)):
        return f"the usual model of {quote(task)}"
    if asks_for_weights(call):
        return "the weights of the model"
    downloader = find_downloader(call.name)
    name = find_name(call, downloader) if downloader else None
    return quote(name) if name and not is_there(subject, name, made) else None


def find_task(call: Call) -> str | None:
    """The task of a pipeline for which no model is named."""
    task = call.argument(0, "task")
    is_alone = len(call.args) < 2 and call.keywords.get("model") is None
    return task if is_alone and isinstance(task, str) else None


def asks_for_weights(call: Call) -> bool:
    """Whether an argument of a function that makes a model asks for weights, too."""
    if any(keyword in call.keywords for keyword in UNFLAGGED) or str(call.argument(0)).startswith(LOCAL):
        return False
    for start, position in FLAGGED.items():
        if call.name.startswith(start):
            values = [call.keywords.get(flag) for flag in FLAGS]
            return any(map(is_weights, values)) or call.argument(position) is True
    return False


def is_weights(value: Value) -> bool:
    if isinstance(value, Reference):
        return re.fullmatch(WEIGHTS, value.name) is not None
    return value is True or (isinstance(value, str) and value != "")


def find_name(call: Call, downloader: Downloader) -> str | None:
    """What a function is told to download, unless it is told to look elsewhere, too."""
    if any(call.keywords.get(keyword) not in (None, False) for keyword in downloader.unless):
        return None
    name = call.argument(downloader.position, downloader.keyword)
    return name if isinstance(name, str) and re.fullmatch(downloader.names, name) else None


def is_there(subject: Subject, name: str, made: Made) -> bool:
    """Whether a name may be that of a file or a folder, in the model's directory or in the project."""
    if "://" in name:
        return False
    member = member_name(name)
    if member is None or member in subject.members or member in subject.folders:
        return True
    on_disk = subject.root is not None and (subject.root / name).exists()
    return on_disk or subject.may_grow or made.may_have(name)


def are_kept(subject: Subject) -> bool:
    """Whether code says where downloads are kept, which may be in the archive, or that there are none."""
    calls = [event for event in subject.rehearsal if isinstance(event, Call)]
    if any(call.name in SETTERS for call in calls):
        return True
    trees = {call.module.member.name: call.module.tree for call in calls}
    nodes = (node for tree in trees.values() if tree for node in ast.walk(tree))
    return any(isinstance(node, ast.Constant) and node.value in CACHES for node in nodes)


def shorten_name(name: str) -> str:
    """The name of a function as people say it: `AutoModel.from_pretrained`, but `torch.hub.load`."""
    parts = name.split(".")
    return ".".join(parts[-2:]) if parts[-1] == "from_pretrained" else name
