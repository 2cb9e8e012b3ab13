"""Findings about which module a handler is; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.handler import check
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import LARGEST_MODULE, PYTHON
from tests.checks import HANDLER, Files, found, subject

MANIFEST = "digits.mar/MAR-INF/MANIFEST.json"
LSP = (
    f"{MANIFEST}: MAR203 Handler `lib:Digits` needs TorchServe's C++ worker, which its wheel does not have;"
    " deploy it to a TorchServe that was built with `cpp/build.sh`"
)
PACK = "pack the handler's file at the archive's root, or its package with `packages`"
RENAME = "give the file the name of a module, without further dots"


class TestRuntime:
    def test_python2(self) -> None:
        """torch-model-archiver offers a runtime that no TorchServe has."""
        assert found(check, {"h.py": HANDLER}, runtime="python2") == [
            f"{MANIFEST}: MAR201 TorchServe has no runtime `python2`; set `runtime` to `python`"
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
            f"{MANIFEST}: MAR206 Handler `lib` is not one of the C++ worker's own, `BaseHandler`,"
            " `TorchScriptHandler`, and does not name a class; write `lib:` and the name of its class"
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
                    "MAR206 TorchServe looks for `h` at the archive's root, but `code/h.py`"
                    " is not there; name the handler `code.h:f`"
                ),
            ),
            (
                {"digits/__init__.py": ""},
                "digits.h",
                (
                    "MAR206 The archive's `digits` has no module `digits.h`;"
                    " name a module that it has, or pack this one too"
                ),
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
                    "MAR206 `base_handler` is one of TorchServe's own handlers, but `base_handler:handle`"
                    " is not; write `base_handler`"
                ),
            ),
            (
                {},
                "digits.serving:f",
                (
                    "MAR207 Handler `digits.serving` is neither in the archive nor in its requirements nor"
                    " on the server; pack the module, add it to the archive's requirements, or to"
                    " `server-packages` if the server has it"
                ),
            ),
            (
                {"digits/": HANDLER},
                "digits/",
                f"MAR205 Handler `digits/` does not name a module that could be imported; {RENAME}",
            ),
            (
                {},
                ".h",
                f"MAR205 Handler `.h` does not name a module that could be imported; {RENAME}",
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
        """A fault in the manifest is shown at the key that set it, a fault in a file at the file."""
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
        """What Python only warns of is not a fault, and is not shown."""
        assert found(check, {"h.py": HANDLER + "x = '\\d'\n"}) == []
