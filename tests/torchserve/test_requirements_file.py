"""A requirements file is read as pip reads it."""

from __future__ import annotations

import pytest

from hatch_mar.budget import REQUIREMENT_LINES, Budget, Exhausted
from hatch_mar.torchserve.requirements_file import (
    OptionError,
    decode,
    distributions,
    logical_lines,
    path_in,
    split_options,
    url_scheme,
)
from tests.budgets import enough_for


class TestDecode:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_marks(self, encoding: str):
        assert decode("é\n".encode(encoding)) == "é\n"

    def test_comment(self):
        assert decode(b"# -*- coding: latin-1 -*-\n# \xe9\n").endswith("é\n")

    @pytest.mark.parametrize("data", [b"\xe9", b"# coding: klingon\n"])
    def test_fault(self, data: bytes):
        with pytest.raises(ValueError):  # noqa: PT011
            decode(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", [(1, "a"), (2, "b")]),
        ("a  # why\n", [(1, "a")]),
        ("a\t# why\n", [(1, "a")]),
        ("a#b\n", [(1, "a#b")]),
        ("# a\nb\n", [(1, ""), (2, "b")]),
        ("a \\\n  >=1\nb\n", [(1, "a   >=1"), (3, "b")]),
        ("a\\", [(1, "a")]),
        ("# a\\\nb\n", [(1, ""), (2, "b")]),
        ("a\x0cb\nc\n", [(1, "a"), (1, "b"), (2, "c")]),
    ],
)
def test_logical_lines(text: str, expected: list[tuple[int, str]]):
    """Lines are joined at a backslash, and have no comments."""
    assert list(logical_lines(text, Budget())) == expected


class TestOptions:
    def test_split(self):
        requirement, options = split_options("a==1 ; python_version > '3' --hash=sha256:0")

        assert requirement == "a==1 ; python_version > '3'"
        assert options.hash == ["sha256:0"]

    @pytest.mark.parametrize("line", ["-r", "--user", "-r 'a"])
    def test_fault(self, line: str):
        with pytest.raises(OptionError):
            split_options(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Torch_Vision>=1", ["torch-vision"]),
        ("numpy\t# x", ["numpy"]),
        ("numpy[extra]==1 ; python_version > '3'", ["numpy", "numpy[extra]"]),
        ("a==1 --hash=sha256:0", ["a"]),
        ("A.b @ https://example.org/a.zip", ["a-b"]),
        ("a-1-py3-none-any.whl", ["a"]),
        ("./wheels/a-1-py3-none-any.whl", ["a"]),
        ("https://example.org/a-1.tar.gz#egg=A.b[c]&x=1", ["a-b"]),
        ("git+https://example.org/a", [None]),
        ("-e git+https://example.org/a#egg=a", ["a"]),
        ("-e .", [None]),
        ("-rother.txt", [None]),
        ("--requirement other.txt", [None]),
        ("../a", [None]),
        ("??", [None]),
        ("--user", [None]),
        ("# a", []),
        ("--no-index", []),
        ("-f wheels", []),
        ("-c constraints.txt", []),
    ],
)
def test_distributions(line: str, expected: list[str | None]):
    """What a line installs is named, not known, or nothing."""
    assert list(distributions(line.encode(), Budget())) == expected


def test_included():
    """What a file includes is required too, as far as it can be read."""
    files = {"a/b.txt": b"numpy\n-r ../c.txt\n-r b.txt", "c.txt": b"scipy\n-r a/b.txt\n-r d.txt"}

    assert list(distributions(b"-r b.txt", Budget(), "a/r.txt", files.get)) == ["numpy", "scipy", None]
    assert list(distributions(b"-r https://x/b.txt", Budget(), "r.txt", files.get)) == [None]


def test_included_without_end():
    """Files that include ever more are not followed for ever."""

    def read(name: str) -> bytes:
        return b"-r %d.txt" % (int(name.removesuffix(".txt")) + 1)

    endless = distributions(b"-r 1.txt", Budget(), "0.txt", read)

    assert list(endless) == [None]


def test_distributions_of_another_encoding():
    """A file that pip cannot read may hold anything."""
    assert list(distributions(b"\xe9", Budget())) == [None]
    assert list(distributions("numpy".encode("utf-16"), Budget())) == ["numpy"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("https://x/y", "https"), ("git+ssh://x/y", "git"), ("file:./x", "file"), ("C:/x", None), ("x", None)],
)
def test_scheme(text: str, expected: str | None):
    assert url_scheme(text) == expected


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("numpy", None),
        ("./a", "./a"),
        ("a/b[extra] ; python_version > '3'", "a/b"),
        ("a-1.zip", "a-1.zip"),
        ("a @ https://x/y.zip", None),
        ("./a@b", "./a@b"),
    ],
)
def test_path_in(requirement: str, expected: str | None):
    assert path_in(requirement) == expected


class TestBounds:
    def test_lines(self):
        """Of a file of a million lines, as many are read as the budget has."""
        budget = enough_for(REQUIREMENT_LINES, 100)
        lines = logical_lines("a\n" * 1_000_000, budget)

        assert [next(lines) for _ in range(100)][-1] == (100, "a")
        with pytest.raises(Exhausted, match="more requirement lines than a command reads"):
            next(lines)

    def test_long_line(self):
        """A line that no file of people has is not taken apart, and what it requires is not known."""
        line = "a --hash=sha256:" + "a" * 100_000

        with pytest.raises(Exhausted, match="more characters in a requirement line than a command reads"):
            list(logical_lines(line, Budget()))
        assert list(distributions(line.encode(), Budget())) == [None]

    def test_hashes(self):
        """A line with many hashes costs as much as it takes."""
        budget = enough_for(REQUIREMENT_LINES, 100)

        assert len(list(logical_lines("a \\\n" + "  --hash=sha256:1 \\\n" * 100, budget))) == 1
        assert 90 < budget.count_left(REQUIREMENT_LINES) < 99

    def test_spaces(self):
        """Spaces in front of a comment belong to it, and however many they are, they are looked at once."""
        spaces = " " * 90_000

        assert list(logical_lines(f"a{spaces}#b", Budget())) == [(1, "a")]
        assert list(logical_lines(f"a{spaces}b", Budget())) == [(1, f"a{spaces}b")]
