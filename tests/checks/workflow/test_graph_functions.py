"""Findings about the functions of a workflow's graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.checks.handler.importing import OF_WORKFLOW
from hatch_mar.pysource.module import PYTHON
from tests.checks.test_torchscript_needs import TWICE
from tests.checks.workflow import FLOW, findings, found, spec

TYPO = spec(dag="  prepare: [net]\n  net: [finnish]\n")


def test_neither():
    """The worker of a node that is neither a model nor a function dies."""
    assert found(TYPO) == [
        (
            "error: s.yaml:5: MAR855 Node `finnish` of `dag` is neither a model nor a function of `f.py`;"
            " did you mean `finish`?"
        )
    ]


def test_misspelled_model():
    """What was meant may be a model."""
    texts = found(spec("  resnet: {url: a.mar}\n", "  prepare: [resnett]\n"))

    assert [text.rpartition("; ")[2] for text in texts if "MAR855" in text] == ["did you mean `resnet`?"]


def test_class():
    """TorchServe uses the only class of the handler for a function that is not there."""
    [finding] = findings(TYPO, f"{FLOW}class Node:\n    def initialize(self, context): ...\n")

    assert finding.severity == "warning"
    assert finding.message.endswith("of `f.py`, so TorchServe uses class `Node`")


@pytest.mark.parametrize(
    "flow",
    [
        "from steps import *\n",
        "def __getattr__(name):\n    return steps[name]\n",
        "from steps import prepare, finish\n",
        "prepare = finish = lambda data, context: data\n",
        "if True:\n    def prepare(data, context): ...\nfinish = prepare\n",
        "for name in ('prepare', 'finish'):\n    globals()[name] = lambda data, context: data\n",
    ],
)
def test_good(flow: str):
    """Where a function may come from elsewhere, nothing is said."""
    assert found(flow=flow, files={"steps.py": FLOW}) == []


def test_signature():
    """A function gets the data and the context, as that of a model does."""
    [text] = found(flow=FLOW.replace("finish(data, context)", "finish(data)"))

    assert text.startswith("error: f.py:4: MAR214 Function `finish` cannot be called with two arguments,")


def test_unguarded():
    """What is said of a model's function is said of each of them, and once of what they have in common."""
    [text] = found(flow="def prepare(data, context): return [len(data)]\nfinish = prepare\n")

    assert text.startswith("error: f.py:1: MAR266 ")


def test_opened():
    """A file that functions open must be in the archive."""
    flow = f"from pathlib import Path\n{FLOW}".replace(
        "    return data\n",
        "    return data and [(Path(context.system_properties['model_dir']) / 'a.txt').read_text()]\n",
    )

    assert [text.split()[1:3] for text in found(flow=flow)] == [["f.py:3:", "MAR251"]]
    assert found(flow=flow, files={"a.txt": ""}) == []


def test_made():
    """A function may open what another has made, since they share a folder."""
    flow = """
    def prepare(data, context):
        with open(f"{context.system_properties['model_dir']}/state.json", "w") as file:
            file.write("1")
        return data

    def finish(data, context):
        with open(f"{context.system_properties['model_dir']}/state.json") as file:
            return [file.read()]
    """

    assert found(flow=flow) == []
    [text] = found(spec(dag="  net: [finish]\n"), flow)
    assert "MAR251 `state.json` is opened" in text


def test_weights():
    """What the handler loads is looked at with what it imports."""
    flow = f"import torch\nnet = torch.jit.load('w.pt')\n{FLOW}"

    [text] = found(flow=flow, files={"w.pt": TWICE})
    assert text.startswith("error: w.pt: MAR431 `w.pt` calls `acme::twice`")
    assert found(flow=f"import acme\n{flow}", files={"w.pt": TWICE, "acme.py": ""}) == []


@pytest.mark.parametrize(
    ("prepare", "fix"),
    [
        ("async def prepare(data, context): ...", "make it a plain function"),
        ("class prepare: ...", "name a function"),
    ],
)
def test_fix(prepare: str, fix: str):
    """A function has no model configuration, and no class."""
    [text] = found(flow=f"{prepare}\ndef finish(data, context): return data\n")

    assert text.endswith(f"; {fix}")


def test_not_python():
    [text] = found(flow="def prepare(data, context)\n")

    assert text.startswith(f"error: f.py:1: MAR208 The handler is not {PYTHON}: ")


class TestHandler:
    def test_not_packed(self):
        [text] = found(flow=None)

        assert text.startswith("error: WAR-INF/MANIFEST.json: MAR206 The archive has no `f.py` at its root;")

    def test_empty(self):
        """A name without a module is none."""
        assert [text.split()[2] for text in found(manifest={"handler": ""})] == ["MAR205", "MAR205"]

    def test_not_needed(self):
        """Without a function the handler need not be there."""
        assert found(spec(dag="  net: []\n"), None) == []

    @pytest.mark.parametrize(
        ("handler", "member"),
        [
            ("f", "f.py"),
            ("/f.py", "f.py"),
            ("flows/f.py", "flows/f.py"),
            ("f.py", "f/__init__.py"),
            ("f", "f.so"),
        ],
    )
    def test_elsewhere(self, handler: str, member: str):
        """It is found as TorchServe's worker finds it."""
        assert found(flow=None, files={member: FLOW}, manifest={"handler": handler}) == []

    def test_folder(self):
        """The worker's root is the folder of the handler."""
        flow, manifest = f"import steps\n{FLOW}", {"handler": "flows/f.py"}

        assert found(flow=None, files={"flows/f.py": flow, "flows/steps.py": ""}, manifest=manifest) == []
        [text] = found(flow=None, files={"flows/f.py": flow, "steps.py": ""}, manifest=manifest)
        assert text.startswith("warning: flows/f.py:1: MAR231 `steps` is neither in the archive")


class TestImports:
    def test_missing(self):
        """What the handler imports must be there; a workflow has no requirements."""
        [text] = found(flow=f"import nothing_such\n{FLOW}")

        assert text.startswith("warning: f.py:1: MAR231 `nothing_such` is neither in the archive nor ")
        assert text.endswith(
            " would report `No module named 'ts.torch_handler.f'`;"
            " pack it with `extra-files`, or add it to `server-packages` if the server has it"
        )

    def test_in_project(self, tmp_path: Path):
        """A module of the project can be packed; a workflow has no `packages`."""
        (tmp_path / "steps.py").touch()
        (tmp_path / "tools").mkdir()
        (tmp_path / "tools" / "__init__.py").touch()
        fixes = [finding.fix for finding in findings(flow=f"import steps, tools\n{FLOW}", root=tmp_path)]

        assert fixes == ['pack it with `extra-files = ["steps.py"]`', OF_WORKFLOW]

    def test_known(self):
        """The server has TorchServe's packages and those that the configuration names."""
        flow = f"import torch, nothing_such\n{FLOW}"

        assert found(flow=flow, server_packages=("nothing-such",)) == []
        assert found(flow=flow, files={"nothing_such.py": ""}) == []
