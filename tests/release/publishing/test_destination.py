from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.errors import ConfigError, ReleaseError
from hatch_mar.project.config.models import Destination
from hatch_mar.release.publishing.destination import fill_in, find_destination, open_storage
from hatch_mar.release.publishing.directory import Directory
from hatch_mar.release.publishing.object_store import ObjectStore
from hatch_mar.release.publishing.ready import Ready

KNOWN = {
    "staging": Destination("s3://models/staging", "kserve"),
    "shelf": Destination("../shelf"),
}


class TestFindDestination:
    @pytest.mark.parametrize(
        ("where", "url"),
        [
            ("staging", "s3://models/staging"),
            ("s3://models/{model-name}/{version}", "s3://models/{model-name}/{version}"),
            ("abfs://models@account.dfs.core.windows.net/a", "abfs://models@account.dfs.core.windows.net/a"),
            ("./model-store", "./model-store"),
            ("~/models", os.path.expanduser("~/models")),
            ("./stagin", "./stagin"),
            ("a/stagin", "a/stagin"),
            (".", "."),
        ],
    )
    def test_found(self, where: str, url: str):
        """A name, a URL or a directory."""
        assert find_destination(where, KNOWN, Path("/home/me/digits")).url == url

    def test_relative(self, tmp_path: Path):
        """A project's directories are relative to the project."""
        assert find_destination("shelf", KNOWN, tmp_path / "digits").url == str(tmp_path / "shelf")

    def test_layout(self):
        """A destination of the project brings its layout; all others are flat."""
        assert find_destination("staging", KNOWN, Path()).layout == "kserve"
        assert find_destination("./model-store", KNOWN, Path()).layout == "flat"

    @pytest.mark.parametrize(
        ("word", "advice"),
        [
            ("stagin", r"did you mean `staging`\?"),
            ("production", r"the project has `staging`, `shelf`\."),
        ],
    )
    def test_unknown(self, word: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """If the project has destinations, no other word is taken for a directory, unless there is one."""
        monkeypatch.chdir(tmp_path)
        message = rf"^Unknown destination `{word}`; {advice} For a directory, write `\./{word}`$"

        with pytest.raises(ConfigError, match=message):
            find_destination(word, KNOWN, Path())
        (tmp_path / word).mkdir()
        assert find_destination(word, KNOWN, Path()).url == word

    def test_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A project without destinations can only mean a directory."""
        monkeypatch.chdir(tmp_path)

        assert find_destination("model-store", {}, Path()).url == "model-store"

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            ("s3:/models", r"^The destination is not a URL: `s3:/models`; did you mean `s3://models`\?$"),
            ("s3://me:secret@models", "^The destination must be a URL without spaces or a password, such as"),
            ("s3://models/{name}", "^The destination may have the placeholders `{model-name}` and"),
        ],
    )
    def test_slips(self, where: str, message: str):
        """A URL with a slip does not become a directory of that name."""
        with pytest.raises(ConfigError, match=message):
            find_destination(where, {}, Path())

    def test_home(self, monkeypatch: pytest.MonkeyPatch):
        """`~` is the home directory, where no shell has expanded it; in a URL it stands for itself."""
        monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", "/home/me"))

        assert find_destination("~/store", {}, Path()).url == "/home/me/store"
        home = find_destination("home", {"home": Destination("~/store")}, Path("/home/me/digits")).url
        assert home == os.path.normpath("/home/me/store")


def ready(version: str | None) -> Ready:
    return Ready(Path("digits.mar"), "digits", version, FORMATS["default"])


class TestFillIn:
    @pytest.mark.parametrize(
        ("destination", "version", "expected"),
        [
            ("s3://models", None, "s3://models"),
            ("s3://models/{model-name}", None, "s3://models/digits"),
            ("s3://models/{model-name}/{version}", "1.0+abc", "s3://models/digits/1.0+abc"),
        ],
    )
    def test_filled_in(self, destination: str, version: str | None, expected: str):
        """Each archive has its folder."""
        assert fill_in(destination, ready(version)) == expected

    @pytest.mark.parametrize(
        ("version", "message"),
        [
            (None, "^`digits.mar` has no version for `{version}`; publish it to a destination without that$"),
            ("../1.0", "^The version `../1.0` of `digits.mar` cannot be the name of a folder; publish it to"),
            ("..", r"^The version `\.\.` of `digits.mar` cannot be"),
            ("a?b", r"^The version `a\?b` of `digits.mar` cannot be"),
        ],
    )
    def test_refused(self, version: str | None, message: str):
        """A version that would lead elsewhere is refused."""
        with pytest.raises(ReleaseError, match=message):
            fill_in("s3://models/{version}", ready(version))


class TestOpenPlace:
    @pytest.mark.parametrize("scheme", ["file", "local"])
    def test_file(self, tmp_path: Path, scheme: str):
        """A URL of a local file never goes to fsspec, which would overwrite silently."""
        place = open_storage((tmp_path / "a b").as_uri().replace("file:", f"{scheme}:"))

        assert isinstance(place, Directory)
        assert place.path == tmp_path / "a b"

    def test_directory(self):
        """A path is a directory."""
        assert isinstance(open_storage("model-store"), Directory)

    def test_other_machine(self):
        """Two slashes too few are explained."""
        with pytest.raises(
            ReleaseError, match="names another machine; for this one, write `file:///`, with three slashes"
        ):
            open_storage("file://models/x")

    def test_store(self):
        """All else is a store's."""
        assert isinstance(open_storage("memory://models"), ObjectStore)
