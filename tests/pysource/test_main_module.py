"""Names that a module puts into `__main__`."""

from __future__ import annotations

import ast

import pytest

from hatch_mar.pysource.main_module import find_placed

MODULE = 'sys.modules["__main__"]'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import __main__\n__main__.Net = Net", {"Net"}),
        ("import __main__ as main\nmain.Net = main.Old = Net", {"Net", "Old"}),
        (f"{MODULE}.Net = Net", {"Net"}),
        (f"setattr({MODULE}, 'Net', Net)", {"Net"}),
        ("import __main__\ndef f():\n    setattr(__main__, 'Net', Net)", {"Net"}),
        (f"main = {MODULE}\nmain.Net = Net", {"Net"}),
        ("importlib.import_module('__main__').Net = Net", {"Net"}),
        ("if __name__ == '__main__':\n    run()", set()),
        ("if '__main__' != __name__:\n    run()", set()),
        ("'''As with `__main__` in a script.'''", set()),
        ("import __main__", set()),
        ("main.Net = Net", set()),
    ],
)
def test_placed(source: str, expected: set[str]):
    assert find_placed(ast.parse(source)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "import __main__\nvars(__main__).update(names)",
        "import __main__\nfor name in names:\n    setattr(__main__, name, None)",
        f"{MODULE} = net",
        f"place({MODULE})",
        f"main = {MODULE}\nmain.__dict__['Net'] = Net",
        "Net.__module__ = '__main__'",
        "class Net:\n    __module__ = '__main__'",
        "torch.serialization.add_safe_globals([(Net, '__main__.Net')])",
        "from __main__ import Net",
    ],
)
def test_unknown(source: str):
    """What gets at the module, or at its name, in another way may put anything there."""
    assert find_placed(ast.parse(source)) is None
