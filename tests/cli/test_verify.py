"""`hatch-mar verify`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hatch_mar.cli import main

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
"""


@pytest.fixture
def root(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project whose archive is built and listed."""
    (project / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(project)
    main(["build", "--sums"])
    capsys.readouterr()
    return project


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def add_line(root: Path, line: str) -> None:
    with (root / "dist" / "SHA256SUMS").open("a") as file:
        file.write(line)


class TestSums:
    @pytest.mark.parametrize("arguments", [["dist/digits.mar"], ["dist"]])
    def test_same(self, arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]):
        """A line says what was compared, for a file or for all that are listed in a folder."""
        assert main(["verify", *arguments]) == 0

        digest = digest_of(root / "dist/digits.mar")
        line = f"`dist/digits.mar` has SHA-256 `{digest}`, as listed in `dist/SHA256SUMS`\n"
        assert capsys.readouterr() == (line, "")

    def test_all(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A fault of one file does not hide the others."""
        (root / "dist" / "extra.mar").touch()
        add_line(root, f"{'0' * 64}  gone.mar\n")

        assert main(["verify", "dist"]) == 1
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 1
        assert [line.split("`")[1] for line in printed.err.splitlines()] == [
            "dist/extra.mar",
            "dist/gone.mar",
        ]

    def test_subfolder(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A folder may list files that are in folders below it."""
        (root / "dist").rename(root / "release")
        (root / "dist").mkdir()
        (root / "release").rename(root / "dist" / "release")
        archive = root / "dist/release/digits.mar"
        add_line(root, f"{digest_of(archive)}  release/digits.mar\n")

        assert main(["verify", "dist"]) == 0
        assert "`dist/release/digits.mar` has SHA-256" in capsys.readouterr().out

    def test_empty_folder(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A folder that lists nothing is a fault, which does not hide the others."""
        assert main(["verify", "weights", "dist", "--json"]) == 1

        printed = capsys.readouterr()
        assert printed.err.startswith("`weights` has no digests, ")
        assert [each["path"] for each in json.loads(printed.out)] == ["weights", str(Path("dist/digits.mar"))]

    def test_given(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """`--sums` names a list elsewhere."""
        (root / "dist" / "SHA256SUMS").rename(root / "SUMS")

        assert main(["verify", "dist/digits.mar"]) == 1
        assert main(["verify", "dist/digits.mar", "--sums", "SUMS"]) == 0
        assert main(["verify", "dist/digits.mar", "--sums", "missing"]) == 1
        assert capsys.readouterr().err.splitlines()[1:] == [
            "Cannot access `missing`: No such file or directory"
        ]

    def test_json(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """The document has what holds, and the faults."""
        digest = digest_of(root / "dist/digits.mar")
        assert main(["verify", "dist/digits.mar", "gone.mar", "--json"]) == 1

        printed = capsys.readouterr()
        assert printed.err == "File not found: `gone.mar`\n"
        nothing = {"sha256": None, "lists": [], "rebuilt": None}
        assert json.loads(printed.out) == [
            nothing
            | {"path": "dist/digits.mar", "sha256": digest, "lists": ["dist/SHA256SUMS"], "faults": []},
            nothing | {"path": "gone.mar", "faults": ["File not found: `gone.mar`"]},
        ]


class TestRebuild:
    def test_same(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """No list is needed."""
        (root / "dist" / "SHA256SUMS").unlink()
        assert main(["verify", "dist/digits.mar", "--rebuild"]) == 0

        assert capsys.readouterr() == (
            f"`dist/digits.mar` has the bytes of the folder `{root}`, which is not in a git repository\n",
            "",
        )

    def test_elsewhere(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The project may be anywhere."""
        monkeypatch.chdir(tmp_path)

        assert main(["verify", "project/dist/digits.mar", "--rebuild", "--project", "project"]) == 0

    def test_different(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """What differs is shown, besides what the list says."""
        (root / "handler.py").write_text("def handle(data, context): return [1]\n")
        assert main(["verify", "dist/digits.mar", "--rebuild"]) == 1

        printed = capsys.readouterr()
        assert printed.out.splitlines()[1:] == ["~ member handler.py: 43 bytes -> 38 bytes"]
        assert printed.err == (
            f"`dist/digits.mar` differs from a build of the folder `{root}`, which is not in a git"
            " repository\n"
        )

    def test_both_wrong(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """A wrong digest and a wrong build are two faults."""
        (root / "dist" / "SHA256SUMS").write_text(f"{'0' * 64}  digits.mar\n")
        (root / "pyproject.toml").write_text(PYPROJECT.replace("1.0", "2.0"))

        assert main(["verify", "dist/digits.mar", "--rebuild"]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 2

    def test_directory(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that is a directory has no digest, but can be built again."""
        (root / "pyproject.toml").write_text(PYPROJECT + 'archive-format = "no-archive"\n')
        main(["build"])

        assert main(["verify", "dist/digits", "--rebuild"]) == 0
        assert main(["verify", "dist/digits"]) == 1
        assert "is a directory, which has no digest; " in capsys.readouterr().err

    def test_folder(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """In a folder with other files that are listed, the archives are built again."""
        (root / "dist" / "notes.txt").touch()
        add_line(root, f"{digest_of(root / 'dist/notes.txt')}  notes.txt\n")

        assert main(["verify", "dist", "--rebuild", "--json"]) == 0
        found = {Path(each["path"]).name: each["rebuilt"] for each in json.loads(capsys.readouterr().out)}
        assert found == {
            "notes.txt": None,
            "digits.mar": {
                "commit": None,
                "changed": [],
                "not_in_git": [],
                "same_bytes": True,
                "same_content": True,
                "differences": [],
            },
        }
