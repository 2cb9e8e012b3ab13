from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.finding import Key, Place
from hatch_mar.project.config.table import CLASH
from hatch_mar.project.key_lines import find_line, key_lines, locate
from hatch_mar.project.toml import tomllib

tomlkit = pytest.importorskip("tomlkit")

MAR = ("tool", "mar")


def lines(text: str) -> dict[Key, int]:
    return key_lines(dedent(text))


def keys_in(value: object, key: Key = ()) -> list[Key]:
    items: Any = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        items = enumerate(value)
    found = [key] if key else []
    for part, inner in items:
        found += keys_in(inner, (*key, part))
    return found


class TestKeyLines:
    def test_tables(self):
        """A key has its own line, and a table that of its header."""
        text = """\
            # a comment

            [tool.mar]
            handler = "h.py"  # another
            """

        assert lines(text) == {("tool",): 3, MAR: 3, (*MAR, "handler"): 4}

    def test_array_of_tables(self):
        """Tables of an array are counted, and so are those inside one."""
        found = lines("""\
            [[tool.mar.archives]]
            handler = "a"
            [[tool.mar.archives]]
            [[tool.mar.archives.examples]]
            [[tool.mar.archives.examples]]
            input = 1
            [tool.mar.archives.config]
            minWorkers = 1
            [[tool.mar.archives]]
            [[tool.mar.archives.examples]]
            """)

        archives = (*MAR, "archives")
        assert found[(*archives, 0, "handler")] == 2
        assert found[(*archives, 1)] == 3
        assert found[(*archives, 1, "examples", 1, "input")] == 6
        assert found[(*archives, 1, "config", "minWorkers")] == 8
        assert found[(*archives, 2)] == 9
        assert found[(*archives, 2, "examples", 0)] == 10

    def test_values_of_several_lines(self):
        """Items inside a value have the line of the value's key, even if the text looks like TOML."""
        found = lines("""\
            [tool.mar]
            extra-files = [
              "a",  # ]
              "b",
            ]
            description = '''
            [tool.other]
            version = "1"
            '''
            handler = "h"
            """)

        assert found[(*MAR, "extra-files", 1)] == 2
        assert found[(*MAR, "description")] == 6
        assert found[(*MAR, "handler")] == 10
        assert ("tool", "other") not in found

    def test_dotted_and_inline(self):
        """A key may be dotted, quoted, or inside an inline table."""
        found = lines("""\
            tool.mar.config.handler."a b" = 1
            tool.mar.force-include = { "x/y" = "z" }
            """)

        assert found[(*MAR, "config", "handler", "a b")] == 1
        assert found[(*MAR, "force-include", "x/y")] == 2

    @given(
        st.dictionaries(
            st.text("ab .#\"'[=", max_size=5),
            st.recursive(
                st.one_of(st.integers(), st.booleans(), st.text(max_size=20)),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=3),
                    st.dictionaries(st.text("ab ", max_size=3), inner, max_size=3),
                ),
                max_leaves=10,
            ),
            max_size=4,
        )
    )
    def test_any(self, document: dict[str, Any]):
        """Every key of any document is found, and nothing else."""
        text = tomlkit.dumps(document)

        assert set(key_lines(text)) == set(keys_in(tomlkit.parse(text).unwrap()))


class TestLineOf:
    def test_absent(self):
        """A key that is not set has the line of the innermost table around it."""
        assert find_line((*MAR, "archives", 0, "handler"), {("tool",): 1, (*MAR, "archives", 0): 4}) == 4
        assert find_line(("project",), {("tool",): 1}) is None


class TestLocate:
    def test_keys_alone(self, tmp_path: Path):
        """Only a key of `pyproject.toml` or `hatch.toml` gets a line; for others, no file is read."""
        others = [CLASH.at(Place("h.py", 3), "x"), CLASH.at(Place(None, None, ("--handler",)), "x")]
        assert locate(others, tmp_path) == others

        (tmp_path / "pyproject.toml").write_text("\n[tool.mar]\n")
        [found] = locate([CLASH.at(Place("pyproject.toml", None, MAR), "x")], tmp_path)
        assert found.place == Place("pyproject.toml", 2, MAR)

        (tmp_path / "hatch.toml").write_text("\n\n[build]\n")
        [found] = locate([CLASH.at(Place("hatch.toml", None, ("build", "a")), "x")], tmp_path)
        assert found.place == Place("hatch.toml", 3, ("build", "a"))


class TestBounds:
    """Where only an attacker's keys go on, none are found, and those in front of them are."""

    def test_pinned(self):
        """Versions have dots too, one dependency a line."""
        pins = "".join(f'  "a{number}==1.2.3",\n' for number in range(300))

        assert lines(f"a = [\n{pins}]\nb = 1\n")["b",] == 303

    def test_lines(self, monkeypatch: pytest.MonkeyPatch):
        """A value of many lines, each of which may be its last, is not parsed as often as it has lines."""
        parsed: list[int] = []

        def loads(text: str) -> Any:
            parsed.append(len(text))
            return original(text)

        original = tomllib.loads
        monkeypatch.setattr("hatch_mar.project.key_lines.tomllib.loads", loads)

        assert lines("a = 1\nb = '''\n" + "c = 1\n" * 100_000 + "'''\n") == {("a",): 1}
        assert sum(parsed) <= 10_000_000
