"""What the build frontends do with archives: the commands of `docs/reference/frontends.md`.

`test_frontends.py` runs each of them, and `docs/generate.py` writes them into that page.
"""

from __future__ import annotations

WRITING = {
    "hatch build": ("dist", "sdist", "wheel"),
    "hatch build -t sdist": ("dist", "sdist"),
    "hatch build -t wheel": ("dist", "wheel"),
    "hatch build out": ("out", "sdist", "wheel"),
    "hatch build -c": ("dist", "sdist", "wheel"),
    "hatch build --clean-hooks-after": ("dist", "sdist", "wheel"),
    "python -m build": ("dist", "sdist", "wheel"),
    "python -m build -w": ("dist", "wheel"),
    "python -m build -o out": ("out", "sdist", "wheel"),
    "uv build": ("dist", "sdist", "wheel"),
    "uv build --wheel": ("dist", "wheel"),
    "uv build --out-dir out": ("out", "sdist", "wheel"),
}
"""The directory in which a command leaves the archives, and what is beside them."""

TARGET = {"hatch build -t mar": "all", "hatch build -t mar:NAME": "one"}
"""Which of the archives a command writes, and nothing else."""

CHECKING = ("hatch build --hooks-only",)
CLEANING = ("hatch clean",)

DISCARDING = {
    "pip install .": "python -m pip install --no-deps --target site .",
    "pip install -e .": "python -m pip install --no-deps --target site -e .",
    "pip wheel .": "python -m pip wheel --no-deps -w wheels .",
    "uv pip install .": "uv pip install --no-deps --target site .",
    "uv pip install -e .": "uv pip install --no-deps --target site -e .",
    "uv sync": "uv sync",
    "uv sync --no-editable": "uv sync --no-editable",
    "uv tool install .": "uv tool install .",
    "hatch run": "hatch -v run python -c 'import reader.handler'",
    "tox": "tox -vv",
    "nox": "nox -v",
    "cibuildwheel": "python -m build -w -o wheels",
}
"""A command that does it here, with no dependencies of the project but those of its build.

cibuildwheel, which needs containers, is known by a variable that it sets.
"""

OF_SDIST = {
    "pip install SDIST": "python -m pip install --no-cache-dir --no-deps --target site SDIST",
    "pip wheel SDIST": "python -m pip wheel --no-cache-dir --no-deps -w wheels SDIST",
    "uv pip install SDIST": "uv pip install --no-deps --target site SDIST",
}
