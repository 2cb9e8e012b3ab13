"""A model's tensors are those that torch finds in it, or cannot be told."""

from __future__ import annotations

import textwrap
from types import ModuleType

import pytest

from hatch_mar.archive.archive import BytesSource, Member
from hatch_mar.pysource.module import parse_module
from hatch_mar.pysource.rehearsal.layers import Shapes
from hatch_mar.pysource.rehearsal.network import Network

START = (
    "import torch\nimport torch.nn as nn\nfrom collections import OrderedDict\nfrom torch.nn import Linear\n"
)


def source_of(body: str, more: str = "") -> str:
    lines = textwrap.indent("super().__init__()\n" + textwrap.dedent(body), " " * 8)
    return f"{START}{more}\nclass Net(nn.Module):\n    def __init__(self, size=2):\n{lines}\n"


def told(source: str, **others: str) -> Shapes | None:
    sources = {"net": source, **others}
    modules = {
        name: parse_module(Member(f"{name}.py", BytesSource(text.encode())), text.encode())
        for name, text in sources.items()
    }
    assert not any(module.fault for module in modules.values())
    return Network(modules.get, {"model": {}}, None, {}).find_tensors("net")


PLAIN = [
    "self.fc = nn.Linear(size, 3)",
    "self.fc = Linear(in_features=size, out_features=2 * size, bias=False)",
    "self.layers = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Linear(4 * 5 // 2, 2))",
    "self.layers = nn.Sequential(OrderedDict([('a', nn.Linear(1, 1)), ('b', nn.ReLU())]))",
    "self.layers = nn.ModuleList([nn.Linear(1, 2), nn.Linear(2, 1)])",
    "self.parts = nn.ModuleDict({'a': nn.Linear(1, 2), 'b': nn.BatchNorm1d(2)})",
    "self.layers = nn.Sequential(*[nn.Linear(1, 1) for _ in range(2)])",
    "self.scale = nn.Parameter(torch.ones(3, 4))",
    "self.scale = nn.Parameter(torch.zeros((5,)), requires_grad=False)",
    "self.register_buffer('mean', torch.zeros(3))",
    "self.register_buffer('mean', torch.zeros(3), persistent=False)",
    "self.register_parameter('w', nn.Parameter(torch.rand(2)))",
    "self.add_module('fc', nn.Linear(1, 1))",
    "self.fc = nn.Linear(1, 1)\nself.tied = self.fc",
    "self.fc = nn.Linear(1, 1)\nself.size, self.name, self.device = size, 'x', torch.device('cpu')",
    "self.fc = nn.Linear(1, 1)\nnn.init.zeros_(self.fc.weight)\nself.fc.bias.data.fill_(0)",
    "self.fc = nn.Linear(1, 1)\nself.apply(lambda module: None)",
    "self.fc = nn.Linear(1, 1)\nself.plain = [nn.Linear(1, 1)]",
    "widths = (3, 4)\nself.fc = nn.Linear(widths[0], widths[1])",
    "for number in range(2): print(number)\nself.fc = nn.Linear(1, 1)",
    "self.fc, self.loss = nn.Linear(1, 1), nn.CrossEntropyLoss(label_smoothing=0.1)",
    "",
]

INTRICATE = [
    "self.fc = make()",
    "self.fc = nn.Linear(size, size) if torch.cuda.is_available() else nn.ReLU()",
    "if torch.cuda.is_available(): self.fc = nn.Linear(1, 1)",
    "self.layers = nn.ModuleList()\nfor _ in range(2): self.layers.append(nn.Linear(1, 1))",
    "self.layers = nn.Sequential(*[nn.Linear(1, 1) for _ in range(torch.cuda.device_count())])",
    "self.layers = nn.Sequential()\nself.layers.add_module('a', nn.Linear(1, 1))",
    "self.fc = nn.utils.parametrizations.weight_norm(nn.Linear(1, 1))",
    "self.fc = nn.Linear(1, 1)\nself.fc.weight = nn.Parameter(torch.ones(3))",
    "self.fc = nn.Linear(1, 1).double()",
    "self.fc = nn.Transformer()",
    "self.loss = nn.CrossEntropyLoss(weight=torch.ones(3))",
    "self.w = nn.Parameter(torch.eye(2))",
    "self.w = nn.Parameter(torch.ones(torch.cuda.device_count()))",
    "setattr(self, 'fc', nn.Linear(1, 1))",
    "self.fc = nn.Linear(1, 1)\ndel self.fc",
    "self.fc = nn.Linear(torch.cuda.device_count(), 1)",
    "torch.anything(self)",
    "self.parts = nn.ModuleDict({'a': nn.ReLU()})\nself.parts['b'] = nn.Linear(1, 1)",
    "self._register_load_state_dict_pre_hook(print)",
]


@pytest.mark.parametrize("body", PLAIN)
def test_plain(body: str, torch: ModuleType):
    source = source_of(body)
    names: dict[str, type] = {"__name__": "net"}
    exec(source, names)
    made = names["Net"]().state_dict()

    assert told(source) == {name: tuple(value.shape) for name, value in made.items()}


@pytest.mark.parametrize("body", INTRICATE)
def test_intricate(body: str):
    assert told(source_of(body)) is None


def test_other_classes():
    """Modules of the archive's other classes are made, too."""
    block = source_of("self.f = nn.Linear(size, 1)").replace("Net", "Block")
    source = source_of(
        "self.one, self.two = Block(1), nn.Sequential(Block(size=2))", "from block import Block"
    )

    found = told(source, block=block)

    assert found == {
        "one.f.weight": (1, 1),
        "one.f.bias": (1,),
        "two.0.f.weight": (1, 2),
        "two.0.f.bias": (1,),
    }


@pytest.mark.parametrize(
    "source",
    [
        source_of("self.fc = nn.Linear(1, 1)") + "    def state_dict(self): return {}",
        source_of("self.fc = nn.Linear(1, 1)").replace("nn.Module)", "Unseen)"),
        source_of("self.fc = nn.Linear(1, 1)").replace("class", "@anything\nclass"),
        source_of("self.fc = nn.Linear(1, 1)") + "class Other: ...",
        "x = 1",
    ],
)
def test_classes(source: str):
    """What decides on its names by itself, or is not seen, says nothing."""
    assert told(source) is None


def test_no_module():
    """An attribute that is no module has no tensors."""
    sizes = f"{START}class Sizes:\n    def __init__(self): self.f = nn.Linear(1, 1)"

    assert told(source_of("self.sizes = Sizes()", "from sizes import Sizes"), sizes=sizes) == {}
