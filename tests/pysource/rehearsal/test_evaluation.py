"""Which values expressions have, as far as their syntax tells."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.known_values import BATCH, PRESENT, UNKNOWN, Reference, Result
from tests.pysource.rehearsal import rehearse, seen, shown


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' + 'b'", "ab"),
        ("3 - 1", 2),
        ("1 / 0", UNKNOWN),
        ("'%s-%d' % ('a', 1)", "a-1"),
        ("'%999999999d' % 1", UNKNOWN),
        ("f'{1}.txt'", "1.txt"),
        ("f'{1:09999999}.txt'", UNKNOWN),
        ("f'{os.environ}'", UNKNOWN),
        ("('a', *('b', 'c'))[-1]", "c"),
        ("['a'][3]", UNKNOWN),
        ("{'a': 'b'}['a']", "b"),
        ("{'a': 'b'}.get('c', 'd')", "d"),
        ("{**os.environ}", PRESENT),
        ("not None", True),
        ("'a' in ('a', 'b')", True),
        ("'a' not in {'a': 1}", False),
        ("None is None", True),
        ("'a' is not None", True),
        ("os.environ is None", UNKNOWN),
        ("1 < 2 < 3", UNKNOWN),
        ("1 < 2", True),
        ("'a' >= 1", UNKNOWN),
        ("{'a': 'b'}.items()", (("a", "b"),)),
        ("{'a': ('b',)}.values()", (("b",),)),
        ("{'a': ('b',)}.items()", PRESENT),
        ("'' or 'b'", "b"),
        ("'a' and 'b'", "b"),
        ("os.name and 'b'", UNKNOWN),
        ("'a' if 1 == 1 else 'b'", "a"),
        ("'a' if os.name else 'a'", "a"),
        ("'a' if os.name else 'b'", PRESENT),
        ("(a := 'b')", "b"),
        ("(lambda x: x + 'b')('a')", "ab"),
        ("[x for x in 'ab']", PRESENT),
        ("[x + 'c' for x in ('a', 'b')]", ("ac", "bc")),
        ("{k: v + 'c' for k, v in {'a': 'b'}.items()}['a']", "bc"),
        ("{os.name: 1 for x in (1, 2)}", PRESENT),
        ("[x for x in (1, 2) if x]", PRESENT),
        ("list(x for x in (1, 2))", UNKNOWN),
        ("torch.load", Reference("torch.load")),
        ("torch.load(1)", Result("torch.load")),
        ("torch.load(*os.environ, **os.environ)", Result("torch.load")),
        ("nowhere", UNKNOWN),
        ("-1", -1),
        ("~1", UNKNOWN),
        ("...", ...),
    ],
)
def test_values(expression: str, expected: object):
    assert shown(f"seen({expression})") == [expected]


@pytest.mark.parametrize(
    ("expression", "is_certain"),
    [
        ("seen(1) or 2", True),
        ("os.name or seen(1)", False),
        ("1 and seen(1)", True),
        ("0 and seen(1)", None),
        ("seen(1) if os.name else 2", False),
        ("[seen(1) for x in os.environ]", False),
        ("[seen(1) for x in (1,)]", True),
        ("[seen(1) for x in ()]", None),
        ("all(seen(1) for x in (1,))", False),
        ("{1: seen(1) for x in os.environ}", False),
        ("[x for x in 'a' if seen(1)]", False),
        ("await seen(1)", True),
        ("lambda: seen(1)", None),
    ],
)
def test_parts(expression: str, is_certain: bool | None):
    """A part that may not be evaluated is not certain, and one that is not is not seen."""
    start = "import seen, os\nasync def handle(data, context):\n"
    events = seen(rehearse(f"{start}    {expression}"))

    assert events == ([] if is_certain is None else [1 if is_certain else ("?", 1)] * 2)


def test_batch():
    """There is at least one request, and what is made of each."""
    source = (
        "import seen\ndef handle(data, context):\n    if data: seen([seen(1) for row in enumerate(data)])\n"
    )

    assert seen(rehearse(source)) == [1, BATCH]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("data.softmax(1).tolist()", BATCH),
        ("data.argmax(dim=1)", BATCH),
        ("data.argmax()", UNKNOWN),
        ("data.sum(0)", UNKNOWN),
        ("data.max(1)", Result(".max")),
        ("torch.argmax(data, 1)", BATCH),
        ("torch.sum(data)", UNKNOWN),
        ("F.softmax(data, 1)", BATCH),
        ("F.softmax(1, 1)", Result("torch.nn.functional.softmax")),
    ],
)
def test_tensor(expression: str, expected: object):
    """What is computed of a batch is known to have something for each request, or may not have it."""
    imports = "import seen, torch\nimport torch.nn.functional as F\n"
    source = f"{imports}def handle(data, context):\n    if data is not None: seen({expression})"
    assert seen(rehearse(source)) == [expected]


def test_size():
    """What a comparison takes is bounded: lists are held in one another once, and have few elements."""
    assert shown(f"seen([{'1,' * 101}])") == [PRESENT]
    assert shown("a = (1,)\nb = (a, a)\nseen((b, b))\nseen(b)") == [PRESENT, ((1,), (1,))]
    assert shown("a = 'ab'\n" + "a = a + a\n" * 20 + "seen(a)") == [UNKNOWN]
