from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_mar.hatch.selection import is_selected

PROJECT = '[project]\nname = "digits"\nversion = "1.0"\n'
FOLDERS = ["", "digits", "digits/sub", "digits/data", "src/lib", ".hidden", "store", "digits/.tox", "dist"]

SETTINGS = [
    "",
    "[tool.hatch.build]\nartifacts = ['*.mar']\n",
    "[tool.hatch.build]\nartifacts = ['/digits/sub/*.mar']\nexclude = ['digits/data']\n",
    "[tool.hatch.build]\nexclude = ['*.mar']\n",
    "[tool.hatch.build]\nonly-packages = true\n",
    "[tool.hatch.build]\nignore-vcs = true\n",
    "[tool.hatch.build]\ninclude = ['/store']\n",
    "[tool.hatch.build]\nskip-excluded-dirs = true\nexclude = ['digits/sub/']\nartifacts = ['*.mar']\n",
    "[tool.hatch.build]\nonly-include = ['digits/sub', 'store']\n",
    "[tool.hatch.build]\nsources = ['src']\n",
    "[tool.hatch.build.targets.wheel]\npackages = ['src/lib']\n",
    "[tool.hatch.build.force-include]\n'store' = 'digits/store'\n",
    "[tool.hatch.build.force-include]\n'digits/sub/m.mar' = 'm.mar'\n",
    "[tool.hatch.build.targets.wheel.shared-data]\n'store' = 'share/digits'\n",
    "[tool.hatch.build.targets.wheel.extra-metadata]\n'digits/data' = 'data'\n",
]


def made(tmp_path: Path, more: str, ignored: str) -> Path:
    root = tmp_path / "project"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for package in ("digits", "digits/sub", "src/lib"):
        (root / package / "__init__.py").touch()
    (root / "pyproject.toml").write_text(PROJECT + more)
    (root / ".gitignore").write_text(ignored)
    return root


@pytest.mark.parametrize("builder", [SdistBuilder, WheelBuilder])
@given(
    more=st.sampled_from(SETTINGS),
    folder=st.sampled_from(FOLDERS),
    ignored=st.sampled_from(["", "*.mar\n", "/store/\n", "*\n!*/\n!*.mar\n"]),
    name=st.sampled_from(["m.mar", "m/MAR-INF/MANIFEST.json"]),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.differing_executors])
def test_as_hatchling(tmp_path_factory, *, builder, more: str, folder: str, ignored: str, name: str):
    """Before a file is written, the answer is that which hatchling gives when it is there."""
    root = made(tmp_path_factory.mktemp("selection"), more, ignored)
    # forced sources must exist, as must a file of the folder that is forced
    for forced in ("digits/sub/m.mar", "store/labels.txt"):
        if "force-include" in more and forced != f"{folder}/{name}":
            (root / forced).touch()
    data = {"artifacts": [], "force_include": {}}
    path = root / folder / name
    before = builder(str(root))
    with before.config.set_build_data(data):
        answer = is_selected(path, before.config, data)

    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    other = builder(str(root))
    with other.config.set_build_data(data):
        shipped = {Path(file.path) for file in other.recurse_included_files()}
        for key in ("shared_data", "extra_metadata") if builder is WheelBuilder else ():
            shared = other.recurse_explicit_files(getattr(other.config, key))
            shipped |= {Path(file.path) for file in shared}
    assert answer == (path in shipped)
