"""Files that DVC or git-annex has yet to bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.unfetched import find_remedy
from tests.archives import needs_posix


class TestAdvise:
    @pytest.mark.parametrize("described", ["weights.dvc", "weights/net.dvc", "weights/net/w.bin.dvc"])
    def test_dvc(self, described: str, tmp_path: Path):
        """DVC describes a file, or a folder that has it."""
        (tmp_path / "weights" / "net").mkdir(parents=True)
        (tmp_path / described).write_text("outs:\n")

        found = find_remedy(tmp_path / "weights/net/w.bin", tmp_path)

        assert found == f"run `dvc pull {described}`"

    @pytest.mark.parametrize("place", ["", "weights/"])
    @pytest.mark.parametrize("output", ["weights/net/w.bin", "weights/net"])
    def test_stage(self, place: str, output: str, tmp_path: Path):
        """What a stage of DVC makes stands in its lock, beside other outputs."""
        (tmp_path / "weights").mkdir()
        text = f"stages:\n  train:\n    outs:\n    - path: {output.removeprefix(place)}\n      md5: 1\n"
        (tmp_path / place / "dvc.lock").write_text(text)

        assert find_remedy(tmp_path / "weights/net/w.bin", tmp_path) == f"run `dvc pull {output}`"
        assert find_remedy(tmp_path / "weights/other.bin", tmp_path) is None

    @needs_posix
    def test_annex(self, tmp_path: Path):
        """git-annex links to where it would have the file."""
        link = tmp_path / "w.pt"
        link.symlink_to(".git/annex/objects/xx/yy/SHA256E-s1--z.pt/SHA256E-s1--z.pt")

        assert find_remedy(link, tmp_path) == "run `git annex get w.pt`"

    def test_remote_file(self, tmp_path: Path):
        """What `remote-files` declares is fetched, whatever else stands for it."""
        (tmp_path / "w.pt.dvc").touch()
        remote_file = RemoteFile("w.pt", "https://a.b/w.pt", "0" * 64)

        assert find_remedy(tmp_path / "w.pt", tmp_path, [remote_file]) == "run `hatch-mar fetch w.pt`"

    def test_neither(self, tmp_path: Path):
        """What lies above the project says nothing of it."""
        root = tmp_path / "project"
        root.mkdir()
        (tmp_path / "project.dvc").touch()
        (tmp_path / "other.dvc").touch()

        assert find_remedy(root / "w.pt", root) is None
        assert find_remedy(tmp_path / "other", root) is None

    def test_too_long(self, tmp_path: Path):
        """No file has a name of that length."""
        assert find_remedy(tmp_path / ("w" * 254), tmp_path) is None
