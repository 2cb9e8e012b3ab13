"""Names, numbers and lists, formatted for people."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.text import (
    LINE_END,
    count_of,
    escape,
    first_messages,
    format_seconds,
    format_size,
    join_steps,
    line_at,
    name_of_status,
    numbered_lines,
    quote,
    quote_each,
    quote_some,
    shorten,
    truncate,
)
from tests.archives import needs_posix


class TestEscape:
    @given(st.text(st.characters(codec=None)))
    def test_any(self, text: str) -> None:
        """Whatever a name holds, it cannot control a terminal, and what can be shown stays."""
        assert escape(text).isprintable()
        if text.isprintable() and not re.match(r" *::", text):
            assert escape(text) == text

    def test_control(self) -> None:
        assert escape("é\n\x1b[2J\udc80") == r"é\n\x1b[2J\udc80"

    @pytest.mark.parametrize(
        "character", "\x00\x1b\x7f\x85\xa0\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff"
    )
    def test_invisible(self, character: str) -> None:
        """Nor can it end the line, or turn or hide what follows in it."""
        assert escape(f"a{character}b").isascii()

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("::add-mask::x", r"\u003a:add-mask::x"),
            ("  ::error::x", r"  \u003a:error::x"),
            ("a ##[error]x", r"a \u0023#[error]x"),
            ("##vso[task.complete]", r"\u0023#vso[task.complete]"),
            ("\r::x", r"\r::x"),
        ],
    )
    def test_commands(self, text: str, expected: str) -> None:
        """A line is no command to the service that runs a build, and is the same if it is escaped again."""
        assert escape(text) == expected
        assert escape(expected) == expected

    @pytest.mark.parametrize("text", ["std::vector", "a ::b", "# a [b]", "## Title", ":x"])
    def test_no_commands(self, text: str) -> None:
        """What only looks like one stays."""
        assert escape(text) == text

    def test_value(self) -> None:
        """Anything with a text may be escaped."""
        assert escape(PurePosixPath("a\nb")) == r"a\nb"


class TestQuote:
    def test_one_line(self) -> None:
        """A name from a file stays in its line, and short."""
        assert quote("a\nb\x1b") == r"`a\nb\x1b`"
        assert len(quote("x" * 1000)) == 202


class TestShorten:
    def test_spaces(self) -> None:
        assert shorten("a\n  b") == "a b"

    @given(st.text(), st.integers(1, 50))
    def test_length(self, text: str, length: int) -> None:
        assert len(shorten(text, length)) <= length


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "`a0`"), (5, "`a0`, `a1`, `a2`, `a3`, `a4`"), (7, "`a0`, `a1`, `a2`, `a3`, `a4` and 2 more")],
)
def test_quote_some(count: int, expected: str) -> None:
    assert quote_some([f"a{number}" for number in range(count)]) == expected


def test_quote_each() -> None:
    """Each name is in backticks."""
    assert quote_each(["a", "b"]) == "`a`, `b`"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(["add a"], "add a"), (["add a", "set b"], "add a, and set b"), (["1", "2", "3"], "1, 2, and 3")],
)
def test_join_steps(steps: list[str], expected: str) -> None:
    """However many there are, they are part of one sentence."""
    assert join_steps(steps) == expected


class TestTruncate:
    @pytest.mark.parametrize(("text", "expected"), [("abc", "abc"), ("abcd", "ab…"), ("a  b", "a …")])
    def test_length(self, text: str, expected: str) -> None:
        """Text is never longer than it may be, and keeps its spaces."""
        assert truncate(text, 3) == expected


class TestCountOf:
    def test_plural(self) -> None:
        assert [count_of(number, "byte") for number in (0, 1, 2)] == ["0 bytes", "1 byte", "2 bytes"]


class TestFirstMessages:
    def test_distinct(self) -> None:
        assert first_messages(["a", "b", "a"]) == ("a", "b")

    def test_many(self) -> None:
        """Of a hundred, twenty are shown, and how many others there are."""
        found = first_messages(str(number) for number in range(100))

        assert found == (*(str(number) for number in range(20)), "and 80 more")


class TestFormatSize:
    @pytest.mark.parametrize(
        ("count", "expected"),
        [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (3 << 20, "3.0 MiB"),
            (120 << 30, "120 GiB"),
            (5 << 40, "5.0 TiB"),
            (5000 << 40, "5,000 TiB"),
        ],
    )
    def test_unit(self, count: int, expected: str) -> None:
        assert format_size(count) == expected


class TestFormatSeconds:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (0.0, "0.0 ms"),
            (0.0061, "6.1 ms"),
            (0.25, "250 ms"),
            (0.9996, "1.0 s"),
            (9.94, "9.9 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.6, "1 min 0 s"),
            (125.0, "2 min 5 s"),
            (3599.7, "1 h 0 min"),
            (3780.0, "1 h 3 min"),
        ],
    )
    def test_unit(self, seconds: float, expected: str) -> None:
        assert format_seconds(seconds) == expected

    def test_whole(self) -> None:
        """Seconds that were counted have no fractions."""
        assert [format_seconds(number) for number in (0, 5, 65)] == ["0 s", "5 s", "1 min 5 s"]


class TestNameOfStatus:
    @needs_posix
    def test_signals(self) -> None:
        """A signal has its name, anything else a number."""
        assert [name_of_status(1), name_of_status(-9), name_of_status(-200)] == [
            "exit status 1",
            "SIGKILL",
            "signal 200",
        ]


TEXTS = st.text(alphabet="ab\n\r\x0b\x0c\x1c\x85\u2028\u2029")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a\nb", [(1, "a"), (2, "b")]),
        ("a\r\nb\rc\n", [(1, "a"), (2, "b"), (3, "c")]),
        ("a\u2028b\x0cc\n\nd", [(1, "a"), (1, "b"), (1, "c"), (2, ""), (3, "d")]),
    ],
)
def test_numbered_lines(text: str, expected: list[tuple[int, str]]):
    """What only Python takes for the end of a line does not count."""
    assert [*numbered_lines(text)] == expected


@given(TEXTS)
def test_all_lines_are_numbered(text: str):
    """The lines are those of `splitlines`, and each is in the editor's line of its number."""
    lines = LINE_END.split(text)
    found = [*numbered_lines(text)]
    assert [line for _, line in found] == text.splitlines()
    assert all(line in lines[number - 1] for number, line in found)


@given(TEXTS, st.data())
def test_line_at(text: str, data: st.DataObject):
    """The number is one more than the ends of lines before the character, as Python's files count them."""
    index = data.draw(st.integers(0, len(text)).filter(lambda at: text[at - 1 : at + 1] != "\r\n"))
    assert line_at(text, index) == LINE_END.sub("\n", text[:index]).count("\n") + 1
