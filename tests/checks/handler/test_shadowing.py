"""Findings about modules that hide others; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.handler import check
from hatch_mar.checks.handler.shadowing import LOADED, NEEDED, PACKAGES
from tests.checks import HANDLER, found


class TestNames:
    @pytest.mark.parametrize("name", ["json", "logging", "argparse", "ts", "types"])
    @pytest.mark.parametrize("file", ["{}.py", "{}/__init__.py"])
    def test_needed(self, name: str, file: str) -> None:
        file = file.format(name)
        assert found(check, {"h.py": HANDLER, file: ""}) == [
            (
                f"digits.mar/{file}: MAR241 `{file}` takes the place of `{name}`, which TorchServe's worker"
                " imports; rename it"
            )
        ]

    @pytest.mark.parametrize("name", ["sys", "time", "os", "builtins", "__main__"])
    def test_loaded(self, name: str) -> None:
        assert found(check, {"h.py": HANDLER, f"{name}.py": ""}) == [
            (
                f"digits.mar/{name}.py: MAR241 `{name}.py` is never imported, since Python has"
                f" loaded its own `{name}` before; rename it"
            )
        ]

    @pytest.mark.parametrize("name", sorted(PACKAGES - {"ts"}))
    def test_package(self, name: str) -> None:
        assert found(check, {"h.py": HANDLER, f"{name}.py": ""}) == [
            f"digits.mar/{name}.py: MAR241 `{name}.py` takes the place of the package `{name}`; rename it"
        ]

    @pytest.mark.parametrize("file", ["calendar.py", "calendar/__init__.py"])
    def test_hiding(self, file: str) -> None:
        assert found(check, {"h.py": HANDLER, file: ""}) == [
            f"digits.mar/{file}: MAR242 `{file}` takes the place of Python's own `calendar`; rename it"
        ]

    def test_hiding_required(self) -> None:
        files = {"h.py": HANDLER, "transformers.py": "", "r.txt": "transformers"}
        assert found(check, files, requirements_file="r.txt") == [
            (
                "digits.mar/transformers.py: MAR242 `transformers.py` takes the place of the required package"
                " `transformers`; rename it"
            )
        ]

    @pytest.mark.parametrize(
        "file",
        [
            "digits/json.py",
            "json/data.txt",
            "json.txt",
            "torch/__init__.py",
            "yaml/__init__.py",
            "handler.py",
            "model.py",
        ],
    )
    def test_good(self, file: str) -> None:
        """A module below a folder hides nothing, and a whole package is taken for the one of its name."""
        assert found(check, {"h.py": HANDLER, file: ""}) == []

    def test_known(self) -> None:
        assert not NEEDED & LOADED
