from __future__ import annotations

import re

import pytest

from hatch_mar.project.config.reading import string
from hatch_mar.project.config.shape import free_of, restrict, shaped

unspaced = restrict(string, "word", "[^ ]+", "must not have spaces: `{}`")
word = restrict(unspaced, "word", "[a-z{}]+|A", "must be of small letters or `{x}`: `{}`")


class TestShapedReader:
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
        """A string that matches is returned unchanged."""
        assert word(text) == text

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (1, "must be a string"),
            ("", "must not be empty"),
            ("a B", "must not have spaces: `a B`"),
            ("AB", "must be of small letters or `{x}`: `AB`"),
            ("a\n", "must be of small letters or `{x}`: `a\n`"),
        ],
    )
    def test_not_met(self, value: object, message: str):
        """The base's own messages come first."""
        with pytest.raises(ValueError) as error:  # noqa: PT011
            word(value)

        assert str(error.value) == message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("mar203", "must be a code: `mar203`; did you mean `MAR203`?"),
            ("mar", "must be a code: `mar`"),
            ("mar20\u0131", "must be a code: `mar20\u0131`"),
        ],
    )
    def test_capitals(self, text: str, message: str):
        """Whoever forgot capitals is asked whether they were meant."""
        code = restrict(string, "code", "MAR[0-9I]{3}", "must be a code: `{}`")
        with pytest.raises(ValueError) as error:  # noqa: PT011
            code(text)

        assert str(error.value) == message

    def test_one_way(self):
        """A pattern without alternatives stands as it is."""
        assert unspaced.schema == {"type": "string", "pattern": "^[^ ]+$"}

    def test_schema(self):
        """The schema has one pattern, of whole strings."""
        assert word.schema == {"type": "string", "pattern": "^(?:[a-z{}]+|A)$"}
        assert word.kind == "word"


@pytest.mark.parametrize(
    ("text", "free"),
    [("a", True), ("  a b ", True), ("", False), ("  ", False), ("a:b", False), (":", False), (" a\n", True)],
)
def test_free_of(text: str, free: bool):
    """There is none of the characters, but another one than a space."""
    assert bool(re.fullmatch(free_of(":/"), text)) is free


def test_linear():
    """A long text takes no longer than it takes to read."""
    assert not re.fullmatch(free_of(":"), " " * 200_000 + "a" * 200_000 + ":")
