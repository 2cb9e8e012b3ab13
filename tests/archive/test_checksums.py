from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.checksums import SUMS, format_sums, parse_sums, read_sums, sidecar_of
from hatch_mar.errors import ReadError

ONE, TWO = "1" * 64, "2" * 64


def test_format_sums():
    """The lines are in the order of the names."""
    assert format_sums({"b.mar": TWO, "a.mar": ONE}) == f"{ONE}  a.mar\n{TWO}  b.mar\n"


@given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.sampled_from([ONE, TWO])))
def test_round_trip(digests: dict[str, str]):
    """What is written is read, whatever the names are."""
    assert parse_sums(format_sums(digests)) == digests


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE} *a.mar\n",
        f"{ONE}  a.mar\r\n",
        f"{ONE.upper()}  a.mar",
        f"# of version 1\n\n{ONE}  a.mar\n{ONE}  a.mar\n",
    ],
)
def test_other_writers(text: str):
    """The forms of other tools are read too."""
    assert parse_sums(text) == {"a.mar": ONE}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{ONE}  a.mar\n<html>\n", "is not in the form of `sha256sum` in line 2"),
        (f"{ONE[:-1]}  a.mar\n", "is not in the form of `sha256sum` in line 1"),
        (f"{ONE}  a.mar\n{TWO}  a.mar\n", "has two digests of `a.mar`"),
    ],
)
def test_faults(text: str, fault: str):
    """Anything else is refused."""
    with pytest.raises(ValueError, match=fault):
        parse_sums(text)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs GNU coreutils")
def test_sha256sum(tmp_path: Path):
    """`sha256sum` accepts what is written."""
    names = ["a.mar", "b c.mar", "d\\e\n.mar"]
    for name in names:
        (tmp_path / name).write_text(name)
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    (tmp_path / SUMS).write_text(format_sums(digests))

    result = subprocess.run(
        ["sha256sum", "--strict", "-c", SUMS], check=False, cwd=tmp_path, capture_output=True, text=True
    )

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"PK\x03\x04\xff", "is not in the form of"), (b"\n" * (1 << 25), "is larger than a list")],
    ids=["binary", "large"],
)
def test_unreadable(data: bytes, reason: str, tmp_path: Path):
    """What is no such list is an error that names the file."""
    (tmp_path / SUMS).write_bytes(data)

    with pytest.raises(ReadError, match=rf"^Cannot read `.*SHA256SUMS`: it {reason}"):
        read_sums(tmp_path / SUMS)


def test_sidecar_of():
    """The whole name stays."""
    assert sidecar_of(Path("dist/digits.mar")) == Path("dist/digits.mar.sha256")
