"""`hatch-mar publish`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hatch_mar.cli import main
from tests.archives import tree

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"

[tool.mar.publish]
shelf = "shelf/{model-name}"
served = { url = "../served", layout = "kserve" }

[[tool.mar.archives]]
model-name = "one"

[[tool.mar.archives]]
model-name = "two"
"""


@pytest.fixture
def root(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(project)
    return project


class TestPublish:
    def test_project(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """All archives of a project are built and published; then they are there."""
        assert main(["publish", "--to", "./store"]) == 0
        assert main(["publish", "--to", "./store"]) == 0

        out, err = capsys.readouterr()
        assert (out.splitlines(), err) == (
            [
                f"store/{name}-1.0.mar ({state})"
                for state in ("published", "unchanged")
                for name in ("one", "two")
            ],
            "",
        )
        assert (root / "store/one-1.0.mar").read_bytes() == (root / "dist/one.mar").read_bytes()

    def test_names(self, root: Path):
        """Only the archives that are named are published, where the project says, as it says."""
        assert main(["publish", "two", "--to", "shelf"]) == 0
        assert main(["publish", "two", "--to", "served"]) == 0

        assert set(tree(root / "shelf")) == {"two/two-1.0.mar", "two/two-1.0.mar.sha256"}
        assert "model-store/two.mar" in tree(root.parent / "served")

    def test_layout(self, root: Path):
        """`--layout` wins over the destination's."""
        assert main(["publish", "two", "--to", "served", "--layout", "flat"]) == 0

        assert set(tree(root.parent / "served")) == {"two-1.0.mar", "two-1.0.mar.sha256"}

    def test_file(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive on disk is published as it is, without any project."""
        assert main(["build", "one"]) == 0
        monkeypatch.chdir(tmp_path)

        assert main(["publish", "project/dist/one.mar", "--to", "./store"]) == 0
        assert (tmp_path / "store/one-1.0.mar").read_bytes() == (root / "dist/one.mar").read_bytes()

    def test_refused(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """Other bytes are refused with status 1, and `--replace` replaces them."""
        assert main(["publish", "one", "--to", "./store"]) == 0
        (root / "handler.py").write_text("def handle(data, context): return []\n")
        capsys.readouterr()

        assert main(["publish", "one", "--to", "./store"]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("`store/one-1.0.mar` exists with other bytes: its SHA-256 is ")
        assert main(["publish", "one", "--to", "./store", "--replace"]) == 0
        assert capsys.readouterr().out == "store/one-1.0.mar (replaced)\n"

    def test_dry_run(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """`--dry-run` builds, looks and tells."""
        assert main(["publish", "one", "--to", "./store", "--dry-run"]) == 0

        assert capsys.readouterr().out == "store/one-1.0.mar (would be published)\n"
        assert not (root / "store").exists()

    def test_json(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """`--json` prints an array of all files."""
        assert main(["publish", "one", "--to", "./store", "--json"]) == 0

        [file] = json.loads(capsys.readouterr().out)
        assert file["url"] == "store/one-1.0.mar"
        assert file["state"] == "published"
        assert file["size"] == (root / "dist/one.mar").stat().st_size
        assert (root / "store/one-1.0.mar.sha256").read_text() == f"{file['sha256']}  one-1.0.mar\n"

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (["--to", "shelv"], 1, "Unknown destination `shelv`; did you mean `shelf`?"),
            (
                ["--to", "other"],
                1,
                "Unknown destination `other`; the project has `shelf`, `served`. For a directory",
            ),
            (["three", "--to", "./store"], 1, "Unknown archive `three`; the project has `one`, `two`"),
            (["--to", "s3:/models"], 1, "is not a URL: `s3:/models`; did you mean `s3://models`?"),
        ],
    )
    def test_faults(
        self, root: Path, arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
    ):
        """What is wrong with the arguments is one line, and nothing is built."""
        assert main(["publish", *arguments]) == status
        assert message in capsys.readouterr().err
        assert not (root / "dist").exists()

    @pytest.mark.parametrize("arguments", [[], ["--to", ""]])
    def test_usage(self, root: Path, arguments: list[str]):
        """A destination is required."""
        with pytest.raises(SystemExit, match="2"):
            main(["publish", *arguments])

    def test_invalid(self, root: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that a build refuses is not published."""
        (root / "handler.py").unlink()

        assert main(["publish", "--to", "./store"]) == 1
        assert "handler.py" in capsys.readouterr().err
        assert not (root / "store").exists()

    def test_no_archive(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """A file that is not an archive is refused."""
        path = tmp_path / "x.mar"
        path.write_bytes(b"no")

        assert main(["publish", str(path), "--to", str(tmp_path / "store"), "--project", str(tmp_path)]) == 1
        assert "x.mar" in capsys.readouterr().err
        assert not (tmp_path / "store").exists()
