from __future__ import annotations

import os
import signal
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.filesystem import locks
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.records_folder import lock_records
from hatch_mar.build import run
from hatch_mar.build.plan import Planned, plan_project
from hatch_mar.build.run import build_all
from hatch_mar.errors import PackError
from hatch_mar.project.wheel_members import wheel_members
from tests.archives import SomeProject, incompressible, needs_posix, tree
from tests.build import LEAST, names_in, planned


@pytest.fixture
def three(project: Path) -> list[Planned]:
    """Three archives, of which the first takes the longest."""
    (project / "large.bin").write_bytes(incompressible(24 << 20))
    archives = [
        {"model-name": "large", "extra-files": ["large.bin"]},
        {"model-name": "b"},
        {"model-name": "a"},
    ]
    return planned(project, LEAST | {"archives": archives})


class TestBuildAll:
    @pytest.mark.parametrize("quiet", [True, False])
    def test_order(self, quiet: bool, three: list[Planned]):
        """Artifacts come in the order of the plans, whichever finishes first."""
        artifacts = list(build_all(three, quiet=quiet))

        assert [one.path for one in three] == [artifact.path for artifact in artifacts]
        assert [artifact.unchanged for artifact in artifacts] == [False] * 3
        assert {path.name for path in three[0].path.parent.glob("*.mar")} == {"large.mar", "b.mar", "a.mar"}

    def test_nothing(self):
        """Without plans there are no artifacts."""
        assert list(build_all([])) == []

    @pytest.mark.parametrize("executor", [ThreadPoolExecutor, ProcessPoolExecutor])
    def test_executor(self, executor: Callable[..., Executor], three: list[Planned], tmp_path: Path):
        """Any executor gives the same bytes, in the same order."""
        list(build_all(three))
        expected = {one.path.name: one.path.read_bytes() for one in three}
        elsewhere = [replace(one, path=tmp_path / "out" / one.path.name) for one in three]
        with executor(2, **spawned(executor)) as workers:
            artifacts = list(build_all(elsewhere, workers))

        assert [one.path for one in elsewhere] == [artifact.path for artifact in artifacts]
        assert {artifact.path.name: artifact.path.read_bytes() for artifact in artifacts} == expected

    @needs_posix
    @pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
    def test_mode(self, executor: Callable[..., Executor] | None, project: Path):
        """All archives get the mode that is given."""
        plans = planned(project, LEAST | {"archives": [{"model-name": "a"}, {"model-name": "b"}]})
        with executor(2) if executor else nullcontext() as workers:
            artifacts = list(build_all(plans, workers, mode=0o600))

        assert [stat.S_IMODE(artifact.path.stat().st_mode) for artifact in artifacts] == [0o600] * 2

    @pytest.mark.parametrize("executor", [None, ThreadPoolExecutor, ProcessPoolExecutor])
    def test_faults(self, executor: Callable[..., Executor] | None, three: list[Planned], project: Path):
        """If an archive fails, the others are written, and all faults are raised at the end."""
        (project / "dist" / "b.mar").mkdir(parents=True)
        (project / "large.bin").unlink()
        workers = executor(2, **spawned(executor)) if executor else None
        built = []
        with workers or nullcontext(), pytest.raises(PackError) as error:
            built += build_all(three, workers)

        assert (project / "dist" / "a.mar").is_file()
        assert [fault.replace("\\", "/") for fault in error.value.faults] == [
            f"Cannot write `{project}/dist/large.mar`: No such file or directory (`{project}/large.bin`)",
            f"Cannot write `{project}/dist/b.mar`: a directory of that name exists; move it away",
        ]
        assert {path.name for path in (project / "dist").glob(".*.part")} == set()

    def test_system_error(self, three: list[Planned], monkeypatch: pytest.MonkeyPatch):
        """A system's error in one archive ends none of the others."""
        build = Planned.build

        def fail(one: Planned, *arguments: Any, **options: Any) -> Artifact:
            if one is three[1]:
                raise PermissionError(13, "Permission denied", "x")
            return build(one, *arguments, **options)

        monkeypatch.setattr(Planned, "build", fail)
        built: list[Artifact] = []
        with pytest.raises(PackError, match=r"^Cannot access `x`: Permission denied$"):
            built.extend(build_all(three))

        assert [artifact.path.name for artifact in built] == ["large.mar", "a.mar"]

    def test_members_of_a_wheel(self, project: Path, tmp_path: Path):
        """Members that stand in a zip are built by another process too."""
        with zipfile.ZipFile(tmp_path / "digits.whl", "w") as file:
            file.writestr("digits/__init__.py", b"1")
        with zipfile.ZipFile(tmp_path / "digits.whl") as file:
            wheel = SomeProject(
                project,
                {"tool": {"mar": LEAST | {"include-project": True}}},
                wheel=tuple(wheel_members(file)),
            )
            plans = plan_project(wheel, project / "dist")
            with ProcessPoolExecutor(1, **spawned(ProcessPoolExecutor)) as workers:
                [artifact] = build_all(plans, workers)

        assert "digits/__init__.py" in names_in(artifact.path)

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
    def test_interrupt(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """An interrupt ends the build at once; existing archives are unchanged, and nothing else is left."""
        (project / "endless.bin").write_bytes(b"1")
        plans = planned(
            project, LEAST | {"archives": [{"extra-files": ["endless.bin"]}, {"model-name": "b"}]}
        )
        list(build_all(plans))
        before = tree(project / "dist")

        def endless(source: FileSource) -> Iterator[bytes]:
            for number in range(300):
                if number == 20 and source.path.name == "endless.bin":
                    os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)
                yield b"2"

        monkeypatch.setattr(FileSource, "chunks", endless)
        (project / "endless.bin").write_bytes(b"2")
        (project / "handler.py").write_bytes(b"2")
        with pytest.raises(KeyboardInterrupt):
            list(build_all(plans))

        after = tree(project / "dist")
        assert {name: data for name, data in before.items() if name.endswith(".mar")} == (
            {name: data for name, data in after.items() if name.endswith(".mar")}
        )
        assert before.keys() >= after.keys()

    @needs_posix
    def test_interrupted_wait(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """An interrupt also ends a build that waits for another one's lock."""
        plans = planned(project, LEAST)
        lines: list[str] = []

        def interrupt(line: str) -> None:
            lines.append(line)
            os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(locks, "PATIENCE", 0.0)
        monkeypatch.setattr(run, "log", interrupt)
        (project / "dist").mkdir()
        with lock_records(plans[0].path), pytest.raises(KeyboardInterrupt):
            list(build_all(plans))

        assert len(lines) == 1
        assert [*(project / "dist").glob("*.mar")] == []


def spawned(executor: object) -> dict[str, Any]:
    """Processes that share nothing with this one: to fork one with threads is a fault of its own."""
    return {"mp_context": get_context("spawn")} if executor is ProcessPoolExecutor else {}
