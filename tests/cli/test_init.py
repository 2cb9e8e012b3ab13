"""`hatch-mar init`; what it finds in which repository is in tests/proposal."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from hatch_mar.cli import main
from hatch_mar.project.toml import tomllib
from tests.archives import tree
from tests.proposal import HANDLER, LINEAR, OTHER_NETWORK, SAFETENSORS, SCRIPTED, STATE_DICT, write
from tests.terminals import read_to_end

HATCHLING = """\
[build-system]
requires = ["hatchling"]  # as ever
build-backend = "hatchling.build"

[project]
name = "digits"
version = "1.0"
"""
PROJECT = HATCHLING[HATCHLING.index("[project]") :]
FILES = {
    "digits/__init__.py": "",
    "weights/digits.pt": SCRIPTED,
    "handler.py": HANDLER,
    "index_to_name.json": {"0": "zero"},
}
READER = {"cats.pt": SCRIPTED, "handler.py": f"import cv2\n{HANDLER}"}
TWO_HANDLERS = {"cats.pt": SCRIPTED, "b.py": HANDLER, "a.py": HANDLER, "pyproject.toml": HATCHLING}
TABLE = """\
[tool.mar]
# The model's name: a letter, followed by letters, digits, `_`, `-` and `.`
model-name = "digits"
# The code that answers requests
handler = "handler.py"
# The weights, such as a `.pt`, `.pth` or `.onnx` file
serialized-file = "weights/digits.pt"
# More files and directories for the archive's root
extra-files = ["index_to_name.json"]
"""


class Init:
    """`hatch-mar init`, run in a folder."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capfd = capfd

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """What it prints."""
        assert main(["init", *arguments]) == status
        self.out, self.err = self.capfd.readouterr()
        return self.out

    @property
    def pyproject(self) -> str:
        return (self.root / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture
def init(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Init:
    monkeypatch.chdir(tmp_path)
    return Init(tmp_path, capfd)


class TestPrinted:
    def test_printed(self, init: Init):
        """The table is printed, with what each key means, and nothing is written."""
        write(init.root, {**FILES, "pyproject.toml": HATCHLING})
        before = tree(init.root)

        assert init() == TABLE
        assert init.err == (
            f"Note: nothing is written yet; `--write` adds this to `{init.root / 'pyproject.toml'}`\n"
        )
        assert tree(init.root) == before

    def test_several(self, init: Init):
        """A key is explained where it is first used, and weights by what they are."""
        write(
            init.root, {**FILES, "weights/cats.pth": STATE_DICT, "m.py": LINEAR, "pyproject.toml": HATCHLING}
        )

        assert init().partition("\n\n")[2] == (
            "# state_dict, 2 tensors, float32\n"
            "[[tool.mar.archives]]\n"
            "# The model's name: a letter, followed by letters, digits, `_`, `-` and `.`\n"
            'model-name = "cats"\n'
            "# The Python file with the eager model's class\n"
            'model-file = "m.py"\n'
            "# The weights, such as a `.pt`, `.pth` or `.onnx` file\n"
            'serialized-file = "weights/cats.pth"\n'
            "\n"
            "# TorchScript\n"
            "[[tool.mar.archives]]\n"
            'model-name = "digits"\n'
            'serialized-file = "weights/digits.pt"\n'
        )

    def test_nothing_shared(self, init: Init):
        """Archives may have nothing in common."""
        models = {"a/m.pt": SCRIPTED, "a/h.py": HANDLER, "b/m.pt": SCRIPTED, "b/h.py": HANDLER}
        write(init.root, {**models, "pyproject.toml": HATCHLING})

        assert init().startswith("# TorchScript\n[[tool.mar.archives]]\n")
        assert init("--write")
        assert main(["check"]) == 0

    def test_json(self, init: Init):
        write(init.root, {**FILES, "pyproject.toml": HATCHLING})
        found = json.loads(init("--json"))

        assert found["table"] == {
            "model-name": "digits",
            "handler": "handler.py",
            "serialized-file": "weights/digits.pt",
            "extra-files": ["index_to_name.json"],
        }
        assert found["changes"] == []
        assert init.err == ""

    def test_refused(self, init: Init):
        """What a build would refuse is said."""
        write(init.root, {"a.pt": STATE_DICT, "h.py": HANDLER, "m.py": OTHER_NETWORK})
        init()

        assert (
            "Note: a build refuses archive `a`: a.pt: MAR307 The state_dict does not fit `Other`: "
            in init.err
        )

    def test_refused_handler(self, init: Init):
        """Also of a handler that has the name of one to be written."""
        two = f"{HANDLER}class Other(BaseHandler): ...\n"
        write(init.root, {"a.pt": SCRIPTED, "handler.py": two, "pyproject.toml": HATCHLING})
        init()

        assert "Note: a build refuses archive `a`: handler.py:5: MAR211 " in init.err

    def test_elsewhere(self, init: Init):
        write(init.root / "sub", {**FILES, "pyproject.toml": HATCHLING})

        assert init("--project", "sub") == TABLE
        init("--project", "nowhere", status=1)
        assert init.err == "Not a directory: `nowhere`\n"

    def test_nothing(self, init: Init):
        """A repository without weights is told why there is nothing."""
        write(init.root, {"pyproject.toml": HATCHLING, "a.pt": b""})

        assert init(status=1) == ""
        assert init.err.splitlines() == [
            f"No weights found in `{init.root}`, so there is nothing to pack",
            "left out `a.pt`: unusable (empty file)",
        ]


class TestWritten:
    def test_hatchling(self, init: Init):
        write(init.root, {**FILES, "pyproject.toml": HATCHLING})

        assert init("--write").splitlines() == [
            f"Added `[tool.mar]` to `{init.root / 'pyproject.toml'}`",
            "Added `hatch-mar` to `build-system.requires`",
            "Added `[tool.hatch.build.hooks.mar]`",
            "`hatch build` builds the archives",
        ]
        assert init.err == ""
        assert init.pyproject == (
            HATCHLING.replace('["hatchling"]', '["hatchling", "hatch-mar"]')
            + f"\n[tool.hatch.build.hooks.mar]\n\n{TABLE}"
        )

    @pytest.mark.parametrize("backend", ["setuptools.build_meta", "flit_core.buildapi", "uv_build"])
    def test_wrapped(self, init: Init, backend: str):
        """Any other backend is wrapped."""
        write(init.root, {**FILES, "pyproject.toml": HATCHLING.replace("hatchling.build", backend)})
        init("--write")
        written = tomllib.loads(init.pyproject)

        assert written["build-system"]["requires"] == ["hatchling", "hatch-mar"]
        assert written["build-system"]["build-backend"] == "hatch_mar.backend"
        assert written["tool"]["mar"]["build-backend"] == backend
        assert init.pyproject.endswith(TABLE.partition("\n")[2])

    def test_no_build_system(self, init: Init):
        """A project that names no backend is one of setuptools'."""
        write(
            init.root, {**FILES, "pyproject.toml": f"{PROJECT}\n[tool.setuptools]\npackages = ['digits']\n"}
        )
        init("--write")

        assert tomllib.loads(init.pyproject)["build-system"] == {
            "requires": ["setuptools", "hatch-mar"],
            "build-backend": "hatch_mar.backend",
        }
        assert (
            tomllib.loads(init.pyproject)["tool"]["mar"]["build-backend"]
            == "setuptools.build_meta:__legacy__"
        )

    def test_several_packages(self, init: Init):
        """If setuptools would refuse the project, it is left as it is."""
        write(init.root, {**FILES, "pyproject.toml": PROJECT, "samples/a.json": {}})

        assert init("--write").splitlines()[1:] == [
            "`hatch-mar build` builds the archives, since the project has no `[build-system]`"
        ]
        assert init.err.startswith("Note: setuptools takes `digits`, `samples`, `weights` for packages ")
        assert "build-system" not in init.pyproject

    @pytest.mark.parametrize("start", ["[tool.ruff]\n", f"{PROJECT}\n[tool.uv]\npackage = false\n"])
    def test_no_package(self, init: Init, start: str):
        """What is not a package gets the table, and stays what it is."""
        write(init.root, {**FILES, "pyproject.toml": start})

        assert init("--write").splitlines()[1].startswith("`hatch-mar build` builds the archives, since ")
        assert init.pyproject.startswith(start)
        assert "build-system" not in init.pyproject

    def test_setup_py(self, init: Init):
        """A project with only a `setup.py` gets its `pyproject.toml`."""
        write(init.root, {**FILES, "setup.py": ""})

        assert init("--write").startswith(f"Created `{init.root / 'pyproject.toml'}`\n")

    def test_inline(self, init: Init):
        """A table that nothing can be added to is left alone, and the proposal printed to be pasted."""
        start = f"tool = {{ ruff = {{}} }}\n{HATCHLING}"
        write(init.root, {**FILES, "pyproject.toml": start})

        assert init("--write", status=1) == TABLE
        assert "because `tool` is written inline; edit it by hand: " in init.err
        assert init.pyproject == start

    def test_json(self, init: Init):
        write(init.root, {**FILES, "pyproject.toml": HATCHLING})
        changes = json.loads(init("--write", "--json"))["changes"]

        assert changes[0] == f"Added `[tool.mar]` to `{init.root / 'pyproject.toml'}`"

    @pytest.mark.parametrize("arguments", [(), ("--write",)])
    def test_present(self, init: Init, arguments: tuple[str, ...]):
        """A `[tool.mar]` that is there stays as it is."""
        write(init.root, {**FILES, "pyproject.toml": f"{HATCHLING}[tool.mar]\n"})

        assert init(*arguments) == ""
        assert init.err == (
            f"Note: `{init.root / 'pyproject.toml'}` has `[tool.mar]` already, which stays as it is;"
            " remove it to have one proposed\n"
        )
        assert init.pyproject == f"{HATCHLING}[tool.mar]\n"

    def test_no_pyproject(self, init: Init):
        """Without a `pyproject.toml`, it is said how to make one; the proposal is printed all the same."""
        write(init.root, FILES)
        path = init.root / "pyproject.toml"

        assert init() == TABLE.replace(
            "\n# The code", '\n# The model\'s version\nversion = "1.0"\n# The code'
        )
        assert init.err.endswith("; make a `pyproject.toml` with `uv init --bare` first\n")
        init("--write", status=1)
        assert init.err == f"File not found: `{path}`; make a `pyproject.toml` with `uv init --bare`\n"
        assert not path.exists()


class TestChoice:
    def test_nobody(self, init: Init):
        """Where nobody can be asked, the candidates are listed, and nothing is written."""
        write(init.root, TWO_HANDLERS)

        assert init("--write", status=1) == ""
        assert init.err.splitlines() == [
            "Which handler is for `cats.pt`? Answer on a terminal, or take the first with `--yes`:",
            "  a.py",
            "  b.py",
        ]
        assert init.pyproject == HATCHLING

    def test_yes(self, init: Init):
        """The first is that which is listed first, by path."""
        write(init.root, {**TWO_HANDLERS, "a/a.py": HANDLER, "a.py": ""})

        init(status=1)
        assert init.err.splitlines()[1:] == ["  a/a.py", "  b.py"]
        assert 'handler = "a/a.py"' in init("--yes")

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
    @pytest.mark.parametrize(
        ("typed", "status", "expected"),
        [
            ("2\n", 0, b'handler = "b.py"'),
            ("x\n0\n3\n1\n", 0, b'handler = "a.py"'),
            ("\x04", 1, b"No answer was given, and nothing is written"),
            ("\x03", 130, b"Number: "),
        ],
        ids=["number", "again", "end", "interrupt"],
    )
    def test_asked(self, init: Init, typed: str, status: int, expected: bytes):
        """On a terminal, the file is chosen by its number."""
        import pty

        write(init.root, TWO_HANDLERS)
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.executable, [sys.executable, "-m", "hatch_mar", "init"])
        seen = b""
        try:
            while not seen.endswith(b"Number: "):
                seen += os.read(terminal, 1024)
            os.write(terminal, typed.encode())
            seen += read_to_end(terminal)
        finally:
            os.close(terminal)
        _, ended = os.waitpid(child, 0)

        assert b"Which handler is for `cats.pt`?\r\n  1  a.py\r\n  2  b.py\r\n" in seen
        assert os.waitstatus_to_exitcode(ended) == status, seen
        assert expected in seen


class TestDependencies:
    def test_static(self, init: Init):
        """Those in `pyproject.toml` are required if the handler needs them, and no check warns of them."""
        text = f'{HATCHLING}dependencies = ["opencv-python"]\n'
        write(init.root, {**READER, "pyproject.toml": text})
        init("--write")

        assert 'requirements-from = ["dependencies"]\n' in init.pyproject
        assert "refuses" not in init.err
        assert main(["check"]) == 0
        assert re.findall("MAR[0-9]+", init.capfd.readouterr().out) == ["MAR611"]

    def test_dynamic(self, init: Init):
        """The build backend is not asked for others."""
        text = HATCHLING.replace("hatchling.build", "no.such") + 'dynamic = ["dependencies"]\n'
        write(init.root, {**READER, "pyproject.toml": text})

        assert "requirements-from" not in init()


def test_hub(init: Init) -> None:
    """A folder of Hugging Face's becomes a valid table, for which only the handler is to be written."""
    write(init.root, {"config.json": {"a": 1}, "model.safetensors": SAFETENSORS, "pyproject.toml": HATCHLING})
    init("--write")

    assert "; write `handler.py`, with a class derived from `BaseHandler`" in init.err
    assert main(["check"]) == 1
    assert "file not found: `handler.py`" in init.capfd.readouterr().out
