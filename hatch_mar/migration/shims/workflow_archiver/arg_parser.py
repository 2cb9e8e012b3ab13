from __future__ import annotations

from argparse import ArgumentParser

from hatch_mar_shim import parser_of


class ArgParser:
    @staticmethod
    def workflow_archiver_args_parser() -> ArgumentParser:
        required, optional = ("workflow_name", "spec_file"), ("handler", "export_path", "extra_files")
        parser: ArgumentParser = parser_of("torch-workflow-archiver", required, optional)
        return parser
