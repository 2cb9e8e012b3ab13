"""The lines of files that findings are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli import _excerpts
from hatch_mar.cli._excerpts import LONGEST_LINE, find_excerpts
from hatch_mar.finding import Finding, Place
from tests.archives import PACKING, archive_of


def at(file: str | None, line: int | None, message: str = "wrong") -> Finding:
    return UNFINISHED.at(Place(file, line), message)


@pytest.mark.parametrize("form", FORMATS)
def test_member(form: str, tmp_path: Path):
    """A line of a file in an archive is read from the archive."""
    path = tmp_path / f"m{FORMATS[form].suffix}"
    FORMATS[form].write(archive_of({"a/b.py": b"one\ntwo\n", "c.py": b"three"}), path, PACKING)
    two, three = at(f"{path}/a/b.py", 2), at(f"{path}/c.py", 1)

    assert find_excerpts([two, three], tmp_path, [path]) == {two: "two", three: "three"}


def test_project(tmp_path: Path):
    """A line of a file of the project is read from there, whatever ends the lines."""
    (tmp_path / "a.py").write_bytes(b"one\r\ntwo \rthree\n\xff\x0cfour\n")
    findings = [at("a.py", number) for number in (1, 2, 3, 4)]

    assert [*find_excerpts(findings, tmp_path, []).values()] == ["one", "two", "three", "\ufffd\x0cfour"]


@pytest.mark.parametrize(
    ("file", "line"),
    [(None, None), ("absent.py", 1), ("a.py", None), ("a.py", 9), (".", 1), ("m.mar/a.py", 1)],
)
def test_none(file: str | None, line: int | None, tmp_path: Path):
    """Where there is no line, none is found, and that is no fault."""
    (tmp_path / "a.py").write_text("one")
    (tmp_path / "m.mar").write_text("damaged")
    finding = at(file and str(tmp_path / file), line)

    assert find_excerpts([finding], tmp_path, [tmp_path / "m.mar"]) == {}


def test_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file that many findings are about is read once."""
    (tmp_path / "a.py").write_text("one\n" * 100)
    opened: list[Path] = []
    read = _excerpts.read_bytes
    monkeypatch.setattr(
        _excerpts, "read_bytes", lambda path, most: (opened.append(path), read(path, most))[1]
    )

    assert len(find_excerpts([at("a.py", number) for number in range(1, 101)], tmp_path, [])) == 100
    assert opened == [tmp_path / "a.py"]


@pytest.mark.parametrize(("before", "after"), [(0, 500), (500, 0), (300, 300), (1_000_000, 1_000_000)])
def test_long(before: int, after: int, tmp_path: Path):
    """Of a long line, what is around the place is shown, by what the message quotes first."""
    (tmp_path / "a.py").write_text("x" * before + "nothing_such" + "y" * after)
    finding = at("a.py", 1, "`nothing_such` is not there, but `y` is")
    [excerpt] = find_excerpts([finding], tmp_path, []).values()

    assert "nothing_such" in excerpt
    assert len(excerpt.strip("…")) == LONGEST_LINE
    assert (excerpt[0] == "…", excerpt[-1] == "…") == (before > 0, after > 0)


def test_key(tmp_path: Path):
    """Of a long line of a TOML file, what is around the key."""
    (tmp_path / "a.toml").write_text("x" * 200 + "handler" + "y" * 200)
    finding = UNFINISHED.at(Place("a.toml", 1, ("tool", "handler", 0)), "wrong")

    assert "handler" in find_excerpts([finding], tmp_path, [])[finding]
