"""Which calls open a file, and which one."""

from __future__ import annotations

import pytest

from hatch_mar.checks.opened_files.openers import READERS, WITH_MODE, opened_path
from hatch_mar.pysource.rehearsal.events import Call
from tests.pysource.rehearsal import rehearse


def opened(expression: str) -> list[str]:
    """The paths that an expression opens."""
    imported = sorted({name.partition(".")[0] for name in (*READERS, *WITH_MODE)} - {"open"})
    events = rehearse(f"import {', '.join(imported)}, os\n{expression}\nclass A: ...")
    return [path for each in events if isinstance(each, Call) and (path := opened_path(each))]


@pytest.mark.parametrize("name", sorted(READERS))
def test_readers(name: str):
    """Each is found by its name and by its keyword."""
    position, keyword = READERS[name]
    given = ", ".join(["None"] * position + ["'a/b'"])
    if name.startswith("pathlib."):
        assert opened(f"pathlib.Path('a/b').{name.rpartition('.')[2]}()") == ["a/b"]
        return
    called = name
    for of in ("Processor", "Index", "Classifier", "Regressor", "Booster", "Core"):
        called = called.replace(f"{of}.", f"{of}().")
    assert opened(f"{called}({given})") == ["a/b"]
    assert opened(f"{called}({keyword}='a/b')") == ["a/b"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("open('a')", ["a"]),
        ("open('a', 'r')", ["a"]),
        ("open('a', mode='r+b')", ["a"]),
        ("open('a', 'w')", []),
        ("open('a', os.name)", []),
        ("open('a', **os.environ)", []),
        ("h5py.File('a', 'r')", ["a"]),
        ("zipfile.ZipFile('a', 'a')", []),
        ("pathlib.Path('a').open('rb')", ["a"]),
        ("ctypes.CDLL('libm.so.6')", []),
        ("pandas.read_csv('https://example.org/a.csv')", []),
        ("pandas.read_parquet('s3://a/b')", []),
        ("os.path.exists('a')", []),
    ],
)
def test_modes(expression: str, expected: list[str]):
    """What is written is not read, and a library without a folder is looked for elsewhere."""
    assert opened(expression) == expected
