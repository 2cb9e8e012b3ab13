"""The one instant that a build writes into its archives."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from hatch_mar.errors import ConfigError

HATCHLING_DEFAULT = 1580601600
"""2020-02-02: what hatchling stamps on the wheel beside the archive."""


def build_instant(*, reproducible: bool = True, environ: Mapping[str, str] = os.environ) -> datetime:
    """The instant of this build, in UTC.

    `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch/: seconds
    since 1970, malformed values fail the build) or hatchling's constant; the time of day
    only where the project says `reproducible = false`.

    Raises:
        ConfigError: `SOURCE_DATE_EPOCH` is not a number of seconds that a date can hold.
    """
    if not reproducible:
        return datetime.now(timezone.utc)
    value = environ.get("SOURCE_DATE_EPOCH", str(HATCHLING_DEFAULT))
    try:
        if not re.fullmatch("-?[0-9]+", value):
            raise ValueError(value)
        # not `fromtimestamp`, which knows fewer years on Windows
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=int(value))
    except (ValueError, OverflowError):
        message = (
            "Environment variable `SOURCE_DATE_EPOCH` must be a whole number of seconds"
            f" since 1970-01-01, up to the year 9999: `{value}`"
        )
        raise ConfigError(message) from None
