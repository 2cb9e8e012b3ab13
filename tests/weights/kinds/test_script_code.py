"""Operators and devices in the code of TorchScript."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from hatch_mar.budget import SCANNED_CODE, Budget, Exhausted
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.script_code import NAMESPACES, Code, inspect_code
from tests.budgets import enough_for
from tests.weights.files import dictionary, inspect_bytes, protocol2, tensor, text, zipped

CODE = """\
class Net(Module):
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    a = torch.zeros([2], dtype=None, layout=None, device=torch.device("cuda:0"))
    if ops.prim.is_cuda(x):
      b = torch.to(x, torch.device("cuda:1"))
    def __forked_function():
      return torch.to(x, torch.device("cuda:2"))
    if ops.prim.is_cuda(x):
      b = torch.to(x, torch.device("cuda:3"))
    print("ops.acme.fake(", "torch.device(\\"cuda:4\\")")
    ops0 = self.ops0
    return ops.torchvision.nms(ops.acme.twice(x), (ops0.acme.other).forward(x, ), ops.quantized.add(x))
def f(x: Tensor) -> Tensor:
  y = torch.to(x, torch.device("cuda"))
  return torch.to(y, torch.device("cpu"))
"""


def look(*sources: str) -> Code:
    return inspect_code([source.encode() for source in sources], Budget(), {})


def test_code():
    """Other libraries' operators, and the GPUs that are named outside of branches."""
    assert look(CODE) == Code(("torchvision::nms", "acme::twice"), ("cuda:0", "cuda"))


def test_classes():
    """Classes of C++ come with the operators."""
    code = "  e : __torch__.torch.classes.tensorrt.Engine\n  p : __torch__.torch.classes.rnn.CellParamsBase\n"

    assert look(code).operators == ("tensorrt::Engine",)


def test_modules():
    assert look(CODE, CODE.replace("twice", "thrice")).operators[-1] == "acme::thrice"


@pytest.mark.usefixtures("torch")
def test_namespaces():
    """No operator of torch's own is taken for another's, as a process has them that only imports torch."""
    code = "import torch; print(*(each.name for each in torch._C._jit_get_all_schemas()))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    ).stdout

    assert {name.partition("::")[0] for name in names.split()} <= NAMESPACES
    assert "aten::add" in names.split()


def test_weights():
    """It is told of a file, whose code may be anywhere in the zip."""
    records = {"m/data.pkl": b"\x80\x02}.", "m/constants.pkl": b"\x80\x02).", "m/version": b"3\n"}
    found = inspect_bytes(zipped({**records, "m/code/__torch__/a.py": CODE.encode()}))

    assert (found.kind, found.operators) == (Kind.TORCHSCRIPT, ("torchvision::nms", "acme::twice"))
    assert found.devices == ("cuda:0", "cuda")


def test_saved_on():
    """Tensors of TorchScript were on a device, too."""
    pickle = protocol2(tensor().replace(text("cpu"), text("cuda:1")))
    records = {"m/data.pkl": pickle, "m/constants.pkl": b"\x80\x02).", "m/version": b"3\n"}

    assert inspect_bytes(zipped(records)).saved_on == ("cuda:1",)


def device(name: str) -> bytes:
    return b"ctorch\ndevice\n" + text(name) + b"\x85R"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("    device = self.device\n", ("cuda:0",)),
        ("    if flag:\n      device = self.device\n", ()),
        ("    device = self.other\n", ()),
        ("    device = self.inner.device\n", ("cuda:0",)),
        ("    device = self.host\n", ()),
    ],
)
def test_attributes(code: str, expected: tuple[str, ...]):
    """A device may be an attribute, which no `map_location` changes."""
    inner = b"c__torch__\nInner\n)\x81" + dictionary({"device": device("cuda:0")}) + b"b"
    net = b"c__torch__\nNet\n)\x81" + dictionary({"inner": inner, "host": device("cpu")}) + b"b"
    records = {"data.pkl": protocol2(net), "constants.pkl": b"\x80\x02).", "version": b"3\n"}
    records["code/n.py"] = f"class Net(Module):\n  def forward(self):\n{code}".encode()

    assert inspect_bytes(zipped({f"m/{name}": data for name, data in records.items()})).devices == expected


def test_other_kinds():
    """Python in a zip of another kind is not TorchScript."""
    assert inspect_bytes(zipped({"m/code/a.py": CODE.encode()})).operators == ()


@pytest.mark.parametrize(
    "source", ['"\\' * 500_000, '"' * 1_000_000, "ops.a.b " * 100_000, " " * 1_000_000, "cuda\n" * 200_000]
)
def test_bounded(source: str):
    """Time grows with the bytes, which are paid."""
    begin = time.process_time()
    look(source)

    assert time.process_time() - begin < 3
    with pytest.raises(Exhausted):
        inspect_code([source.encode()], enough_for(SCANNED_CODE, 100), {})
