"""Where a file holds shell: a script from end to end, a Dockerfile in its RUN, YAML in its strings."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from hatch_mar.shell.commands import commands
from hatch_mar.shell.expansion import Command
from hatch_mar.shell.tokens import ScriptError

FLAGS = re.compile(r"(?:--[a-z]+=\S+\s+)*")


def commands_in_file(
    path: str, text: str, directory: str, known: Mapping[str, str], mark: str
) -> list[Command]:
    """The commands in a file, as if it were run in `directory`.

    Of a YAML file's strings, only those are sure to be scripts that hold `mark`.

    Raises:
        ScriptError: it is not what its name says.
    """
    name = posixpath.basename(path).lower()
    if name.endswith((".yml", ".yaml")):
        return list(commands_in_yaml(text, directory, known, mark))
    if "dockerfile" in name or "containerfile" in name:
        text = shell_of_dockerfile(text)
    return commands(text, directory, known=known, script=path)


def shell_of_dockerfile(text: str) -> str:
    """A shell script that does what a Dockerfile's instructions do, line by line.

    https://docs.docker.com/reference/dockerfile/: an instruction goes on after a backslash,
    comments in between are no part of it, and each RUN has a shell of its own.
    """
    found: list[str] = []
    instruction: list[str] = []
    for line in text.splitlines():
        comment = line.lstrip().startswith("#")
        instruction.append("\\" if comment and instruction else "" if comment else line)
        if not (instruction[-1].rstrip().endswith("\\")):
            found += shell_of_instruction(instruction)
            instruction = []
    return "\n".join(found + shell_of_instruction(instruction))


def shell_of_instruction(lines: list[str]) -> list[str]:
    """As many lines of shell as an instruction has."""
    if not lines:
        return []
    keyword, _, rest = lines[0].strip().partition(" ")
    match keyword.upper():
        case "RUN":
            shell = [exec_form(FLAGS.sub("", rest, count=1)), *lines[1:]]
            return ["( " + shell[0], *shell[1:-1], shell[-1] + " )"] if lines[1:] else [f"( {shell[0]} )"]
        case "ENV" | "ARG":
            name, _, value = rest.strip().partition(" ")
            old_form = value and "=" not in name
            return [f"export {name}={shlex.quote(value)}" if old_form else f"export {rest}", *lines[1:]]
        case "WORKDIR":
            return [f"cd {rest}", *lines[1:]]
    return [""] * len(lines)


def exec_form(text: str) -> str:
    """`["tool", "argument"]`, which runs without a shell, as a shell would have it."""
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return shlex.join(words) if isinstance(words, list) and all(isinstance(w, str) for w in words) else text


def commands_in_yaml(text: str, directory: str, known: Mapping[str, str], mark: str) -> Iterator[Command]:
    """The commands in every string of a YAML file, each a script of its own.

    `working-directory` is GitHub's (docs: "Workflow syntax for GitHub Actions"); in the files
    of others there is no such key.
    """
    import yaml

    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        scripts = [found for document in documents for found in strings(document, directory, directory)]
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        raise ScriptError(place.line + 1 if place else 1, "this is not YAML") from None
    for line, script, place in scripts:
        try:
            yield from commands(script, place, first_line=line, known=known)
        except ScriptError:
            if mark in script:
                raise


def strings(node: Any, base: str, directory: str) -> Iterator[tuple[int, str, str]]:
    """The strings below a node, each with its first line and the directory it would run in."""
    if node is None:
        return
    if isinstance(node.value, str):
        # the text of a block begins below its `|`
        yield node.start_mark.line + (2 if node.style in ("|", ">") else 1), node.value, directory
        return
    if node.id == "sequence":
        words = [item.value for item in node.value]
        if any(isinstance(word, str) and word.startswith("--") for word in words[1:]):
            # `args` of a container: the words of one command
            yield node.start_mark.line + 1, shlex.join(map(str, words)), directory
            return
        for item in node.value:
            yield from strings(item, base, directory)
        return
    place = working_directory(node)
    here = posixpath.normpath(posixpath.join(base, place)) if place else directory
    for _, value in node.value:
        yield from strings(value, base, here)


def working_directory(mapping: Any) -> str | None:
    """Where a step runs, or with `defaults: run: working-directory:` all steps of a job."""
    for key, value in mapping.value:
        if key.value == "working-directory" and isinstance(value.value, str):
            return value.value
        if key.value in ("defaults", "run") and value.id == "mapping":
            return working_directory(value)
    return None
