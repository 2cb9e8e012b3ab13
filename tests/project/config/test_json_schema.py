"""The schema agrees with the readers, whatever value a key has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.json_schema import make_schema, make_whole_schema
from hatch_mar.project.config.reading import walk
from hatch_mar.project.config.schema import (
    ARCHIVE_KEYS,
    DEPLOY_KEYS,
    DESTINATION_KEYS,
    EXAMPLE_KEYS,
    PROJECT_KEYS,
    REMOTE_FILE_KEYS,
    WORKFLOW_KEYS,
)
from hatch_mar.project.config.setting import Setting
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.toml import tomllib
from tests.project.config import LEAST

jsonschema = pytest.importorskip("jsonschema", reason="PyPy would have to compile what it needs")

SETTINGS: Mapping[str, Setting] = {
    **ARCHIVE_KEYS,
    **PROJECT_KEYS,
    **{f"workflows.{key}": setting for key, setting in WORKFLOW_KEYS.items()},
    **{f"examples.{key}": setting for key, setting in EXAMPLE_KEYS.items()},
    **{f"remote-files.{key}": setting for key, setting in REMOTE_FILE_KEYS.items()},
    **{f"publish.{key}": setting for key, setting in DESTINATION_KEYS.items()},
    **{f"deploy.{key}": setting for key, setting in DEPLOY_KEYS.items()},
}

URLS = (
    *("https://a/b", "https://a", "https://u@a/b", "https://u:p@a/b", "http://a/b", "http://a:1"),
    *("HTTPS://a/b", "hf://a/b@c/d", "file:///a", "https://a/{file}", "https://a?b", "https://[a/b"),
    *("s3://", "s3://{a}", "s3://a/{version}", "s3://a#b"),
)
STRINGS = (
    *("", " ", "\t", "a", "a b", "é", "a\n", "a\x00b", "\x7f", "a\u202eb"),
    *("Model_1.0-b", "1a", "m.", "a..b", "-a", ".a", ".", "..", "a+b", "1\ufeff"),
    *("handler.py", "a/b.py:handle", "a.py:", ":handle", "a.py:b-c", "a.py:b:c", "a.py:é", "package.module"),
    *("a\\b", "../a", "/srv/models", "C:/a", "c:a", "MAR-INF/x", "MAR-INF", "a/./b", "*.pt", "**/*.json"),
    *("a,b", " a , b ", "a,,b", "a,", ",", "a\\,b", "a\n,b", "a\x00,b"),
    *("{model-name}", "{model-name}-{version}", "a{version}.", "a/{version}", "{{model-name}version}"),
    *("{other}", "{"),
    *("python", "LSP", "python2", "ruby", "default", "zip-store", "tgz", "zip", "auto", "store", "zstd"),
    *("MAR203", "mar203", "MAR20", "MAR2034", "torchserve", "triton", "torchvision", "torch_"),
    *("dependencies", "optional-dependencies.cpu", "dependency-groups.", "optional-dependencies.a\rb"),
    *("setuptools.build_meta", "a.b:c.d", "a:b:c", "flit-core", "hatch_mar.backend", "hatch_mar.backend:x"),
    *URLS,
    *("s3:/a", "s3:a", "{file}", "0" * 64, "0" * 63, "flat"),
    *("hatchling.build", "hatchling.builder", "2024-01-01", "*a*a*a*ab", "**/a/" * 5 + "b", "!", "["),
)
SCALARS = (
    *(True, False, 0, 1, -1, 0.5, -0.5, 1e-4, 1e400, -1e400, float("nan"), 2**70),
    *(date(2024, 1, 1), datetime(2024, 1, 1), time(12)),
)
UNLOCKED_FILE = {"path": "a", "url": "https://a/b"}
REMOTE_FILE = UNLOCKED_FILE | {"sha256": "0" * 64}
TABLES_OF_ALL_KINDS = (
    *({}, {"a": 1}, {"a": "b"}, {"a": "../b"}, {"a": ""}, {"a\\b": "c"}, {"": "a"}, {"a": {"b": [1, 2]}}),
    *({"a": date(2024, 1, 1)}, {"minWorkers": 1, "handler": {"x": "y"}}, {"input": "a"}),
    *(
        {"input": [1], "expect": 1, "tolerance": 0, "expect-schema": {}},
        {"expect": 1},
        {"input": "a", "to": 1},
    ),
    *(REMOTE_FILE, UNLOCKED_FILE),
    *({"a": {"url": "b", "layout": "flat"}}, {"management": "http://a:1", "keep": 1, "drain": 0.5}),
    *({"input": "a", "tolerance": -1}, {"input": date(2024, 1, 1)}, {"input": "a", "content-type": ""}),
)
ARRAYS = (
    *([], ["a", "*.pt"], ["*.pt", "a"], ["a", 1], [[]], [["a"]], [{"a": [time(12)]}], ["a"] * 10_001),
    *([item] for item in (*STRINGS, *SCALARS, *TABLES_OF_ALL_KINDS)),
)
VALUES = (*STRINGS, *SCALARS, *TABLES_OF_ALL_KINDS, *ARRAYS)

HOLDING_DATES = [
    value
    for value in VALUES
    if isinstance(value, (list, dict)) and any(isinstance(item, (date, time)) for _, item in walk(value))
]

LENIENT: Sequence[tuple[str, Sequence[str], Sequence[object]]] = [
    ("which characters are visible is a table of Python's", ["version"], ["a\u202eb", "1\ufeff"]),
    (
        "white space around a comma is dropped, and some control characters are white space",
        ["extra-files", "workflows.extra-files"],
        ["a\x00b", "\x7f", "a\x00,b", "optional-dependencies.a\rb"],
    ),
    ("what a member may be called is told by `name_fault`", ["force-include"], [{"a": "../b"}]),
    ("the same", ["force-include"], [REMOTE_FILE, UNLOCKED_FILE]),
    ("the same", ["archive-root"], ["..", "c:a", "MAR-INF", "a:b:c"]),
    (
        "the same",
        ["remote-files.path"],
        [*("..", "../a", "/srv/models", "C:/a", "c:a", "MAR-INF/x", "MAR-INF", ".", "a/./b", "a:b:c"), *URLS],
    ),
    (
        "what a URL is made of is told by `urlsplit`",
        ["remote-files.url"],
        ["https://a", "https://a?b", "http://a/b", "http://a:1", "s3://", "s3://{a}", "s3://a#b"],
    ),
    ("the same", ["remote-files.url", "publish.url", "deploy.url"], ["https://[a/b"]),
    (
        "JSON has no such numbers",
        ["examples.tolerance", "deploy.drain"],
        [1e400, float("nan")],
    ),
    ("JSON has no such number", ["deploy.timeout"], [float("nan")]),
    ("stars are counted", ["exclude"], [["*a*a*a*ab"], ["**/a/" * 5 + "b"]]),
    ("the grammar of gitignore is pathspec's", ["exclude"], [["!"]]),
    ("a date within a value is a string to many tools", ["examples.input", "examples.expect"], HOLDING_DATES),
    (
        "the same",
        ["config", "examples.expect-schema"],
        [value for value in HOLDING_DATES if isinstance(value, dict)],
    ),
]
"""What the schema lets pass and a reader refuses: why, of which keys, and the values among `VALUES`."""


def at_the_end(validator: Any, pattern: str, text: object, schema: object) -> Iterator[Any]:
    """As ECMA 262 has it, and Python's `re` has not, `$` does not match before a last line break."""
    if isinstance(text, str) and not re.search(re.sub(r"\$(?=$|\))", r"\\Z", pattern), text):
        yield jsonschema.ValidationError(f"{text!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": at_the_end})


def is_taken(setting: Setting, value: object) -> bool:
    try:
        setting.read(value)
    except ValueError:
        return False
    return True


class TestSettings:
    def test_number(self):
        """There are many keys and values."""
        assert len(SETTINGS) >= 40
        assert len(VALUES) >= 200

    def test_agreement(self):
        """A schema refuses nothing that the reader takes, and lets little pass that the reader refuses."""
        strict, lenient = set(), set()
        for key, setting in SETTINGS.items():
            validator = Validator(setting.schema)
            for value in VALUES:
                taken, valid = is_taken(setting, value), validator.is_valid(value)
                if taken and not valid:
                    strict.add((key, repr(value)))
                if valid and not taken:
                    lenient.add((key, repr(value)))

        assert strict == set()
        assert lenient == {
            (key, repr(value)) for _, keys, listed in LENIENT for key in keys for value in listed
        }

    @given(
        st.sampled_from(sorted(SETTINGS)),
        st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    )
    def test_any_text(self, key: str, value: object):
        """That holds for any text."""
        setting = SETTINGS[key]

        assert not is_taken(setting, value) or Validator(setting.schema).is_valid(value)

    @pytest.mark.parametrize("key", SETTINGS)
    def test_default(self, key: str):
        """A default is a value that the key may have."""
        setting = SETTINGS[key]

        assert setting.default is None or (
            is_taken(setting, setting.default) and Validator(setting.schema).is_valid(setting.default)
        )

    @pytest.mark.parametrize("key", SETTINGS)
    def test_told(self, key: str):
        """Every key has a type and a meaning in whole sentences, and says what applies if it is not set."""
        setting = SETTINGS[key]

        assert re.fullmatch("[A-Z].*[.]", setting.meaning)
        assert setting.summary
        assert setting.kind


HANDLER = "[tool.mar]\nhandler = 'h.py'\n"
REST = "\n[project]\nname = 'digits'\nversion = '1'\n"
TAKEN = {
    "least": "[tool.mar]\nhandler = 'base_handler'",
    "dotted": "[tool]\nmar.handler = 'h.py'\nmar.config.minWorkers = 1\nmar.force-include.'a b' = 'c'",
    "inline": "[tool]\nmar = { handler = 'h.py', archives = [{ model-name = 'a' }, { model-name = 'b' }] }",
    "handler of an archive": "[[tool.mar.archives]]\nhandler = 'h.py'",
    "handler of all": HANDLER + "[[tool.mar.archives]]\nmodel-name = 'a'",
    "replaced": HANDLER + "requirements-file = 'r.txt'\n"
    "[[tool.mar.archives]]\nrequirements-from = ['dependencies']",
    "examples of an archive": "[[tool.mar.archives]]\nhandler = 'h.py'\n"
    "[[tool.mar.archives.examples]]\ninput.pixels = [[0, 1]]\nexpect-schema.required = ['digit']",
    "workflow": "[tool.mar]\nignore = ['MAR203']\n"
    "[[tool.mar.workflows]]\nworkflow-name = 'w'\nspec-file = 'w.yaml'\nhandler = 'w.py'\nforce = false",
    "empty arrays": HANDLER + "extra-files = []\nexamples = []\nconsumers = []",
    "backend": HANDLER + "build-backend = 'setuptools.build_meta'",
    "remote file": HANDLER
    + f"[[tool.mar.remote-files]]\npath = 'a.pt'\nurl = 'https://a.b/c'\nsha256 = '{'0' * 64}'",
    "destinations": HANDLER + "[tool.mar.publish]\na = 'dist/a'\nb = { url = 's3://b', layout = 'vertex' }",
    "deployment": HANDLER + "[tool.mar.deploy]\nmanagement = 'http://a:8081'\nkeep = 1\ndrain = 0.5",
    "nested": HANDLER + "[tool.mar.config.torch.compile]\na = [{ b = 1.5 }]",
}
REFUSED = {
    "unknown": HANDLER + "serialised-file = 'a.pt'",
    "unknown in an archive": "[[tool.mar.archives]]\nhandler = 'h.py'\nbuild-backend = 'uv_build'",
    "unknown in a workflow": "[[tool.mar.workflows]]\nworkflow-name = 'w'\nspec-file = 's'\nmodel-file = 'm'",
    "unknown in an example": HANDLER + "[[tool.mar.examples]]\ninput = 'a'\nexpected = 'b'",
    "two": HANDLER + "requirements-file = 'r.txt'\nrequirements-from = ['dependencies']",
    "two in an archive": "[[tool.mar.archives]]\nhandler = 'h.py'\nconfig-file = 'c.yaml'\nconfig.a = 1",
    "no specification": "[[tool.mar.workflows]]\nworkflow-name = 'w'",
    "no input": HANDLER + "[[tool.mar.examples]]\nexpect = 'b'",
    "no digest": HANDLER + "[[tool.mar.remote-files]]\npath = 'a.pt'\nurl = 'https://a.b/c'",
    "name of a destination": HANDLER + "publish.'a/b' = 'c'",
    "no archives": HANDLER + "archives = []",
    "one archive": "[tool.mar.archives]\nhandler = 'h.py'",
    "no table": "[tool]\nmar = true",
    "no tables": "[tool.mar]\narchives = ['digits']",
    "empty": HANDLER + "[tool.mar.config]",
    "date": HANDLER + "version = 2024-01-01",
}
LENIENT_TABLES = {
    "an archive inherits": "[tool.mar]\nmodel-file = 'm'",
    "the project's version is a part": HANDLER + "version = '1/2'\narchive-name = 'a-{version}'",
    "two tables clash": HANDLER + "[[tool.mar.archives]]\n[[tool.mar.archives]]",
}
"""What no schema can tell: what depends on more than one table or on the project."""


def parses(table: object) -> bool:
    try:
        parse_table(table, name=lambda: "digits", version=lambda: "1")
    except ConfigError:
        return False
    return True


class TestWholeSchema:
    VALIDATOR = Validator(make_whole_schema())

    @pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
    def test_taken(self, text: str):
        """What is taken is valid; nothing is said of other tables."""
        document = tomllib.loads(text + REST)

        assert parses(document["tool"]["mar"])
        self.VALIDATOR.validate(document)
        self.VALIDATOR.validate({"tool": {"other": 1}})

    @pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
    def test_refused(self, text: str):
        """What is refused is not valid."""
        document = tomllib.loads(text + REST)

        assert not parses(document["tool"]["mar"])
        assert not self.VALIDATOR.is_valid(document)

    @pytest.mark.parametrize("text", LENIENT_TABLES.values(), ids=LENIENT_TABLES)
    def test_lenient(self, text: str):
        """What the schema lets pass though it is refused."""
        document = tomllib.loads(text + REST)

        assert not parses(document["tool"]["mar"])
        assert self.VALIDATOR.is_valid(document)

    def test_draft(self):
        """Both schemas are draft-07."""
        for schema in (make_schema(), make_whole_schema()):
            assert schema["$schema"] == jsonschema.Draft7Validator.META_SCHEMA["$id"]
            jsonschema.Draft7Validator.check_schema(schema)
            assert json.loads(json.dumps(schema)) == schema

    def test_partial(self):
        """The partial schema is that of the table, and has an address."""
        schema = make_schema("mar")
        whole = make_whole_schema()["properties"]["tool"]["properties"]["mar"]

        assert schema.pop("$id") == "https://hatch-mar.readthedocs.io/mar.schema.json"
        assert schema.pop("$schema")
        assert schema == whole


ANY = st.sampled_from(VALUES)
KEYS = st.sampled_from(sorted({*ARCHIVE_KEYS, *WORKFLOW_KEYS, *PROJECT_KEYS}))
TABLE = st.dictionaries(KEYS, ANY, max_size=4)


@given(TABLE, st.none() | st.lists(TABLE, max_size=2), st.none() | st.lists(TABLE, max_size=2))
def test_any_table(table: dict[str, object], archives: list[object] | None, workflows: list[object] | None):
    """Whatever a table says, the schema refuses nothing that is taken."""
    found = LEAST | table | {"archives": archives, "workflows": workflows}
    found = {key: value for key, value in found.items() if value is not None}

    assert not parses(found) or Validator(make_schema()).is_valid(found)
