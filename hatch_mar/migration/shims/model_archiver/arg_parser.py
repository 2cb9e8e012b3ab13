from __future__ import annotations

from dataclasses import MISSING, fields

from hatch_mar_shim import parser_of

from .model_archiver_config import ModelArchiverConfig


class ArgParser:
    @staticmethod
    def export_model_args_parser() -> ModelArchiverConfig:
        """The configuration that the program's own arguments describe."""
        defaults = {
            field.name: field.default for field in fields(ModelArchiverConfig) if field.name != "force"
        }
        required = [name for name, default in defaults.items() if default is MISSING]
        optional = [name for name, default in defaults.items() if default is not MISSING]
        parser = parser_of("torch-model-archiver", required, optional)
        parser.set_defaults(**{name: defaults[name] for name in optional})
        return ModelArchiverConfig.from_args(parser.parse_args())
