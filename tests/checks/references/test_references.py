"""Findings about files that other files name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.checks.references import check
from hatch_mar.checks.references.shards import LARGEST_INDEX
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS
from tests.archives import MANIFEST
from tests.checks import found, subject
from tests.weights.files import LFS, safetensors, saved, state_dict, zipped
from tests.weights.onnx_files import external, model, tensor

ONNX = model(tensor(external("model.onnx.data", 0, 8)))
INDEX = "model.safetensors.index.json"


def shard(*names: str) -> bytes:
    header = {
        name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * number, 4 * number + 4]}
        for number, name in enumerate(names)
    }
    return safetensors(header, bytes(4 * len(names)))


def index(**shards: str) -> str:
    return json.dumps({"metadata": {"total_size": 8}, "weight_map": shards})


def on_disk(root: Path, files: Mapping[str, bytes], packed: Mapping[str, str]) -> list[str]:
    """The faults of an archive of some of a project's files, by their names in the archive."""
    for name, data in files.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_bytes(data)
    members = [Member(name, FileSource(root / path)) for name, path in packed.items()]
    return [str(fault) for fault in check(Subject(Archive(MANIFEST, members), "digits.mar", root=root))]


class TestExternalData:
    def test_missing(self):
        """A model without its data is refused by ONNX Runtime."""
        [fault] = check(subject({"m/model.onnx": ONNX}))

        assert (fault.code, fault.severity) == ("MAR421", "error")
        assert fault.message == "`m/model.onnx` needs `m/model.onnx.data`, which the archive does not have"

    @pytest.mark.parametrize("size", [8, 9])
    def test_there(self, size: int):
        assert found(check, {"model.onnx": ONNX, "model.onnx.data": bytes(size)}) == []

    def test_short(self):
        [fault] = check(subject({"model.onnx": ONNX, "model.onnx.data": bytes(7)}))

        assert (fault.code, fault.severity) == ("MAR422", "error")
        assert fault.message == "`model.onnx.data` has 7 bytes, but `model.onnx` needs 8"

    def test_pointer(self):
        """Of a pointer in its place `wholeness` speaks."""
        data = model(tensor(external("model.onnx.data", 0, 1000)))

        assert found(check, {"model.onnx": data, "model.onnx.data": LFS}) == []

    def test_elsewhere(self):
        """Data that are packed in another folder are not found there."""
        [fault] = found(check, {"model.onnx": ONNX, "weights/model.onnx.data": bytes(8)})

        assert fault == (
            "digits.mar/model.onnx: MAR421 `model.onnx` needs `model.onnx.data`, which the archive has as"
            " `weights/model.onnx.data`; pack it as `model.onnx.data`"
        )

    def test_out_of_the_archive(self):
        """ONNX Runtime does not follow a path that leads out."""
        [fault] = check(subject({"model.onnx": model(tensor(external("../w.data")))}))

        assert fault.message == "`model.onnx` needs `../w.data`, which the archive does not have"

    def test_many(self):
        """A model with a file for each tensor is one finding."""
        data = model(*(tensor(external(f"w{number}")) for number in range(9)))

        [fault] = check(subject({"model.onnx": data, "w8": b""}))

        assert fault.message == (
            "`model.onnx` needs `w0`, `w1`, `w2`, `w3`, `w4` and 3 more, which the archive does not have"
        )


class TestAdvice:
    def test_at_the_root(self, tmp_path: Path):
        """What lies beside the file in the project is named."""
        files = {"weights/model.onnx": ONNX, "weights/model.onnx.data": bytes(8)}

        [fault] = on_disk(tmp_path, files, {"model.onnx": "weights/model.onnx"})

        assert fault.endswith("; add `weights/model.onnx.data` to `extra-files`")

    def test_in_a_folder(self, tmp_path: Path):
        """`extra-files` would pack it at the root."""
        files = {"weights/model.onnx": ONNX, "weights/model.onnx.data": bytes(8)}

        [fault] = on_disk(tmp_path, files, {"m/model.onnx": "weights/model.onnx"})

        assert fault.endswith(
            "; pack `weights/model.onnx.data` as `m/model.onnx.data`, for example with `force-include`"
        )

    def test_not_fetched(self, tmp_path: Path):
        files = {"model.onnx": ONNX, "model.onnx.data.dvc": b"outs:\n"}

        [fault] = on_disk(tmp_path, files, {"model.onnx": "model.onnx"})

        assert fault.endswith("; run `dvc pull model.onnx.data.dvc`")

    @pytest.mark.parametrize("path", ["model.onnx.data", "../../model.onnx.data"])
    def test_nowhere(self, path: str, tmp_path: Path):
        """What lies outside the project is not looked for."""
        root = tmp_path / "project"
        (tmp_path / "model.onnx.data").touch()
        files = {"weights/model.onnx": model(tensor(external(path)))}

        [fault] = on_disk(root, files, {"model.onnx": "weights/model.onnx"})

        assert fault.endswith("or export the model with `external_data=False`")


class TestShards:
    def test_missing(self):
        """The commonest: a pattern that took some of the shards."""
        files = {INDEX: index(a="1.safetensors", b="2.safetensors"), "1.safetensors": shard("a")}

        [fault] = found(check, files)

        assert fault == (
            f"digits.mar/{INDEX}: MAR423 `{INDEX}` names `2.safetensors`, which the archive does not have;"
            " pack all of them in one folder"
        )

    def test_all(self):
        files = {
            f"m/{INDEX}": index(a="1.safetensors", b="2.safetensors"),
            "m/1.safetensors": shard("a"),
            "m/2.safetensors": shard("b", "c"),
        }

        assert found(check, files) == []

    def test_left_over(self):
        """An index without any shard may be of no use to the handler, which loads something else."""
        assert found(check, {INDEX: index(a="a-1"), "model.pt": shard("a")}) == []

    def test_own(self):
        """But not one that the manifest names."""
        [fault] = check(subject({INDEX: index(a="a-1")}, serialized_file=INDEX))

        assert fault.code == "MAR423"

    def test_tensors(self):
        """An index and shards of two different models do not belong together."""
        names = [f"layer.{number}.weight" for number in range(7)]
        files = {INDEX: index(**dict.fromkeys(names, "1.safetensors")), "1.safetensors": shard(names[0])}

        [fault] = check(subject(files))

        assert (fault.code, fault.severity) == ("MAR424", "warning")
        assert fault.message == (
            f"`1.safetensors` lacks 6 tensors of `{INDEX}`: `layer.1.weight`, `layer.2.weight`,"
            " `layer.3.weight`, `layer.4.weight`, `layer.5.weight` and 1 more"
        )

    def test_pickled(self):
        """So do those of shards that torch has saved."""
        name = "pytorch_model.bin.index.json"
        files = {name: index(a="1.bin", b="1.bin"), "1.bin": zipped(saved(state_dict("a"), {"0": 8}))}

        [fault] = check(subject(files))

        assert fault.message == f"`1.bin` lacks 1 tensor of `{name}`: `b`"

    @pytest.mark.parametrize(
        "text",
        [
            *("", "[1]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}', "[" * 100_000),
            '{"weight_map": {"a": "b"}}' + " " * LARGEST_INDEX,
        ],
    )
    def test_other(self, text: str):
        """Other files of that name are let alone."""
        assert found(check, {INDEX: text}) == []

    def test_many(self):
        """However many there are, some are shown."""
        files: dict[str, Any] = {f"{number:03}.index.json": index(a="a", b="b") for number in range(100)}
        files["a"] = b""

        assert len(found(check, files)) == MOST_FINDINGS + 1


class TestNumbered:
    def test_missing(self):
        """Names tell how many shards there are."""
        [fault] = found(check, {"m/a-00002-of-00003.gguf": b""})

        assert fault == (
            "digits.mar/m/a-00002-of-00003.gguf: MAR423 `m/a-00002-of-00003.gguf` is one of 3 shards, and the"
            " archive lacks `m/a-00001-of-00003.gguf`, `m/a-00003-of-00003.gguf`;"
            " pack all of them in one folder"
        )

    def test_many(self):
        [fault] = check(subject({"a-00001-of-99999.bin": b"", "a-00003-of-99999.bin": b""}))

        assert fault.message.endswith("`a-00006-of-99999.bin`, `a-00007-of-99999.bin` and 99992 more")

    @pytest.mark.parametrize(
        "names",
        [
            ["a-00001-of-00001.gguf"],
            ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"],
            ["a-00000-of-00002.bin"],
            ["a-00003-of-00002.bin"],
            ["train-00001-of-00002.parquet"],
            ["a-1-of-2.bin"],
        ],
    )
    def test_good(self, names: list[str]):
        """Shards that are all there, and files that are counted in another way."""
        assert found(check, dict.fromkeys(names, b"")) == []

    def test_index(self):
        """What an index tells is not told twice."""
        index_file = index(a="m-00001-of-00002.bin", b="m-00002-of-00002.bin")
        files = {"m.bin.index.json": index_file, "m-00001-of-00002.bin": b""}

        assert len(found(check, files)) == 1

    def test_on_disk(self, tmp_path: Path):
        """The project's are named."""
        names = ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"]

        [fault] = on_disk(tmp_path, dict.fromkeys(names, b"x"), {names[0]: names[0]})

        assert fault.endswith(f"; add `{names[1]}` to `extra-files`")


class TestSentenceModules:
    def modules(self, *entries: tuple[str, str]) -> str:
        return json.dumps([{"idx": 0, "name": "0", "path": path, "type": kind} for path, kind in entries])

    def test_folder(self):
        """`extra-files` packs no folders."""
        text = self.modules(
            ("", "sentence_transformers.models.Transformer"),
            ("1_Pooling", "sentence_transformers.models.Pooling"),
        )

        [fault] = found(check, {"modules.json": text, "config.json": "{}"})

        assert fault == (
            "digits.mar/modules.json: MAR425 `modules.json` names `1_Pooling`, which the archive does not"
            " have; pack the folder beside `modules.json`"
        )

    def test_several(self):
        """All that one file names are one finding."""
        text = self.modules(*((f"{number}", "sentence_transformers.models.Dense") for number in range(3)))

        [fault] = check(subject({"modules.json": text}))

        assert fault.message == "`modules.json` names `0`, `1`, `2`, which the archive does not have"

    def test_elsewhere(self):
        text = self.modules(("1_Pooling", "sentence_transformers.models.Pooling"))

        [fault] = check(subject({"m/modules.json": text, "1_Pooling/config.json": "{}"}))

        assert fault.message == "`m/modules.json` names `m/1_Pooling`, which the archive has as `1_Pooling`"

    def test_settings(self):
        """A folder without the settings that are read there."""
        text = self.modules(("1_Pooling", "sentence_transformers.models.Pooling"))

        [fault] = check(subject({"m/modules.json": text, "m/1_Pooling/README.md": ""}))

        assert (
            fault.message
            == "`m/modules.json` names `m/1_Pooling/config.json`, which the archive does not have"
        )

    @pytest.mark.parametrize(
        "text",
        [
            *("", "{}", "[1]", '[{"path": 1, "type": "sentence_transformers.models.Pooling"}]'),
            '[{"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]',
            '[{"path": "1_Own", "type": "own.Pooling"}]',
            '[{"path": "1_LSTM", "type": "sentence_transformers.models.LSTM"}]',
        ],
    )
    def test_good(self, text: str):
        """What has no files, what is not of sentence-transformers, and other files of that name."""
        assert found(check, {"modules.json": text, "1_LSTM/lstm_config.json": "{}"}) == []

    def test_on_disk(self, tmp_path: Path):
        files = {
            "e/modules.json": self.modules(("1_Pooling", "sentence_transformers.models.Pooling")).encode(),
            "e/1_Pooling/config.json": b"{}",
        }

        [fault] = on_disk(tmp_path, files, {"modules.json": "e/modules.json"})

        assert fault.endswith("; pack `e/1_Pooling` as `1_Pooling`, for example with `force-include`")
