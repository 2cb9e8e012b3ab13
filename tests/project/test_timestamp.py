from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.errors import ConfigError
from hatch_mar.project.timestamp import build_instant


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


class TestSourceDateEpoch:
    def test_unset(self):
        """Without `SOURCE_DATE_EPOCH`, archives have the date of hatchling's wheels."""
        assert utc(2020, 2, 2) == build_instant(environ={})

    def test_environment(self, monkeypatch: pytest.MonkeyPatch):
        """`SOURCE_DATE_EPOCH` is read at the time of the call."""
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

        assert utc(2023, 11, 14, 22, 13, 20) == build_instant()

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("0", utc(1970, 1, 1)),
            ("-5", utc(1969, 12, 31, 23, 59, 55)),
            ("4500000000", utc(2112, 8, 7, 8, 0)),
            ("32536850400", utc(3001, 1, 19, 22, 0)),
            ("253402300799", utc(9999, 12, 31, 23, 59, 59)),
        ],
    )
    def test_beyond_a_zip(self, value: str, expected: datetime):
        """Dates beyond a zip's range work too, on any platform."""
        assert build_instant(environ={"SOURCE_DATE_EPOCH": value}) == expected

    @given(st.integers(0, 253402300799))
    def test_any(self, seconds: int):
        """`SOURCE_DATE_EPOCH` counts seconds since 1970 in UTC."""
        instant = build_instant(environ={"SOURCE_DATE_EPOCH": str(seconds)})

        assert seconds == instant.timestamp()
        assert timezone.utc == instant.tzinfo

    @pytest.mark.parametrize(
        "value", ["", "abc", "1e9", "1.5", "0x10", "1_000", "253402300800", "9" * 25, "9" * 5000]
    )
    def test_malformed(self, value: str):
        """A value that is not a number of seconds is an error."""
        with pytest.raises(ConfigError) as error:
            build_instant(environ={"SOURCE_DATE_EPOCH": value})

        expected = (
            "Environment variable `SOURCE_DATE_EPOCH` must be a whole number of seconds"
            f" since 1970-01-01, up to the year 9999: `{value}`"
        )
        assert str(error.value) == expected


class TestNotReproducible:
    def test_now(self):
        """A project that is not reproducible uses the current time, whatever the environment says."""
        before = datetime.now(timezone.utc)
        instant = build_instant(reproducible=False, environ={"SOURCE_DATE_EPOCH": "abc"})

        assert before <= instant <= datetime.now(timezone.utc)
