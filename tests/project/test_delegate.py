from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.delegate import (
    find_missing_wrapper,
    find_wrapping_faults,
    load_delegate,
    name_delegate,
)
from hatch_mar.project.toml import tomllib


def pyproject(
    delegate: object = None, backend: str | None = "hatch_mar.backend", **system: Any
) -> dict[str, Any]:
    if backend is not None:
        system["build-backend"] = backend
    mar = {} if delegate is None else {"build-backend": delegate}
    return {"build-system": system, "tool": {"mar": mar}}


def fault(document: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as error:
        load_delegate(document)
    return str(error.value)


class TestLoad:
    def test_module(self) -> None:
        """A module."""
        assert load_delegate(pyproject("email.mime.text")).__name__ == "email.mime.text"

    def test_object(self) -> None:
        """An object in a module, and in another."""
        assert load_delegate(pyproject("pathlib:Path")) is Path
        assert load_delegate(pyproject("pathlib:Path.exists")) is Path.exists

    def test_no_module(self) -> None:
        """A module that is not installed."""
        assert fault(pyproject("email.none")) == (
            "Field `tool.mar.build-backend`: cannot import `email.none`: No module named 'email.none';"
            " correct the name, or add the package that provides it to `build-system.requires` [MAR004]"
        )

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("import none_such", "No module named 'none_such'"),
            ("raise RuntimeError('needs GLIBC 9')", "RuntimeError: needs GLIBC 9"),
            ("import ast; ast.Nonesuch", "AttributeError: module 'ast' has no attribute 'Nonesuch'"),
        ],
    )
    def test_fails(self, code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A module that is there, but fails when it is imported."""
        (tmp_path / "failing_backend.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

        assert fault(pyproject("failing_backend")) == (
            f"Field `tool.mar.build-backend`: `failing_backend` cannot be imported: {reason};"
            " it fails without `hatch-mar` too; require a version that works with this Python [MAR004]"
        )

    def test_no_object(self) -> None:
        """An object that the module does not have."""
        assert "cannot import `pathlib:Pth`: module 'pathlib' has no attribute 'Pth';" in fault(
            pyproject("pathlib:Pth")
        )

    @pytest.mark.parametrize("name", [5, "", "a-b", "a.b:", "a:b:c", "a b"])
    def test_not_valid(self, name: object) -> None:
        """A value that names nothing."""
        assert fault(pyproject(name)).startswith("Field `tool.mar.build-backend` must ")

    @pytest.mark.parametrize("name", ["hatch_mar.backend", "hatch_mar.backend:build_wheel"])
    def test_itself(self, name: str) -> None:
        """The wrapper cannot wrap itself."""
        assert "must not be `hatch_mar.backend` itself;" in fault(pyproject(name))

    def test_missing(self) -> None:
        """There is no default."""
        assert " is required by the build backend `hatch_mar.backend`;" in fault(pyproject())

    def test_no_table(self) -> None:
        """A table of another type."""
        assert fault({"tool": {"mar": 5}}) == "Field `tool.mar` must be a table [MAR004]"


class TestFaults:
    def faults(self, document: dict[str, Any]) -> list[str]:
        return [str(finding) for finding in find_wrapping_faults(document)]

    def test_none(self) -> None:
        """A wrapped backend, which need not be installed; or none at all."""
        assert self.faults(pyproject("fkae.api")) == []
        assert self.faults(pyproject(backend="hatchling.build")) == []
        assert self.faults({}) == []

    def test_missing(self) -> None:
        """The wrapper wraps nothing."""
        [finding] = find_wrapping_faults(pyproject())

        assert (finding.severity, finding.code) == ("error", "MAR005")

    @pytest.mark.parametrize(
        ("backend", "reason"), [("fake", "is `fake`"), (5, "is `5`"), (None, "is not set")]
    )
    @pytest.mark.parametrize(
        ("requires", "more"),
        [
            (["fake"], ", and add `hatch-mar` to `build-system.requires`"),
            (["fake", "Hatch_Mar>=0"], ""),
            (5, ""),
        ],
    )
    def test_not_wrapped(self, backend: Any, reason: str, requires: object, more: str) -> None:
        """Another backend builds the project, be it the default one."""
        [finding] = find_wrapping_faults(pyproject("fake", backend, requires=requires))

        assert finding.severity == "warning"
        assert str(finding) == (
            f"Field `tool.mar.build-backend` has no effect, since `build-system.build-backend` {reason};"
            f" set `build-system.build-backend` to `hatch_mar.backend`{more} [MAR029]"
        )

    def test_no_build_system(self) -> None:
        """The whole table is missing."""
        assert self.faults({"tool": {"mar": {"build-backend": "fake"}}}) == [
            (
                "Field `tool.mar.build-backend` has no effect, since `build-system.build-backend` is not set;"
                ' add `[build-system]` with `build-backend = "hatch_mar.backend"`, and name in its `requires`'
                " `hatch-mar` and the package of the backend that it wraps [MAR029]"
            )
        ]

    def test_hatchling(self) -> None:
        """For hatchling there is the hook."""
        [fault] = self.faults(pyproject("fake", "hatchling.build"))

        assert fault.endswith("; remove it, since hatchling has the build hook [MAR029]")

    def test_in_tree(self) -> None:
        """Frontends refuse a backend that `backend-path` does not lead to (PEP 517)."""
        [fault] = self.faults(pyproject("fake", **{"backend-path": ["."]}))

        assert fault == (
            "Field `build-system.backend-path` must not be set, since `hatch_mar.backend` is not in it;"
            " remove it [MAR004]"
        )


def test_name() -> None:
    """The name is known without an import."""
    assert name_delegate(pyproject("fkae.api:object")) == "fkae.api:object"


class TestMissingWrapper:
    SYSTEM = "[build-system]\nrequires = []\n"

    def find(self, root: Path, text: str) -> list[str]:
        return [str(finding) for finding in find_missing_wrapper(root, tomllib.loads(text))]

    @pytest.mark.parametrize(
        ("text", "backend"),
        [
            (f'{SYSTEM}build-backend = "flit_core.buildapi"\n', "flit_core.buildapi"),
            (SYSTEM, "setuptools.build_meta:__legacy__"),
        ],
    )
    @pytest.mark.parametrize(
        ("requires", "more"),
        [("[]", ", and add `hatch-mar` to `build-system.requires`"), ("['hatch-mar']", "")],
    )
    def test_note(self, tmp_path: Path, text: str, backend: str, requires: str, more: str):
        """A note says what makes the archives, and all that is missing for every build to make them."""
        assert self.find(tmp_path, f"{text.replace('[]', requires)}[tool.mar]\n") == [
            (
                "Only `hatch-mar build` writes these archives; for every build to do so, set"
                " `build-system.build-backend` to `hatch_mar.backend`, and `tool.mar.build-backend` to"
                f" `{backend}`{more} [MAR033]"
            )
        ]

    def test_no_build_system(self, tmp_path: Path):
        """A package that has only a `setup.py` needs the whole table."""
        (tmp_path / "setup.py").touch()

        assert self.find(tmp_path, "[tool.mar]\n") == [
            (
                "Only `hatch-mar build` writes these archives; for every build to do so, add `[build-system]`"
                " with `setuptools` and `hatch-mar` as `requires`, and set `build-system.build-backend` to"
                " `hatch_mar.backend`, and `tool.mar.build-backend` to `setuptools.build_meta:__legacy__`"
                " [MAR033]"
            )
        ]

    @pytest.mark.parametrize(
        "system", ["requires = 5", "build-backend = 'a'", "requires = []\nbuild-backend = 5"]
    )
    def test_not_valid(self, tmp_path: Path, system: str):
        """Where `[build-system]` has to be corrected first, the note says no more than what is wanted."""
        assert self.find(tmp_path, f"[build-system]\n{system}\n[tool.mar]\n") == [
            (
                "Only `hatch-mar build` writes these archives; let `hatch_mar.backend` wrap the build backend"
                " if every build should write them [MAR033]"
            )
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "[project]\nname = 'a'\n",
            f'{SYSTEM}build-backend = "hatchling.build"\n',
            f'{SYSTEM}build-backend = "hatch_mar.backend"\n',
            f'{SYSTEM}build-backend = "a"\nbackend-path = ["."]\n',
            f'{SYSTEM}build-backend = "a"\n[tool.mar]\nbuild-backend = "a"\n',
            f"{SYSTEM}[tool.uv]\npackage = false\n",
        ],
    )
    def test_nothing(self, tmp_path: Path, text: str):
        """Nothing is said where it is set up, wrong in another way, or where nothing can be wrapped."""
        assert self.find(tmp_path, text) == []
