"""Findings about imports; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.checks.handler import check
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import PYTHON
from tests.checks import HANDLER, NET, Files, found, subject

LACKS = (
    "add {} to the archive's requirements (`requirements-file` or `requirements-from`), pack it, or add it to"
    " `server-packages` if the server has it"
)
PACKAGES = {"cv2": "`opencv-python`", "lru": "`lru-dict`", "google.protobuf": "`protobuf`"}
"""Those that have another name than their modules."""
MASKED = "`No module named 'ts.torch_handler.h'`"
FULL_NAME = "import it by its full name, or pack the package and name the handler `package.module`"


def absent(name: str, said: str = MASKED) -> str:
    return (
        f"MAR231 `{name}` is neither in the archive nor in its requirements nor on the server,"
        f" and without it the worker would report {said}; {LACKS.format(PACKAGES.get(name, 'it'))}"
    )


def importing(source: str, requirements: str = "", **files: str) -> list[str]:
    """What is found in a handler that starts with these lines."""
    # `digits_a` stands for `digits/a.py`, `digits_init` for `digits/__init__.py`
    paths = {name: name.replace("_init", "/__init__").replace("digits_", "digits/") for name in files}
    more = {f"{paths[name]}.py": text for name, text in files.items()}
    archive = {"h.py": f"{source}\n{HANDLER}", "r.txt": requirements, **more}
    return found(check, archive, requirements_file="r.txt")


class TestAbsent:
    @pytest.mark.parametrize(
        ("source", "line", "name"),
        [
            ("import cv2", 1, "cv2"),
            ("import os\nimport cv2.aruco as aruco", 2, "cv2"),
            ("from cv2 import aruco", 1, "cv2"),
            ("try:\n    import cv2\nfinally:\n    pass", 2, "cv2"),
            ("try:\n    import cv2\nexcept KeyError:\n    pass", 2, "cv2"),
            ("with open('x'):\n    import cv2", 2, "cv2"),
            ("import cv2\nimport cv2.aruco", 1, "cv2"),
            ("import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport cv2", 3, "cv2"),
            ("import google.protobuf.json_format", 1, "google.protobuf"),
            ("from google import protobuf", 1, "google.protobuf"),
            ("from google.cloud import storage", 1, "google.cloud.storage"),
            ("from azure import *", 1, "azure"),
        ],
    )
    def test_bad(self, source: str, line: int, name: str) -> None:
        assert importing(source) == [f"digits.mar/h.py:{line}: {absent(name)}"]

    @pytest.mark.parametrize(
        "source",
        [
            "import json, torch.nn, numpy, PIL.Image, yaml, psutil, packaging.version, captum, pynvml, ts",
            "import tomllib, distutils",
            "from __future__ import annotations",
            "def f():\n    import cv2",
            "class A:\n    import cv2\ndel A",
            "if TYPE_CHECKING:\n    import cv2",
            "if anything:\n    import cv2",
            "try:\n    import cv2\nexcept ImportError:\n    cv2 = None",
            "try:\n    import cv2\nexcept (KeyError, ModuleNotFoundError):\n    import cv3",
            "try:\n    import cv2\nexcept:\n    pass",
            "try:\n    import cv2\nexcept Exception as e:\n    pass\nelse:\n    import cv2",
            "with contextlib.suppress(ImportError):\n    import cv2",
            "import sys\nsys.path.insert(0, 'lib')\nimport cv2",
            "import site\nsite.addsitedir('lib')\nimport cv2",
            "import zipfile\nwith zipfile.ZipFile('lib.zip') as file: file.extractall()\nimport cv2",
            "import os\nos.system('pip install opencv-python')\nimport cv2",
        ],
    )
    def test_good(self, source: str) -> None:
        assert importing(source) == []

    def test_further(self) -> None:
        """Imports are followed through the archive, and each missing name is reported once."""
        files = {"a": "import digits.b", "digits_init": "from . import c", "digits_b": "import cv2"}
        assert importing("import a, cv2", **files, digits_c="import lru") == [
            f"digits.mar/h.py:1: {absent('cv2')}",
            f"digits.mar/digits/c.py:1: {absent('lru')}",
        ]

    def test_not_further(self) -> None:
        """What the handler does not import is not looked at."""
        assert importing("", digits_init="import cv2", other="import cv2") == []

    def test_model_file(self) -> None:
        """For the model file, the worker reports what is missing."""
        files = {"net.py": "import cv2\n" + NET}
        said = absent("cv2", "`No module named 'cv2'`")
        assert found(check, files, "base_handler", model_file="net.py") == [f"digits.mar/net.py:1: {said}"]

    @pytest.mark.parametrize(
        ("handler", "masked"),
        [("h", "h"), ("h:f", "h:f"), ("h.py:f", "h"), ("digits.h:f", "digits")],
    )
    def test_masked(self, handler: str, masked: str) -> None:
        """The worker reports the handler's name, up to its first dot."""
        source = "import cv2\ndef f(data, context): ...\ndef handle(data, context): ..."
        [message] = found(check, {"h.py": source, "digits/h.py": source}, handler)

        assert f"would report `No module named 'ts.torch_handler.{masked}'`;" in message

    def test_folder(self) -> None:
        """A folder without `__init__.py` may be only a part of a package."""
        assert importing("import digits.a, digits.b", digits_a="") == [
            f"digits.mar/h.py:1: {absent('digits.b')}"
        ]
        assert importing("import digits.a, digits.b", "digits", digits_a="") == []

    @pytest.mark.parametrize(
        ("file", "fix"),
        [
            ("digits/__init__.py", 'pack it with `packages = ["digits"]`'),
            ("src/digits/__init__.py", 'pack it with `packages = ["src/digits"]`'),
            ("digits.py", 'pack it with `extra-files = ["digits.py"]`'),
            ("serving/digits.py", 'pack it with `extra-files = ["serving/digits.py"]`'),
        ],
    )
    def test_of_the_project(self, file: str, fix: str, tmp_path: Path) -> None:
        """A module that the project itself has needs to be packed, whatever is required."""
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
        handler = tmp_path / "serving" / "h.py"
        handler.parent.mkdir(exist_ok=True)
        handler.write_text(f"import digits\n{HANDLER}")
        made = subject({"r.txt": "my-digits"}, requirements_file="r.txt")
        members = (*made.archive.members, Member("h.py", FileSource(handler)))
        archive = Archive(made.manifest, members)
        [finding] = check(Subject(archive, made.file_name, root=tmp_path))

        assert (finding.code, finding.fix) == ("MAR231", fix)

    def test_compiled(self) -> None:
        """A module without source is trusted."""
        files: Files = {"h.py": "import a, b.c\n" + HANDLER, "a.so": b"", "b/c.cpython-311-darwin.so": b""}
        assert found(check, files) == []


class TestRequirements:
    @pytest.mark.parametrize(
        ("module", "requirements"),
        [
            ("cv2", "opencv-python-headless>=4"),
            ("PIL", "pillow"),
            ("sklearn.svm", "scikit_learn ; python_version > '3'"),
            ("yaml", "PyYAML==6 --hash=sha256:0"),
            ("dateutil", "python-dateutil"),
            ("jwt", "# a comment\n--index-url https://example.org\nPyJWT[crypto]  # another"),
            ("faiss", "faiss-cpu"),
            ("bs4", "beautifulsoup4 \\\n  ==4"),
            ("google.protobuf", "protobuf"),
            ("google.cloud", "google-cloud-storage"),
            ("google.cloud.storage", "google-cloud-storage"),
            ("google.protobuf", "google-cloud-storage"),
            ("whisper", "openai-whisper"),
            ("botocore.config", "boto3"),
            ("foo_sdk", "acme-foo-python"),
            ("tokenizers", "transformers"),
            ("torchvision", "timm"),
            ("my_pkg", "My.Pkg @ https://example.org/a.zip"),
            ("my_pkg", "./wheels/my_pkg-1.0-py3-none-any.whl"),
            ("my_pkg", "git+https://example.org/pkg#egg=my-pkg"),
            ("anything", "git+https://example.org/pkg"),
            ("anything", "-e ."),
            ("anything", "-r other.txt"),
            ("anything", "./source"),
        ],
    )
    def test_brings(self, module: str, requirements: str) -> None:
        assert importing(f"import {module}", requirements) == []

    @pytest.mark.parametrize(
        ("module", "requirements"),
        [
            ("cv2", "numpy\n# opencv-python"),
            ("cv2", "-c constraints.txt\n--pre"),
            ("cv2", "other @ git+https://example.org/pkg"),
            ("anything", "git+https://example.org/pkg#egg=other"),
            ("transformers", "tokenizers"),
            ("google.cloud.storage", "protobuf"),
            ("torch_geometric", "torch-optimizer"),
        ],
    )
    def test_does_not_bring(self, module: str, requirements: str) -> None:
        assert importing(f"import {module}", requirements) == [f"digits.mar/h.py:1: {absent(module)}"]

    def test_comment_after_a_tab(self) -> None:
        """A comment names nothing, whatever stands before it."""
        assert importing("import cv2", "numpy\t# opencv") == [f"digits.mar/h.py:1: {absent('cv2')}"]

    @pytest.mark.parametrize("name", ["r.txt", "./r.txt", "a/../r.txt"])
    def test_spelling(self, name: str) -> None:
        """Other spellings of the file's name are its name."""
        files = {"h.py": "import cv2\n" + HANDLER, "r.txt": "opencv-python"}
        assert found(check, files, requirements_file=name) == []


class TestRelative:
    @pytest.mark.parametrize("source", ["from .a import b", "from . import a", "from ..a import b"])
    def test_in_no_package(self, source: str) -> None:
        name = source.split()[1]
        assert importing(source, a="b = 1") == [
            (
                f"digits.mar/h.py:1: MAR232 `{name}` is relative, but `h.py` is not in a package, and the"
                f" worker would report only {MASKED}; {FULL_NAME}"
            )
        ]

    def test_above_the_package(self) -> None:
        files = {"digits/h.py": "from ..a import b\n" + HANDLER, "a.py": ""}
        assert found(check, files, "digits.h") == [
            (
                "digits.mar/digits/h.py:1: MAR232 `..a` is relative, but `digits/h.py` is not in that many"
                " packages, and the worker would report only `No module named 'ts.torch_handler.digits'`;"
                f" {FULL_NAME}"
            )
        ]

    def test_of_model_file(self) -> None:
        files = {"net.py": "from .layers import Layer\n" + NET, "layers.py": ""}
        assert found(check, files, "base_handler", model_file="net.py") == [
            (
                "digits.mar/net.py:1: MAR232 `.layers` is relative, but `net.py` is not in a package;"
                f" {FULL_NAME}"
            )
        ]

    @pytest.mark.parametrize(
        "source",
        [
            "from .a import b",
            "from . import a",
            "from .. import digits",
            "from ..digits.a import b",
            "from .a import *",
        ],
    )
    def test_good(self, source: str) -> None:
        files = {"x/digits/h.py": f"{source}\n{HANDLER}", "x/digits/a.py": "b = 1", "x/__init__.py": ""}
        assert found(check, {**files, "x/digits/__init__.py": ""}, "x.digits.h") == []

    def test_where_caught(self) -> None:
        """Many handlers try both ways."""
        source = "try:\n    from .a import b\nexcept ImportError:\n    from a import b"
        assert importing(source, a="b = 1") == []


class TestLacking:
    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("import digits.b", "digits.b"),
            ("from digits.b import c", "digits.b"),
            ("import digits.a.c", "digits.a.c"),
        ],
    )
    def test_bad(self, source: str, name: str) -> None:
        assert importing(source, digits_init="", digits_a="") == [
            (
                f"digits.mar/h.py:1: MAR233 `{name}` is imported, but the archive's `digits` does not have"
                f" it, and the worker would report only {MASKED}; pack it too"
            )
        ]

    @pytest.mark.parametrize("source", ["from digits import b", "import digits.a", "from digits.a import b"])
    def test_good(self, source: str) -> None:
        """A package may have more names than modules."""
        assert importing(source, digits_init="b = 1", digits_a="b = 1") == []

    def test_own_path(self) -> None:
        assert importing("import digits.b", digits_init="__path__ = []") == []


class TestName:
    @pytest.mark.parametrize(
        ("source", "net", "fix"),
        [
            ("from net import Network", "class Net: ...", "did you mean `Net`?"),
            ("from net import a, Network", "a = 1", "import a name that it has"),
            ("from net import Network", "def f(): Network = 1", "import a name that it has"),
            ("from net import Network", "Network = 1\ndel Network", "import a name that it has"),
            (
                "from net import Network",
                "if __name__ == '__main__': Network = 1",
                "import a name that it has",
            ),
        ],
    )
    def test_bad(self, source: str, net: str, fix: str) -> None:
        assert importing(source, net=net) == [
            (
                "digits.mar/h.py:1: MAR261 `Network` is imported from `net`, but `net.py` does not define it,"
                f" and the worker would report only {MASKED}; {fix}"
            )
        ]

    @pytest.mark.parametrize(
        "net",
        [
            "class Network: ...",
            "from torch.nn import Linear as Network",
            "from torch.nn import *",
            "if anything: Network = 1",
            "try:\n    import Network\nexcept ImportError: ...",
            "def f():\n    global Network\n    Network = 1\nf()",
            "print(Network := 1)",
            "match 1:\n    case Network: ...",
            "globals()['Network'] = 1",
            "import sys\nsys.modules[__name__] = 1",
            "import sys\nsetattr(sys, 'x', 1)",
            "def __getattr__(name): ...",
        ],
    )
    def test_good(self, net: str) -> None:
        assert importing("from net import Network, __name__", net=net) == []

    @pytest.mark.parametrize(
        "source",
        [
            "from net import *",
            "try:\n    from net import Network\nexcept ImportError: ...",
            "import sys\nsys.path.insert(0, 'lib')\nfrom net import Network",
        ],
    )
    def test_uncertain(self, source: str) -> None:
        assert importing(source, net="") == []

    def test_of_package(self) -> None:
        """What a package does not have may be a module of its own that is not packed."""
        [message] = importing("from digits import net", digits_init="")

        assert "`net` is imported from `digits`, but `digits/__init__.py` does not define it" in message
        assert message.endswith("; pack the module `digits.net`, or import a name that the package has")

    def test_further(self) -> None:
        """Modules that the handler imports are looked at too."""
        [message] = importing("import a", a="\nfrom net import Network", net="")

        assert message.startswith("digits.mar/a.py:2: MAR261 ")


class TestTorchServe:
    @pytest.mark.parametrize(
        ("source", "said"),
        [
            (
                "from ts.torch_handler.image_classification import ImageClassifier",
                "no module `ts.torch_handler.image_classification`",
            ),
            ("import ts.torch_handlers", "no module `ts.torch_handlers`"),
            ("from ts.utils.util import map_class", "no `map_class` in `ts.utils.util`"),
            ("from ts import torchhandler", "no `torchhandler` in `ts`"),
        ],
    )
    def test_bad(self, source: str, said: str) -> None:
        [message] = importing(source)

        assert message.startswith(
            f"digits.mar/h.py:1: MAR262 TorchServe 0.12 has {said},"
            f" and the worker would report only {MASKED}; did you mean `"
        )

    @pytest.mark.parametrize(
        "source",
        [
            "from ts.torch_handler.image_classifier import ImageClassifier",
            "from ts.torch_handler import image_classifier",
            "from ts.utils.util import *",
            "import ts.context, ts",
            "from ts import __version__",
            "try:\n    import ts.torch_handlers\nexcept ImportError: ...",
        ],
    )
    def test_good(self, source: str) -> None:
        assert importing(source) == []


class TestNeeded:
    @pytest.mark.parametrize(
        ("source", "module", "needed"),
        [
            ("from ts.torch_handler.vllm_handler import VLLMHandler", "torch_handler.vllm_handler", "vllm"),
            ("from ts.torch_handler import vllm_handler", "torch_handler.vllm_handler", "vllm"),
            (
                "import ts.handler_utils.preprocess.dali",
                "handler_utils.preprocess.dali",
                "nvidia.dali",
            ),
        ],
    )
    def test_bad(self, source: str, module: str, needed: str) -> None:
        """What TorchServe's own modules import must be there, too."""
        assert importing(source) == [
            (
                f"digits.mar/h.py:1: MAR221 `ts.{module}` imports `{needed}`, which nothing installs on the"
                f" server, and the worker would report only {MASKED}; add it to the archive's requirements,"
                " or to `server-packages` if the server has it"
            )
        ]

    def test_good(self) -> None:
        assert importing("from ts.torch_handler.vllm_handler import VLLMHandler", "vllm") == []
        assert importing("from ts.torch_handler.vision_handler import VisionHandler") == []

    def test_once(self) -> None:
        """What the archive imports itself is said once."""
        assert importing("import vllm\nfrom ts.torch_handler import vllm_handler") == [
            f"digits.mar/h.py:1: {absent('vllm')}"
        ]


class TestItself:
    @pytest.mark.parametrize(
        ("source", "requirements"),
        [("from transformers import pipeline", ""), ("import transformers", "transformers")],
    )
    def test_bad(self, source: str, requirements: str) -> None:
        files = {"transformers.py": f"{source}\n{HANDLER}", "r.txt": requirements}
        *_, message = found(check, files, "transformers.py", requirements_file="r.txt")

        assert message == (
            "digits.mar/transformers.py:1: MAR234 `transformers.py` imports `transformers`,"
            " which is the file itself, and the worker would report only"
            " `No module named 'ts.torch_handler.transformers'`; rename the file"
        )

    def test_good(self) -> None:
        assert importing("import h\nx = 1\nfrom h import x") == []
        assert importing("import h") == []
        assert importing("from digits import a", digits_init="from digits import a", digits_a="") == []


class TestSyntax:
    def test_bad(self) -> None:
        [message] = importing("import a", a="\nx =")

        assert message.startswith(f"digits.mar/a.py:2: MAR230 `a.py`, which is imported, is not {PYTHON}: ")

    def test_not_imported(self) -> None:
        assert importing("", a="x =") == []


class TestLate:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("import cv2", [absent("cv2", "`No module named 'cv2'`")]),
            (
                "from net import net",
                ["MAR261 `net` is imported from `net`, but `net.py` does not define it; did you mean `Net`?"],
            ),
            (
                "from ts import a",
                ["MAR262 TorchServe 0.12 has no `a` in `ts`; import what TorchServe 0.12 has"],
            ),
            ("from net import Net", []),
            ("if context.system_properties['gpu_id']: import cv2", []),
            ("try: import cv2\n  except ImportError: pass", []),
            ("import sys\n  sys.path.append('lib')\n  import cv2", []),
            ("import zipfile\n  zipfile.ZipFile('a.zip').extractall()\n  import a", []),
        ],
    )
    def test_function(self, line: str, expected: list[str]) -> None:
        """What `initialize` certainly imports must be there, and the true error is shown if it is not."""
        source = f"class H:\n def initialize(self, context):\n  {line}\n def handle(self, d, c): ..."
        files = {"h.py": source, "net.py": NET, "a.zip": ""}
        assert found(check, files) == [f"digits.mar/h.py:3: {text}" for text in expected]
