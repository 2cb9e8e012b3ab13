"""The commands in a shell script, told without running it.

Enough of the Shell Command Language (POSIX.1-2017, XCU chapter 2) and of bash to follow what
scripts do before they call a tool: quoting, assignments, `cd`, branches. What only a running
shell could know is not guessed: it is carried along as unknown.
"""

from __future__ import annotations

from hatch_mar.shell.commands import commands
from hatch_mar.shell.expansion import Command, Text
from hatch_mar.shell.files import commands_in_file
from hatch_mar.shell.tokens import ScriptError

__all__ = ["Command", "ScriptError", "Text", "commands", "commands_in_file"]
