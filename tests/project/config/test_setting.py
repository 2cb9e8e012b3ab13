from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from hatch_mar.project.config.reading import REQUIRED, UNKNOWN, VALUE, Invalid, array_of, string
from hatch_mar.project.config.setting import (
    Setting,
    Settings,
    distinct,
    one_or_table,
    read_settings,
    table_by_name,
    table_of,
    table_schema,
    tables_of,
    with_defaults,
)

KEYS: Settings = {
    "class": Setting(string, "What it is. Any name is taken.", required="is required: a name"),
    "other-names": Setting(array_of(string, "names"), "How else it is called."),
}


class Thing(NamedTuple):
    class_: str
    other_names: tuple[str, ...] = ("it",)


class TestSetting:
    def test_kind(self):
        """The type is the reader's."""
        assert KEYS["other-names"].kind == "array of names"

    @pytest.mark.parametrize(
        ("meaning", "summary"),
        [
            ("What it is. Any name.", "What it is"),
            ("A file, `a.py`.", "A file, `a.py`"),
            ("Of letters and `.`.", "Of letters and `.`"),
        ],
    )
    def test_summary(self, meaning: str, summary: str):
        """The first sentence, without its full stop."""
        assert Setting(string, meaning).summary == summary

    @pytest.mark.parametrize(("default", "expected"), [(None, {}), (False, {"default": False})])
    def test_schema(self, default: object, expected: dict[str, Any]):
        """The schema has the meaning, the values, and the default if there is one."""
        setting = Setting(string, "What it is.", default=default)

        assert setting.schema == {
            "description": "What it is.",
            "type": "string",
            "pattern": r"\S",
            **expected,
        }


class TestWithDefaults:
    def test_as_toml(self):
        """Defaults are those of the configuration's fields, as TOML has them; a field may have none."""
        settings = with_defaults(Thing._field_defaults, KEYS)

        assert {key: each.default for key, each in settings.items()} == {"class": None, "other-names": ["it"]}

    def test_table(self):
        assert with_defaults({"class_": {}}, KEYS)["class"].default == {}


class TestReadSettings:
    def test_required(self):
        """What is required is said by its setting."""
        found, faults = read_settings({"other-names": 1}, KEYS)

        assert found == {}
        assert [(fault.rule, fault.path, fault.text) for fault in faults] == [
            (VALUE, ("other-names",), "must be an array of names"),
            (REQUIRED, ("class",), "is required: a name"),
        ]

    def test_others(self):
        """Keys that are read elsewhere are known."""
        _, [fault] = read_settings({"class": "a", "archive": 1}, KEYS, others=("archives",))

        assert (fault.rule, fault.text) == (UNKNOWN, "did you mean `archives`?")


class TestTableOf:
    def test_made(self):
        """The values become what is made of them."""
        assert table_of(Thing, KEYS)({"class": "a", "other-names": ["b"]}) == Thing("a", ("b",))

    def test_not_table(self):
        with pytest.raises(ValueError, match=r"^must be a table$"):
            table_of(Thing, KEYS)("a")

    def test_invalid(self):
        """All faults of the table are reported."""
        with pytest.raises(Invalid) as error:
            table_of(Thing, KEYS)({"other-names": [1, ""]})

        assert [fault.path for fault in error.value.faults] == [
            ("other-names", 0),
            ("other-names", 1),
            ("class",),
        ]


class TestTableSchema:
    def test_required(self):
        """A table needs its required keys, and has no others."""
        schema = table_schema(KEYS)

        assert schema["required"] == ["class"]
        assert schema["additionalProperties"] is False
        assert schema["properties"] == {key: setting.schema for key, setting in KEYS.items()}

    def test_one_of_two(self):
        """Of a pair of its keys only one may be set; other pairs are not its business."""
        schema = table_schema(KEYS, [("class", "other-names"), ("class", "file")])

        assert schema["dependencies"] == {"class": {"properties": {"other-names": False}}}


class TestTablesOf:
    READER = tables_of(KEYS, "things", "class")

    def test_taken(self):
        """The tables are not looked into yet."""
        assert self.READER([{"x": 1}, 2]) == [{"x": 1}, 2]

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ([], "must be an array with at least one table"),
            ("a", "must be an array with at least one table"),
            ({}, "must be an array of tables; write `[[tool.mar.things]]`"),
            ({"a": {}}, 'must be an array of tables; write `[[tool.mar.things]]` with `class = "a"`'),
            ([{}] * 1001, "must not have more than 1000 tables"),
        ],
    )
    def test_wrong(self, value: object, message: str):
        with pytest.raises(ValueError) as error:  # noqa: PT011
            self.READER(value)

        assert str(error.value) == message


EITHER = one_or_table(string, "class", Thing, KEYS)


class TestOneOrTable:
    @pytest.mark.parametrize("value", ["a", {"class": "a"}])
    def test_either(self, value: object):
        """The value of one key stands for a table that has no other."""
        assert EITHER(value) == Thing("a")

    def test_neither(self):
        """Anything else is refused."""
        with pytest.raises(ValueError, match="must be a string, or a table"):
            EITHER(1)


class TestTableByName:
    READ = table_by_name(EITHER)

    def test_names(self):
        """The keys are names, in order."""
        assert self.READ({"b": "x", "a": {"class": "y"}}) == {"b": Thing("x"), "a": Thing("y")}

    def test_faults(self):
        """Each fault has the name it is about."""
        with pytest.raises(Invalid) as error:
            self.READ({"a/b": "x", "c": {"class": 1}})

        assert [(fault.path, fault.text) for fault in error.value.faults] == [
            (("a/b",), "must have a name of letters, digits, `_` and `-`"),
            (("c", "class"), "must be a string"),
        ]

    def test_no_table(self):
        """It must be a table."""
        with pytest.raises(ValueError, match="must be a table"):
            self.READ(["a"])


class TestDistinct:
    READ = distinct(array_of(table_of(Thing, KEYS), "tables"), "class")

    def test_distinct(self):
        """Tables that differ in the key are taken."""
        assert self.READ([{"class": "a"}, {"class": "b"}]) == (Thing("a"), Thing("b"))

    def test_same(self):
        """The second of two with the same value is refused."""
        with pytest.raises(Invalid) as error:
            self.READ([{"class": "b"}, {"class": "a"}, {"class": "a"}])

        [fault] = error.value.faults
        assert fault.path == (2, "class")
        assert fault.text == "is also that of table 1; remove one of them"
