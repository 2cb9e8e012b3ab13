"""The options of `hatch publish -p mar`, all of which are strings: `-o to=staging -o replace=true`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import LAYOUTS
from hatch_mar.text import did_you_mean, quote_each

KNOWN = ("to", "layout", "replace")
OF_HATCH = ("no_prompt", "initialize_auth")
"""Flags that hatch gives to every publisher."""
BOOLEANS = {"true": True, "false": False}


class PublisherOptions(NamedTuple):
    """How archives are published, as `hatch-mar publish` has it on its command line."""

    to: str
    layout: str | None = None
    """None for the layout of the destination."""
    replace: bool = False

    @classmethod
    def read(cls, options: Mapping[str, object]) -> PublisherOptions:
        """
        Raises:
            ConfigError: with all that is wrong with the options.
        """
        given = {key: str(value) for key, value in options.items() if key not in OF_HATCH}
        if faults := [*find_faults(given)]:
            raise ConfigError(*faults)
        return cls(given["to"], given.get("layout"), BOOLEANS[given.get("replace", "false")])


def find_faults(given: Mapping[str, str]) -> Iterator[str]:
    for key in [key for key in given if key not in KNOWN]:
        advice = did_you_mean(key, KNOWN) or f"the options are {quote_each(KNOWN)}"
        yield f"Unknown option `{key}` for publisher `mar`; {advice}"
    if not given.get("to"):
        yield "Option `to` for publisher `mar` is required; name a directory, a URL or a destination"
    if (layout := given.get("layout", LAYOUTS[0])) not in LAYOUTS:
        advice = did_you_mean(layout, LAYOUTS) or f"the layouts are {quote_each(LAYOUTS)}"
        yield f"Unknown layout `{layout}` for publisher `mar`; {advice}"
    if given.get("replace", "false") not in BOOLEANS:
        yield "Option `replace` for publisher `mar` must be `true` or `false`"
