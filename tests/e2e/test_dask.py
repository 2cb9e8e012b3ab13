"""Archives built by the workers of a Dask cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import tree
from tests.e2e.conftest import Run, require_module

CHECKOUT = Path(__file__).parents[2]

SCRIPT = """
import sys
from pathlib import Path

from distributed import Client, LocalCluster

import hatch_mar
from hatch_mar.build.run import build_all
from hatch_mar.errors import PackError


def main():
    root, output, *missing = map(Path, sys.argv[1:])
    planned = hatch_mar.load(root, output)
    for file in missing:
        file.unlink()
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, Client(cluster) as client:
        try:
            for artifact in build_all(planned, client.get_executor()):
                print(artifact.path.name, artifact.unchanged)
        except PackError as error:
            print(error)


if __name__ == "__main__":
    main()
"""

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"

[[tool.mar.archives]]
model-name = "one"
extra-files = ["one.bin"]

[[tool.mar.archives]]
model-name = "two"
extra-files = ["two.bin"]
archive-format = "tgz"

[[tool.mar.archives]]
model-name = "three"
extra-files = ["one.bin", "two.bin"]
archive-format = "no-archive"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with three archives."""
    require_module("distributed")
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "handler.py").write_text("def handle(data, context): ...\n")
    for name in ("one", "two"):
        (root / f"{name}.bin").write_bytes(name.encode() * 1_000_000)
    return root


def cluster(run: Run, root: Path, output: Path, *missing: Path) -> list[str]:
    """What a build on a cluster says, of which each worker is a process of its own."""
    script = root.parent / "cluster.py"
    script.write_text(SCRIPT)
    return run(
        "python", script, root, output, *missing, cwd=root.parent, PYTHONPATH=str(CHECKOUT)
    ).splitlines()


def test_same_archives(root: Path, run: Run, tmp_path: Path) -> None:
    """A cluster's workers write the archives that `hatch-mar build` writes, told in their order."""
    output = tmp_path / "by the cluster"
    run("python", "-m", "hatch_mar", "build", "--quiet", cwd=root, PYTHONPATH=str(CHECKOUT))
    lines = cluster(run, root, output)

    assert lines[-3:] == ["one.mar False", "two.tar.gz False", "three False"]
    for name in ("one.mar", "two.tar.gz", "three"):
        assert tree(root / "dist" / name) == tree(output / name)
    assert {"one.mar", "two.tar.gz", "three"} >= {path.name for path in output.iterdir()} - {".hatch"}


def test_fault(root: Path, run: Run, tmp_path: Path) -> None:
    """A worker's fault is the build's own, told when the others are done."""
    output = tmp_path / "by the cluster"
    missing = root / "one.bin"
    lines = cluster(run, root, output, missing)

    assert lines[-3:] == [
        "two.tar.gz False",
        f"Cannot write `{output / 'one.mar'}`: No such file or directory (`{missing}`)",
        f"Cannot write `{output / 'three'}`: No such file or directory (`{missing}`)",
    ]
    assert [path.name for path in output.iterdir() if path.name != ".hatch"] == ["two.tar.gz"]
