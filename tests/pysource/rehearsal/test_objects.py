"""What attributes of objects, classes, modules and the context are."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.events import Missing
from hatch_mar.pysource.rehearsal.known_values import UNKNOWN
from tests.pysource.rehearsal import in_initialize, rehearse, seen, shown

BASE = "from ts.torch_handler.base_handler import BaseHandler\n"


def missing(source: str, **keys: object) -> list[tuple[str, str | None]]:
    """What a program certainly uses and is not there."""
    events = rehearse(source, **keys)  # type: ignore[arg-type]
    return [(each.of, each.key) for each in events if isinstance(each, Missing) and each.is_certain]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("context.nothing", [("context", "nothing")]),
        ("context.model_name, context.metrics, context.cl_socket", []),
        ("if hasattr(context, 'nothing'): context.nothing", []),
        ("getattr(context, 'nothing', None)", []),
        ("getattr(context, 'nothing')", [("context", "nothing")]),
        ("self.nothing", [("self", "nothing")]),
        ("self.nothing()", [("self", "nothing")]),
        ("self.handle, self.__class__, self.initialize", []),
        ("f(self)\nself.nothing", []),
        ("os.f(self)\nself.nothing", []),
        ("os.f({'a': [self]})\nself.nothing", []),
        ("os.f(context)\ncontext.nothing, context.manifest['a']", []),
        ("os.f(context.manifest)\ncontext.manifest['model']['a']", []),
        ("print(context, context.manifest)\ncontext.manifest['a']", [("manifest", "a")]),
        ("a = {'b': None}\na['b'].c, a.get('b').c, a.get('d').c, [None][0].c", []),
        ("os.f([self]).nothing = 1\nself.nothing", []),
        ("setattr(self, os.name, 1)\nself.nothing", []),
        ("a = None\na.b", [("a", None)]),
        ("a = None\na[0]", [("a", None)]),
        ("a = None\nfor b in a: ...", [("a", None)]),
        ("a = None\n[b for b in a]", [("a", None)]),
        ("a = None\nlen(a), os.f(*a), 1 in a", [("a", None)] * 3),
        ("a = None\nprint(a), a == 1, a in [1], [*[a]]", []),
        ("a = os.environ\na.b", []),
        ("if os.name: self.nothing", []),
        ("self.postprocess(1)", [("self", "postprocess")]),
    ],
)
def test_missing(body: str, expected: list[tuple[str, str | None]]):
    """What is certainly not there is told; where code may have put it there in a way not followed, not."""
    assert missing(in_initialize(body)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class H(BaseHandler):\n  def preprocess(self, data): return self.device, self.model", []),
        ("class H(BaseHandler):\n  def preprocess(self, data): self.tokenizer", [("self", "tokenizer")]),
        ("class H(BaseHandler):\n  def postprocess(self, data): self.mapping['1']", [("self.mapping", None)]),
        (
            "class H(BaseHandler):\n  def __init__(self): ...\n  def preprocess(self, data): self.target",
            [("self", "target")],
        ),
        ("class H(BaseHandler):\n  def preprocess(self, data): self.a\n  def later(self): self.a = 1", []),
        ("class H(BaseHandler, Other):\n  def preprocess(self, data): self.a", []),
        (
            "class H(BaseHandler):\n  def preprocess(self, data): self.a\n  def __getattr__(self, name): ...",
            [],
        ),
        (
            """class H(BaseHandler):
                def __init__(self): ...
                def handle(self, data, context): return self.inference(data)""",
            [("self", "context")],
        ),
        ("model = None\ndef handle(data, context):\n  model.eval()", [("model", None)] * 2),
        (
            "model = None\ndef load():\n  global model\n  model = 1\ndef handle(data, context): model.eval()",
            [],
        ),
    ],
)
def test_handlers(source: str, expected: list[tuple[str, str | None]]):
    """Attributes come from the classes of the archive and from TorchServe's BaseHandler."""
    assert missing(BASE + source, serializedFile="model.pt") == expected


def test_labels():
    """BaseHandler reads the labels, if there are some."""
    source = BASE + "class H(BaseHandler):\n  def postprocess(self, data): self.mapping['1']"

    assert missing(source, serializedFile="model.pt", members=("index_to_name.json",)) == []


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("def handle(data, context): m.b", [("m", "b")] * 2),
        ("def handle(data, context):\n    from m import b", []),
        ("from m import b", []),
        ("def handle(data, context): m.a, m.__doc__, p.q", []),
        ("m.b = 1\ndef handle(data, context): m.b", []),
    ],
)
def test_missing_names(use: str, expected: list[tuple[str, str]]):
    """A name that a module does not have is missing; what is imported is looked for elsewhere."""
    files = {"h.py": f"import m, p\n{use}", "m.py": "a = 1", "p/__init__.py": "", "p/q.py": ""}

    assert missing(files) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("step", ["preprocess", "inference", "postprocess"])
def test_inherited_none(step: str):
    """Without data, TorchServe's own steps fail."""
    source = BASE + f"class H(BaseHandler): ...\ns = H()\ndef handle(data, context): s.{step}(data)"

    assert ("data", None) in missing(source)


def test_lookup():
    """Methods and attributes come from the first class that has them."""
    source = """
        class A:
            a = 1
            def f(self): return "A"
            @staticmethod
            def s(x): return x
            @classmethod
            def c(cls): return cls.a
            @property
            def p(self): return self.a
        class B(A):
            def f(self): return super().f() + "B"
            def g(self): return [super(B, self).f(), a]
        a = "local"
        b = B()
        seen((b.f(), b.s(2), b.c(), b.p, b.a, *b.g()))
        seen((A.s(2), B.c(), A.f(b), B.f is None))
    """

    assert shown(source) == [("AB", 2, 1, 1, 1, "A", "local"), (2, 1, "A", False)]


def test_modules():
    files = {"h.py": "import p, seen\nseen(p.q.a)\nclass A: ...", "p/__init__.py": "", "p/q.py": "a = 1"}

    assert seen(rehearse(files)) == [1]


def test_setter():
    """What has been given to a property is not what it has."""
    source = """
        import seen
        class Handler:
            @property
            def a(self): return 1
            @a.setter
            def a(self, value): ...
            def initialize(self, context):
                self.a = None
                seen(self.a)
            def handle(self, data, context): ...
    """
    assert seen(rehearse(source)) == [UNKNOWN]
