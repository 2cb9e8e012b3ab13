"""What the checks of the requirements find in archives that differ by them."""

from __future__ import annotations

from hatch_mar.checks.requirements import check
from tests.checks import found as found_by

FILE = "digits.mar/requirements.txt"
NEEDS_SETTING = (
    f"{FILE}: MAR611 TorchServe installs the requirements only with `install_py_dep_per_model=true`;"
    " set it in `config.properties`"
)
FILES = {
    "pkg/pyproject.toml": b"",
    "sub/more.txt": b"scipy\n",
    "sub/data.bin": b"",
    "wheels/pkg-1.0-py3-none-any.whl": b"",
    "wheels/pkg-1.whl": b"",
}


def found(text: str | bytes, config: str = "a: 1\n", **keys: str) -> list[str]:
    """What is found, apart from the setting that nearly all requirements need."""
    data = text if isinstance(text, bytes) else text.encode()
    files = {**FILES, "requirements.txt": data, "c.yaml": config}
    keys = {"requirements_file": "requirements.txt", "config_file": "c.yaml", **keys}
    return [line for line in found_by(check, files, **keys) if line != NEEDS_SETTING]
