from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import MISSING, fields

from .model_archiver_config import ModelArchiverConfig

SHORT = {"force": ["-f"], "version": ["-v"], "requirements_file": ["-r"], "config_file": ["-c"]}


class ArgParser:
    @staticmethod
    def export_model_args_parser() -> ModelArchiverConfig:
        """The configuration that the program's own arguments describe."""
        parser = ArgumentParser(prog="torch-model-archiver")
        for field in fields(ModelArchiverConfig):
            names = [f"--{field.name.replace('_', '-')}", *SHORT.get(field.name, [])]
            if field.name == "force":
                parser.add_argument(*names, action="store_true")
            else:
                parser.add_argument(*names, default=field.default, required=field.default is MISSING)
        return ModelArchiverConfig.from_args(parser.parse_args())
