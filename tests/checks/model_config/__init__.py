"""What the checks of the model configuration find in archives that differ by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hatch_mar.checks.model_config import check
from tests.checks import found as found_by

FILE = "digits.mar/c.yaml"
HANDLER = "def handle(data, context): ...\n"


def found(
    config: str | bytes | None,
    handler: str = "h.py",
    files: Mapping[str, str | bytes] = {},
    source: str = HANDLER,
    **keys: Any,
) -> list[str]:
    """What is found in a configuration, beside which there may be more files."""
    members: dict[str, str | bytes] = {"h.py": source} if handler == "h.py" else {}
    members |= files
    if config is not None:
        members["c.yaml"] = config
        keys["config_file"] = "c.yaml"
    return found_by(check, members, handler, **keys)
