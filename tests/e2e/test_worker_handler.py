"""What the checks say of handlers and model files, and what TorchServe's own worker does with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.checks import handler, model_file, opened_files
from hatch_mar.checks.subject import Subject
from tests.checks import BASE, HANDLER, NET, Files, subject
from tests.e2e.conftest import DEADLINE, require_module
from tests.weights.files import saved, state_dict, zipped

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="TorchServe's workers are forked here")

WORKER = '''
import json, os, sys, traceback, warnings

warnings.simplefilter("ignore")
import torch, ts
import ts.model_service_worker
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from ts.model_loader import TsModelLoader

REQUEST = {"requestId": b"1", "parameters": [{"name": "body", "value": b"1", "contentType": "text/plain"}]}


def work(case):
    """As model_service_worker.py does, in a process of its own."""
    os.chdir(case["directory"])
    sys.path.insert(0, case["directory"])
    sys.argv = ["model_service_worker.py", "--sock-type", "unix", "--sock-name", "a", "--metrics-config", "b"]
    settings = os.path.join(os.path.dirname(ts.__file__), "configs", "metrics.yaml")
    metrics = MetricsCacheYamlImpl(config_file_path=settings)
    metrics.initialize_cache()
    metrics.model_name = "digits"
    service = TsModelLoader().load("digits", case["directory"], case["handler"], None, 1, None, True, metrics)
    service.set_cl_socket(None)
    return bytes(service.predict([REQUEST])).decode("latin-1") if case["asked"] else "loaded"


def answer(case):
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            outcome = work(case)
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        os.write(write, outcome.encode()[:4000])
        os._exit(0)
    os.close(write)
    with open(read, "rb") as file:
        outcome = file.read().decode()
    os.wait()
    return outcome


net = torch.nn.Linear(1, 1)
for case in json.load(sys.stdin):
    weights = os.path.join(case["directory"], "model.pt")
    if case["weights"] == "scripted":
        torch.jit.script(net).save(weights)
    elif case["weights"] == "state_dict":
        torch.save({"layer." + key: value for key, value in net.state_dict().items()}, weights)
    print(json.dumps([case["name"], answer(case)]), flush=True)
'''
"""Loads many models, each as if it were the worker's only one; torch is imported once."""

FUNCTION = "def handle(data, context): return [] if data is None else ['ok']\n"
ANSWERING = """\
class Handler:
    def initialize(self, context): ...
    def handle(self, data, context): return ['ok']
"""
STEPS = """\
from ts.torch_handler.base_handler import BaseHandler
class Handler(BaseHandler):
    def initialize(self, context): ...
    def preprocess(self, data): return data
    def inference(self, data): return data
"""
EAGER = """\
from torch import nn
class Net(nn.Module):
    def __init__(self, size=1):
        super().__init__()
        self.layer = nn.Linear(size, size)
"""


@dataclass(frozen=True)
class Case:
    """An archive, the codes found in it, and what the worker says: `loaded` unless told otherwise."""

    files: Files
    handler: str = "h.py"
    codes: str = ""
    outcome: str = "loaded"
    keys: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    asked: bool = False

    @property
    def subject(self) -> Subject:
        return subject(self.files, self.handler, **self.keys)


EAGER_KEYS = {"model_file": "net.py", "serialized_file": "model.pt"}
ONE_CLASS = "ValueError: Expected only one class in custom service code or a function entry point "
ONE_MODEL = "ValueError: Expected only one class as model definition"
MASKED = "ModuleNotFoundError: No module named 'ts.torch_handler.h'"

OPENING = """\
import os
class Handler:
    def initialize(self, context):
        here = context.system_properties.get("model_dir")
        self.labels = open(os.path.join(here, "labels.txt")).read(), open("labels.txt").read()
    def handle(self, data, context): return ['ok']
"""

GOOD = {
    "file-opened": Case({"h.py": OPENING, "labels.txt": "a"}),
    "function": Case({"h.py": FUNCTION}, outcome="Prediction success", asked=True),
    "constructor-of-steps": Case(
        {
            "h.py": STEPS
            + "    def __init__(self): self.ready = False\n"
            + "    def postprocess(self, data): return ['ok' for _ in data]\n"
        },
        outcome="Prediction success",
        asked=True,
    ),
    "arguments-known": Case(
        {"h.py": "import argparse\nargs, others = argparse.ArgumentParser().parse_known_args()\n" + HANDLER},
    ),
    "answers-in-steps": Case(
        {"h.py": STEPS + "    def postprocess(self, data): return ['ok']\n"},
        outcome="Prediction success",
        asked=True,
    ),
    "function-named": Case(
        {"h.py": FUNCTION.replace("handle", "predict")},
        "h.py:predict",
        outcome="Prediction success",
        asked=True,
    ),
    "function-without-ending": Case({"h.py": FUNCTION}, "h:handle"),
    "function-beside-classes": Case({"h.py": "class A: ...\nclass B: ...\n" + FUNCTION}),
    "function-bound": Case({"h.py": ANSWERING + "handle = Handler().handle\n"}),
    "function-imported": Case({"h.py": "from digits.impl import handle\n", "digits/impl.py": FUNCTION}),
    "function-from-star": Case({"h.py": "from impl import *\n", "impl.py": FUNCTION}),
    "function-in-branch": Case({"h.py": "import sys\nif sys.platform:\n    " + FUNCTION}),
    "function-decorated": Case(
        {"h.py": "def fix(f): return lambda *a: f()\n@fix\ndef handle(): return []\n"},
    ),
    "function-partial": Case(
        {
            "h.py": """\
            from functools import partial
            def answer(a, data, context): return []
            handle = partial(answer, 1)
            """
        }
    ),
    "function-of-module": Case({"h.py": "def __getattr__(name):\n    return lambda data, context: []\n"}),
    "class": Case({"h.py": ANSWERING}, outcome="Prediction success", asked=True),
    "class-any-name": Case({"my-h.py": ANSWERING}, "my-h.py"),
    "class-with-private-imports": Case({"h.py": "from enum import Enum\nfrom abc import ABC\n" + HANDLER}),
    "class-with-arguments": Case(
        {"h.py": HANDLER + "    def __init__(self, *args, **kwargs): ...\n"},
    ),
    "class-with-default-arguments": Case({"h.py": HANDLER + "    def __init__(self, a=1, *, b=2): ...\n"}),
    "class-dataclass": Case(
        {
            "h.py": """\
            from dataclasses import dataclass, field, KW_ONLY
            from typing import ClassVar
            @dataclass
            class Handler:
                name: str = "digits"
                names: list = field(default_factory=list)
                kind: ClassVar[int]
                _: KW_ONLY
                other: int = field(init=False)
                def initialize(self, context): ...
                def handle(self, data, context): ...
            """
        }
    ),
    "class-methods-of-instance": Case(
        {
            "h.py": """\
            class Handler:
                def __init__(self):
                    self.handle = lambda data, context: []
                initialize = print
            """
        }
    ),
    "class-inherits": Case(
        {
            "h.py": "from impl import Base\nclass Handler(Base): ...\n",
            "impl.py": HANDLER.replace("Handler", "Base"),
        }
    ),
    "class-in-both-branches": Case(
        {
            "h.py": """\
            import sys
            if sys.platform == "nowhere":
                class Handler: ...
            else:
                class Handler:
                    def initialize(self, context): ...
                    def handle(self, data, context): ...
            """
        }
    ),
    "class-where-import-fails": Case(
        {
            "h.py": """\
            try:
                from nothing_such import Base
            except ImportError:
                class Base:
                    def initialize(self, context): ...
                    def handle(self, data, context): ...
                Handler, Base = Base, None
            """
        }
    ),
    "class-helper-deleted": Case({"h.py": "class Helper: ...\ndel Helper\n" + HANDLER}),
    "class-only-when-run": Case(
        {"h.py": HANDLER + "if __name__ == '__main__':\n    class Main: ...\n    Again = Handler\n"}
    ),
    "class-with-decorator": Case(
        {"h.py": "def keep(made): return made\n@keep\n" + HANDLER},
    ),
    "class-from-function": Case(
        {
            "h.py": """\
            def make():
                class Handler:
                    def initialize(self, context): ...
                    def handle(self, data, context): ...
                return Handler
            Handler = make()
            """
        }
    ),
    "module-in-package": Case(
        {
            "digits/__init__.py": "",
            "digits/serving.py": "from .impl import x\n" + HANDLER,
            "digits/impl.py": "x = 1",
        },
        "digits.serving",
    ),
    "module-in-folder": Case(
        {"digits/serving.py": "import digits.impl\n" + HANDLER, "digits/impl.py": ""}, "digits.serving"
    ),
    "module-and-function": Case({"digits/serving.py": FUNCTION}, "digits.serving:handle"),
    "package": Case(
        {"digits/__init__.py": "from .impl import handle\n", "digits/impl.py": FUNCTION}, "digits"
    ),
    "package-before-file": Case({"h/__init__.py": HANDLER, "h.py": "x ="}),
    "imports-optional": Case(
        {
            "h.py": """\
            from contextlib import suppress
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from .types import Data
            with suppress(ImportError):
                import nothing_such
            try:
                from . import neighbour
            except (ImportError, OSError):
                import neighbour
            def handle(data, context):
                if len(data or []) > 9:
                    import nothing_such
                return []
            """,
            "neighbour.py": "import yaml, numpy, PIL, psutil, packaging, torch, captum, json",
        }
    ),
    "imports-by-own-path": Case(
        {
            "h.py": "import os, sys\nsys.path.append(os.path.abspath('lib'))\nimport impl\n" + HANDLER,
            "lib/impl.py": "",
        }
    ),
    "name-of-a-library-not-needed": Case({"h.py": HANDLER, "calendar/data.txt": ""}),
    "base-handler-eager": Case({"net.py": EAGER}, "base_handler", keys=EAGER_KEYS, weights="state_dict"),
    "base-handler-scripted": Case(
        {}, "base_handler", keys={"serialized_file": "model.pt"}, weights="scripted"
    ),
    "own-base-handler-eager": Case({"h.py": BASE, "net.py": EAGER}, keys=EAGER_KEYS, weights="state_dict"),
    "own-base-handler-overriding": Case(
        {
            "h.py": BASE.replace("...", "\n    def initialize(self, context): super().initialize(context)"),
            "net.py": "from typing import Any\n" + EAGER,
        },
        keys=EAGER_KEYS,
        weights="state_dict",
    ),
    "own-loading-of-two-classes": Case(
        {"h.py": "import net\n" + HANDLER, "net.py": EAGER + "class Other: ...\n"},
        keys={"model_file": "net.py"},
    ),
}

BAD = {
    "file-not-packed": Case(
        {"h.py": OPENING, "data/labels.txt": "a"},
        codes="MAR251",
        outcome="FileNotFoundError: [Errno 2] No such file or directory: ",
    ),
    "syntax": Case({"h.py": "def f(:\n"}, codes="MAR208", outcome="SyntaxError: "),
    "syntax-beyond-grammar": Case(
        {"h.py": "return 1\n"}, codes="MAR208", outcome="SyntaxError: 'return' outside"
    ),
    "syntax-of-import": Case(
        {"h.py": "import impl\n" + HANDLER, "impl.py": "x ="}, codes="MAR230", outcome="SyntaxError: "
    ),
    "nothing": Case({"h.py": "def predict(data, context): ...\n"}, codes="MAR211", outcome=ONE_CLASS + "[]"),
    "two-classes": Case(
        {"h.py": "from enum import Enum\nclass Kind(Enum):\n    A = 1\n" + HANDLER},
        codes="MAR211",
        outcome=ONE_CLASS,
    ),
    "alias": Case({"h.py": HANDLER + "Service = Handler\n"}, codes="MAR211", outcome=ONE_CLASS),
    "named-tuple": Case(
        {"h.py": "from collections import namedtuple\nP = namedtuple('P', 'x y')\n" + HANDLER},
        codes="MAR211",
        outcome=ONE_CLASS,
    ),
    "class-imported": Case(
        {"h.py": "from impl import Handler\n", "impl.py": HANDLER}, codes="MAR211", outcome=ONE_CLASS + "[]"
    ),
    "no-handle": Case(
        {"h.py": "class H: ...\n"}, codes="MAR212 MAR212", outcome="ValueError: Expect handle method in class"
    ),
    "no-initialize": Case(
        {"h.py": "from abc import ABC\nclass H(ABC):\n    def handle(self, data, context): ...\n"},
        codes="MAR212",
        outcome="AttributeError: 'H' object has no attribute 'initialize'",
    ),
    "constructor": Case(
        {"h.py": HANDLER + "    def __init__(self, path): ...\n"}, codes="MAR213", outcome="TypeError: "
    ),
    "constructor-of-dataclass": Case(
        {"h.py": "from dataclasses import dataclass\n@dataclass\n" + HANDLER + "    path: str\n"},
        codes="MAR213",
        outcome="TypeError: ",
    ),
    "function-of-one": Case(
        {"h.py": "def handle(data): ...\n"}, codes="MAR214", outcome="TypeError: handle() takes 1"
    ),
    "initialize-of-none": Case(
        {"h.py": "class H:\n    def initialize(self): ...\n    def handle(self, data, context): ...\n"},
        codes="MAR214",
        outcome="TypeError: H.initialize() takes 1",
    ),
    "handle-of-one": Case(
        {"h.py": "class H:\n    def initialize(self, context): ...\n    def handle(self, data): ...\n"},
        codes="MAR214",
        outcome="Prediction failed",
        asked=True,
    ),
    "class-named": Case({"h.py": HANDLER}, "h:Handler", "MAR215", "TypeError: Handler() takes no arguments"),
    "function-misspelled": Case({"h.py": ANSWERING}, "h:missing", "MAR216", "Prediction success", asked=True),
    "async": Case(
        {"h.py": "async def handle(data, context): return ['ok']\n"},
        codes="MAR217",
        outcome="Invalid model predict output",
        asked=True,
    ),
    "dots": Case(
        {"my.h.py": HANDLER},
        "my.h.py",
        "MAR205",
        "ModuleNotFoundError: No module named 'ts.torch_handler.my'",
    ),
    "empty": Case({"digits/__init__.py": HANDLER}, "digits/", "MAR205", "ValueError: Empty module name"),
    "missing": Case({}, "h.py", "MAR206", MASKED),
    "missing-in-package": Case(
        {"digits/x.py": ""}, "digits.h", "MAR206", "No module named 'ts.torch_handler.digits'"
    ),
    "in-folder": Case(
        {"code/h.py": HANDLER}, "code/h.py", "MAR206", "No module named 'ts.torch_handler.code/h'"
    ),
    "built-in-misspelled": Case(
        {}, "image_clasifier", "MAR206", "No module named 'ts.torch_handler.image_clasifier'"
    ),
    "built-in-and-function": Case(
        {}, "base_handler:handle", "MAR206", "No module named 'ts.torch_handler.base_handler:handle'"
    ),
    "built-in-and-ending": Case({}, "image_classifier.py", "MAR206", "No module named "),
    "installed": Case(
        {}, "nothing_such.serving:handle", "MAR207", "No module named 'ts.torch_handler.nothing_such'"
    ),
    "built-in-packages": Case({}, "vllm_handler", "MAR221", "ModuleNotFoundError: No module named 'vllm'"),
    "built-in-vocabulary": Case(
        {"requirements.txt": "captum"},
        "text_classifier",
        "MAR222",
        "Exception: Missing the source_vocab file",
        {"requirements_file": "requirements.txt", "serialized_file": "model.pt"},
        "scripted",
    ),
    "derived-from-vllm": Case(
        {"h.py": "from ts.torch_handler.vllm_handler import VLLMHandler\nclass H(VLLMHandler): ...\n"},
        codes="MAR221",
        outcome=MASKED,
    ),
    "derived-vocabulary": Case(
        {"h.py": "from ts.torch_handler.text_handler import TextHandler\nclass H(TextHandler): ...\n"},
        codes="MAR222",
        outcome="Exception: Missing the source_vocab file",
        keys={"serialized_file": "model.pt"},
        weights="scripted",
    ),
    "built-in-hidden": Case(
        {"base_handler.py": ANSWERING}, "base_handler", "MAR223", "Prediction success", asked=True
    ),
    "import-absent": Case({"h.py": "import nothing_such.x\n" + HANDLER}, codes="MAR231", outcome=MASKED),
    "import-absent-further": Case(
        {"h.py": "import impl\n" + HANDLER, "impl.py": "import nothing_such"}, codes="MAR231", outcome=MASKED
    ),
    "import-relative": Case(
        {"h.py": "from .impl import x\n" + HANDLER, "impl.py": "x = 1"}, codes="MAR232", outcome=MASKED
    ),
    "import-relative-outside": Case(
        {"digits/h.py": "from ..impl import x\n" + HANDLER, "impl.py": "x = 1"},
        "digits.h",
        "MAR232",
        "'ts.torch_handler.digits'",
    ),
    "import-lacking": Case(
        {"h.py": "import digits.impl\n" + HANDLER, "digits/__init__.py": ""}, codes="MAR233", outcome=MASKED
    ),
    "import-itself": Case(
        {"transformers.py": "from transformers import pipeline\n" + HANDLER},
        "transformers.py",
        "MAR234",
        "'ts.torch_handler.transformers'",
    ),
    "answer-dict": Case(
        {"h.py": "def handle(data, context): return {}\n"},
        codes="MAR263",
        outcome="Invalid model predict output",
        asked=True,
    ),
    "answer-of-postprocess": Case(
        {"h.py": STEPS + "    def postprocess(self, data): return {'ok': 1}\n"},
        codes="MAR263",
        outcome="Invalid model predict output",
        asked=True,
    ),
    "answer-nothing": Case(
        {"h.py": "def handle(data, context): print(data)\n"},
        codes="MAR263",
        outcome="Invalid model predict output",
        asked=True,
    ),
    "unguarded": Case(
        {"h.py": "def handle(data, context): return [len(row) for row in data]\n"},
        codes="MAR266",
        outcome="TypeError: 'NoneType' object is not iterable",
    ),
    "unguarded-object": Case(
        {
            "h.py": STEPS.replace("return data", "return data[0]")
            + "service = Handler()\ndef handle(data, context): return service.handle(data, context)\n"
        },
        codes="MAR266",
        outcome="TypeError: 'NoneType' object is not subscriptable",
    ),
    "key-of-manifest": Case(
        {"h.py": ANSWERING.replace("...", "context.manifest['model']['modelFile']")},
        codes="MAR267",
        outcome="KeyError: 'modelFile'",
    ),
    "key-of-configuration": Case(
        {"h.py": ANSWERING.replace("...", "context.model_yaml_config['handler']")},
        codes="MAR267",
        outcome="KeyError: 'handler'",
    ),
    "attribute-of-context": Case(
        {"h.py": ANSWERING.replace("...", "context.model_config")},
        codes="MAR268",
        outcome="AttributeError: 'Context' object has no attribute 'model_config'",
    ),
    "attribute-of-constructor": Case(
        {
            "h.py": STEPS
            + "    def __init__(self): self.model = self.device = None\n"
            + "    def handle(self, data, context): return super().inference(data)\n"
        },
        codes="MAR268",
        outcome="Prediction failed",
        asked=True,
    ),
    "model-missing-for-inference": Case(
        {
            "h.py": """\
            from ts.torch_handler.base_handler import BaseHandler
            class Handler(BaseHandler):
                def initialize(self, context): self.device = "cpu"
                def preprocess(self, data): return super().preprocess([1])
            """
        },
        codes="MAR269",
        outcome="Prediction failed",
        asked=True,
    ),
    "labels-missing": Case(
        {"h.py": STEPS + "    def postprocess(self, data): return [self.mapping['0']]\n"},
        codes="MAR269",
        outcome="Prediction failed",
        asked=True,
    ),
    "arguments": Case(
        {"h.py": "import sys\nscript, source = sys.argv\n" + HANDLER},
        codes="MAR270",
        outcome="ValueError: too many values to unpack",
    ),
    "arguments-parsed": Case(
        {
            "h.py": "import options\n" + HANDLER,
            "options.py": "import argparse\nargs = argparse.ArgumentParser().parse_args()\n",
        },
        codes="MAR270",
        outcome="SystemExit: 2",
    ),
    "name-of-module": Case(
        {"h.py": "import impl\n" + ANSWERING.replace("...", "impl.Net"), "impl.py": ""},
        codes="MAR268",
        outcome="AttributeError: module 'impl' has no attribute 'Net'",
    ),
    "unguarded-inherited": Case(
        {
            "h.py": """\
            from ts.torch_handler.base_handler import BaseHandler
            class Handler(BaseHandler): ...
            service = Handler()
            def handle(data, context): return service.preprocess(data)
            """
        },
        codes="MAR266",
        outcome="RuntimeError: Could not infer dtype of NoneType",
    ),
    "step-async": Case(
        {"h.py": STEPS + "    async def postprocess(self, data): return ['ok']\n"},
        codes="MAR264",
        outcome="Invalid model predict output",
        asked=True,
    ),
    "step-of-two": Case(
        {"h.py": STEPS + "    def postprocess(self, data, context): return ['ok']\n"},
        codes="MAR264",
        outcome="Prediction failed",
        asked=True,
    ),
    "import-despite-own-path": Case(
        {"h.py": "import os, sys\nsys.path.append(os.path.dirname(__file__))\nimport impl\n" + HANDLER},
        codes="MAR231",
        outcome=MASKED,
    ),
    "import-name": Case(
        {"h.py": "from impl import Net\n" + HANDLER, "impl.py": "net = 1"}, codes="MAR261", outcome=MASKED
    ),
    "import-torchserve": Case(
        {"h.py": "import ts.torch_handler.image_classification\n" + HANDLER},
        codes="MAR262",
        outcome=MASKED,
    ),
    "import-torchserve-name": Case(
        {"h.py": "from ts.torch_handler import BaseHandler\n" + HANDLER}, codes="MAR262", outcome=MASKED
    ),
    "model-missing": Case(
        {}, "base_handler", "MAR301", "RuntimeError: Missing the model.py file", EAGER_KEYS
    ),
    "model-syntax": Case({"net.py": "class"}, "base_handler", "MAR302", "SyntaxError: ", EAGER_KEYS),
    "model-two-classes": Case(
        {"net.py": EAGER + "class Other: ...\n"}, "base_handler", "MAR303", ONE_MODEL, EAGER_KEYS
    ),
    "model-alias": Case({"net.py": EAGER + "Model = Net\n"}, "base_handler", "MAR303", ONE_MODEL, EAGER_KEYS),
    "model-no-class": Case(
        {"net.py": "from torch.nn import Linear as Net\n"}, "base_handler", "MAR303", ONE_MODEL, EAGER_KEYS
    ),
    "model-arguments": Case(
        {"net.py": EAGER.replace("=1", "")}, "base_handler", "MAR304", "TypeError: ", EAGER_KEYS
    ),
    "model-no-module": Case(
        {"net.py": "class Net: ...\n"},
        "base_handler",
        "MAR306",
        "AttributeError: 'Net' object has no attribute 'load_state_dict'",
        EAGER_KEYS,
        "state_dict",
    ),
    "model-of-other-weights": Case(
        {"net.py": EAGER, "model.pt": zipped(saved(state_dict("other.weight"), {"0": 8}))},
        "base_handler",
        "MAR307",
        "RuntimeError: Error(s) in loading state_dict for Net",
        EAGER_KEYS,
    ),
    "model-dots": Case(
        {"my.net.py": EAGER}, "base_handler", "MAR305", "No module named 'my'", {"model_file": "my.net.py"}
    ),
    "model-in-folder": Case(
        {"src/net.py": EAGER},
        "base_handler",
        "MAR305",
        "No module named 'src/net'",
        {"model_file": "src/net.py"},
    ),
    "model-import-relative": Case(
        {"net.py": "from .a import b\n" + EAGER},
        "base_handler",
        "MAR232",
        "ImportError: attempted relative import",
        EAGER_KEYS,
    ),
    "model-import-absent": Case(
        {"net.py": "import nothing_such\n" + EAGER},
        "base_handler",
        "MAR231",
        "No module named 'nothing_such'",
        EAGER_KEYS,
    ),
    "model-of-unseen-loader": Case(
        {
            "h.py": "from impl import Base\nclass H(Base): ...\n",
            "impl.py": BASE.replace("Handler(", "Base("),
            "net.py": NET + "class B: ...\n",
        },
        codes="MAR303",
        outcome=ONE_MODEL,
        keys=EAGER_KEYS,
    ),
    "name-of-pythons-own": Case({"time.py": HANDLER}, "time.py", "MAR241", "TypeError: "),
}


def codes(archive: Subject) -> str:
    found = (*handler.check(archive), *opened_files.check(archive), *model_file.check(archive))
    return " ".join(finding.code for finding in found)


def unpack(archive: Subject, directory: Path) -> None:
    for member in archive.archive.entries():
        file = directory / member.name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(member.source.chunks()))


def environment(**variables: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TS_", "COV_"))
    }
    return {**kept, "CUDA_VISIBLE_DEVICES": "", **variables}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the worker says of each archive, in one process for all: importing torch takes seconds."""
    for name in ("ts", "torch"):
        require_module(name)
    asked: list[dict[str, Any]] = []
    for name, case in (GOOD | BAD).items():
        directory = tmp_path_factory.mktemp("model")
        unpack(case.subject, directory)
        details = {"name": name, "directory": str(directory), "handler": case.handler}
        asked.append({**details, "weights": case.weights, "asked": case.asked})
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=json.dumps(asked),
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('["')]
    assert len(lines) == len(asked), done.stdout + done.stderr
    return dict(map(json.loads, lines))


@pytest.mark.parametrize("name", GOOD)
def test_loads(name: str, outcomes: dict[str, str]) -> None:
    """A handler that TorchServe loads is not complained of."""
    assert GOOD[name].outcome in outcomes[name]
    assert codes(GOOD[name].subject) == ""


@pytest.mark.parametrize("name", BAD)
def test_found(name: str, outcomes: dict[str, str]) -> None:
    """What is found is what TorchServe says of it."""
    assert BAD[name].outcome in outcomes[name]
    assert BAD[name].codes == codes(BAD[name].subject)


def run_worker(directory: Path, *arguments: str) -> str:
    """What TorchServe's Python says, started as its worker is: the archive's root first on the path."""
    for name in ("ts", "torch"):
        require_module(name)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment(PYTHONPATH=str(directory)),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "code", "outcome"),
    [
        ("json.py", "MAR241", "module 'json' has no attribute"),
        ("argparse.py", "MAR241", "module 'argparse' has no attribute 'ArgumentParser'"),
        ("yaml.py", "MAR241", "module 'yaml' has no attribute"),
        ("ts.py", "MAR241", "'ts' is not a package"),
        ("ts/__init__.py", "MAR241", "No module named 'ts.arg_parser'"),
        ("calendar.py", "MAR242", "usage: "),
    ],
)
def test_name_of_another(file: str, code: str, outcome: str, tmp_path: Path) -> None:
    """The worker's own script fails in its imports, before it looks at any handler."""
    archive = subject({"h.py": FUNCTION, file: "x = 1\n"})
    unpack(archive, tmp_path)

    assert outcome in run_worker(tmp_path, worker_script(), "--help")
    assert code == codes(archive)


@pytest.mark.parametrize(
    ("file", "outcome"),
    [("torch.py", "'torch' has no attribute"), ("packaging.py", "'packaging' is not a package")],
)
def test_name_of_package(file: str, outcome: str, tmp_path: Path) -> None:
    """With the name of a package, it is the base handler that fails."""
    archive = subject({"h.py": BASE, file: "x = 1\n"})
    unpack(archive, tmp_path)
    load = f"from ts.model_loader import TsModelLoader; TsModelLoader().load('m', {str(tmp_path)!r}, 'h.py')"

    assert outcome in run_worker(tmp_path, "-c", load)
    assert codes(archive) == "MAR241"


def worker_script() -> str:
    require_module("ts")
    from importlib.util import find_spec

    spec = find_spec("ts")
    assert spec is not None
    return str(Path(str(spec.origin)).with_name("model_service_worker.py"))
