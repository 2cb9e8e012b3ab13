"""Finds a worker's error in TorchServe's log."""

from __future__ import annotations

import re
from dataclasses import replace

from hatch_mar.torchserve.handlers import HANDLERS_PACKAGE
from hatch_mar.trial.worker.error import FRAME, Frame, WorkerError

ERROR = re.compile(r"^(?P<type>(?:\w+\.)*\w+): (?P<message>.*)$|^(?P<bare>(?:\w+\.)*\w+)$")
MODULE = re.compile(r"(?:No module named|cannot import name .*? from) '(?P<name>[^']+)'")
TORCHSERVE = re.compile(r"[/\\]site-packages[/\\]ts[/\\]")
EXIT = re.compile(r"^[\w.-]+: error: ")
"""How argparse says why it ends the process, which leaves no traceback."""
LOGGED = re.compile(r"^.*? MODEL_LOG - (?P<text>.*)$")


def find_error(log: str) -> WorkerError | None:
    """The last exception that a worker logged, or the one before if the last one hides it."""
    lines = [found["text"] for line in log.splitlines() if (found := LOGGED.match(line))]
    errors: list[WorkerError] = []
    block: list[str] | None = None
    for line in lines:
        if line.startswith("Traceback (most recent call last)"):
            block = []
        elif block is not None and not line.startswith(" ") and (found := ERROR.match(line)):
            errors.append(parse_traceback(block, found))
            block = None
        elif block is not None:
            block.append(line)
    # the worker logs the cause and then raises an error of its own (model_service_worker.py,
    # `handle_connection`)
    while len(errors) > 1 and re.match(r"5\d\d - ", errors[-1].message):
        del errors[-1]
    if not errors:
        reason = next((line for line in reversed(lines) if EXIT.match(line)), None)
        return WorkerError("SystemExit", "2", printed=reason) if reason else None
    last = errors[-1]
    if len(errors) > 1 and last.message.startswith(f"No module named '{HANDLERS_PACKAGE}."):
        real = errors[-2]
        return replace(real, masked=last.message)
    return last


def parse_traceback(block: list[str], error: re.Match[str]) -> WorkerError:
    frames, by_torchserve = [], False
    for line in block:
        found = FRAME.match(line)
        if found:
            by_torchserve = bool(TORCHSERVE.search(found["file"]))
        # <temporary directory>/models/<id>/<file> (ZipUtils.java)
        if found and (parts := re.search(r"[/\\]models[/\\]\w+[/\\](.+)$", found["file"])):
            frames.append(Frame(parts[1].replace("\\", "/"), int(found["line"])))
    message = error["message"] or ""
    module = MODULE.search(message)
    kind = (error["type"] or error["bare"]).rpartition(".")[2]
    name = module["name"] if module else None
    return WorkerError(kind, message, tuple(frames), name, by_torchserve=by_torchserve)
