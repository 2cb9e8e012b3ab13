"""The commands and their options, from their parsers."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Iterator, Sequence
from textwrap import dedent

from hatch_mar.cli import COMMANDS, load_command
from parts.markdown import code, plain, sentence, table


def list_commands() -> str:
    rows = [
        (f"[`hatch-mar {name}`](#hatch-mar-{name})", plain(what[0].upper() + what[1:]))
        for name, what in COMMANDS.items()
    ]
    return table(("Command", "What it does"), rows)


def describe_commands() -> str:
    """A section for each command: its arguments and options, and an example."""
    return "\n\n".join(describe_command(name, load_command(name).parser()) for name in COMMANDS)


def describe_command(name: str, parser: ArgumentParser) -> str:
    groups = [(group.title or "", [*list_shown(group._group_actions)]) for group in parser._action_groups]
    arguments = [action for _, actions in groups for action in actions if not action.option_strings]
    usage = parser.usage or " ".join([f"hatch-mar {name} [OPTIONS]", *map(show_argument, arguments)])
    example = dedent((parser.epilog or "").partition("\n")[2])
    return "\n\n".join(
        [
            f"## hatch-mar {name}",
            plain(parser.description or ""),
            show_text(usage),
            *(describe_group(title, actions, parser) for title, actions in groups if actions),
            "For example:",
            show_text(example),
        ]
    )


def list_shown(actions: Sequence[Action]) -> Iterator[Action]:
    """Those that the help shows, but for `--help` itself."""
    for action in actions:
        if action.help != SUPPRESS and action.dest != "help":
            yield action


def describe_group(title: str, actions: list[Action], parser: ArgumentParser) -> str:
    first = {"positional arguments": "Argument", "options": "Option"}.get(title)
    rows = [(show_names(action), describe_action(action, parser)) for action in actions]
    if first:
        return table((first, "Meaning"), rows)
    return f"{sentence(title)[:-1]}:\n\n{table(('Option', 'Meaning'), rows)}"


def show_names(action: Action) -> str:
    """An option with its value, as it is typed, or the name of an argument."""
    if not action.option_strings:
        return f"`{name_value(action)}`"
    *short, long = action.option_strings
    return code(*short, long if action.nargs == 0 else f"{long} {name_value(action)}")


def show_argument(action: Action) -> str:
    """An argument in the usage of its command."""
    value = name_value(action)
    return {"*": f"[{value} ...]", "+": f"{value} [{value} ...]", "?": f"[{value}]"}.get(
        str(action.nargs), value
    )


def name_value(action: Action) -> str:
    """What stands for a value: what the help shows, or else the option's last word."""
    last = [action.dest, *action.option_strings][-1].rpartition("-")[2]
    return str(action.metavar or last.upper())


def describe_action(action: Action, parser: ArgumentParser) -> str:
    """What an option means, what it may be, and whether it must be given."""
    meaning = sentence(plain((action.help or "") % {**vars(action), "prog": parser.prog}))
    if action.choices:
        meaning += f" One of {code(*action.choices)}."
    if action.required and action.option_strings:
        meaning += " Required."
    return meaning


def show_text(text: str) -> str:
    return f"```text\n{text}\n```"
