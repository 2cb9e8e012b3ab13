"""What TorchScript needs of the worker."""

from __future__ import annotations

import pytest

from hatch_mar.checks.subject import Subject
from hatch_mar.checks.torchscript_needs import check
from hatch_mar.finding import MOST_FINDINGS, Finding
from tests.checks import BASE, HANDLER, NET, Files, subject
from tests.weights.files import zipped

CODE = "class Net(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return {}\n"


def script(call: str) -> bytes:
    code = CODE.format(call).encode()
    records = {
        "data.pkl": b"\x80\x02}.",
        "constants.pkl": b"\x80\x02).",
        "code/n.py": code,
        "version": b"3\n",
    }
    return zipped({f"m/{name}": data for name, data in records.items()})


TWICE = script("ops.acme.twice(x)")
NMS = script("ops.torchvision.nms(x)")


def archive(
    weights: bytes, handler: str = "", base: str = BASE, requirements: str = "", **files: str
) -> Subject:
    """An archive whose handler begins with these lines."""
    members: dict[str, str | bytes] = {f"{name}.py": text for name, text in files.items()}
    return subject(
        {"h.py": f"{handler}\n{base}", "w.pt": weights, "r.txt": requirements, **members},
        serialized_file="w.pt",
        requirements_file="r.txt",
    )


def codes(of: Subject) -> list[tuple[str, str]]:
    return [(found.code, found.severity) for found in check(of)]


def only(of: Subject) -> Finding:
    [found] = check(of)
    return found


class TestOperators:
    def test_message(self):
        found = only(archive(TWICE))

        assert (found.code, found.severity) == ("MAR431", "error")
        assert (
            found.message == "`w.pt` calls `acme::twice`, which neither torch nor anything in the archive has"
        )

    def test_loaded(self):
        """An error is what is certainly loaded."""
        assert codes(archive(TWICE, base=HANDLER)) == [("MAR431", "warning")]
        assert codes(archive(TWICE, "import torch\ntorch.jit.load('w.pt')", HANDLER)) == [("MAR431", "error")]

    def test_base_handler(self):
        of = subject({"w.pt": TWICE}, "base_handler", serialized_file="w.pt")

        assert codes(of) == [("MAR431", "error")]

    @pytest.mark.parametrize(
        "code",
        [
            "torch.ops.load_library('libacme.so')",
            "def f():\n    torch.ops.load_library(path)",
            "library = torch.library.Library('acme', 'DEF')",
            "@torch.library.custom_op('acme::twice', mutates_args=())\ndef twice(x): ...",
            "from torch.utils import cpp_extension",
            "import acme_operators",
            "def f():\n    from unknown import something",
            "importlib.import_module(name)",
        ],
    )
    def test_registered(self, code: str):
        """Any code that may register operators, in the handler or beside it, is believed."""
        assert codes(archive(TWICE, code)) == []
        assert codes(archive(TWICE, ops=code)) == []

    @pytest.mark.parametrize("name", ["libacme.so", "acme/_C.cpython-39-x86_64-linux-gnu.so", "a.whl"])
    def test_library(self, name: str):
        of = subject({"h.py": BASE, "w.pt": TWICE, name: b""}, serialized_file="w.pt")

        assert codes(of) == []

    @pytest.mark.parametrize(
        "code", ["import json, os", "import torch, numpy as np", "import cv2", "import net"]
    )
    def test_harmless(self, code: str):
        """What registers no operators does not make them certain to exist."""
        assert codes(archive(TWICE, code, net=NET)) == [("MAR431", "error")]

    def test_unseen_handler(self):
        """An installed handler may import anything."""
        assert codes(subject({"w.pt": TWICE}, "company.handler", serialized_file="w.pt")) == []

    def test_torch(self):
        assert codes(archive(script("ops.quantized.linear(torch.relu(ops.prim.data(x)))"))) == []


class TestPackages:
    """An operator of a package that is there, and that nothing imports."""

    def test_message(self):
        found = only(archive(NMS))

        assert (found.code, found.severity) == ("MAR431", "warning")
        assert found.text == (
            "`w.pt` calls `torchvision::nms`, which `torchvision` registers, but nothing imports it;"
            " write `import torchvision` in the handler"
        )

    @pytest.mark.parametrize(
        "code",
        [
            "import torchvision",
            "from torchvision import transforms",
            "try:\n    import torchvision.ops\nexcept ImportError:\n    pass",
            "from ts.torch_handler.object_detector import ObjectDetector",
        ],
    )
    def test_imported(self, code: str):
        assert codes(archive(NMS, code)) == []
        assert codes(archive(NMS, net=code)) == []

    @pytest.mark.parametrize("handler", ["object_detector", "image_classifier"])
    def test_by_torchserve(self, handler: str):
        assert codes(subject({"w.pt": NMS}, handler, serialized_file="w.pt")) == []

    def test_another_name(self):
        """`image::decode_jpeg` is torchvision's."""
        assert "`torchvision`" in only(archive(script("ops.image.decode_jpeg(x)"))).message
        assert codes(archive(script("ops.image.decode_jpeg(x)"), "import torchvision")) == []

    def test_required(self):
        of = archive(script("ops.torch_scatter.scatter_max(x)"), requirements="torch-scatter\n")

        assert only(of).fix == "write `import torch_scatter` in the handler"

    def test_tried(self):
        """`BaseHandler` imports some of them if they are there."""
        code = script("ops.tensorrt.execute_engine(x)")

        assert codes(archive(code, requirements="torch-tensorrt\n")) == []
        assert codes(archive(code)) == [("MAR431", "error")]


class TestDevices:
    def test_message(self):
        found = only(archive(script('torch.to(x, torch.device("cuda:0"))')))

        assert (found.code, found.severity) == ("MAR432", "warning")
        assert found.message == "The code of `w.pt` always uses `cuda:0`, whatever device it is loaded to"

    def test_on_gpu(self):
        """A model that is served on GPUs only may ask for one."""
        files: Files = {
            "h.py": BASE,
            "w.pt": script('torch.to(x, torch.device("cuda:0"))'),
            "c.yaml": "deviceType: gpu\n",
        }

        assert codes(subject(files, serialized_file="w.pt", config_file="c.yaml")) == []


def test_many():
    """Beyond a number of findings, files are counted."""
    files: Files = {"h.py": BASE, **{f"{number:02}.pt": TWICE for number in range(MOST_FINDINGS + 2)}}
    found = list(check(subject(files)))

    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].message == "The same is true of 2 more files: `20.pt`, `21.pt`"
