from __future__ import annotations

import json
from datetime import datetime

from ..version import __version__
from .workflow import Workflow


class Manifest:
    """The manifest, for a program to look at."""

    def __init__(self, workflow: Workflow) -> None:
        self.manifest_dict = {
            "createdOn": datetime.now().strftime("%d/%m/%Y %H:%M:%S"),
            "workflow": workflow.workflow_dict,
            "archiverVersion": __version__,
        }

    def __str__(self) -> str:
        return json.dumps(self.manifest_dict, indent=2)
