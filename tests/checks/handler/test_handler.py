"""What is said of handlers; that TorchServe agrees is tested in tests/e2e/test_worker_handler.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.handler import check
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import LARGEST_MODULE, PYTHON
from hatch_mar.torchserve.handlers import BUILT_INS
from tests.archives import INSTANT
from tests.checks import BASE, HANDLER, Files, found, rules_of, subject

MANIFEST = "digits.mar/MAR-INF/MANIFEST.json"
LSP = (
    f"{MANIFEST}: MAR203 Handler `lib:Digits` needs TorchServe's C++ worker, which its wheel lacks;"
    " deploy it to a TorchServe that was built with `cpp/build.sh`"
)
ONE_CLASS = "define a function `handle(data, context)`, or keep one class in the file and import the others"
PACK = "pack the handler's file at the archive's root, or its package with `packages`"
RENAME = "name the file like a module, without further dots"
DERIVE = "define it, or derive the class from `ts.torch_handler.base_handler.BaseHandler`"
CALLED_WITH_TWO = (
    "cannot be called with two arguments, the data and the context; take exactly these arguments"
)
METHODS = "def initialize(self, context): ...\n    def handle(self, data, context): ...\n"


def test_codes() -> None:
    """No code is given twice."""
    codes = [rule.code for rule in rules_of("MAR2")]
    assert codes == sorted(codes)
    assert len(codes) == len(set(codes))


class TestRuntime:
    def test_python2(self) -> None:
        """torch-model-archiver offers a runtime that no TorchServe has."""
        assert found(check, {"h.py": HANDLER}, runtime="python2") == [
            f"{MANIFEST}: MAR201 No TorchServe has a runtime `python2`; set `runtime` to `python`"
        ]

    @pytest.mark.parametrize("runtime", ["python", "python3"])
    def test_good(self, runtime: str) -> None:
        assert found(check, {"h.py": HANDLER}, runtime=runtime) == []

    def test_default(self) -> None:
        """A manifest without a runtime is one for Python."""
        base = subject({"h.py": HANDLER})
        document = {"model": base.manifest.model}
        archive = Archive(Manifest(document), base.archive.members)

        assert list(check(Subject(archive, base.file_name))) == []

    def test_workflow(self) -> None:
        """A workflow's handler is another thing."""
        manifest = Manifest.for_workflow(
            workflow_name="dogs", spec_file="spec.yaml", handler="h.py", created=INSTANT
        )
        assert list(check(Subject(Archive(manifest, ()), "dogs.war"))) == []


class TestLibrary:
    def test_needs_worker(self) -> None:
        assert found(check, {"lib.so": ""}, "lib:Digits", runtime="LSP") == [LSP]

    def test_missing(self) -> None:
        """The worker adds the ending itself."""
        assert found(check, {"lib.so.1": ""}, "lib:Digits", runtime="LSP") == [
            LSP,
            (
                f"{MANIFEST}: MAR204 The archive has no `lib.so`, which the C++ worker opens;"
                " pack the library at the archive's root, and name it without its ending"
            ),
        ]

    def test_no_class(self) -> None:
        [_, message] = found(check, {"lib.so": ""}, "lib", runtime="LSP")

        assert message == (
            f"{MANIFEST}: MAR206 Handler `lib` is none of the C++ worker's own, `BaseHandler`,"
            " `TorchScriptHandler`, and names no class; write `lib:` and the name of its class"
        )

    def test_built_in(self) -> None:
        [message] = found(check, {}, "TorchScriptHandler", runtime="LSP")

        assert "MAR203" in message


class TestFound:
    @pytest.mark.parametrize(
        ("files", "handler"),
        [
            ({"h.py": HANDLER}, "h"),
            ({"h.py": HANDLER}, "h.py"),
            ({"my-h.py": HANDLER}, "my-h.py"),
            ({"1h.py": HANDLER}, "1h.py"),
            ({"h/__init__.py": HANDLER}, "h"),
            ({"digits/h.py": HANDLER}, "digits.h"),
            ({"my/h.py": HANDLER, "my.h.py": ""}, "my.h.py"),
            ({"h.pyc": b"\0"}, "h"),
            ({"h.cpython-311-x86_64-linux-gnu.so": b"\0"}, "h.py:f"),
            ({"digits/__init__.py": "", "digits/h.so": b"\0"}, "digits.h"),
            ({}, "ts.torch_handler.base_handler"),
            ({"h.py": b"#" * (LARGEST_MODULE + 1)}, "h.py"),
        ],
    )
    def test_good(self, files: Files, handler: str) -> None:
        assert found(check, files, handler) == []

    def test_required(self) -> None:
        """The archive's requirements may bring the handler."""
        files = {"requirements.txt": "digits-serving"}
        assert found(check, files, "digits_serving.h", requirements_file="requirements.txt") == []

    @pytest.mark.parametrize(
        ("files", "handler", "message"),
        [
            ({}, "h.py", f"MAR206 The archive has no `h.py` at its root; {PACK}"),
            ({}, "h.py:f", f"MAR206 The archive has no `h.py` at its root; {PACK}"),
            (
                {"code/h.py": HANDLER},
                "code/h.py:f",
                (
                    "MAR206 TorchServe looks for `h` at the archive's root, where handler `code/h.py:f`"
                    " is not; name the handler `code.h:f`"
                ),
            ),
            (
                {"digits/__init__.py": ""},
                "digits.h",
                f"MAR206 The archive has `digits`, but no module `digits.h` in it; {PACK}",
            ),
            (
                {},
                "Image-clasifier",
                "MAR206 There is no handler `Image-clasifier`; did you mean `image_classifier`?",
            ),
            (
                {},
                "base_handler:handle",
                (
                    "MAR206 `base_handler` is a handler of TorchServe's own, but `base_handler:handle`"
                    " is not; write `base_handler`"
                ),
            ),
            (
                {},
                "digits.serving:f",
                (
                    "MAR207 Handler `digits.serving` is neither in the archive nor in its requirements;"
                    " pack the module, add it to the archive's requirements, or see that the server has it"
                ),
            ),
            (
                {"digits/": HANDLER},
                "digits/",
                f"MAR205 Handler `digits/` names no module that could be imported; {RENAME}",
            ),
            (
                {},
                ".h",
                f"MAR205 Handler `.h` names no module that could be imported; {RENAME}",
            ),
        ],
    )
    def test_bad(self, files: Files, handler: str, message: str) -> None:
        assert found(check, files, handler) == [f"{MANIFEST}: {message}"]

    def test_dots(self) -> None:
        assert found(check, {"my.h.py": HANDLER}, "my.h.py") == [
            (
                "digits.mar/my.h.py: MAR205 TorchServe would import `my.h.py` as module `h` of a package"
                f" `my`; {RENAME}"
            )
        ]

    def test_none(self) -> None:
        assert found(check, {}, "") == [f"{MANIFEST}: MAR202 The manifest names no handler; set `handler`"]

    def test_place(self, tmp_path: Path) -> None:
        """A fault of the manifest is shown at the key that set it, one of a file at the file."""
        (tmp_path / "src").mkdir()
        file = tmp_path / "src" / "h.py"
        file.write_text("class H: ...\n")
        base = subject({})
        archive = Archive(base.manifest, [Member("h.py", FileSource(file))])
        origins = {"handler": "Field `tool.mar.handler`"}

        made = Subject(archive, base.file_name, origins, root=tmp_path)
        assert [str(finding.place) for finding in check(made)] == ["src/h.py:1", "src/h.py:1"]
        made = Subject(base.archive, base.file_name, origins, root=tmp_path)
        assert [str(finding.place) for finding in check(made)] == ["Field `tool.mar.handler`"]


class TestBuiltIn:
    @pytest.mark.parametrize("name", BUILT_INS)
    def test_required(self, name: str) -> None:
        """With what they need, TorchServe's own handlers are as good as any."""
        requirements = "nvidia-dali-cuda120\nvllm\ntensorrt-llm\ntorchpippy"
        files = {"requirements.txt": requirements, "source_vocab.pt": ""}
        assert found(check, files, name, requirements_file="requirements.txt") == []

    @pytest.mark.parametrize("name", ["image_classifier", "vision_handler", "base_handler"])
    def test_server(self, name: str) -> None:
        """What TorchServe's image has need not be required."""
        assert found(check, {}, name) == []

    def test_packages(self) -> None:
        assert found(check, {}, "trt_llm_handler") == [
            (
                f"{MANIFEST}: MAR221 Handler `trt_llm_handler` imports `tensorrt_llm` and `transformers`,"
                " which nothing brings to the server; add it to the archive's requirements, or to"
                " `server-packages` if the server has it"
            )
        ]

    def test_server_packages(self) -> None:
        """`server-packages` adds to what the server has."""
        made = subject({}, "trt_llm_handler")
        packages = ("tensorrt-llm",)

        assert list(check(Subject(made.archive, made.file_name, server_packages=packages))) == []

    def test_vocabulary(self) -> None:
        assert found(check, {"data/source_vocab.pt": ""}, "text_classifier") == [
            (
                f"{MANIFEST}: MAR222 Handler `text_classifier` reads `source_vocab.pt` at the archive's root,"
                " which is not there; add `source_vocab.pt` to `extra-files`"
            )
        ]

    def test_vocabulary_of_manifest(self) -> None:
        """Old archives name the file in the manifest."""
        files = {"vocab.pt": ""}
        assert found(check, files, "text_classifier", model={"sourceVocab": "vocab.pt"}) == []
        assert len(found(check, files, "text_classifier", model={"sourceVocab": "other.pt"})) == 1

    def test_hidden(self) -> None:
        assert found(check, {"image_classifier.py": HANDLER}, "image_classifier") == [
            (
                f"{MANIFEST}: MAR223 Handler `image_classifier` is one of TorchServe's own, but the archive's"
                " `image_classifier.py` goes before it;"
                " name the handler with `.py` if the file is meant, and rename the file if not"
            )
        ]

    def test_named_as_file(self) -> None:
        """A file of one's own may have any name."""
        source = "from ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler): ...\n"
        assert found(check, {"image_classifier.py": source}, "image_classifier.py") == []


class TestSyntax:
    @pytest.mark.parametrize("source", ["def handle(:\n", "return 1\n", b"x = '\xff'\n", b"\0"])
    def test_bad(self, source: str | bytes) -> None:
        [message] = found(check, {"h.py": source})

        assert f"MAR208 The handler is not {PYTHON}: " in message
        assert message.endswith("; fix the file")

    @pytest.mark.parametrize("source", ["\N{BYTE ORDER MARK}" + HANDLER, "# coding: latin-1\n" + HANDLER])
    def test_good(self, source: str) -> None:
        assert found(check, {"h.py": source}) == []

    def test_escape(self) -> None:
        """What Python only warns of is no fault, nor is it shown."""
        assert found(check, {"h.py": HANDLER + "x = '\\d'\n"}) == []


class TestFunction:
    @pytest.mark.parametrize(
        "source",
        [
            "def handle(data, context): ...",
            "def handle(data, context, more=1): ...",
            "def handle(*args): ...",
            "def handle(data, /, context=None, **more): ...",
            "from anything import handle",
            "from anything import *",
            "import handle",
            "handle = lambda data, context: data",
            "handle: object = print",
            "a, (handle, *b) = 1, (2, 3)",
            "for handle in (print,): ...",
            "with open('x') as handle: ...",
            "@anything\ndef handle(): ...",
            "if anything:\n    def handle(data, context): ...",
            "try:\n    from anything import handle\nexcept ImportError:\n    def handle(data, context): ...",
            "match 1:\n    case 1:\n        def handle(data, context): ...",
            "def __getattr__(name): ...",
            "class A: ...\nclass B: ...\nhandle = A()",
        ],
    )
    def test_good(self, source: str) -> None:
        requirements = {"requirements.txt": "anything"}
        files = {"h.py": source, **requirements, "handle.py": ""}
        assert found(check, files, requirements_file="requirements.txt") == []

    @pytest.mark.parametrize(
        "source", ["def handle(data): ...", "def handle(a, b, c): ...", "def handle(a, b, *, c): ..."]
    )
    def test_signature(self, source: str) -> None:
        assert found(check, {"h.py": source}) == [
            f"digits.mar/h.py:1: MAR214 Function `handle` {CALLED_WITH_TWO}"
        ]

    def test_class(self) -> None:
        assert found(check, {"h.py": HANDLER}, "h:Handler") == [
            (
                f"{MANIFEST}: MAR215 The handler's function `Handler` is a class of `h.py`;"
                " leave the name out: TorchServe finds the class by itself"
            )
        ]

    def test_missing(self) -> None:
        """TorchServe does not tell that it calls something else."""
        assert found(check, {"h.py": HANDLER}, "h:missing") == [
            (
                f"{MANIFEST}: MAR216 `h.py` has no function `missing`, so that TorchServe uses class"
                " `Handler`; correct the name, or leave it out"
            )
        ]

    def test_missing_without_class(self) -> None:
        assert found(check, {"h.py": "def handle(data, context): ..."}, "h:missing") == [
            f"digits.mar/h.py: MAR211 `h.py` has neither a function `missing` nor a class; {ONE_CLASS}"
        ]


class TestAsync:
    SOURCE = "\nasync def handle(data, context): ...\n"

    def test_bad(self) -> None:
        assert found(check, {"h.py": self.SOURCE}) == [
            (
                "digits.mar/h.py:2: MAR217 Function `handle` is `async`, which TorchServe only awaits if"
                " it is told to;"
                " set `asyncCommunication: true` in the model's configuration, or make it a plain function"
            )
        ]

    def test_method(self) -> None:
        [message] = found(check, {"h.py": HANDLER.replace("def handle", "async def handle")})

        assert "digits.mar/h.py:3: MAR217 Method `Handler.handle` is `async`" in message

    @pytest.mark.parametrize(
        "config",
        [
            "asyncCommunication: true",
            "{a: 1, 'asyncCommunication' : True}",
            '"asyncCommunication": !!bool "true"',
            "asyncCommunication:\n  yes",
            "a: &a {asyncCommunication: on}\n<<: *a",
        ],
    )
    @pytest.mark.parametrize("name", ["c.yaml", "./c.yaml"])
    def test_configured(self, config: str, name: str) -> None:
        """However YAML spells it."""
        files = {"h.py": self.SOURCE, "c.yaml": config}
        assert found(check, files, config_file=name) == []

    @pytest.mark.parametrize(
        "config",
        [
            "asyncCommunication: false",
            "a: 1  # asyncCommunication: true",
            "handler: {asyncCommunication: true}",
            "asyncCommunication: 'true'",
            "a: 'asyncCommunication: true'",
        ],
    )
    def test_configured_otherwise(self, config: str) -> None:
        """A comment, a text, or a table of the handler's, sets nothing."""
        files = {"h.py": self.SOURCE, "c.yaml": config}
        assert len(found(check, files, config_file="c.yaml")) == 1


class TestClasses:
    @pytest.mark.parametrize(
        "more",
        [
            "from enum import Enum",
            "class Main: ...\ndel Main",
            "if __name__ == '__main__':\n    class Main: ...",
            "if False:\n    class Main: ...",
            "if not not TYPE_CHECKING:\n    class Main: ...",
            "try:\n    from a import Main\nexcept ImportError:\n    class Main: ...",
            "if sys.platform == 'linux':\n    class Main: ...",
            "for x in y:\n    class Main: ...",
            "@anything\nclass Main: ...",
            "class Main:\n    __module__ = 'main'",
            "def make():\n    class Main: ...\n    return Main\nMain = make()",
            "Handler = anything(Handler)",
            "Again = anything(Handler)",
            "main = Handler()",
            "Kind = type(1)",
            "Size = NewType('Size', int)",
            "def inner():\n    class Main: ...",
        ],
    )
    def test_good(self, more: str) -> None:
        """Only what is certain to be a second class is one."""
        assert found(check, {"h.py": HANDLER + more}) == []

    @pytest.mark.parametrize(
        ("more", "line", "names"),
        [
            ("class Kind(Enum): ...", 4, "`Handler`, `Kind`"),
            ("@dataclass\nclass Size: ...", 5, "`Handler`, `Size`"),
            ("@dataclass(frozen=True)\nclass Size: ...", 5, "`Handler`, `Size`"),
            ("class Bad(Exception): ...", 4, "`Handler`, `Bad`"),
            ("class _Hidden: ...", 4, "`Handler`, `_Hidden`"),
            ("Again = Handler", 1, "`Handler`, `Again` (the same as `Handler`)"),
            ("A = B = Handler", 1, "`Handler`, `A` (the same as `Handler`), `B` (the same as `Handler`)"),
            ("Size = namedtuple('Size', 'a')", 4, "`Handler`, `Size`"),
            ("Kind = enum.Enum('Kind', 'a')", 4, "`Handler`, `Kind`"),
            ("Main = type('Main', (), {})", 4, "`Handler`, `Main`"),
            ("if True:\n    class Main: ...", 5, "`Handler`, `Main`"),
            (
                "if a:\n    class M: ...\nelif b:\n    class M: ...\nelse:\n    class M: ...",
                5,
                "`Handler`, `M`",
            ),
            ("with a:\n    class Main: ...", 5, "`Handler`, `Main`"),
            ("try:\n    a()\nfinally:\n    class Main: ...", 7, "`Handler`, `Main`"),
        ],
    )
    def test_two(self, more: str, line: int, names: str) -> None:
        count = names.count(",") + 1
        assert found(check, {"h.py": HANDLER + more}) == [
            (
                f"digits.mar/h.py:{line}: MAR211 `h.py` has no function `handle`, and {count} classes where"
                f" TorchServe wants one: {names}; {ONE_CLASS}"
            )
        ]

    def test_many(self) -> None:
        """The message stays readable."""
        [message] = found(check, {"h.py": "".join(f"class C{n}: ...\n" for n in range(20))})

        assert "and 20 classes where TorchServe wants one: `C0`, `C1`, " in message
        assert "`C7`, …; " in message

    def test_none(self) -> None:
        assert found(check, {"h.py": "from yaml import YAMLError\n"}) == [
            f"digits.mar/h.py: MAR211 `h.py` has neither a function `handle` nor a class; {ONE_CLASS}"
        ]

    def test_package(self) -> None:
        """An imported class is none of the package's own."""
        files = {"digits/__init__.py": "from .impl import Handler\n", "digits/impl.py": HANDLER}
        assert found(check, files, "digits") == [
            (
                "digits.mar/digits/__init__.py: MAR211 `digits/__init__.py` has neither a function"
                f" `handle` nor a class; {ONE_CLASS}"
            )
        ]


class TestMethods:
    @pytest.mark.parametrize(
        "source",
        [
            BASE,
            "from yaml import Anything\nclass H(Anything): ...",
            "import yaml\nclass H(yaml.Anything): ...",
            "class H(metaclass=Anything): ...",
            "@anything\nclass H: ...",
            "class H:\n    handle = initialize = print",
            "class H:\n    from yaml import handle, initialize",
            "class H:\n    def __init__(self):\n        self.handle = self.initialize = print",
            "class H:\n    def __getattr__(self, name): ...",
            "class H:\n    if a:\n        " + METHODS.replace("\n    ", "\n        "),
            """\
            class H:
                @staticmethod
                def handle(data, context): ...
                @classmethod
                def initialize(cls, context): ...
            """,
            """\
            class H:
                @anything
                def handle(self): ...
                @anything
                def initialize(self): ...
            """,
        ],
    )
    def test_good(self, source: str) -> None:
        assert found(check, {"h.py": source}) == []

    @pytest.mark.parametrize(
        "head", ["class H", "class H(object)", "class H(abc.ABC)", "class H(Generic[T], dict)"]
    )
    def test_missing(self, head: str) -> None:
        start = "import abc\nfrom typing import Generic, TypeVar\nT = TypeVar('T')\n"
        assert found(check, {"h.py": f"{start}{head}:\n    def handle(self, data, context): ..."}) == [
            f"digits.mar/h.py:4: MAR212 Class `H` has no method `initialize`; {DERIVE}"
        ]

    def test_signature(self) -> None:
        source = "class H:\n    def initialize(self): ...\n    def handle(self, data): ...\n"
        assert found(check, {"h.py": source}) == [
            f"digits.mar/h.py:3: MAR214 Method `H.handle` {CALLED_WITH_TWO}",
            (
                "digits.mar/h.py:2: MAR214 Method `H.initialize` cannot be called with one argument, the"
                " context; take exactly these arguments"
            ),
        ]


class TestConstructor:
    @pytest.mark.parametrize(
        ("more", "wanted"),
        [
            ("def __init__(self, path): ...", "`path`"),
            ("def __init__(self, a, b, c=1, *, d, e=1): ...", "`a`, `b`, `d`"),
            ("def __new__(cls, path): ...", "`path`"),
        ],
    )
    def test_bad(self, more: str, wanted: str) -> None:
        assert found(check, {"h.py": f"{HANDLER}    {more}\n"}) == [
            (
                f"digits.mar/h.py:1: MAR213 Class `Handler` is called without arguments, but wants {wanted};"
                " give every argument a default"
            )
        ]

    @pytest.mark.parametrize(
        "more",
        [
            "def __init__(self): ...",
            "def __init__(self, *args, **kwargs): ...",
            "def __init__(self, path='x', *, size=1): ...",
            "__init__ = print",
            "@anything\n    def __init__(self, path): ...",
        ],
    )
    def test_good(self, more: str) -> None:
        assert found(check, {"h.py": f"{HANDLER}    {more}\n"}) == []

    def test_dataclass(self) -> None:
        fields = (
            "a: int\n    b: str = field()\n    c: int = 1\n    d: ClassVar[int]\n    e: 'ClassVar[int]'\n"
        )
        [message] = found(check, {"h.py": f"@dataclass\n{HANDLER}    {fields}"})

        assert message == (
            "digits.mar/h.py:2: MAR213 Class `Handler` is called without arguments, but wants `a`, `b`;"
            " give every argument a default"
        )

    @pytest.mark.parametrize("decorator", ["dataclass(init=False)", "final", "anything"])
    def test_no_dataclass(self, decorator: str) -> None:
        assert found(check, {"h.py": f"@{decorator}\n{HANDLER}    a: int\n"}) == []
