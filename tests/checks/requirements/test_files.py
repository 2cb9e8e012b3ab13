"""What pip refuses in a requirements file, or in those that it includes, is found."""

from __future__ import annotations

import pytest

from hatch_mar.checks.requirements import check
from tests.checks import found as found_by
from tests.checks.requirements import FILE, found

LEAVE = "use only the options that a requirements file may have"
ADD = "add it to the archive under this path, relative to the archive's root"
NAME = "add it to the archive and name it relative to the archive's root"

FAULTS: list[tuple[str, str]] = [
    ("--foo\n", f":1: MAR603 pip refuses the options of `--foo`: no such option: --foo; {LEAVE}"),
    (
        "\nscipy --user\n",
        f":2: MAR603 pip refuses the options of `scipy --user`: no such option: --user; {LEAVE}",
    ),
    (
        "-r\n",
        f":1: MAR603 pip refuses the options of `-r`: -r option requires 1 argument; {LEAVE}",
    ),
    ("-r 'a\n", f":1: MAR603 pip refuses the options of `-r 'a`: No closing quotation; {LEAVE}"),
    ("-r more.txt\n", f":1: MAR605 The archive has no `more.txt` for pip to read; {ADD}"),
    ("-c sub/none.txt\n", f":1: MAR605 The archive has no `sub/none.txt` for pip to read; {ADD}"),
    ("-r ../up.txt\n", f":1: MAR605 The archive has no `../up.txt` for pip to read; {ADD}"),
    (
        "-r requirements.txt\n",
        ":1: MAR606 `requirements.txt` includes itself; remove the line",
    ),
    (
        f"a==1 --hash=sha256:{'0' * 64}\nb==1\n",
        ":2: MAR607 `b==1` has no `--hash`, but others do; give all of them hashes, or none of them",
    ),
    (
        "--require-hashes\nb==1\n",
        ":2: MAR607 `b==1` has no `--hash`, but others do; give all of them hashes, or none of them",
    ),
    ("-r /opt/r.txt\n", f":1: MAR609 pip reads `/opt/r.txt` on the server; {NAME}"),
    (
        "--find-links packages\n",
        f":1: MAR609 pip looks for packages in `packages` on the server; {NAME}",
    ),
]

GOOD = [
    "--pre --extra-index-url https://x/simple\nscipy\n",
    "-i https://x/simple\n--trusted-host x\n--no-index\n--no-binary :all:\n--prefer-binary\n",
    f"a==1 --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{'1' * 64}\n",
    "-f wheels\npkg\n",
    "-f https://x/links.html\n",
    "-rsub/more.txt\n--constraint 'sub/more.txt'\n",
    "-r https://x/r.txt\n",
    "${PACKAGE}\n-r ${WHERE}/r.txt\n",
    "\ufeffscipy\n",
]


class TestLines:
    @pytest.mark.parametrize(("text", "expected"), FAULTS)
    def test_fault(self, text: str, expected: str):
        """What pip refuses, or does not find, is found, with its line."""
        assert found(text) == [FILE + expected]

    @pytest.mark.parametrize("text", GOOD)
    def test_good(self, text: str):
        """What pip reads is not a fault."""
        assert found(text) == []

    def test_all(self):
        """All faults are found at once."""
        assert [line.split(" ")[1] for line in found("./x\n--y\nz z\n-r w\n")] == [
            "MAR605",
            "MAR603",
            "MAR604",
            "MAR605",
        ]


class TestEncoding:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"# \xe9\n", "invalid continuation byte"),
            (
                "scipy\n".encode("utf-16-le"),
                "it has null characters, as UTF-16 has without a byte order mark",
            ),
            (b"# coding: klingon\n", "there is no encoding `klingon`"),
            (b"# coding: ascii\n# \xe9\n", "ordinal not in range(128)"),
        ],
    )
    def test_fault(self, data: bytes, reason: str):
        """What pip cannot decode on a server with UTF-8 is an error."""
        assert found(data) == [
            f"{FILE}: MAR602 pip cannot read `requirements.txt`: {reason}; save the file as UTF-8"
        ]

    @pytest.mark.parametrize("data", ["scipy\n".encode("utf-16"), b"# -*- coding: latin-1 -*-\n# \xe9\n"])
    def test_good(self, data: bytes):
        """pip follows byte order marks, such as PowerShell's, and `coding:` comments."""
        assert found(data) == []

    def test_long(self):
        """A file that nobody wrote by hand is not read to its end."""
        assert found(b"# x\n" * (1 << 20)) == [
            (
                f"{FILE}: MAR612 The requirements file `requirements.txt` is too long to be checked;"
                " remove what is not a requirement"
            )
        ]


class TestIncluded:
    def test_nested(self):
        """Included paths are relative to the file that includes them, and files are read once."""
        files = {"a/r.txt": "-r b/s.txt\n-r b/s.txt\n", "a/b/s.txt": "-r ../t.txt\n", "a/t.txt": "x x\n"}
        assert [line.split(" ")[:2] for line in found_by(check, files, requirements_file="a/r.txt")] == [
            ["digits.mar/a/t.txt:1:", "MAR604"],
            ["digits.mar/a/r.txt:", "MAR611"],
        ]

    def test_circle(self):
        """Files that include one another are an error, through any number of files."""
        files = {"r.txt": "-r s.txt\n", "s.txt": "-r r.txt\n"}
        assert found_by(check, files, requirements_file="r.txt") == [
            "digits.mar/s.txt:1: MAR606 `r.txt` includes itself; remove the line"
        ]
