from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.digest import content_digest
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import Manifest
from hatch_mar.cli import main
from hatch_mar.cli._forms.markdown import code
from tests.archives import MANIFEST_BYTES, PACKING, archive_of, needs_posix
from tests.weights.files import protocol2, saved, state_dict, text, zipped

ARCHIVE = archive_of({"model.py": b"class Net: ...\n", "a\x1b[2J": b""})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    FORMATS["zip-store"].write(ARCHIVE, tmp_path / "digits.mar", PACKING)
    return tmp_path / "digits.mar"


class TestInspect:
    def test_text(self, path: Path, capsys: pytest.CaptureFixture[str]):
        """An archive's manifest, members and faults are shown, without its control characters."""
        assert main(["inspect", str(path)]) == 0
        lines = capsys.readouterr().out.splitlines()

        assert lines[0] == f"{path}  zip, {path.stat().st_size} bytes"
        assert lines[1] == f"content  {content_digest(ARCHIVE)}"
        assert "modelName          digits" in lines
        size = len(MANIFEST_BYTES)
        assert any(line.startswith(f"{size:>4} bytes {size:>4} bytes  ") for line in lines)
        assert next(line for line in lines if "model.py" in line).startswith("  15 bytes   15 bytes  ")
        assert not any("\x1b" in line for line in lines)
        assert lines[-1].startswith("Archive member `a\\x1b[2J` ")

    def test_loadings(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """What loading a member would import stands below it, if torch does not allow it."""
        evil = zipped(saved(protocol2(b"cos\nsystem\n" + text("echo") + b"\x85R")))
        good = zipped(saved(state_dict("weight"), {"0": 8}))
        FORMATS["zip-store"].write(archive_of({"a.pt": evil, "b.pt": good}), tmp_path / "m.mar", PACKING)
        assert main(["inspect", str(tmp_path / "m.mar")]) == 0
        lines = capsys.readouterr().out.splitlines()

        assert [line.split("  ")[-2:] for line in lines[-3:]] == [
            ["a.pt", "(pickle of `os.system`)"],
            ["", " `torch.load` imports `os.system`"],
            ["b.pt", "(state_dict, 1 tensor, float32)"],
        ]

    def test_keys(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """A manifest's keys are the archive's own words too."""
        archive = Archive(Manifest({"model": {"modelName": "digits", "a\x1b[31m": "red"}}), ())
        FORMATS["zip-store"].write(archive, tmp_path / "digits.mar", PACKING)
        assert main(["inspect", str(tmp_path / "digits.mar")]) == 0

        assert "a\\x1b[31m" in capsys.readouterr().out

    def test_json(self, path: Path, capsys: pytest.CaptureFixture[str]):
        """`--json` prints the same as JSON."""
        assert main(["inspect", "--json", str(path)]) == 0
        [document] = json.loads(capsys.readouterr().out)

        assert document["manifest"] == {"model": {"modelName": "digits"}}
        assert [member["name"] for member in document["members"]][1:] == ["a\x1b[2J", "model.py"]

    def test_markdown(self, path: Path, capsys: pytest.CaptureFixture[str]):
        """As Markdown, the manifest and the members are tables, and what is wrong is a list."""
        assert main(["inspect", "--output-format", "markdown", str(path)]) == 0
        lines = capsys.readouterr().out.splitlines()

        assert lines[:3] == [f"### {code(path)}", "", f"zip, {path.stat().st_size} bytes"]
        assert lines[4].startswith("- Archive member <code>")
        assert "| modelName | <code>digits</code> |" in lines
        assert f"| content digest | <code>{content_digest(ARCHIVE)}</code> |" in lines
        [row] = [line for line in lines if "<code>model.py</code>" in line]
        digest = hashlib.sha256(b"class Net: ...\n").hexdigest()
        assert row == f"| <code>model.py</code> | 15 bytes | 15 bytes | <code>{digest}</code> |  |"

    def test_markdown_weights(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """What weights are stands beside them, with what loading them would do."""
        evil = zipped(saved(protocol2(b"cos\nsystem\n" + text("echo") + b"\x85R")))
        FORMATS["zip-store"].write(archive_of({"a.pt": evil}), tmp_path / "m.mar", PACKING)
        assert main(["inspect", "--output-format", "markdown", str(tmp_path / "m.mar")]) == 0

        row = capsys.readouterr().out.splitlines()[-2]
        kind, loading = row.removesuffix(" |").rpartition(" | ")[2].split("<br>")
        assert kind == "pickle of <code>os.system</code>"
        assert loading == "<code>torch.load</code> imports <code>os.system</code>"

    def test_several(self, path: Path, capsys: pytest.CaptureFixture[str]):
        """Several archives are shown in turn, whether or not another can be read."""
        (path.parent / "page.mar").write_bytes(b"<html>")
        other = path.with_name("other.mar")
        other.write_bytes(path.read_bytes())
        files = [str(path), str(path.parent / "page.mar"), str(other)]

        assert main(["inspect", *files]) == 1
        out, err = capsys.readouterr()
        shown = out.split("\n\n" + str(other))
        assert len(shown) == 2
        assert shown[0].startswith(str(path))
        assert err.startswith(f"{path.parent / 'page.mar'}: MAR801 ")

        assert main(["inspect", "--json", *files]) == 1
        assert [found["path"] for found in json.loads(capsys.readouterr().out)] == [files[0], files[2]]

    def test_one_is_an_array_too(self, path: Path, capsys: pytest.CaptureFixture[str]):
        """What a pattern of the shell gives is always an array, even if it is one file."""
        assert main(["inspect", "--json", str(path)]) == 0
        assert len(json.loads(capsys.readouterr().out)) == 1

    def test_large(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Large sizes are shown as people read them."""
        archive = archive_of({"zeros": bytes(3 << 20)})
        FORMATS["default"].write(archive, tmp_path / "m.mar", PACKING._replace(compression="deflate"))

        assert main(["inspect", str(tmp_path / "m.mar")]) == 0
        line = capsys.readouterr().out.splitlines()[-1]
        assert line.split()[:4] == ["3.0", "MiB", *line.split()[2:4]]
        assert "KiB" in line

    @needs_posix
    @pytest.mark.parametrize("command", ["inspect", "check"])
    def test_pipe(self, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]):
        """A pipe, whose other end would be waited for, is refused."""
        os.mkfifo(tmp_path / "a.mar")

        assert main([command, str(tmp_path / "a.mar")]) == 1
        assert "not a regular file" in "".join(capsys.readouterr())

    def test_empty(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Of a directory without anything, neither empty tables nor heads of tables are shown."""
        assert main(["inspect", str(tmp_path)]) == 0
        fault = f"Not a model archive: `{tmp_path}` has no `MAR-INF/MANIFEST.json`"
        assert capsys.readouterr().out.splitlines() == [f"{tmp_path}  directory, 0 bytes", "", fault]

    def test_not_an_archive(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """A file that is not an archive is an error of one line."""
        (tmp_path / "digits.mar").write_bytes(b"0")

        assert main(["inspect", str(tmp_path / "digits.mar")]) == 1
        assert capsys.readouterr().err.startswith(f"{tmp_path / 'digits.mar'}: MAR801 The file begins with ")
