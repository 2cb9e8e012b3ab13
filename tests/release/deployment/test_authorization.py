"""Where the keys come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.release.deployment.authorization import Key, find_key


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key_file.json"
    file.write_text(
        json.dumps({"management": {"key": "m", "expiration time": "x"}, "inference": {"key": "i"}})
    )
    return file


def test_none():
    assert find_key("management", None) == Key()


def test_file(key_file: Path):
    assert find_key("inference", key_file) == Key("i", "`key_file.json`")


def test_environment(key_file: Path, monkeypatch: pytest.MonkeyPatch):
    """The environment wins, and then the file need not exist."""
    monkeypatch.setenv("HATCH_MAR_MANAGEMENT_KEY", "env\n")
    expected = Key("env", "`HATCH_MAR_MANAGEMENT_KEY`")

    assert find_key("management", key_file) == expected
    assert find_key("management", key_file.with_name("missing")) == expected


@pytest.mark.parametrize("text", ["", "[]", '{"management": "m"}', '{"management": {}}', "[" * 9000])
def test_not_a_key_file(text: str, key_file: Path):
    key_file.write_text(text)

    with pytest.raises(
        ReleaseError, match=r"has no key for the management API; it must be the `key_file\.json`"
    ):
        find_key("management", key_file)


def test_missing_file(tmp_path: Path):
    expected = r"^Cannot read the key file .*: No such .*; TorchServe .*, set `HATCH_MAR_MANAGEMENT_KEY`$"
    with pytest.raises(ReleaseError, match=expected):
        find_key("management", tmp_path / "key_file.json")


def test_not_sendable(monkeypatch: pytest.MonkeyPatch):
    """A key that would become another header is not sent, nor shown."""
    monkeypatch.setenv("HATCH_MAR_MANAGEMENT_KEY", "secret\r\nHost: x")

    with pytest.raises(ReleaseError, match=r"^The key from `HATCH_MAR_MANAGEMENT_KEY` has") as error:
        find_key("management", None)
    assert "secret" not in str(error.value)
