"""Which calls are recorded, and with what."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.events import Call, Missing
from hatch_mar.pysource.rehearsal.known_values import UNKNOWN
from tests.pysource.rehearsal import in_initialize, plain, rehearse, shown


@pytest.mark.parametrize(
    ("body", "name", "arguments"),
    [
        ("open('a', mode='r')", "open", ("a",)),
        ("torch.load(context.system_properties['model_dir'] + '/a')", "torch.load", ("MODEL/a",)),
        ("pathlib.Path('a').read_text()", "pathlib.Path.read_text", ("a",)),
        ("from zipfile import ZipFile as Z\nZ.open('a')", "zipfile.ZipFile.open", ("a",)),
        ("context.metrics.add('a')", ".add", ("a",)),
        ("brought_by_star('a')", ".brought_by_star", ("a",)),
        ("{'a': None}['a']('b')", ".", ("b",)),
        ("torch.jit.load(*os.environ)", "torch.jit.load", (UNKNOWN,)),
        ("getattr(torch, 'load')('a')", "torch.load", ("a",)),
    ],
)
def test_calls(body: str, name: str, arguments: tuple[object, ...]):
    """A call has the full name of what is called."""
    [call] = [each for each in rehearse(in_initialize(body)) if isinstance(each, Call)]

    assert (call.name, tuple(map(plain, call.args)), call.phase) == (name, arguments, "load")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [("", True), ("1, a=2", True), ("*os.environ", True), ("**os.environ", False), ("1, a=2, **{}", False)],
)
def test_whole(arguments: str, expected: bool):
    """A call may have keywords that are not known, which is not to be overlooked."""
    [call] = rehearse(in_initialize(f"seen({arguments})"))

    assert isinstance(call, Call)
    assert call.is_whole is expected


def test_line():
    [call] = rehearse("import a\n\na.b()\ndef handle(data, context): ...")

    assert (call.module.member.name, call.line) == ("h.py", 3)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("seen(context.manifest['model']['modelName'])", ["m"]),
        ("seen(context.manifest.get('other', 1))", [1]),
        ("seen(context.model_yaml_config.get('other'))", [None]),
        ("seen('a' in context.model_yaml_config)", [False]),
        ("context.manifest['a'] = 1\nseen(context.manifest.get('a'))", [UNKNOWN]),
        ("context.manifest.update(a=1)\nseen(context.manifest['a'])", [UNKNOWN]),
        ("import importlib\nseen(importlib.import_module('x').y is None)", [UNKNOWN]),
    ],
)
def test_tables(body: str, expected: list[object]):
    assert shown(body) == expected


def test_missing_keys():
    """A key that a table does not have is told, unless code may have added it."""
    body = (
        "context.manifest['model']['x']\ncontext.model_yaml_config['a']['b']\ncontext.system_properties['c']"
    )
    events = [each for each in rehearse(in_initialize(body), config={"a": {}}) if isinstance(each, Missing)]

    assert [(each.of, each.key) for each in events] == [
        ('manifest["model"]', "x"),
        ('model_yaml_config["a"]', "b"),
        ("system_properties", "c"),
    ]
    assert rehearse(in_initialize("context.model_yaml_config['a']"), config=None) == []
