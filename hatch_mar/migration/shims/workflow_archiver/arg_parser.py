from __future__ import annotations

from argparse import ArgumentParser


class ArgParser:
    @staticmethod
    def workflow_archiver_args_parser() -> ArgumentParser:
        command = ArgumentParser(prog="torch-workflow-archiver")
        command.add_argument("--workflow-name", required=True)
        command.add_argument("--spec-file", required=True)
        command.add_argument("--handler")
        command.add_argument("--export-path")
        command.add_argument("-f", "--force", action="store_true")
        command.add_argument("--extra-files")
        return command
