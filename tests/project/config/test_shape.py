from __future__ import annotations

import pytest

from hatch_mar.project.config.reading import string
from hatch_mar.project.config.shape import fits, has_none_of, lacks, restrict, shaped

word = restrict(
    string,
    "word",
    lacks(" ", "must not have spaces: `{}`"),
    has_none_of("-0-9", "must not have digits: `{}`"),
    fits("[a-z{}]+|A", "must be of small letters or `{x}`: `{}`"),
)


class TestShaped:
    def test_reader(self):
        """A reader reads as before, and says what it takes."""

        @shaped("boolean", {"type": "boolean"})
        def boolean(value: object) -> bool:
            return bool(value)

        assert boolean("yes") is True
        assert (boolean.kind, boolean.schema) == ("boolean", {"type": "boolean"})


class TestRestrict:
    @pytest.mark.parametrize("text", ["abc", "A", "{}"])
    def test_met(self, text: str):
        """A string that meets all demands is returned unchanged."""
        assert word(text) == text

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (1, "must be a string"),
            ("", "must not be empty"),
            ("a B", "must not have spaces: `a B`"),
            ("a1", "must not have digits: `a1`"),
            ("AB", "must be of small letters or `{x}`: `AB`"),
            ("a\n", "must be of small letters or `{x}`: `a\n`"),
        ],
    )
    def test_not_met(self, value: object, message: str):
        """The base's own message comes first, then that of the first demand that is not met."""
        with pytest.raises(ValueError) as error:  # noqa: PT011
            word(value)

        assert str(error.value) == message

    def test_schema(self):
        """The schema has what the base and each demand have."""
        shouted = restrict(word, "shout", fits(".*!", "must end in `!`: `{}`"))

        assert shouted.schema == {
            "type": "string",
            "pattern": r"\S",
            "allOf": [
                {"not": {"pattern": " "}},
                {"pattern": "^(?:[^-0-9]*)$"},
                {"pattern": "^(?:[a-z{}]+|A)$"},
                {"pattern": "^(?:.*!)$"},
            ],
        }
