"""Documents with generated sections: what stands between `<!-- generated: NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

SECTION = re.compile(r"^<!-- generated: (?P<name>[^>\n]+) -->\n(?P<text>.*?)^<!-- end -->$", re.M | re.S)


def fill(document: str, sections: Mapping[str, Callable[[], str]]) -> str:
    """A document with its sections as they should be.

    Raises:
        KeyError: a section has a name that none of `sections` has.
    """
    return SECTION.sub(lambda found: write_section(found["name"], sections[found["name"]]()), document)


def write_section(name: str, text: str) -> str:
    return f"<!-- generated: {name} -->\n\n{text}\n\n<!-- end -->"
