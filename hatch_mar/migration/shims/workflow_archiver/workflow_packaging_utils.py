from __future__ import annotations

import json
import os
import time
from typing import Any

from .version import __version__


class WorkflowExportUtils:
    @staticmethod
    def generate_manifest_json(args: Any) -> str:
        """The manifest as a program sees it, and may change it, before `package_workflow`."""
        manifest = {
            "createdOn": time.strftime("%d/%m/%Y %H:%M:%S"),
            "workflow": {
                "workflowName": args.workflow_name,
                "specFile": os.path.basename(args.spec_file),
                "handler": os.path.basename(args.handler or ""),
            },
            "archiverVersion": __version__,
        }
        return json.dumps(manifest, indent=2)
