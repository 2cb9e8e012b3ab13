"""Where code certainly loads a file of the archive."""

from __future__ import annotations

import pytest

from hatch_mar.checks.load_calls import find_load_calls
from tests.checks import HANDLER, Files, subject

START = "import json, os, joblib, pickle, torch\nfrom pathlib import Path\n"


def loaded(source: str, files: Files | None = None) -> list[str]:
    """The members that a handler, which begins with these lines, certainly loads."""
    of = subject(
        {"h.py": f"{START}{source}\n{HANDLER}", "w.pt": "", "data/v.pkl": "", **(files or {})},
        serialized_file="w.pt",
    )
    return list(find_load_calls(of))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("torch.load('w.pt')", ["w.pt"]),
        ("torch.load(f=Path(__file__).parent / 'data' / 'v.pkl')", ["data/v.pkl"]),
        ("torch.jit.load('w.pt', map_location='cpu')", ["w.pt"]),
        ("import pandas as pd\npd.read_pickle('data/v.pkl')", ["data/v.pkl"]),
        ("with open('data/v.pkl', 'rb') as file:\n    pickle.load(file)", ["data/v.pkl"]),
        ("torch.load('/models/w.pt')", []),
        ("json.load(open('w.pt'))", []),
        ("if os.name:\n    torch.load('w.pt')", []),
        ("def f():\n    torch.load('w.pt')", []),
    ],
)
def test_loaded(source: str, expected: list[str]):
    assert loaded(source) == expected


def test_imported():
    """In a module that is imported, but not in one that only lies in the archive."""
    files = {"a.py": "import torch\ntorch.load('w.pt')", "b.py": "import torch\ntorch.load('data/v.pkl')"}

    assert loaded("import a", files) == ["w.pt"]


def test_calls():
    of = subject({"h.py": f"{START}torch.load('w.pt')\n{HANDLER}", "w.pt": ""}, serialized_file="w.pt")
    [call] = find_load_calls(of)["w.pt"]

    assert (call.module.member.name, call.line, call.name) == ("h.py", 3, "torch.load")
