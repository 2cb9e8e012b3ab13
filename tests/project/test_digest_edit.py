from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("tomlkit")
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.digest_edit import require_tomlkit, write_digest

DIGEST = "8fb9" * 16
FILE = RemoteFile("b", "https://example.org/b", DIGEST)
LINE = f'sha256 = "{DIGEST}"'


def edited(root: Path, text: str) -> str:
    (root / "pyproject.toml").write_bytes(text.encode())
    write_digest(root, FILE)
    return (root / "pyproject.toml").read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            '[[tool.mar.remote-files]]\npath = "a"\nurl = "https://example.org/a"\n\n'
            "# the second\n[[ tool . mar . 'remote-files' ]] # it\n# path\n"
            'path = "b"\nurl = "https://example.org/b" # where\n\n# more\n[x]\ny = 1\n',
            '[[tool.mar.remote-files]]\npath = "a"\nurl = "https://example.org/a"\n\n'
            "# the second\n[[ tool . mar . 'remote-files' ]] # it\n# path\n"
            f'path = "b"\nurl = "https://example.org/b" # where\n{LINE}\n\n# more\n[x]\ny = 1\n',
            id="new",
        ),
        pytest.param(
            '[[tool.mar.remote-files]]\nurl = "https://example.org/b"\npath = "b"',
            f'[[tool.mar.remote-files]]\nurl = "https://example.org/b"\npath = "b"\n{LINE}\n',
            id="at the end, without a newline",
        ),
        pytest.param(
            '[[tool.mar.remote-files]]\r\npath = "b"\r\nurl = "https://example.org/b"\r\n\r\n[x]\r\n',
            f'[[tool.mar.remote-files]]\r\npath = "b"\r\nurl = "https://example.org/b"\r\n{LINE}\r\n\r\n[x]\r\n',
            id="CRLF",
        ),
        pytest.param(
            '[[tool.mar.remote-files]]\nsha256 = "0" # old\npath = "b"\nurl = "https://example.org/b"\n',
            f'[[tool.mar.remote-files]]\n{LINE} # old\npath = "b"\nurl = "https://example.org/b"\n',
            id="another",
        ),
        pytest.param(
            '[tool.mar]\nremote-files = [\n  # b\n  { path = "b", url = "https://example.org/b" }, # it\n]\n',
            "[tool.mar]\nremote-files = [\n  # b\n"
            f'  {{ path = "b", url = "https://example.org/b", {LINE} }}, # it\n]\n',
            id="inline",
        ),
        pytest.param(
            'x = """\n[[tool.mar.remote-files]]\n"""\n'
            '[[tool.mar.remote-files]]\npath = "b"\nurl = """https://example.org/b"""\n',
            'x = """\n[[tool.mar.remote-files]]\n"""\n'
            f'[[tool.mar.remote-files]]\npath = "b"\nurl = """https://example.org/b"""\n{LINE}\n',
            id="in a string",
        ),
    ],
)
def test_write(tmp_path: Path, before: str, after: str):
    """A digest is written where it is, or at the end of its table; all else stays as it is."""
    assert edited(tmp_path, before) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[[tool.mar.remote-files]]\npath = "b"\nurl = "https://example.org/newer"\n',
        "[tool.mar]\nremote-files = 1\n",
    ],
)
def test_changed(tmp_path: Path, text: str):
    """A project that was changed meanwhile is left as it is, and the digest is not lost."""
    with pytest.raises(ConfigError, match=f"has changed meanwhile; write {LINE} there by hand"):
        edited(tmp_path, text)

    assert (tmp_path / "pyproject.toml").read_text() == text


def test_no_tomlkit(monkeypatch: pytest.MonkeyPatch):
    """The package that is missing is named."""
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    with pytest.raises(ConfigError, match=r"`--lock` needs tomlkit: pip install 'hatch-mar\[cli\]'"):
        require_tomlkit()


def test_several(tmp_path: Path):
    """Of several that write at the same time, none loses its digest."""
    files = [FILE._replace(path=str(number)) for number in range(8)]
    text = "".join(f'[[tool.mar.remote-files]]\npath = "{each.path}"\nurl = "{each.url}"\n' for each in files)
    (tmp_path / "pyproject.toml").write_text(text)
    with ThreadPoolExecutor(len(files)) as pool:
        assert [*pool.map(lambda file: write_digest(tmp_path, file), files)] == [None] * len(files)

    assert (tmp_path / "pyproject.toml").read_text().count(LINE) == len(files)
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]
