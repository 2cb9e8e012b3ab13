"""`hatch-mar completion`: a script that completes the command line in a shell."""

from __future__ import annotations

import re
import sys
from argparse import Action, ArgumentParser
from pathlib import Path

from hatch_mar.cli import COMMANDS, load_command
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.errors import ConfigError
from hatch_mar.output import write

SHELLS = ("bash", "zsh", "fish")

FIRST_OF_SEVERAL = re.compile(r'^  "\(\*\)::?', re.MULTILINE)
WITHOUT_VALUES = re.compile(r'^(  "\*:.*):"$', re.MULTILINE)
"""Arguments as shtab describes them to zsh's `_arguments`."""

DESCRIPTION = """Print a script that completes commands, options, files and the codes of checks. Needs shtab,
which `pip install 'hatch-mar[cli]'` installs. The script needs nothing else; print it again
after an update of hatch-mar."""
EXAMPLE = """hatch-mar completion bash > ~/.local/share/bash-completion/completions/hatch-mar
  hatch-mar completion zsh > ~/.zfunc/_hatch-mar       # a directory of your `fpath`
  hatch-mar completion fish > ~/.config/fish/completions/hatch-mar.fish"""


def parser() -> ArgumentParser:
    command = make_parser("completion", DESCRIPTION, EXAMPLE)
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    script = make_script(options.shell)
    if options.json:
        print_json({"shell": options.shell, "script": script})
    else:
        write(script, sys.stdout)  # all of it is ours, and an escaped tab would no longer be one
    return 0


def make_script(shell: str) -> str:
    """The script for a shell.

    Raises:
        ConfigError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise ConfigError("Completion needs shtab: pip install 'hatch-mar[cli]'") from None
    script = shtab.complete(make_whole_parser(), shell=shell)
    if shell == "zsh":
        script = complete_all_words(script)
    return f"{script.rstrip()}\n"


def complete_all_words(script: str) -> str:
    """shtab's script for zsh, which by itself completes one file of several, and no option of `build`."""
    script = FIRST_OF_SEVERAL.sub('  "*:', script)
    return WITHOUT_VALUES.sub(r'\1:( )"', script)


def make_whole_parser() -> ArgumentParser:
    """A parser of all commands, which knows what each of their arguments can be completed to."""
    whole = ArgumentParser("hatch-mar", description="TorchServe model archives, declared in pyproject.toml")
    whole.add_argument("-V", "--version", action="version", help="show the version of hatch-mar")
    commands = whole.add_subparsers()
    for name, what in COMMANDS.items():
        # a parser of its own would have no parent that its name begins with
        command = load_command(name).parser()
        for action in command._actions:
            describe_values(action)
        commands.add_parser(name, help=what, parents=[command], add_help=False)
    commands.add_parser("help", help="show a command's options").add_argument("command", choices=[*COMMANDS])
    return whole


def describe_values(action: Action) -> None:
    """Say what an argument can be completed to, by what it is called in the help."""
    import shtab

    if action.metavar == "DIR" or action.dest == "export_path":
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    elif action.type is Path or action.dest.endswith("_file") or takes_files(action):
        action.complete = shtab.FILE  # type: ignore[attr-defined]
    elif "CODE" in str(action.metavar):
        from hatch_mar.checks import rules

        action.choices = [rule.code for rule in rules()]


def takes_files(action: Action) -> bool:
    return "FILE" in str(action.metavar) or action.dest in ("extra_files", "handler")
