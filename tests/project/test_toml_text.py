from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tomlkit")
from hatch_mar.project.toml_text import CannotEdit, TomlText

MAR = ("tool", "mar")


def edited(text: str, edit: Callable[[TomlText], None]) -> str:
    document = TomlText(text)
    edit(document)
    return document.text


def set_key(document: TomlText) -> None:
    document.set_string(MAR, "key", 'a "b"')


VALUE = '"a \\"b\\""'
LINE = f"key = {VALUE}\n"


class TestSet:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", f"[tool.mar]\n{LINE}"),
            ("a = 1", f"a = 1\n\n[tool.mar]\n{LINE}"),
            ("[tool.mar]", f"[tool.mar]\n{LINE}"),
            ("[tool.mar] # mine\n# handles\nb = 1\n", f"[tool.mar] # mine\n{LINE}# handles\nb = 1\n"),
            ("[tool.mar]\nb = 1\n\n# next\n[x]\n", f"[tool.mar]\n{LINE}b = 1\n\n# next\n[x]\n"),
            ("[ tool . 'mar' ]\nb = 1\n", f"[ tool . 'mar' ]\n{LINE}b = 1\n"),
            ("[tool]\nc = 1\n# handles\nmar.b = 1\n", f"[tool]\nc = 1\nmar.{LINE}# handles\nmar.b = 1\n"),
            ("tool.mar.b = 1\n", f"tool.mar.{LINE}tool.mar.b = 1\n"),
            (
                "# first\n[[tool.mar.archives]]\nb = 1\n# next\n[x]\n",
                f"# first\n[[tool.mar.archives]]\nb = 1\n# next\n[x]\n\n[tool.mar]\n{LINE}",
            ),
            ('s = """\n[tool.mar]\n"""\n', f's = """\n[tool.mar]\n"""\n\n[tool.mar]\n{LINE}'),
            ('s = """\n[tool.mar]\n"""\n[tool.mar]\n', f's = """\n[tool.mar]\n"""\n[tool.mar]\n{LINE}'),
            ("[tool.mar]\r\nb = 1\r\n", f"[tool.mar]\r\n{LINE}b = 1\r\n"),
        ],
    )
    def test_new(self, before: str, after: str) -> None:
        """A new key is the first of its table, so that no comment is parted from what it is about."""
        assert edited(before, set_key) == after

    @pytest.mark.parametrize(
        "text",
        [
            "[tool.mar]\n# why\nkey = VALUE # so\n# next\n[x]\n",
            "tool.mar.key = VALUE\n",
            "tool = {mar = {key = VALUE}}",
        ],
    )
    def test_replaced(self, text: str) -> None:
        """A key that is set keeps its place and its comments."""
        assert edited(text.replace("VALUE", "'old'"), set_key) == text.replace("VALUE", VALUE)

    def test_inline(self) -> None:
        """Nothing is added to an inline table, and the text is left as it was."""
        document = TomlText("[tool]\nmar = {}\n")
        with pytest.raises(CannotEdit, match=r"^`tool.mar` is written inline$"):
            set_key(document)

        assert document.text == "[tool]\nmar = {}\n"


class TestArray:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("[a]\nb = ['c'] # d\n# e\n[f]\n", "[a]\nb = ['c', \"new\"] # d\n# e\n[f]\n"),
            ("a.b = ['c',\n]\n", "a.b = ['c',\n    \"new\",\n]\n"),
            ("a = { b = [] }\n", 'a = { b = ["new"] }\n'),
            ("[a]\nb = [\n  'c',\n  # last\n]\n", "[a]\nb = [\n  'c',\n  # last\n  \"new\",\n]\n"),
        ],
    )
    def test_added(self, before: str, after: str) -> None:
        """A string is added to the array, and nothing else changes."""
        assert edited(before, lambda text: text.add_to_array(("a",), "b", "new")) == after


class TestAppend:
    def test_tables(self) -> None:
        """Tables are added at the end, after an empty line; arrays go on."""
        table = "[[a.b]]\nc = 1\n"

        def append(text: TomlText) -> None:
            text.append(table, ("a", "b"))

        assert edited("", append) == table
        assert edited(f"{table}# end", append) == f"{table}# end\n\n{table}"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a = {}", "`a` is written inline"),
            ("a.b = [{c = 1}]", "`a.b` is written inline"),
            ("[a]\nb.d = 1", "nothing can be added to `a.b` as it is written"),
        ],
    )
    def test_refused(self, text: str, reason: str) -> None:
        """What is in the way is named."""
        with pytest.raises(CannotEdit) as error:
            TomlText(text).append("[[a.b]]\nc = 1\n", ("a", "b"))

        assert str(error.value) == reason


PARTS = [
    "# about the next\n[tool.ruff]\nline-length = 9  # short\n",
    "[tool.mar]\n# of mar\nhandler = 'a'\n# last of mar\n",
    "[project]\nname = 'a'\n\n\n# alone\n",
    "[[tool.mar.archives]]  # one\nmodel-name = 'b'\n# end\n",
    "[tool.mar.config]\n# deep\na = '''\n[tool.mar]\n'''\n",
]


@given(st.permutations(PARTS), st.integers(0, len(PARTS)))
def test_only_added(parts: list[str], count: int) -> None:
    """Without what is added, the text is as it was, whatever the order of the tables."""
    before = "".join(parts[:count])
    rest = edited(before, set_key).replace(LINE, "", 1)

    assert rest in (before, f"{before.rstrip()}\n\n[tool.mar]\n", "[tool.mar]\n")
