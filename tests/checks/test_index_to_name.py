"""Findings about labels that a handler cannot load, or will not find."""

from __future__ import annotations

import pytest

from hatch_mar.checks.index_to_name import check
from tests.checks import BASE, HANDLER, Files
from tests.checks import found as found_by

NAME = "index_to_name.json"
FILE = f"digits.mar/{NAME}"


def found(labels: str | bytes, handler: str = "image_classifier", files: Files = None) -> list[str]:
    if files is None:
        files = {}
    return found_by(check, {NAME: labels, **files}, handler)


NO_MARK = "save the file as UTF-8, without a byte order mark"
OBJECT = 'write `{"0": "name", "1": "name"}`'
LABELS = "make every label a string, or a list that ends with one"
KEYS = 'use the class numbers `"0"`, `"1"` and so on'
GAPS = "give every class a label, from `0` on"

FAULTS: list[tuple[str | bytes, str]] = [
    ('\ufeff{"0": "a"}', f": MAR702 `{NAME}` begins with a byte order mark; {NO_MARK}"),
    (b'{"0": "\xe9"}', f": MAR702 `{NAME}` is not UTF-8: invalid continuation byte; {NO_MARK}"),
    ("", f":1: MAR703 `{NAME}` is not JSON: Expecting value; fix the file"),
    ('{"0": "a"\n"1": "b"}', f":2: MAR703 `{NAME}` is not JSON: Expecting ',' delimiter; fix the file"),
    ('["a"]', f": MAR704 `{NAME}` must be an object, not a list; {OBJECT}"),
    ("3", f": MAR704 `{NAME}` must be an object, not one value; {OBJECT}"),
    *(
        (
            f'{{"0": {label}}}',
            f": MAR705 `{NAME}` has neither a string nor a list that ends with one for `0`; {LABELS}",
        )
        for label in ("1", "null", "[]", '["a", 1]', '{"a": "b"}')
    ),
    (
        '{"0": 0, "1": 1, "2": 2, "3": 3, "4": 4}',
        (
            f": MAR705 `{NAME}` has neither a string nor a list that ends with one for `0`, `1`,"
            f" `2` and 2 more; {LABELS}"
        ),
    ),
    (
        '{"a": "0", "b": "1"}',
        f": MAR706 `{NAME}` has keys that are not class numbers: `a`, `b`; {KEYS}",
    ),
    ('{"00": "a"}', f": MAR706 `{NAME}` has keys that are not class numbers: `00`; {KEYS}"),
    ('{"²": "a"}', f": MAR706 `{NAME}` has keys that are not class numbers: `²`; {KEYS}"),
    ('{\r"0": a}', f":2: MAR703 `{NAME}` is not JSON: Expecting value; fix the file"),
    ('{"1": "a", "2": "b"}', f": MAR707 `{NAME}` has 2 labels, but none for `0`; {GAPS}"),
    ('{"0": "a", "1": "b", "5": "c"}', f": MAR707 `{NAME}` has 3 labels, but none for `2`; {GAPS}"),
    (
        '{"0": "a", "0": "b"}',
        f": MAR708 `{NAME}` has more than one label for `0`; keep one of them",
    ),
    (
        b" " * (4 << 20),
        (
            f": MAR709 `{NAME}` has more than 4194304 bytes, which is too many to be checked;"
            " move other data to another file"
        ),
    ),
]


class TestFile:
    @pytest.mark.parametrize(("labels", "expected"), FAULTS)
    def test_fault(self, labels: str | bytes, expected: str):
        """What `load_label_mapping` refuses, or a classifier will miss, is found."""
        assert found(labels) == [FILE + expected]

    @pytest.mark.parametrize(
        "labels",
        [
            '{"0": "zero", "1": "one"}',
            '{"1": "one", "0": "zero"}',
            '{"0": ["n01440764", "tench"], "1": [1, "goldfish"]}',
            '{"object_type_names": ["a", "b", 3]}',
            "{}",
            '{"0": "é"}',
        ],
    )
    def test_good(self, labels: str):
        """What `load_label_mapping` reads is not a fault."""
        assert found(labels) == []

    @pytest.mark.parametrize("labels", ["[" * 200_000, '{"0": ' + "9" * 5000 + "}"])
    def test_bounded(self, labels: str):
        """What Python cannot read, TorchServe's worker cannot either."""
        assert [line.split(" ")[1] for line in found(labels)] == ["MAR703"]


class TestNested:
    def test_fault(self):
        """TorchServe never reads the file below the root."""
        assert found_by(check, {f"labels/{NAME}": "3"}, "text_classifier") == [
            (
                f"digits.mar/labels/{NAME}: MAR701 TorchServe does not read `labels/{NAME}`;"
                " move it to the archive's root, for example with `extra-files`"
            )
        ]

    def test_good(self):
        """If there is one at the root, another one may serve something else."""
        assert found('{"0": "a"}', files={f"labels/{NAME}": "3"}) == []

    def test_none(self):
        """A classifier does not need labels."""
        assert found_by(check, {}, "image_classifier") == []


class TestHandler:
    def test_base(self):
        """A handler that derives from `BaseHandler` loads the file, but may use it in its own way."""
        assert found("3", "h.py", {"h.py": BASE}) != []
        assert found('{"label_list": "[O, B-MISC]"}', "h.py", {"h.py": BASE}) == []
        assert found('{"label_list": "[O, B-MISC]"}', "base_handler") == []

    def test_classifier(self):
        """A handler that derives from a classifier looks numbers up."""
        source = (
            "from ts.torch_handler.image_classifier import ImageClassifier\nclass H(ImageClassifier): ...\n"
        )
        assert len(found('{"a": "b"}', "h.py", {"h.py": source})) == 1

    @pytest.mark.parametrize("handler", ["h.py", "vllm_handler", "distributed.base_deepspeed_handler", "x.y"])
    def test_other(self, handler: str):
        """The file of any other handler is not checked."""
        assert found("3", handler, {"h.py": HANDLER}) == []

    def test_other_runtime(self):
        """The C++ worker reads what its configuration names."""
        assert found_by(check, {NAME: "3"}, "base_handler", runtime="LSP") == []
