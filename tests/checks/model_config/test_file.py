"""What TorchServe or its worker refuses in a configuration file is found, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from hatch_mar.checks.model_config import check
from tests.checks import found as found_by
from tests.checks.model_config import FILE, found


class TestName:
    @pytest.mark.parametrize("name", ["missing.yaml", "C.yaml", "a/c.yaml"])
    def test_absent(self, name: str):
        """A file that is not there is an error."""
        assert found_by(check, {"c.yaml": "{}"}, config_file=name) == [
            (
                f"digits.mar/MAR-INF/MANIFEST.json: MAR501 The archive has no `{name}`;"
                " add the file, or remove `configFile` from the manifest"
            )
        ]

    @pytest.mark.parametrize("value", [None, "", 3])
    def test_no_name(self, value: object):
        """A value that is not a name is an error, since the worker joins it to a path."""
        assert found_by(check, {}, model={"configFile": value}) == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR501 `configFile` in the manifest does not name a file:"
                f" `{value}`;"
                " add the file, or remove `configFile` from the manifest"
            )
        ]

    @pytest.mark.parametrize("name", ["../c.yaml", "a/../../c.yaml", "/c.yaml", ".."])
    def test_outside(self, name: str):
        """TorchServe follows a name out of the archive."""
        assert found_by(check, {"c.yaml": "{}"}, config_file=name) == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR502 `configFile` in the manifest leads out of the"
                f" archive: `{name}`; name a file of the archive, relative to its root"
            )
        ]

    @pytest.mark.parametrize("name", ["c.yaml", "./c.yaml", "a/../c.yaml"])
    def test_inside(self, name: str):
        """Other spellings of a file's name are its name."""
        assert found_by(check, {"c.yaml": "batchSize: 2\n"}, config_file=name) == []


PLAIN = "write plain strings, numbers, lists and tables, without tags"
SAVE = "save the file as UTF-8"
WRITE = "make it shorter or simpler"
QUOTE = "put the key in quotes"


def no_such_month() -> str:
    """What this Python says of a month 13; 3.14 also names the month."""
    with pytest.raises(ValueError, match="month") as error:
        date(2020, 13, 1)
    return str(error.value)


FILES: dict[str, tuple[str | bytes, str]] = {
    "latin-1": (
        b"# \xe9\n",
        f":1: MAR503 The model configuration is not UTF-8: invalid continuation byte; {SAVE}",
    ),
    "utf-16": (
        "a: 1".encode("utf-16"),
        f":1: MAR503 The model configuration is not UTF-8: invalid start byte; {SAVE}",
    ),
    "tab": (
        "handler:\n\ta: 1\n",
        (
            r":2: MAR504 The model configuration is not YAML: found character '\t' that cannot"
            r" start any token;"
            " indent with spaces: YAML has no tabs"
        ),
    ),
    "colon": (
        "a: b: c\n",
        ":1: MAR504 The model configuration is not YAML: mapping values are not allowed here; fix the file",
    ),
    "control": (
        "a: 1\nb: \x01\n",
        ":2: MAR504 The model configuration is not YAML: character U+0001 is not allowed; fix the file",
    ),
    "anchor": (
        "a: &x 1\nb: &x 2\n",
        ":2: MAR504 The model configuration is not YAML: an anchor is defined twice; fix the file",
    ),
    "documents": (
        "a: 1\n---\nb: 2\n",
        ":2: MAR505 The model configuration has a second document; keep one document, without `---` after it",
    ),
    "empty second document": (
        "a: 1\n---\n",
        ":2: MAR505 The model configuration has a second document; keep one document, without `---` after it",
    ),
    "python tag": (
        "a: !!python/tuple [1]\n",
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not determine"
            " a constructor for"
            f" the tag 'tag:yaml.org,2002:python/tuple'; {PLAIN}"
        ),
    ),
    "own tag": (
        "a: !x 1\n",
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not determine"
            " a constructor for"
            f" the tag '!x'; {PLAIN}"
        ),
    ),
    "date": (
        "a: 1\nb: 2020-13-01\n",
        (
            ":2: MAR506 TorchServe's worker refuses the model configuration: could not read `2020-13-01`:"
            f" {no_such_month()}; {PLAIN}"
        ),
    ),
    "list as a key": (
        "handler:\n  ? [a]\n  : 1\n",
        f":2: MAR506 TorchServe's worker refuses the model configuration: found unhashable key; {PLAIN}",
    ),
    "digits": (
        "a: " + "9" * 5000,
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not read"
            f" `{'9' * 39}…`: it has more than 4300 digits; {PLAIN}"
        ),
    ),
    "empty": ("", ": MAR507 The model configuration has no settings; set something, or leave the file out"),
    "comment": (
        "# a: 1\n",
        ": MAR507 The model configuration has no settings; set something, or leave the file out",
    ),
    "null": (
        "---\n",
        ": MAR507 The model configuration has no settings; set something, or leave the file out",
    ),
    "list": (
        "# a\n- a\n",
        ":2: MAR508 The model configuration is a list, not a mapping; write `key: value` lines",
    ),
    "string": (
        "minWorkers",
        ":1: MAR508 The model configuration is one value, not a mapping; write `key: value` lines",
    ),
    "set": (
        "!!set {a, b}\n",
        ":1: MAR508 The model configuration is a set, not a mapping; write `key: value` lines",
    ),
    "integer key": ("a: 1\n2: b\n", f":2: MAR509 Key `2` is an integer, not a string; {QUOTE}"),
    "boolean key": ("on: a\n", f":1: MAR509 Key `true` is a boolean, not a string; {QUOTE}"),
    "null key": ("~: a\n", f":1: MAR509 Key `null` is null, not a string; {QUOTE}"),
    "merged key": ("a: &a {1: b}\n<<: *a\n", f":1: MAR509 Key `1` is an integer, not a string; {QUOTE}"),
    "torchrun's key": (
        "torchrun:\n  1: a\n",
        f":2: MAR509 Key `1` of `torchrun` is an integer, not a string; {QUOTE}",
    ),
    "nesting": (
        "a: " + "[" * 51 + "]" * 51,
        (
            ":1: MAR510 TorchServe's parser refuses the model configuration: it nests more than"
            f" 50 lists and tables; {WRITE}"
        ),
    ),
    "references": (
        "a: &a []\nb: [" + "*a, " * 51 + "]\n",
        (
            ":2: MAR510 TorchServe's parser refuses the model configuration:"
            f" it has more than 50 references to lists and tables; {WRITE}"
        ),
    ),
    "size": (
        "a: " + "x" * (3 << 20),
        (
            ": MAR510 TorchServe's parser refuses the model configuration: it has more than 3145728"
            f" characters; {WRITE}"
        ),
    ),
    "length": (
        "a: [" + "1, " * 20_000 + "]\n",
        (
            ": MAR511 The model configuration has more than 20000 values, too many to be checked;"
            " move data that is not configuration to a file of its own"
        ),
    ),
    "duplicate": (
        "batchSize: 2\nbatchSize: 3\n",
        (
            ":2: MAR512 Key `batchSize` appears more than once, and TorchServe uses the last one;"
            " keep one of them"
        ),
    ),
    "nested duplicate": (
        "handler:\n  a: 1\n  a: 2\n",
        ":3: MAR512 Key `a` appears more than once, and TorchServe uses the last one; keep one of them",
    ),
}


class TestFile:
    @pytest.mark.parametrize("case", FILES)
    def test_fault(self, case: str):
        """What SnakeYAML or `yaml.safe_load` refuses is found, with its line."""
        config, expected = FILES[case]
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "{}",
            "---\nbatchSize: 2\n...\n",
            "\ufeffbatchSize: 2\n",
            "batchSize: 2\r\n",
            "a: é \U0001f600\n",
            "handler: {1: a, ~: b, on: c}\n",
            "=: 1\n",
            "a: 2020-02-03\nb: !!binary aGk=\nc: !!set {x}\n",
            "a: &a [*a]\nb: &b {c: *b}\n",
            "a: &a []\nb: [" + "*a, " * 50 + "]\n",
            "a: &a 1\nb: [" + "*a, " * 100 + "]\n",
            "a: " + "[" * 50 + "]" * 50,
            "a: &a {batchSize: 2}\n<<: *a\nbatchSize: 3\n",
            "a: " + "x" * (3 << 19),
        ],
        ids=lambda config: config[:20],
    )
    def test_good(self, config: str):
        """What both halves of TorchServe read is not a fault."""
        assert found(config) == []

    def test_merged(self):
        """Merge keys are resolved as TorchServe does, and shown where they were written."""
        assert found("a: &a\n  batchSize: x\n<<: *a\n") == [
            (
                f"{FILE}:2: MAR514 TorchServe ignores `batchSize`, which must be an integer, not the"
                ' string "x";'
                " give it a value of that type"
            )
        ]

    @pytest.mark.parametrize(
        ("config", "codes"),
        [
            (
                "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 30)),
                ["MAR510"],
            ),
            ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 5}]\n" for n in range(1, 11)), []),
            (
                "a0: &a0 {k: 1}\n"
                + "".join(f"a{n}: &a{n}\n  <<: [{f'*a{n - 1},' * 3}]\n" for n in range(1, 17))
                + "minWorkers: *a16\n",
                ["MAR514", "MAR516"],
            ),
            ("a: " + "[" * 200_000, ["MAR510"]),
            ("- " * 200_000, ["MAR510"]),
            ("a: 1" + ":1" * 200_000, ["MAR506"]),
            ("a: [" + "1," * 200_000 + "]", ["MAR511"]),
            ("a: &a\n  <<: &b {c: *a}\n  <<: *b\n", []),
        ],
        ids=["laughs", "few laughs", "merges", "nested", "indented", "sexagesimal", "long", "endless"],
    )
    def test_bounded(self, config: str, codes: list[str]):
        """A document made to grow without end is read to an end: without limits, some would take hours."""
        assert [line.split()[1] for line in found(config)] == codes
