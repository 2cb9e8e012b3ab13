"""A model configuration is read as both halves of TorchServe read it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.torchserve.model_config import MOST_CHARACTERS, read


class TestRead:
    def test_lines(self):
        """Every key has its line, in nested tables too."""
        table = read(b"a: 1\nb:\n  c: 2\n").settings

        assert table == {"a": 1, "b": {"c": 2}}
        assert table.lines == {"a": 1, "b": 2}
        assert table["b"].lines == {"c": 3}

    @pytest.mark.parametrize("value", ["true", "True", "yes", "on", '!!bool "true"', "&a true"])
    def test_true(self, value: str):
        """YAML has many words for true."""
        assert read(f"a: {value}\n".encode()).settings["a"] is True

    @pytest.mark.parametrize("value", ["'true'", "y", "!!str true", "1"])
    def test_not_true(self, value: str):
        assert read(f"a: {value}\n".encode()).settings["a"] is not True

    @pytest.mark.parametrize(
        ("data", "kind", "line"),
        [
            (b"\n# \xe9", "encoding", 2),
            (b"a: b: c", "syntax", 1),
            (b"a: 1\n---\nb: 2", "documents", 2),
            (b"a: !x 1", "value", 1),
            (b"# a: 1", "empty", None),
            (b"[]", "top-level", 1),
            (b"a: 1\n1: 2", "key", 2),
            ("# \u2028# \x85\n1: 2".encode(), "key", 2),
            ("# \u2028# \x85\na: !x 1".encode(), "value", 2),
            ("# \u2028# \x85\r\r\n\x07".encode(), "syntax", 3),
            (b"\r\r\n# \xe9", "encoding", 3),
            (b"a: " + b"[" * 60 + b"]" * 60, "entangled", 1),
            (b"#" * (MOST_CHARACTERS + 1), "entangled", None),
            (b"a: [" + b"1," * 20_000 + b"]", "unchecked", None),
        ],
    )
    def test_refused(self, data: bytes, kind: str, line: int | None):
        """A document that TorchServe refuses sets nothing."""
        document = read(data)

        assert [(fault.kind, fault.line) for fault in document.faults] == [(kind, line)]
        assert document.table is None
        assert document.settings == {}

    def test_duplicates(self):
        """If a key appears twice, the last one counts."""
        document = read("# \u2028\na: 1\r\na: 2\n".encode())

        assert document.table == {"a": 2}
        assert [(fault.kind, fault.problem, fault.line) for fault in document.faults] == [
            ("duplicate", "a", 3)
        ]

    def test_beginning(self):
        """Nothing is known of a file if only its beginning is given."""
        document = read("a: é".encode()[:-1], is_whole=False)

        assert [fault.kind for fault in document.faults] == ["unchecked"]


SCALARS = st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=4))
def test_as_safe_load(document: dict[str, object]):
    """What is read is what `yaml.safe_load` gives the worker."""
    text = yaml.safe_dump(document, allow_unicode=True)

    assert read(text.encode()).table == yaml.safe_load(text)
