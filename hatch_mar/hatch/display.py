"""The way out for every line that the hook and the builder show.

hatchling prints what it is given, so that here, too, what others wrote is escaped (see `hatch_mar.output`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_mar.errors import HatchMarError, explain_system_errors
from hatch_mar.text import escape

if TYPE_CHECKING:
    from hatchling.bridge.app import Application


def inform(app: Application, line: str) -> None:
    app.display_info(escape(line))


def warn(app: Application, *lines: str) -> None:
    for line in lines:
        app.display_warning(escape(line))


@contextmanager
def abort_on_faults(app: Application) -> Iterator[None]:
    """End the build with an error's lines instead of a traceback."""
    try:
        with explain_system_errors():
            yield
    except HatchMarError as error:
        app.abort(str(error))
