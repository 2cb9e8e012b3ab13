from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.project.config.models import by_name, path_of
from tests.project.config import (
    LEAST,
    archive,
    archives,
)


class TestFileName:
    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ("default", "a.b.mar"),
            ("zip-store", "a.b.mar"),
            ("tgz", "a.b.tar.gz"),
            ("no-archive", "a.b"),
        ],
    )
    def test_suffix(self, form: str, expected: str):
        """A file name ends in its format's suffix, by which TorchServe recognises the format."""
        assert archive(model_name="a.b", archive_format=form).file_name == expected

    def test_in_the_build_directory(self):
        """An archive is written to the build directory."""
        assert Path("out/digits.mar") == path_of(archive(), Path("project"), Path("out"))

    def test_in_the_export_path(self):
        """An export path is relative to the project."""
        config = archive(export_path="store/models")

        assert Path("project/store/models/digits.mar") == path_of(config, Path("project"), Path("out"))


class TestByName:
    def test_by_model(self):
        """An archive is selected by its model's name."""
        configs = archives(LEAST | {"archives": [{"model-name": "b"}, {"model-name": "a"}]})

        assert {"b": configs[0], "a": configs[1]} == by_name(configs)
        assert list(by_name(configs)) == ["b", "a"]

    def test_by_file(self):
        """Archives that share a model name are selected by file name; others still by model name."""
        configs = archives(
            LEAST | {"archives": [{}, {"archive-format": "tgz"}, {"model-name": "other"}]},
        )

        assert list(by_name(configs)) == ["digits.mar", "digits.tar.gz", "other"]

    @pytest.mark.parametrize(
        "tables",
        [
            [{"export-path": "a"}, {"export-path": "b"}],
            [{}, {"archive-format": "tgz"}, {"model-name": "digits.mar"}],
            [{}, {"archive-name": "{model-name}-{version}"}],
        ],
        ids=["two directories", "named as a file", "two files"],
    )
    def test_each(self, tables: list[dict[str, str]]):
        """Every archive can be selected by a unique name."""
        configs = archives(LEAST | {"archives": tables})

        assert sorted(configs, key=repr) == sorted(by_name(configs).values(), key=repr)
