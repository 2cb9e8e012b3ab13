"""Small repositories that proposals are made for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from hatch_mar.proposal.proposal import Proposal, propose
from hatch_mar.proposal.repository import list_repository
from tests.weights import onnx_files
from tests.weights.files import TENSORS, dictionary, protocol2, saved, tensor, zipped
from tests.weights.files import safetensors as safetensors_of
from tests.weights.files import text as text_of

EXAMPLE = Path(__file__).parents[2] / "example_project" / "weights"
SCRIPTED = (EXAMPLE / "digits.pt").read_bytes()
STATE_DICT = zipped(TENSORS)
"""Of a linear layer of its own: `weight` and `bias`."""
ONNX = onnx_files.model()
SAFETENSORS = safetensors_of({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8))
CHECKPOINT = zipped(
    saved(protocol2(dictionary({"state_dict": dictionary({"w": tensor()}), "epoch": text_of("3")})), {"0": 8})
)
NETWORK_PICKLE = b"cnets\nNet\n)\x81" + dictionary({"_parameters": b"}", "_modules": b"}"}) + b"b"
YOLO = zipped(saved(protocol2(dictionary({"epoch": text_of("3"), "model": NETWORK_PICKLE}))))
"""A checkpoint with a module instead of its state_dict."""
PICKLE = zipped(saved(protocol2(dictionary({"lr": text_of("0.1")}))))
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"

HANDLER = """\
from ts.torch_handler.base_handler import BaseHandler
class Handler(BaseHandler):
    def preprocess(self, data):
        return data
"""
FUNCTION = "def handle(data, context):\n    return data\n"
LINEAR = """\
import torch
class Linear(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
"""
NETWORK = """\
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(make())
    def forward(self, x):
        return x
"""
OTHER_NETWORK = """\
from torch import nn
class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
    def forward(self, x):
        return x
"""

Files = Mapping[str, "bytes | str | object"]


def write(root: Path, files: Files) -> Path:
    """Write files; what is neither text nor bytes is written as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, (str, bytes)) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return root


def refuse(question: str, answers: Sequence[str]) -> str:
    raise AssertionError(f"{question} {answers}")


def proposal_for(
    root: Path, files: Files, *, name: str | None = "digits", choose=refuse, dependencies: Sequence[str] = ()
) -> Proposal:
    repository = list_repository(write(root, files))
    return propose(repository, choose, project_name=name, has_version=True, dependencies=dependencies)
