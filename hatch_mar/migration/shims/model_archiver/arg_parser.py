from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import MISSING, fields

from .model_archiver_config import ModelArchiverConfig

SHORT = {"force": ["-f"], "version": ["-v"], "requirements_file": ["-r"], "config_file": ["-c"]}


class ArgParser:
    @staticmethod
    def export_model_args_parser() -> ModelArchiverConfig:
        """The configuration that the program's own arguments describe."""
        command = ArgumentParser(prog="torch-model-archiver")
        for field in fields(ModelArchiverConfig):
            names = [*SHORT.get(field.name, ()), f"--{field.name.replace('_', '-')}"]
            if field.name == "force":
                command.add_argument(*names, action="store_true")
            elif field.default is MISSING:
                command.add_argument(*names, required=True)
            else:
                command.add_argument(*names, default=field.default)
        return ModelArchiverConfig.from_args(command.parse_args())
