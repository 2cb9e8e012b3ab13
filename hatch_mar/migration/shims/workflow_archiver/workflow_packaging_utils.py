from __future__ import annotations

from typing import Any

from .manifest_components.manifest import Manifest
from .manifest_components.workflow import Workflow


class WorkflowExportUtils:
    @staticmethod
    def generate_workflow(workflow_args: Any) -> Workflow:
        return Workflow(workflow_args.workflow_name, workflow_args.spec_file, workflow_args.handler)

    @staticmethod
    def generate_manifest_json(args: Any) -> str:
        """The manifest as a program sees it, and may change it, before `package_workflow`."""
        return str(Manifest(WorkflowExportUtils.generate_workflow(args)))
