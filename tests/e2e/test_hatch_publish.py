"""`hatch publish -p mar`, with the plugin in the environment that hatch itself runs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import HOOK, Project, Run

PUBLISH = ("hatch", "publish", "-p", "mar")


@pytest.fixture(scope="module")
def beside_hatch(run: Run, plugin_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A `PYTHONPATH` that gives hatch the plugin, as `pipx inject` and `uv tool install --with` do."""
    place = tmp_path_factory.mktemp("beside-hatch")
    run("python", "-m", "pip", "install", "-q", "--no-deps", "--target", place, plugin_wheel, cwd=place)
    return str(place)


class TestProject:
    def test_after_build(self, project: Project, beside_hatch: str):
        """What `hatch build` has written is published, and not written again; the second time it is there."""
        project.run("hatch", "build")
        archives = [project.root / "dist" / f"{model}.mar" for model in ("digits", "letters")]
        before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in archives]

        first = project.run(*PUBLISH, "-o", "to=store", PYTHONPATH=beside_hatch)
        second = project.run(*PUBLISH, "-o", "to=store", PYTHONPATH=beside_hatch)

        names = [f"digits-1.0.mar{suffix}" for suffix in ("", ".sha256")]
        names += [f"letters-1.0.mar{suffix}" for suffix in ("", ".sha256")]
        assert sorted(path.name for path in (project.root / "store").iterdir()) == names
        assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in archives] == before
        published = [line for line in first.splitlines() if line.endswith("(published)")]
        assert published == [f"store/{name} (published)" for name in names[::2]]
        assert second.splitlines() == [f"store/{name} (unchanged)" for name in names[::2]]

    def test_before_build(self, project: Project, beside_hatch: str):
        """Archives that nobody has built are built first."""
        project.run(*PUBLISH, "-o", "to=store", "-o", "layout=kserve", PYTHONPATH=beside_hatch)

        files = (path for path in (project.root / "store").rglob("*") if path.is_file())
        assert {path.relative_to(project.root / "store").as_posix() for path in files} == {
            "config/config.properties",
            *(f"model-store/{model}.mar{end}" for model in ("digits", "letters") for end in ("", ".sha256")),
        }


def test_environment(project: Project, beside_hatch: str):
    """hatch's own variables choose the publisher and its options, and artifacts are published as they are."""
    project.run(*PUBLISH, "-o", "to=built", PYTHONPATH=beside_hatch)

    project.run(
        *("hatch", "publish", "dist/letters.mar"),
        HATCH_PUBLISHER="mar",
        HATCH_PUBLISHER_OPTIONS="to=store layout=vertex",
        PYTHONPATH=beside_hatch,
    )

    store, letters = project.root / "store", project.root / "dist" / "letters.mar"
    assert (store / "model.mar").read_bytes() == letters.read_bytes()


def test_disabled(project: Project, beside_hatch: str):
    """A publisher that the project disables publishes only with `--yes`."""
    project.configure(HOOK + "\n[tool.hatch.publish.mar]\ndisable = true\n")

    refused = project.run(*PUBLISH, "-n", "-o", "to=store", status=1, PYTHONPATH=beside_hatch)

    assert refused == "Publisher is disabled: mar\n"
    assert not (project.root / "store").exists()

    project.run(*PUBLISH, "-y", "-o", "to=store", PYTHONPATH=beside_hatch)

    assert (project.root / "store" / "digits-1.0.mar").is_file()


def test_fault(project: Project, beside_hatch: str):
    """A fault is one line, without a traceback."""
    output = project.run(*PUBLISH, "-o", "too=store", status=1, PYTHONPATH=beside_hatch)

    assert output.splitlines() == [
        "Unknown option `too` for publisher `mar`; did you mean `to`?",
        "Option `to` for publisher `mar` is required; name a directory, a URL or a destination",
    ]
