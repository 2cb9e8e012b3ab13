"""A command's argument parser."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter


def make_parser(command: str, description: str, example: str) -> ArgumentParser:
    return ArgumentParser(
        prog=f"hatch-mar {command}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=RawDescriptionHelpFormatter,
    )
