from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.layouts.kserve import make_uploads
from hatch_mar.release.publishing.ready import Ready
from tests.release.publishing.layouts.models import FILES, make_ready, make_workflow

DEFAULTS = {
    "minWorkers": 1,
    "maxWorkers": 1,
    "batchSize": 1,
    "maxBatchDelay": 100,
    "responseTimeout": 120,
    "startupTimeout": 120,
}


def configured(directory: Path, name: str = "digits", version: str = "1.0", **settings: object) -> Ready:
    """An archive with a model configuration."""
    files = {**FILES, "config.yaml": json.dumps(settings).encode()}
    return make_ready(directory, name, version, files=files, configFile="config.yaml")


def properties_of(archives: Sequence[Ready]) -> dict[str, str]:
    """What `config.properties` sets, read as KServe's wrapper reads it."""
    *_, (name, source) = make_uploads(archives, Path())
    assert (name, type(source)) == ("config/config.properties", bytes)
    lines = bytes(source).decode("ascii").splitlines()
    return dict(line.split("=", 1) for line in lines)


def models_of(*archives: Ready) -> dict[str, dict[str, Mapping[str, Any]]]:
    snapshot = json.loads(properties_of(archives)["model_snapshot"])
    assert snapshot["name"] == "startup.cfg"
    assert snapshot["modelCount"] == len(archives)
    return dict(snapshot["models"])


class TestMakeUploads:
    def test_files(self, tmp_path: Path):
        """The archives are in the model store under their models' names, and the configuration comes last."""
        archives = [make_ready(tmp_path, name, file=f"{name}-1.0") for name in ("digits", "letters")]

        uploads = make_uploads(archives, tmp_path)

        assert [upload.name for upload in uploads] == [
            *("model-store/digits.mar", "model-store/letters.mar", "config/config.properties"),
        ]
        assert [upload.source for upload in uploads[:2]] == [ready.path for ready in archives]

    def test_dots(self, tmp_path: Path):
        """A file's name has no dot but that of the suffix, since the wrapper finds no other."""
        ready = make_ready(tmp_path, "digits.v2")

        assert make_uploads([ready], tmp_path)[0].name == "model-store/digits_v2.mar"
        assert models_of(ready)["digits.v2"]["1.0"]["marName"] == "digits_v2.mar"

    def test_versions(self, tmp_path: Path):
        """Several versions of a model have their own files, and the newest is the default."""
        archives = [
            make_ready(tmp_path, version=version, file=version or "none")
            for version in ("1.9", "1.10", "latest", None)
        ]

        states = models_of(*archives)["digits"]

        assert {version: state["marName"] for version, state in states.items()} == {
            "1.9": "digits-1_9.mar",
            "1.10": "digits-1_10.mar",
            "latest": "digits-latest.mar",
            "1.0": "digits-1_0.mar",
        }
        assert [version for version, state in states.items() if state["defaultVersion"]] == ["1.10"]

    @pytest.mark.parametrize("form", ["tgz", "no-archive"])
    def test_format(self, tmp_path: Path, form: str):
        """The wrapper finds only a `.mar`."""
        with pytest.raises(ReleaseError, match=r"^The layout `kserve` takes only `\.mar` files"):
            make_uploads([make_ready(tmp_path, form=form)], tmp_path)

    def test_workflow(self, tmp_path: Path):
        """A workflow is not a model."""
        with pytest.raises(ReleaseError, match=r"^The layout `kserve` does not support workflows"):
            make_uploads([make_workflow(tmp_path)], tmp_path)

    @pytest.mark.parametrize("version", ["1/2", '1"2', "1\\2"])
    def test_foreign_version(self, version: str):
        """A version that Java's properties and the wrapper would read differently is refused."""
        ready = Ready(Path("foreign.mar"), "digits", version, FORMATS["default"])

        with pytest.raises(ReleaseError, match=r"^The version `.*` of `foreign\.mar` cannot be part of"):
            make_uploads([ready], Path())


class TestProperties:
    def test_all(self, tmp_path: Path):
        """TorchServe listens where the wrapper asks, and takes requests without a token."""
        properties = properties_of([make_ready(tmp_path)])

        properties.pop("model_snapshot")
        assert properties == {
            "inference_address": "http://0.0.0.0:8085",
            "management_address": "http://0.0.0.0:8085",
            "metrics_address": "http://0.0.0.0:8082",
            "grpc_inference_port": "7070",
            "grpc_management_port": "7071",
            "enable_envvars_config": "true",
            "disable_token_authorization": "true",
            "model_store": "/mnt/models/model-store",
        }

    def test_requirements(self, tmp_path: Path):
        """Requirements of one archive have TorchServe install them."""
        files = {**FILES, "requirements.txt": b"Pillow\n"}
        plain = make_ready(tmp_path, "plain", files=files)
        needy = make_ready(tmp_path, "needy", files=files, requirementsFile="requirements.txt")

        assert "install_py_dep_per_model" not in properties_of([plain])
        assert properties_of([plain, needy])["install_py_dep_per_model"] == "true"

    def test_not_ascii(self, tmp_path: Path):
        """A version of other scripts is escaped as JSON and Java's properties do it."""
        ready = make_ready(tmp_path, version="größe")

        assert "gr\\u00f6\\u00dfe" in properties_of([ready])["model_snapshot"]
        assert [*models_of(ready)["digits"]] == ["größe"]


class TestState:
    def test_defaults(self, tmp_path: Path):
        """Without a model configuration, the state has TorchServe's defaults and one worker."""
        assert models_of(make_ready(tmp_path)) == {
            "digits": {"1.0": {"defaultVersion": True, "marName": "digits.mar", **DEFAULTS}}
        }

    def test_configured(self, tmp_path: Path):
        """The state repeats the archive's own model configuration, which it would overrule."""
        settings = {
            "minWorkers": 2,
            "maxWorkers": 4,
            "batchSize": 8,
            "maxBatchDelay": 50,
            "responseTimeout": 60,
            "startupTimeout": 600,
        }

        state = models_of(configured(tmp_path, **settings, handler={"threshold": 3}))["digits"]["1.0"]

        assert state == {"defaultVersion": True, "marName": "digits.mar", **settings}

    @pytest.mark.parametrize(
        "settings",
        [
            {"minWorkers": 2},
            {"maxWorkers": 3},
            {"minWorkers": 3, "maxWorkers": 2},
            {"batchSize": 0},
            {"batchSize": "8"},
            {"maxBatchDelay": 0},
            {"responseTimeout": -1, "startupTimeout": True},
        ],
        ids=str,
    )
    def test_unused(self, settings: Mapping[str, object], tmp_path: Path):
        """Values that TorchServe does not use are its defaults."""
        state = models_of(configured(tmp_path, **settings))["digits"]["1.0"]

        assert {key: state[key] for key in DEFAULTS} == DEFAULTS

    def test_unreadable(self, tmp_path: Path):
        """A model configuration that TorchServe refuses sets nothing; `check` is what reports it."""
        files = {**FILES, "config.yaml": b"- no\n- table\n"}
        ready = make_ready(tmp_path, files=files, configFile="config.yaml")

        state = models_of(ready)["digits"]["1.0"]

        assert {key: state[key] for key in DEFAULTS} == DEFAULTS

    def test_runtime(self, tmp_path: Path):
        """A runtime other than `python` is in the state, which would otherwise overrule the manifest."""
        state = models_of(make_ready(tmp_path, runtime="LSP"))["digits"]["1.0"]

        assert state["runtimeType"] == "LSP"
