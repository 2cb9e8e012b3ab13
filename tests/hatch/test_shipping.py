from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_mar.hatch.shipping import Shipping
from hatch_mar.project.config.models import ArchiveConfig

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
    form=st.sampled_from(["default", "no-archive"]),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.differing_executors])
def test_as_hatchling(tmp_path_factory, *, builder, more: str, folder: str, ignored: str, form: str):
    """Before an archive is written, the answer is that which hatchling gives when it is there."""
    root = made(tmp_path_factory.mktemp("shipping"), more, ignored)
    config = ArchiveConfig("m", "1", "handler.py", export_path=folder or ".", archive_format=form)
    # forced sources must exist, as must a file of the folder that is forced
    for forced in ("digits/sub/m.mar", "store/labels.txt"):
        if "force-include" in more and forced != f"{folder}/{config.file_name}":
            (root / forced).touch()
    data = {"artifacts": [], "force_include": {}}
    shipping = Shipping(builder(str(root)), data, root / "dist")
    answer = shipping.is_included(config)

    path = root / folder / config.file_name
    if form == "no-archive":
        path = path / "MAR-INF/MANIFEST.json"
        path.parent.mkdir(parents=True)
    path.touch()
    other = builder(str(root))
    with other.config.set_build_data(data):
        shipped = {Path(file.path) for file in other.recurse_included_files()}
        for name in ("shared_data", "extra_metadata") if builder is WheelBuilder else ():
            shared = other.recurse_explicit_files(getattr(other.config, name))
            shipped |= {Path(file.path) for file in shared}
    assert answer == (path in shipped)


class TestIgnoreList:
    """Where a pattern has to stand for hatchling to leave a file out."""

    @staticmethod
    def ignore_list(root: Path) -> str:
        return Shipping(SdistBuilder(str(root)), {}, root / "dist").ignore_list

    def test_own(self, tmp_path: Path):
        """In the project's `.gitignore`, also if there is none yet."""
        root = made(tmp_path, "", "")
        assert self.ignore_list(root) == "`.gitignore`"

        (root / ".gitignore").unlink()
        (root / ".git").mkdir()
        assert self.ignore_list(root) == "`.gitignore`"

    def test_of_the_repository(self, tmp_path: Path):
        """Not in that of a repository around the project, where the pattern would mean another folder."""
        root = made(tmp_path, "", "")
        (root / ".gitignore").rename(tmp_path / ".gitignore")

        assert self.ignore_list(root) == "`exclude` in `[tool.hatch.build]`"

    def test_not_read(self, tmp_path: Path):
        """Not there if hatchling does not read it."""
        root = made(tmp_path, "[tool.hatch.build]\nignore-vcs = true\n", "")

        assert self.ignore_list(root) == "`exclude` in `[tool.hatch.build]`"
