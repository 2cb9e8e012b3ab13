"""Findings about a handler's function or class; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from tests.checks import BASE, HANDLER, found

MANIFEST = "digits.mar/MAR-INF/MANIFEST.json"
ONE_CLASS = "define a function `handle(data, context)`, or keep one class in the file and import the others"
DERIVE = "define it, or derive the class from `ts.torch_handler.base_handler.BaseHandler`"
CALLED_WITH_TWO = (
    "cannot be called with two arguments, the data and the context; take exactly these arguments"
)
METHODS = "def initialize(self, context): ...\n    def handle(self, data, context): ...\n"


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
        """TorchServe silently calls something else."""
        assert found(check, {"h.py": HANDLER}, "h:missing") == [
            (
                f"{MANIFEST}: MAR216 `h.py` has no function `missing`, so TorchServe uses class"
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
                "digits.mar/h.py:2: MAR217 Function `handle` is `async`, but TorchServe is not told to"
                " await it;"
                " set `asyncCommunication: true` in the model configuration, or make it a plain function"
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
        """Every way to write it in YAML counts."""
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
        """A comment, a string, or a key of the handler's table does not count."""
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
        """Only what is certainly a second class counts."""
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
                f" TorchServe expects one: {names}; {ONE_CLASS}"
            )
        ]

    def test_many(self) -> None:
        """The message stays readable."""
        [message] = found(check, {"h.py": "".join(f"class C{n}: ...\n" for n in range(20))})

        assert "and 20 classes where TorchServe expects one: `C0`, `C1`, " in message
        assert "`C7`, …; " in message

    def test_none(self) -> None:
        assert found(check, {"h.py": "from yaml import YAMLError\n"}) == [
            f"digits.mar/h.py: MAR211 `h.py` has neither a function `handle` nor a class; {ONE_CLASS}"
        ]

    def test_package(self) -> None:
        """An imported class is not a class of the package."""
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
                f"digits.mar/h.py:1: MAR213 Class `Handler` is made without arguments, but requires {wanted};"
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
            "digits.mar/h.py:2: MAR213 Class `Handler` is made without arguments, but requires `a`, `b`;"
            " give every argument a default"
        )

    @pytest.mark.parametrize("decorator", ["dataclass(init=False)", "final", "anything"])
    def test_no_dataclass(self, decorator: str) -> None:
        assert found(check, {"h.py": f"@{decorator}\n{HANDLER}    a: int\n"}) == []
