"""The table of handlers agrees with TorchServe's sources, and a `handler` string is read as there."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from hatch_mar.torchserve.handlers import (
    ARCHIVER_BUILT_INS,
    BUILT_IN_CLASSES,
    BUILT_INS,
    HELPERS,
    HOOKS,
    LOADING_METHODS,
    LSP_BUILT_INS,
    BuiltIn,
    Handler,
    Helper,
    imports_of,
    parse,
    parse_entry,
)

WHEEL = {"torch", "ts", "yaml", "packaging", "PIL", "psutil"}
"""What every worker has: torch, what TorchServe's wheel requires, and what its worker itself imports."""


class Source:
    """A module of the installed TorchServe, or of torch-model-archiver, by its syntax."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    @property
    def only_class(self) -> ast.ClassDef:
        [found] = [node for node in self.tree.body if isinstance(node, ast.ClassDef)]
        return found

    def method(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        return next(
            (
                node
                for node in self.only_class.body
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
            ),
            None,
        )

    def imports(self) -> set[str]:
        """The modules outside TorchServe that are imported with it, directly or by what it imports."""
        found = set()
        package = self.path.parent.relative_to(PACKAGE.parent).parts
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                outer = package[: len(package) - node.level + 1] if node.level else ()
                found.add(".".join([*outer, node.module or ""]))
        followed = set()
        for name in found:
            path = PACKAGE.parent / (name.replace(".", "/") + ".py")
            followed |= source(path).imports() if path.is_file() else {name}
        return followed


@cache
def source(path: Path) -> Source:
    return Source(path)


def speaks_of(tree: ast.AST | None, name: str) -> bool:
    return tree is not None and name in ast.dump(tree)


spec = find_spec("ts")
PACKAGE = Path(spec.origin).parent if spec and spec.origin else Path()
needs_torchserve = pytest.mark.skipif(spec is None, reason="TorchServe is not installed")


@needs_torchserve
class TestTable:
    """The table against the sources of the TorchServe that is installed."""

    def test_complete(self):
        """Every handler of TorchServe is in the table."""
        folder = PACKAGE / "torch_handler"
        files = [*folder.glob("*.py"), *folder.glob("distributed/*.py")]
        names = {
            path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
            for path in files
            if path.name not in ("__init__.py", "contractions.py")
        }

        assert set(BUILT_INS) == names

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_class(self, name: str):
        assert self.of(name).only_class.name == BUILT_INS[name].class_name

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_imports(self, name: str):
        """What a handler imports, directly or through what it derives from."""
        modules = self.of(name).imports()
        own = BUILT_INS[name].imports
        others = {
            next((known for known in own if f"{module}.".startswith(f"{known}.")), module)
            for module in modules
            if module.partition(".")[0] not in WHEEL | set(sys.stdlib_module_names)
        }

        assert others == set(own)

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_loading(self, name: str):
        """A handler loads as `BaseHandler` does if every `initialize` on the way calls the one above."""
        found, kept = BUILT_INS[name], True
        while found.name not in ("base_handler", "densenet_handler"):
            method = self.of(found.name).method("initialize")
            kept = kept and (method is None or speaks_of(method, "super"))
            found = self.parent(found)
        expected = "model-file" if found.name == "densenet_handler" else "base" if kept else None

        assert BUILT_INS[name].loading == expected

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_traits(self, name: str):
        """What a handler does by itself, or by what it derives from."""
        found = BUILT_INS[name]
        sources = [self.of(each.name) for each in self.line(found)]
        initialize = next((method for each in sources if (method := each.method("initialize"))), None)
        handle = next((method for each in sources if (method := each.method("handle"))), None)

        assert found.is_async == isinstance(handle, ast.AsyncFunctionDef)
        assert found.looks_up_labels == speaks_of(sources[0].only_class, "map_class_to_label")
        assert found.reads_vocabulary == any(
            speaks_of(each.only_class, "source_vocab.pt") for each in sources
        )
        assert set(found.helpers) == {
            helper
            for helper in HELPERS
            for each in sources
            if speaks_of(each.method("initialize"), helper.name)
        }
        assert initialize is not None

    @pytest.mark.parametrize("name", BUILT_INS)
    def test_batches(self, name: str):
        """A handler that looks at the first request alone, refuses more, or gives one answer."""
        methods = [self.of(name).method(method) for method in ("preprocess", "handle")]
        text = "\n".join(ast.unparse(method) for method in methods if method)
        takes_one = any(code in text for code in ("= data[0]", "len(requests) == 1", "return [data]"))

        assert BUILT_INS[name].takes_batches != takes_one

    def test_loaders(self):
        base = self.of("base_handler").method("initialize")

        assert all(speaks_of(base, name) for name in LOADING_METHODS)

    @pytest.mark.parametrize("helper", HELPERS, ids=lambda helper: helper.name)
    def test_helper(self, helper: Helper):
        """A helper exists, and reads the keys that it needs by the table."""
        module, _, name = helper.path.rpartition(".")
        tree = source(PACKAGE.parent / (module.replace(".", "/") + ".py")).tree
        [found] = [node for node in tree.body if getattr(node, "name", None) == name]

        for key in helper.needs:
            # torchrun sets the environment of the worker that the function is called with
            assert key == "torchrun" or all(speaks_of(found, repr(part)) for part in key.split("."))
        for key in helper.files:
            assert all(speaks_of(found, repr(part)) for part in key.split("."))

    @pytest.mark.parametrize("helper", HELPERS, ids=lambda helper: helper.name)
    def test_helper_imports(self, helper: Helper):
        """What the helper's module imports beyond what every worker has."""
        modules = source(PACKAGE.parent / f"{helper.module.replace('.', '/')}.py").imports()
        tops = {module.partition(".")[0] for module in modules}

        assert tops - WHEEL - set(sys.stdlib_module_names) == {
            each.partition(".")[0] for each in helper.imports
        }
        assert imports_of(helper.module) == helper.imports

    def test_hooks(self):
        """What decides on what `initialize` reads is called by it."""
        methods = [self.of(name).method("initialize") for name in BUILT_INS]
        text = "\n".join(ast.unparse(method) for method in methods if method)

        assert all(f"self.{hook}(" in text for hook in HOOKS)

    @staticmethod
    def of(name: str) -> Source:
        return source(PACKAGE / "torch_handler" / f"{name.replace('.', '/')}.py")

    def parent(self, found: BuiltIn) -> BuiltIn:
        bases = [base.id for base in self.of(found.name).only_class.bases if isinstance(base, ast.Name)]
        [parent] = [BUILT_IN_CLASSES[base] for base in bases if base in BUILT_IN_CLASSES]
        return parent

    def line(self, found: BuiltIn) -> list[BuiltIn]:
        """A handler and those that it derives from."""
        line = [found]
        while line[-1].name not in ("base_handler", "densenet_handler"):
            line.append(self.parent(line[-1]))
        return line


def test_archiver():
    """torch-model-archiver knows the handlers that it knows by the table."""
    archiver = find_spec("model_archiver")
    if archiver is None or archiver.origin is None:
        pytest.skip("torch-model-archiver is not installed")
    tree = ast.parse((Path(archiver.origin).parent / "model_packaging_utils.py").read_text(encoding="utf-8"))
    [table] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "model_handlers"
    ]

    assert set(ARCHIVER_BUILT_INS) == set(ast.literal_eval(table))


class TestBuiltIn:
    @pytest.mark.parametrize("name", BUILT_INS)
    def test_name(self, name: str, tmp_path: Path):
        """One of TorchServe's own handlers brings no file."""
        assert parse(name, tmp_path) == Handler(name, None)

    def test_goes_before_a_file(self, tmp_path: Path):
        """As with torch-model-archiver, a file of a built-in's name does not take its place."""
        (tmp_path / "base_handler.py").touch()

        assert parse("base_handler", tmp_path) == Handler("base_handler", None)

    def test_unknown_to_the_archiver(self, tmp_path: Path):
        """A file takes the place of a handler that torch-model-archiver does not know."""
        (tmp_path / "text_handler.py").touch()

        assert parse("text_handler", tmp_path) == Handler("text_handler", "text_handler.py")


class TestFile:
    @pytest.mark.parametrize(
        ("text", "entry", "file"),
        [
            ("handler.py", "handler.py", "handler.py"),
            ("handler", "handler", "handler.py"),
            ("digits/handler.py", "handler.py", "digits/handler.py"),
            ("digits/handler", "handler", "digits/handler.py"),
            ("dir.v2/handler.py", "handler.py", "dir.v2/handler.py"),
            ("../shared/handler.py", "handler.py", "../shared/handler.py"),
        ],
    )
    def test_path(self, text: str, entry: str, file: str, tmp_path: Path):
        """A file goes to the archive's root, under its base name."""
        assert parse(text, tmp_path) == Handler(entry, file)

    @pytest.mark.parametrize(
        ("text", "entry", "file"),
        [
            ("handler.py:handle", "handler.py:handle", "handler.py"),
            ("digits/handler.py:handle", "handler.py:handle", "digits/handler.py"),
        ],
    )
    def test_function(self, text: str, entry: str, file: str, tmp_path: Path):
        """A function stays with the file in the manifest."""
        assert parse(text, tmp_path) == Handler(entry, file)


class TestModule:
    @pytest.mark.parametrize("text", ["digits.serving", "digits.serving:handle", "a.b.c"])
    def test_module(self, text: str, tmp_path: Path):
        """A dotted name is a module that the members, or the server, must have."""
        assert parse(text, tmp_path) == Handler(text, None)


class TestLsp:
    @pytest.mark.parametrize("name", LSP_BUILT_INS)
    def test_built_in(self, name: str, tmp_path: Path):
        """One of the C++ worker's own handlers brings no file."""
        assert parse(name, tmp_path, "LSP") == Handler(name, None)

    @pytest.mark.parametrize(
        ("platform", "file"),
        [("linux", "build/libdigits.so"), ("darwin", "build/libdigits.dylib")],
    )
    def test_library(self, platform: str, file: str, tmp_path: Path):
        """A library has the ending of the platform, as with torch-model-archiver."""
        found = parse("build/libdigits:Digits", tmp_path, "LSP", platform=platform)

        assert found == Handler("libdigits:Digits", file)

    def test_ending_given(self, tmp_path: Path):
        """The ending is not added twice."""
        assert parse("libdigits.so:Digits", tmp_path, "LSP", platform="linux").file == "libdigits.so"


@pytest.mark.parametrize(
    ("entry", "module", "function"),
    [
        ("h", "h", None),
        ("h.py", "h", None),
        ("h.py:f", "h", "f"),
        ("h:f:g", "h", "f:g"),
        ("code/h.py:f", "h", "f"),
        ("digits.h:f", "digits.h", "f"),
        ("my.h.py", "my.h", None),
        ("h.py.py", "h.py", None),
        ("h:", "h", None),
    ],
)
def test_parse_entry(entry: str, module: str, function: str | None):
    """A handler is taken apart as TorchServe's worker does it."""
    assert parse_entry(entry) == (module, function)
