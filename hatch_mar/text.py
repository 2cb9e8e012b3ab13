"""Values as people read them on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def shown(value: Any) -> str:
    """Text of an archive on a terminal, which it must not control."""
    text = value if isinstance(value, str) else str(value)
    return text if text.isprintable() else repr(text)


def shorten(text: str, length: int = 40) -> str:
    """Text in one line of at most so many characters."""
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= length else text[: length - 1] + "…"


def size(count: int) -> str:
    """Bytes, as people read them."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A question that names the known word most like this one; empty where none is like it."""
    import difflib

    plain = {each.replace("_", "-").lower(): each for each in known}
    close = difflib.get_close_matches(word.replace("_", "-").lower(), plain, n=1, cutoff=cutoff)
    return f"did you mean `{plain[close[0]]}`?" if close else ""


def name_of_status(status: int) -> str:
    """A process's exit status, or the name of the signal that ended it."""
    if status >= 0:
        return f"exit status {status}"
    import signal

    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
