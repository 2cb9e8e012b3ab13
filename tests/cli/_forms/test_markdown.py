"""The tables of Markdown that findings and reports are shown in."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._forms.located import Located
from hatch_mar.cli._forms.markdown import MOST_ROWS, code, heading, listed, prose, show_report, table
from hatch_mar.finding import Place
from hatch_mar.text import LONGEST_QUOTE, escape

FINDING = UNFINISHED.at(Place("handler.py", 3), "`a|b` is wrong", "fix `it`")
EVIL = "a|b`c`<img src=x onerror=y>\n\n# d\\| [e](https://f) **g** __h__ ~~i~~ &lt; www.j.k $l$ @m #1 :n:"


class Cells(HTMLParser):
    """The text of each cell of the tables of a page, and the elements in them."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.elements: set[str] = set()
        self.is_cell = False
        self.feed(MarkdownIt("js-default", {"html": True}).render("\n".join(lines)))

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            self.is_cell = True
        self.elements.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self.is_cell = self.is_cell and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self.is_cell:
            self.rows[-1][-1] += data


def words(text: str) -> list[str]:
    return text.split()


class TestNames:
    @example(EVIL)
    @example("a\\|b")
    @example("`")
    @given(st.text(max_size=60))
    def test_code(self, name: str):
        """A name is shown as it is, whatever is in it, in one cell."""
        page = Cells(table(("A", "B"), [(code(name), "x")]))

        [_, [shown, _]] = page.rows
        assert words(shown) == words(escape(name))
        assert page.elements == {"table", "thead", "tbody", "tr", "th", "td", "code"}

    @example(EVIL)
    @example("`a``b`")
    @given(st.text(max_size=60))
    def test_prose(self, text: str):
        """So is a sentence, without the backticks around what it quotes."""
        page = Cells(table(("A", "B"), [(prose(text), "x")]))

        [_, [shown, _]] = page.rows
        expected = escape(text)
        assert words(shown) == words(expected if expected.count("`") % 2 else expected.replace("`", ""))
        assert page.elements <= {"table", "thead", "tbody", "tr", "th", "td", "code"}

    @pytest.mark.parametrize("marked", ["www.a.b", "https://a.b", "a@b.c", "@a", "#1", ":a:", "$a$", "[^1]"])
    def test_additions(self, marked: str):
        """What GitHub makes links, mentions and formulas of is not written as such."""
        assert marked not in prose(marked)
        assert marked not in code(marked)

    def test_plain(self):
        """Ordinary sentences and paths stay readable."""
        assert prose("It's wrong (or not), isn't it? See a/b-c.py: it has 3%!") == (
            "It's wrong (or not), isn't it? See a/b-c.py: it has 3%!"
        )

    def test_long(self):
        """A name of 64 KiB is shortened."""
        assert len(code("a" * 65536)) == LONGEST_QUOTE + len("<code></code>&#8230;") - 1


class TestTable:
    def test_many(self):
        """A long table is cut, and says how many rows there are beyond it."""
        page = Cells(table(("A", "B"), ((str(number), "") for number in range(MOST_ROWS + 1234))))

        assert len(page.rows) == 1 + MOST_ROWS + 1
        assert page.rows[-1] == ["and 1,234 more", ""]

    def test_blocks(self):
        """What follows a heading, a list or a table is not part of it."""
        lines = [*heading("`a`"), *listed(["b"]), *table(["C"], [["d"]]), *heading("e"), *listed([])]

        assert lines == [
            *("### <code>a</code>", "", "- b", "", "| C |", "| --- |", "| d |", "", "### e", ""),
        ]


class TestFindings:
    def test_row(self, capsys: pytest.CaptureFixture[str]):
        """A finding is a row with its severity, its place, its text and a link to the page of its rule."""
        show_report([Located(FINDING, "models/handler.py", 3, FINDING.text, "0a")])
        shown = capsys.readouterr().out

        assert shown.startswith(
            "### hatch-mar check: 1 error\n\n| Severity | Where | What is wrong | More |\n"
        )
        [_, row] = Cells(shown.splitlines()).rows
        assert row == ["error", "models/handler.py:3", "a|b is wrong; fix it", "MAR131"]
        assert f"[MAR131]({FINDING.rule.page})" in shown

    def test_none(self, capsys: pytest.CaptureFixture[str]):
        """Without findings, the summary says so: an empty one would look like a check that did not run."""
        show_report([])

        assert capsys.readouterr().out == "### hatch-mar check: all checks passed\n\n"
