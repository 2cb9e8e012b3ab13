from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser

from hatch_mar.cli import COMMANDS
from parts.commands import describe_command, describe_commands, list_commands


def test_list_commands():
    """The table has every command, with a link to its section."""
    sections = describe_commands()

    for name in COMMANDS:
        assert f"| [`hatch-mar {name}`](#hatch-mar-{name}) | " in list_commands()
        assert f"## hatch-mar {name}\n" in sections


def test_describe_command():
    """A section shows how a command is called, what its options mean, and an example."""
    parser = ArgumentParser(
        prog="hatch-mar pack", description="Pack [things].", epilog="example:\n  hatch-mar pack a"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to pack")
    parser.add_argument("--hidden", help=SUPPRESS)
    parser.add_argument(
        "-m", "--pack-mode", choices=["one", "two"], default="one", help="how (default: %(default)s)"
    )
    parser.add_argument("--to", required=True, metavar="DIR", help="where")
    parser.add_argument_group("more options").add_argument("--dry", action="store_true", help="write nothing")

    assert describe_command("pack", parser).split("\n\n") == [
        "## hatch-mar pack",
        r"Pack \[things\].",
        "```text\nhatch-mar pack [OPTIONS] [NAME ...]\n```",
        "| Argument | Meaning |\n| --- | --- |\n| `NAME` | What to pack. |",
        (
            "| Option | Meaning |\n| --- | --- |\n"
            "| `-m`, `--pack-mode MODE` | How (default: one). One of `one`, `two`. |\n"
            "| `--to DIR` | Where. Required. |"
        ),
        "More options:",
        "| Option | Meaning |\n| --- | --- |\n| `--dry` | Write nothing. |",
        "For example:",
        "```text\nhatch-mar pack a\n```",
    ]
