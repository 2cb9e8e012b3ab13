"""Findings about weights that cannot be loaded the way the handler loads them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.serialized_file import SUFFIX, check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from tests.weights.files import (
    dictionary,
    protocol2,
    safetensors,
    saved,
    state_dict,
    tensor,
    zipped,
)

STATE_DICT = zipped(saved(state_dict("weight"), {"0": 8}))
WRAPPED = zipped(saved(state_dict("module.weight"), {"0": 8}))
CHECKPOINT = zipped(
    saved(protocol2(dictionary({"model": dictionary({"weight": tensor()}), "epoch": b"K\x03"})), {"0": 8})
)
TORCHSCRIPT = zipped(
    {"m/data.pkl": b"\x80\x02N.", "m/constants.pkl": b"\x80\x02).", "m/version": b"3\n", "m/code/m.py": b""}
)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 123\n"

BASE_CLASS = b"""
from ts.torch_handler.base_handler import BaseHandler
class H(BaseHandler):
    def preprocess(self, data): return data
"""
OWN_CLASS = b"""
from ts.torch_handler.base_handler import BaseHandler
class H(BaseHandler):
    def initialize(self, context): self.model = None
"""
SUPER_CLASS = b"""
from ts.torch_handler.base_handler import BaseHandler
class H(BaseHandler):
    def initialize(self, context):
        super().initialize(context)
"""
FUNCTION = b"def handle(data, context): return data\n"
LOADING = FUNCTION + b"model = torch.load('w.pt')\n"


def findings(
    weights: bytes | None,
    name: str = "w.pt",
    *,
    eager: bool = False,
    handler: str = "base_handler",
    source: bytes | None = None,
) -> list[Finding]:
    """What is found of an archive with these weights."""
    manifest = Manifest.for_model(
        model_name="m",
        model_version="1",
        handler=handler,
        created=datetime(2020, 2, 2, tzinfo=timezone.utc),
        serialized_file=name,
        model_file="model.py" if eager else None,
    )
    files = {} if weights is None else {name: weights}
    if source is not None:
        files["h.py"] = source
    members = tuple(Member(file, BytesSource(data)) for file, data in files.items())
    return list(check(Subject(Archive(manifest, members), "m.mar")))


def codes(*arguments: object, **options: object) -> list[tuple[str, str]]:
    return [(found.code, found.severity) for found in findings(*arguments, **options)]  # type: ignore[arg-type]


class TestThere:
    def test_not_in_the_archive(self):
        """Weights that the manifest names are in the archive."""
        [found] = findings(None)

        assert str(found) == (
            "m.mar/MAR-INF/MANIFEST.json: MAR401 The archive has no `w.pt`; set `serialized-file`,"
            " which packs the file and names it in the manifest"
        )

    def test_base_handler_without_anything(self):
        """The base handler needs something to load."""
        manifest = Manifest({"model": {"modelName": "m", "handler": "base_handler"}})
        [found] = check(Subject(Archive(manifest, ()), "m.mar"))

        assert found.code == "MAR402"
        assert (
            found.message == "The handler loads a model, but the archive has neither weights nor a model file"
        )

    def test_own_handler_without_anything(self):
        """A handler of one's own may need no weights."""
        manifest = Manifest({"model": {"modelName": "m", "handler": "h.py"}})
        members = (Member("h.py", BytesSource(FUNCTION)),)

        assert list(check(Subject(Archive(manifest, members), "m.mar"))) == []

    def test_model_file_alone(self):
        """An eager model may make its own weights."""
        manifest = Manifest({"model": {"modelName": "m", "handler": "base_handler", "modelFile": "model.py"}})

        assert list(check(Subject(Archive(manifest, ()), "m.mar"))) == []


class TestUse:
    @pytest.mark.parametrize("handler", ["base_handler", "h.py"])
    def test_pointer(self, handler: str):
        """A pointer is of no use to any handler."""
        [found] = findings(LFS, handler=handler, source=LOADING)

        assert str(found) == (
            "m.mar/w.pt: MAR403 The weights are a git-lfs pointer (the real file has 123 bytes);"
            " run `git lfs pull` and build again"
        )

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "The weights are an empty file"),
            (b"<!DOCTYPE html>", "The weights are a web page: text that begins with `<!DOCTYPE html>`"),
        ],
    )
    def test_no_weights(self, data: bytes, message: str):
        """A file that is empty, or a web page, contains no weights."""
        [found] = findings(data, handler="h.py", source=LOADING)

        assert (found.code, found.severity, found.message) == ("MAR404", "error", message)

    @pytest.mark.parametrize("data", [b"", LFS, STATE_DICT[:-100]])
    @pytest.mark.parametrize("source", [b"", b"import json\nrows = json.loads(data)\n", b"payload = loads\n"])
    def test_nobody_loads(self, data: bytes, source: bytes):
        """What no code of the archive loads is there for the sake of a weights file: a warning."""
        [found] = findings(data, handler="h.py", source=source + FUNCTION)

        assert found.severity == "warning"
        assert found.message.startswith("The weights, which no code of the archive seems to load, are ")

    @pytest.mark.parametrize(
        "source",
        [
            b"load_model(path)",
            b"data = open(path).read()",
            b"path = manifest['model']['serializedFile']",
            b"YOLO(model_dir + '/w.pt')",
            b"AutoModel.from_pretrained(model_dir)",
        ],
    )
    def test_may_load(self, source: bytes):
        """Whatever reads files may load them."""
        assert codes(b"", handler="h.py", source=source + b"\n" + FUNCTION) == [("MAR404", "error")]

    def test_installed(self):
        """What an installed handler loads is not seen here."""
        assert codes(b"", handler="pkg.serving:handle") == [("MAR404", "error")]

    @pytest.mark.parametrize("cut", [1, 100, len(STATE_DICT) // 2])
    def test_truncated(self, cut: int):
        """Weights that are cut off are found."""
        assert codes(STATE_DICT[:-cut], eager=True) == [("MAR405", "error")]

    def test_not_followed(self):
        """A pickle that cannot be followed is no damage, and what kind of object it has is unknown."""
        pickle = protocol2(dictionary({"weight": tensor(), "other": b"\x82\x01"}))  # EXT1

        assert codes(zipped(saved(pickle, {"0": 8})), "w.bin", handler="h.py", source=FUNCTION) == []

    def test_missing_record(self):
        """Weights without all the bytes of a tensor are found."""
        assert codes(zipped(saved(state_dict("weight"), {"0": 4})), eager=True) == [("MAR405", "error")]


class TestEager:
    @pytest.mark.parametrize("name", ["w.pt", "w.pth", "w.bin"])
    def test_state_dict(self, name: str):
        """With a model file, a state_dict under any name is loaded."""
        assert findings(STATE_DICT, name, eager=True) == []

    def test_checkpoint(self):
        """A checkpoint is not the state_dict that it holds."""
        [found] = findings(CHECKPOINT, "w.pth", eager=True)

        assert found.code == "MAR406"
        assert found.fix == "save what is at ['model'] in a file of its own"

    def test_torchscript(self):
        """TorchScript needs no model file, and is not a state_dict."""
        [found] = findings(TORCHSCRIPT, eager=True)

        assert found.code == "MAR406"
        assert (
            found.fix == "remove `model-file`, which TorchScript does not need, or save `model.state_dict()`"
        )

    def test_safetensors(self):
        """torch.load does not read safetensors."""
        data = safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))

        assert codes(data, "w.safetensors", eager=True) == [("MAR406", "error")]

    def test_prefix(self):
        """Keys with the prefix of a wrapper do not fit the model."""
        [found] = findings(WRAPPED, "w.pth", eager=True)

        assert found.code == "MAR410"
        assert found.message == "Every key of the state_dict begins with `module.`"


class TestScripted:
    def test_torchscript(self):
        """Without a model file, `.pt` is TorchScript."""
        assert findings(TORCHSCRIPT) == []

    def test_state_dict(self):
        """The most common mistake: a state_dict where TorchScript is expected."""
        [found] = findings(STATE_DICT)

        assert found.code == "MAR407"
        assert found.message == "The weights must be TorchScript, but are: state_dict, 1 tensor, float32"

    @pytest.mark.parametrize("name", ["w.pth", "w.bin", "w.pt2", "w.safetensors", "w"])
    def test_suffix(self, name: str):
        """No other suffix is loaded without a model file."""
        assert codes(TORCHSCRIPT, name) == [("MAR408", "error")]

    def test_script_suffix(self):
        """TorchScript is as good under the right name; a state_dict is not."""
        assert [found.fix for found in findings(TORCHSCRIPT, "w.torchscript")] == [
            "rename it to `*.pt`, which is loaded as TorchScript"
        ]
        assert [found.fix for found in findings(STATE_DICT, "w.pth")] == [SUFFIX.fix]

    @pytest.mark.parametrize("name", ["w.onnx", "w.so"])
    def test_other_kind(self, name: str):
        """The file must be what its suffix says."""
        assert codes(TORCHSCRIPT, name) == [("MAR409", "error")]

    def test_library(self):
        """A shared library is loaded as AOTInductor's."""
        assert findings(b"\x7fELF\x02\x01\x01" + bytes(100), "w.so") == []


class TestWhoLoads:
    @pytest.mark.parametrize("source", [BASE_CLASS, SUPER_CLASS])
    def test_subclass_that_keeps_loading(self, source: bytes):
        """A subclass loads as the base handler does."""
        assert codes(STATE_DICT, handler="h.py", source=source) == [("MAR407", "error")]

    def test_class_for_type_checkers(self):
        """A class that is not there when TorchServe counts changes nothing."""
        source = BASE_CLASS + b"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    class Row: ...\n"

        assert codes(STATE_DICT, handler="h.py", source=source) == [("MAR407", "error")]

    @pytest.mark.parametrize("source", [OWN_CLASS, FUNCTION])
    def test_loads_in_its_own_way(self, source: bytes):
        """A handler with loading code of its own may load any kind."""
        assert findings(STATE_DICT, handler="h.py", source=source) == []
        assert findings(CHECKPOINT, "w.bin", handler="h.py", source=source) == []

    def test_replaced_loader(self):
        """So may one that replaces the loading function alone."""
        source = BASE_CLASS + b"    def _load_torchscript_model(self, path): return None\n"

        assert findings(STATE_DICT, handler="h.py", source=source) == []
