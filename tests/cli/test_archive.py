from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from hatch_mar.cli import main

LEAST = ["--model-name", "digits", "--version", "1.0", "--handler", "handler.py"]


def archive(*arguments: str) -> int:
    """The exit status of `hatch-mar archive`, returned or raised."""
    try:
        return main(["archive", *arguments])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(autouse=True)
def _inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    # what they find has tests of its own
    monkeypatch.setattr("hatch_mar.cli._archiving.find_faults", lambda *_: [])


class TestArchive:
    def test_written(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The archive is written to the working directory, and its path is all that is printed."""
        assert archive(*LEAST) == 0

        assert capsys.readouterr() == ("digits.mar\n", "")
        with zipfile.ZipFile(project / "digits.mar") as mar:
            assert {*mar.namelist()} == {"MAR-INF/MANIFEST.json", "handler.py"}
            model = json.loads(mar.read("MAR-INF/MANIFEST.json"))["model"]
        assert model == {"modelName": "digits", "handler": "handler.py", "modelVersion": "1.0"}

    def test_export_path(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With `--export-path`, the archive is written there."""
        (project / "store").mkdir()

        assert archive(*LEAST, "--export-path", "store") == 0

        assert (str(Path("store/digits.mar")) + "\n", "") == capsys.readouterr()
        assert not (project / "digits.mar").exists()

    @pytest.mark.parametrize(
        ("form", "name"),
        [
            ("default", "digits.mar"),
            ("zip-store", "digits.mar"),
            ("tgz", "digits.tar.gz"),
            ("no-archive", "digits"),
        ],
    )
    def test_archive_format(self, project: Path, form: str, name: str) -> None:
        """The format decides the name."""
        assert archive(*LEAST, "--archive-format", form) == 0
        assert (project / name).exists()

    @pytest.mark.parametrize("force", ["-f", "--force", "--fo"])
    def test_force(self, project: Path, force: str) -> None:
        """With `--force`, an archive is replaced."""
        (project / "digits.mar").write_bytes(b"old")

        assert archive(*LEAST, force) == 0
        assert zipfile.is_zipfile(project / "digits.mar")

    def test_version_empty(self, project: Path) -> None:
        """A model without a version has none in its manifest, as with torch-model-archiver."""
        assert archive("--model-name", "digits", "--version", "", "--handler", "handler.py") == 0

        with zipfile.ZipFile(project / "digits.mar") as mar:
            assert "modelVersion" not in json.loads(mar.read("MAR-INF/MANIFEST.json"))["model"]


class TestJson:
    def test_archive(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """`--json` prints what there is to know of the archive, as `hatch-mar build` does."""
        assert archive(*LEAST, "--json") == 0

        found = json.loads(capsys.readouterr().out)
        data = (project / "digits.mar").read_bytes()
        assert found | {"content_digest": None} == {
            "name": "digits",
            "version": "1.0",
            "path": "digits.mar",
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "content_digest": None,
            "unchanged": False,
        }
        assert archive(*LEAST, "--json", "--force") == 0
        assert json.loads(capsys.readouterr().out) == found | {"unchanged": True}


class TestFaults:
    def refused(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
        assert archive(*arguments) == 1
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    def test_exists(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An existing archive is unchanged, and the message says how to replace it."""
        (project / "digits.mar").write_bytes(b"old")

        expected = "File already exists: `digits.mar`; give `--force` to overwrite it"

        assert self.refused(capsys, *LEAST) == [expected]
        assert (project / "digits.mar").read_bytes() == b"old"

    @pytest.mark.parametrize("path", ["none", "model.py"])
    def test_export_path(self, capsys: pytest.CaptureFixture[str], path: str) -> None:
        """As with torch-model-archiver, the directory must exist."""
        expected = f"Option `--export-path` must be a directory that exists: `{path}`"

        assert self.refused(capsys, *LEAST, "--export-path", path) == [expected]

    def test_values(self, capsys: pytest.CaptureFixture[str]) -> None:
        """All invalid values are reported at once."""
        name = (
            "Option `--model-name` must begin with a letter, followed by letters, digits,"
            " `_`, `-` and `.` (never two dots in a row): `1 2` [MAR004]"
        )
        handler = (
            "Option `--handler` must have a function's name after its colon, as in"
            " `handler.py:handle`: `a:1` [MAR004]"
        )

        assert self.refused(capsys, "--model-name", "1 2", "-v", "1", "--handler", "a:1") == [name, handler]

    def test_files(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """All missing files are reported at once with their options, and nothing is written."""
        expected = [
            "Option `--serialized-file`: file not found: `none.pt` [MAR021]",
            "Option `--handler`: file not found: `none.py` [MAR021]",
            "Option `--extra-files`: no file matches the pattern `*.none` [MAR022]",
            "Option `--requirements-file`: file not found: `none.txt` [MAR021]",
        ]
        options = ["--serialized-file", "none.pt", "--extra-files", "*.none", "-r", "none.txt"]

        assert self.refused(capsys, *LEAST[:-1], "none", *options) == expected
        assert not (project / "digits.mar").exists()


class TestUsage:
    @pytest.mark.parametrize("missing", ["--model-name", "--version", "--handler"])
    def test_required(self, capsys: pytest.CaptureFixture[str], missing: str) -> None:
        """A missing required option is wrong usage."""
        place = LEAST.index(missing)

        assert archive(*LEAST[:place], *LEAST[place + 2 :]) == 2
        assert "hatch-mar archive: error: the following arguments are required: " in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--serialized-file", "--seri", "--s"])
    def test_prefix(self, option: str, capsys: pytest.CaptureFixture[str]) -> None:
        """torch-model-archiver's options can be shortened as there; ours cannot, and so change nothing."""
        assert archive(*LEAST, option, "weights/model.pth", "--json", "--strict") == 0
        assert json.loads(capsys.readouterr().out)["name"] == "digits"
        assert archive(*LEAST, "--stric") == 2

    @pytest.mark.parametrize(
        "more", [["more"], ["--none"], ["--runtime", "java"], ["--archive-format", "zip"]]
    )
    def test_wrong(self, more: list[str]) -> None:
        """Options that torch-model-archiver does not have are unknown."""
        assert archive(*LEAST, *more) == 2

    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The help has an example that works as it stands."""
        assert archive("--help") == 0

        out = capsys.readouterr().out
        assert out.startswith("usage: hatch-mar archive [-h] --model-name MODEL_NAME")
        assert "example:\n  hatch-mar archive --model-name digits --version 1.0" in out
