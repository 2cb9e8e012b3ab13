from __future__ import annotations

import json
from datetime import datetime
from enum import Enum

from ..version import __version__
from .model import Model


class RuntimeType(Enum):
    PYTHON = "python"
    PYTHON3 = "python3"
    LSP = "LSP"


class Manifest:
    """The manifest, for a program to look at."""

    def __init__(self, runtime: str, model: Model) -> None:
        self.manifest_dict = {
            "createdOn": datetime.now().strftime("%d/%m/%Y %H:%M:%S"),
            "runtime": RuntimeType(runtime).value,
            "model": model.model_dict,
            "archiverVersion": __version__,
        }

    def __str__(self) -> str:
        return json.dumps(self.manifest_dict, indent=2)
