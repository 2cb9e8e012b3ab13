from __future__ import annotations

import json
import os


class Workflow:
    """`workflow` in the manifest."""

    def __init__(self, workflow_name: str, spec_file: str, handler: str | None) -> None:
        self.workflow_dict = {
            "workflowName": workflow_name,
            "specFile": os.path.basename(spec_file),
            "handler": os.path.basename(handler or ""),
        }

    def __str__(self) -> str:
        return json.dumps(self.workflow_dict)
