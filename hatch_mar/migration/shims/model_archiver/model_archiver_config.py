from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass, fields


@dataclass
class ModelArchiverConfig:
    """The options of torch-model-archiver."""

    model_name: str
    handler: str
    version: str
    serialized_file: str | None = None
    model_file: str | None = None
    extra_files: str | None = None
    runtime: str = "python"
    export_path: str = os.getcwd()
    archive_format: str = "default"
    force: bool = False
    requirements_file: str | None = None
    config_file: str | None = None

    @classmethod
    def from_args(cls, args: Namespace) -> ModelArchiverConfig:
        return cls(**{field.name: getattr(args, field.name) for field in fields(cls)})
