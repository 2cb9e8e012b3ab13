from __future__ import annotations

from collections.abc import Mapping

import pytest

from hatch_mar.finding import Key, Place
from hatch_mar.project.config.reading import (
    REQUIRED,
    UNKNOWN,
    VALUE,
    Fault,
    Invalid,
    Reader,
    array_of,
    faults_in,
    one_of,
    read_keys,
    string,
)
from hatch_mar.project.config.shape import shaped

PLACE = Place("pyproject.toml", None, ("tool", "mar", "x"))


@shaped("integer", {"type": "integer"})
def whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("must be a whole number; leave the point out")
    return value


def faults_of(read: Reader, value: object) -> list[tuple[Key, str]]:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        read(value)
    return [(fault.path, fault.text) for fault in faults_in(error.value)]


class TestFault:
    def test_value(self):
        """A message begins with the field; the fix is separate."""
        found = Fault(VALUE, (1, "a"), "must be a string; quote it").at(PLACE)

        assert found.place.key == ("tool", "mar", "x", 1, "a")
        assert (found.message, found.fix) == ("Field `tool.mar.x[1].a` must be a string", "quote it")

    def test_unknown(self):
        """An unknown field is reported only as unknown."""
        found = Fault(UNKNOWN, ("y",), "did you mean `z`?").at(PLACE)

        assert found.text == "Unknown field `tool.mar.x.y`; did you mean `z`?"


class TestArrayOf:
    def test_correct(self):
        """Each item is read."""
        assert array_of(whole, "numbers")([1, 2]) == (1, 2)
        assert array_of(whole, "numbers")([]) == ()

    @pytest.mark.parametrize("value", ["1", 1, {"a": 1}, None])
    def test_not_array(self, value: object):
        """Anything other than an array is an error."""
        assert faults_of(array_of(whole, "numbers"), value) == [((), "must be an array of numbers")]

    def test_items(self):
        """All invalid items are reported, including those of nested arrays."""
        text = "must be a whole number; leave the point out"

        assert faults_of(array_of(whole, "numbers"), [1, "a", 2.5]) == [((1,), text), ((2,), text)]
        assert faults_of(array_of(array_of(whole, "numbers"), "arrays"), [[1], [2, "b"], 3]) == [
            ((1, 1), text),
            ((2,), "must be an array of numbers"),
        ]

    def test_bounds(self):
        """An array with too many items is not read, and of many faults the first are reported."""
        assert faults_of(array_of(whole, "numbers", 2), [1, 2, 3]) == [
            ((), "must not have more than 2 numbers")
        ]
        assert len(faults_of(array_of(whole, "numbers"), ["a"] * 1000)) == 100


class TestReadKeys:
    KEYS: Mapping[str, Reader] = {"one": string, "two": array_of(whole, "numbers")}

    def test_correct(self):
        """The values are read; keys that are not set stay unset."""
        assert read_keys({"two": [1]}, self.KEYS) == ({"two": (1,)}, [])

    def test_faults(self):
        """Valid values are returned together with all faults."""
        found, faults = read_keys({"one": "a", "two": [1, "b"], "tow": 1}, self.KEYS)

        assert found == {"one": "a"}
        assert [(fault.rule, fault.path) for fault in faults] == [(VALUE, ("two", 1)), (UNKNOWN, ("tow",))]
        assert faults[1].text == "did you mean `two`?"

    def test_many_faults(self, monkeypatch: pytest.MonkeyPatch):
        """Of very many unknown keys, the first are compared with those that are known."""
        compared: list[str] = []
        monkeypatch.setattr(
            "hatch_mar.project.config.reading.did_you_mean", lambda key, known: compared.append(key) or ""
        )
        _, faults = read_keys({f"key{number}": 1 for number in range(1000)}, self.KEYS)

        assert len(faults) == len(compared) == 100

    def test_required(self):
        """A required key is reported as missing, but not if it is set and invalid."""
        required = {"one": "is required", "two": "is required"}
        _, faults = read_keys({"one": 1}, self.KEYS, required=required)

        assert [(fault.rule, fault.path) for fault in faults] == [(VALUE, ("one",)), (REQUIRED, ("two",))]

    def test_others(self):
        """Keys that are read elsewhere are not unknown."""
        _, [fault] = read_keys({"archive": 1}, self.KEYS, others=("archives",))

        assert fault.text == "did you mean `archives`?"


class TestString:
    def test_correct(self):
        """A string is returned unchanged."""
        assert string(" a ") == " a "

    @pytest.mark.parametrize(("value", "text"), [(1, "must be a string"), (" ", "must not be empty")])
    def test_wrong(self, value: object, text: str):
        """Anything but a non-empty string is an error."""
        assert faults_of(string, value) == [((), text)]


class TestOneOf:
    def test_wrong(self):
        """Any other value is an error that lists the choices."""
        assert one_of("a", "b")("b") == "b"
        assert faults_of(one_of("a", "b"), "c") == [((), "must be one of `a`, `b`: `c`")]
        assert faults_of(one_of("a", "b"), ["a"]) == [((), "must be a string")]


class TestInvalid:
    def test_faults_in(self):
        """The path of an item includes every table and array around it."""
        inner = Invalid([Fault(REQUIRED, ("a",), "is required")])

        assert faults_in(inner, "b", 0) == [Fault(REQUIRED, ("b", 0, "a"), "is required")]
        assert faults_in(ValueError("must be x"), 1) == [Fault(VALUE, (1,), "must be x")]
