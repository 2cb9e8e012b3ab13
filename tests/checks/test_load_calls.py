"""Where code certainly loads a file of the archive."""

from __future__ import annotations

import textwrap
import time

import pytest

from hatch_mar.checks.load_calls import find_load_calls
from tests.checks import HANDLER, Files, subject


def opened(source: str, files: Files | None = None) -> list[str]:
    """The members that a handler, which begins with these lines, certainly loads."""
    of = subject(
        {"h.py": f"{textwrap.dedent(source)}\n{HANDLER}", "w.pt": "", "data/v.pkl": "", **(files or {})},
        serialized_file="w.pt",
    )
    calls = find_load_calls(of)
    return [name for name, member in of.members.items() if any(call.opens(of, member) for call in calls)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("torch.load('w.pt')", ["w.pt"]),
        ("torch.load(os.path.join(model_dir, 'data', 'v.pkl'))", ["data/v.pkl"]),
        ("torch.load(f'{model_dir}/w.pt', weights_only=False)", ["w.pt"]),
        ("def f(root):\n    path = Path(root) / 'w.pt'\n    return torch.load(path)", ["w.pt"]),
        ("NAME = 'w.pt'\ndef f(root):\n    return torch.load(root + NAME)", ["w.pt"]),
        ("with open('data/v.pkl', 'rb') as file:\n    pickle.load(file)", ["data/v.pkl"]),
        ("def f(c):\n    torch.load(join(d, c.manifest['model']['serializedFile']))", ["w.pt"]),
        ("class C:\n def a(self):\n  self.p = 'w.pt'\n def b(self):\n  torch.load(self.p)", ["w.pt"]),
        ("torch.jit.load('w.pt', map_location='cpu')", ["w.pt"]),
        ("torch.load('other.pt')", []),
        ("yaml.load('w.pt')", []),
        ("if fast:\n    torch.load('w.pt')", []),
        ("try:\n    torch.load('w.pt')\nexcept OSError:\n    pass", []),
        ("for name in names:\n    torch.load('w.pt')", []),
        ("with suppress(OSError):\n    torch.load('w.pt')", []),
        ("torch.load('w.pt') if fast else None", []),
        ("path = 'w.pt'\npath = 'data/v.pkl'\ntorch.load(path)", []),
        ("path = 'w.pt'\ndef f(path):\n    torch.load(path)", []),
    ],
)
def test_opened(source: str, expected: list[str]):
    """The file follows from names that are bound once, and nothing keeps the call from being made."""
    assert opened(source) == expected


def test_imported():
    """In a module that is imported, but not in one that only lies in the archive."""
    assert opened("import a", {"a.py": "torch.load('w.pt')", "b.py": "torch.load('data/v.pkl')"}) == ["w.pt"]


def test_ambiguous():
    """Of two files of one name neither is certain."""
    assert opened("torch.load(join(root, 'v.pkl'))", {"old/v.pkl": ""}) == []


def test_bounded():
    """A name that is made of much is not followed."""
    source = f"a = [{'0, ' * 100_000}]\n" + "torch.load(a)\n" * 10_000
    begin = time.process_time()

    assert opened(source) == []
    assert time.process_time() - begin < 10
