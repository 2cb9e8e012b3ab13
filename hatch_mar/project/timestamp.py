"""The date and time that a build writes into its archives."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from hatch_mar.errors import ConfigError

HATCHLING_DEFAULT = 1580601600
"""2020-02-02, the date that hatchling gives to wheels."""


def build_instant(*, reproducible: bool = True, environ: Mapping[str, str] = os.environ) -> datetime:
    """The date and time of this build, in UTC.

    `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch/: seconds
    since 1970, malformed values fail the build) or hatchling's constant; the current time
    if the project sets `reproducible = false`.

    Raises:
        ConfigError: `SOURCE_DATE_EPOCH` is not a whole number of seconds before the year 10000.
    """
    if not reproducible:
        return datetime.now(timezone.utc)
    value = environ.get("SOURCE_DATE_EPOCH", str(HATCHLING_DEFAULT))
    try:
        if not re.fullmatch("-?[0-9]+", value):
            raise ValueError(value)
        # not `fromtimestamp`, which supports fewer years on Windows
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=int(value))
    except (ValueError, OverflowError):
        message = (
            "Environment variable `SOURCE_DATE_EPOCH` must be a whole number of seconds"
            f" since 1970-01-01, up to the year 9999: `{value}`"
        )
        raise ConfigError(message) from None
