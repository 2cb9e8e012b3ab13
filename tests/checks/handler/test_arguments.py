"""Findings about the command line; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from tests.checks import HANDLER, found

FIX = "read them only `if __name__ == '__main__'`, and take settings from the model configuration"
ARGUMENTS = "has the worker's own arguments when TorchServe runs this"
FUNCTION = """\
from argparse import ArgumentParser as P
def parse():
    parser = P()
    parser.add_argument('a')
    return parser.parse_args()
parse()
"""
PARSE = "import argparse\nargs = argparse.ArgumentParser().parse_args()"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import sys\nsize = sys.argv[1]", 2),
        ("import sys\nsize = sys.argv[1] if len(sys.argv) > 1 else 1", 2),
        ("from sys import argv\nsource, target = argv[1:]", 2),
        ("import sys\nscript, source = sys.argv", 2),
        ("import sys\nmain = print\nmain(sys.argv[1:])\nsys.argv[2]", 3),
    ],
)
def test_arguments(source: str, line: int) -> None:
    assert found(check, {"h.py": f"{source}\n{HANDLER}"}) == [
        f"digits.mar/h.py:{line}: MAR270 `sys.argv` {ARGUMENTS}; {FIX}"
    ]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (PARSE, 2),
        (FUNCTION, 5),
        (FUNCTION.replace("P()", "Own()").replace("def", "class Own(P): ...\ndef") + "del Own", 6),
        (PARSE.replace("()\n", "(args=None)\n"), 2),
    ],
)
def test_parser(source: str, line: int) -> None:
    """A module that the handler imports is run, too."""
    messages = found(check, {"h.py": f"import options\n{HANDLER}", "options.py": source})

    reads = "`argparse.ArgumentParser.parse_args` reads `sys.argv`, which"
    assert messages == [f"digits.mar/options.py:{line}: MAR270 {reads} {ARGUMENTS}; {FIX}"]


@pytest.mark.parametrize(
    "source",
    [
        f"if __name__ == '__main__':\n    {PARSE.splitlines()[0]}\n    {PARSE.splitlines()[1]}",
        PARSE.replace("parse_args()", "parse_known_args()"),
        PARSE.replace("parse_args()", "parse_args([])"),
        f"import sys\nsys.argv = ['x']\n{PARSE}",
        f"import sys\nsys.argv[1:] = []\n{PARSE}",
        f"import sys\ndel sys.argv[1:]\n{PARSE}",
        f"import sys\nsys.argv.clear()\n{PARSE}",
        f"try:\n    {PARSE.splitlines()[0]}\n    {PARSE.splitlines()[1]}\nexcept SystemExit: ...",
        "import sys\nprint(sys.argv[0], len(sys.argv))",
        "import sys\nif len(sys.argv) < 2: sys.argv[1]",
        "import sys\nsys.argv.append('x')\nif len(sys.argv) > 2: sys.argv[2]",
        "def parse():\n    import argparse\n    return argparse.ArgumentParser().parse_args()",
    ],
)
def test_good(source: str) -> None:
    assert found(check, {"h.py": f"{source}\n{HANDLER}"}) == []
