"""The decorator that profiles a handler's steps, after ts/handler_utils/timer.py; it times nothing."""

from collections.abc import Callable
from typing import Any


def timed(func: Callable[..., Any]) -> Callable[..., Any]:
    return func
