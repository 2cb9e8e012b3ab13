"""How much is inflated of one archive, by all who read its members."""

from __future__ import annotations

from hatch_mar.archive.formats.unpacking import LONGEST_INFLATION, bomb_error, explain_stop

PASSES = 30
"""How often the bytes of a file may be inflated again, in files that are so large that it matters."""


class InflationLimit:
    """What may still be inflated of a file: it is read more than once, but not without end."""

    def __init__(self, file: object, packed: int) -> None:
        self.file = file
        self.left = LONGEST_INFLATION + PASSES * packed

    def spend(self, size: int) -> None:
        """Take `size` bytes of what is left.

        Raises:
            ReadError: it is used up.
        """
        self.left -= size
        if self.left < 0:
            with explain_stop(self.file):
                raise bomb_error()
