"""The escape codes of terminals, which no other module knows, and who gets them."""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

Style = Literal["error", "warning", "note", "strong", "faint", "passed"]

CODES: dict[Style, str] = {
    "error": "1;31",  # bold red
    "warning": "1;33",  # bold yellow
    "note": "1;36",  # bold cyan
    "strong": "1",
    "faint": "2",
    "passed": "32",  # green
}
"""The colours that every terminal lets its user choose, so that they can be read on any background."""

CLEAR_LINE = "\r\x1b[K"


def paint(text: str, style: Style) -> str:
    return f"\x1b[{CODES[style]}m{text}\x1b[0m"


def takes_colours(stream: TextIO) -> bool:
    """Whether what is written to a stream may be coloured (https://no-color.org, https://force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or takes_codes(stream)


def takes_codes(stream: TextIO) -> bool:
    """Whether a stream is a terminal that understands escape codes."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and enable_codes(stream)


def enable_codes(stream: TextIO) -> bool:
    """Have Windows' console interpret escape codes, which it does only if asked; whether it does."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt

    enable_virtual_terminal_processing = 4  # docs of SetConsoleMode
    console = ctypes.windll.kernel32
    handle = msvcrt.get_osfhandle(stream.fileno())
    mode = ctypes.c_ulong()
    if not console.GetConsoleMode(handle, ctypes.byref(mode)):
        return "MSYSTEM" in os.environ  # a terminal of MSYS2, such as Git's, is no console of Windows
    return bool(console.SetConsoleMode(handle, mode.value | enable_virtual_terminal_processing))
