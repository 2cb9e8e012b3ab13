"""A class's bases are found through the archive's modules, or it is said that they cannot be told."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler_facts import handler_lineage
from hatch_mar.checks.lineage import Lineage
from tests.checks import BASE, subject

OTHER = BASE.replace("Handler(", "Other(")


def lineage(source: str, **files: str) -> Lineage | None:
    paths = {
        name.replace("_init", "/__init__").replace("digits_", "digits/"): text for name, text in files.items()
    }
    return handler_lineage(subject({"h.py": source, **{f"{name}.py": text for name, text in paths.items()}}))


def show(found: Lineage | None) -> str | None:
    if found is None:
        return None
    names = [link.definition.name for link in found.links]
    return " ".join([*names, found.base.class_name if found.base else "-"])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class H: ...", "H -"),
        ("from abc import ABC\nclass H(ABC): ...", "H -"),
        (BASE, "Handler BaseHandler"),
        ("from other import Other\nclass H(Other): ...", "H Other BaseHandler"),
        ("import other\nclass H(other.Other): ...", "H Other BaseHandler"),
        ("from again import O\nclass H(O): ...", "H Other BaseHandler"),
        ("from digits.base import B\nclass H(B): ...", "H B Other BaseHandler"),
        ("from digits import B\nclass H(B): ...", "H B Other BaseHandler"),
        ("from mixin import M\nfrom other import Other\nclass H(M, Other): ...", "H M Other BaseHandler"),
        ("from other import Other, O2\nclass H(Other, O2): ...", None),
        ("from anything import A\nclass H(A): ...", None),
        ("from .other import Other\nclass H(Other): ...", None),
        ("from missing import *\nclass H(Other): ...", None),
        ("from circle import C\nclass H(C): ...", None),
        ("class H(make()): ...", None),
        (BASE.replace("class", "@anything\nclass"), None),
        (BASE.replace("r)", "r, metaclass=anything)"), None),
        (BASE.replace("...", "\n    def __getattr__(self, name): ..."), None),
        ("from ts.torch_handler.missing import Missing\nclass H(Missing): ...", None),
    ],
)
def test_lineage(source: str, expected: str | None):
    files = {
        "other": OTHER,
        "again": "from other import Other as O",
        "mixin": "class M: ...",
        "circle": "from circle import C",
        "digits_init": "from .base import B",
        "digits_base": "from .inner import Other\nclass B(Other): ...",
        "digits_inner": OTHER,
    }

    assert show(lineage(source, **files)) == expected


def test_find():
    """An attribute is that of the nearest class which has it."""
    found = lineage(
        "from other import Other\nclass H(Other):\n    x = 1", other="class Other:\n    x = y = 2"
    )
    assert found is not None

    assert [name and name[0].definition.name for name in map(found.find, "xyz")] == ["H", "Other", None]
