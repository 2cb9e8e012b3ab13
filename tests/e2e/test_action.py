"""The action that workflows of GitHub use: its scripts are run as GitHub would run them."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from hatch_mar import __version__
from tests.documents.action import Outcome, run_action
from tests.e2e.conftest import CHECKOUT, Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the scripts are run as on Linux")

PYPROJECT = """\
[build-system]
requires = ["hatchling", "hatch-mar"]
build-backend = "hatchling.build"

[project]
name = "digits"
version = "1.0"

[tool.hatch.build.hooks.mar]

[tool.mar]
handler = "handler.py"
export-path = "it's \\"here\\" $(touch injected)"
"""
REMOTE = """\
serialized-file = "model.bin"

[[tool.mar.remote-files]]
path = "model.bin"
url = "{url}"
sha256 = "{sha256}"
"""
HANDLER = "def handle(data, context):\n    return data\n"


Act = Callable[..., Outcome]
INSTALL, FETCH, CHECK, BUILD = "Install hatch-mar", "Fetch", "Check", "Build"


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job."""
    return tmp_path_factory.mktemp("runner temp")


@pytest.fixture(scope="module")
def path(run: Run, plugin_wheel: Path, temporary: Path) -> str:
    """The `PATH` on which the action has put the command of a version that pip finds."""
    environ = {**run.environ, "PIP_FIND_LINKS": str(plugin_wheel.parent)}
    outcome = run_action(CHECKOUT, {"version": __version__}, environ, temporary, only=[INSTALL])
    assert outcome.status == 0, outcome.log
    return outcome.path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder with a name that no script should be made of, in a repository."""
    project = tmp_path / "a 'b' \"c\" $(touch injected); `touch injected`\n&"
    project.mkdir()
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "handler.py").write_text(HANDLER)
    monkeypatch.chdir(tmp_path)
    return project


@pytest.fixture
def act(run: Run, path: str, temporary: Path, project: Path) -> Iterator[Act]:
    def act(only: Sequence[str] = (FETCH, CHECK, BUILD), **inputs: str) -> Outcome:
        """Run the action, which has been installed."""
        inputs["project"] = project.name
        environ = {**run.environ, "PATH": path}
        return run_action(CHECKOUT, inputs, environ, temporary, only=only)

    yield act
    assert [*project.parent.rglob("injected")] == []


def test_build(act: Act, project: Path, tmp_path: Path):
    """The outputs name the archives from the root of the repository, with their digests."""
    outcome = act()

    assert outcome.status == 0, outcome.log
    [archive] = json.loads(outcome.outputs["archives"])
    assert archive.startswith(f'{project.name}/it\'s "here" $(touch injected)/')
    digest = hashlib.sha256((tmp_path / archive).read_bytes()).hexdigest()
    assert json.loads(outcome.outputs["digests"]) == {archive: digest}
    assert outcome.summary.startswith("### hatch-mar check: ")
    assert f"\n{digest}  " in outcome.summary
    assert "| handler | <code>handler.py</code> |" in outcome.summary


def test_directory(act: Act, project: Path):
    """An archive that is a directory has no digest."""
    with (project / "pyproject.toml").open("a") as file:
        file.write('archive-format = "no-archive"\n')
    outcome = act()

    assert outcome.status == 0, outcome.log
    assert len(json.loads(outcome.outputs["archives"])) == 1
    assert json.loads(outcome.outputs["digests"]) == {}
    assert "None" not in outcome.summary


def test_remote_file(act: Act, project: Path, tmp_path: Path):
    """What the project declares as remote is fetched before the check, which says what could not be."""
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"weights")
    with (project / "pyproject.toml").open("a") as file:
        file.write(REMOTE.format(url=weights.as_uri(), sha256=hashlib.sha256(b"weights").hexdigest()))
    outcome = act()

    assert outcome.status == 0, outcome.log
    assert "| model.bin |" in outcome.summary.replace("<code>", "").replace("</code>", "")
    (project / "model.bin").unlink()
    weights.unlink()
    outcome = act()
    assert outcome.status == 1
    assert "title=MAR021::" in outcome.log


def test_path(path: str):
    """Later steps have the command, and none of the environment that it is in."""
    [folder] = [Path(each) for each in path.split(":") if "runner temp" in each]

    assert [file.name for file in folder.iterdir()] == ["hatch-mar"]


def test_error(act: Act, project: Path):
    """An error is an annotation and a row of the summary; the job fails, and there are no outputs."""
    (project / "handler.py").write_text("def handle(\n")
    outcome = act()

    assert outcome.status == 1
    name = project.name.replace("\n", "\\n")
    assert f"::error file={name}/handler.py,line=1,title=MAR208::" in outcome.log
    assert outcome.summary.startswith("### hatch-mar check: 1 error\n")
    assert not any(outcome.outputs.values())


def test_strict(act: Act, project: Path):
    """A warning fails the job only if it is to be strict."""
    (project / "handler.py").write_text(f"import cv2\n{HANDLER}")

    assert act().status == 0
    outcome = act(strict="true")
    assert outcome.status == 1
    assert "::warning " in outcome.log


def test_failing_build(act: Act, project: Path):
    """A build that fails, as it may after a check that found nothing, ends the job with its reason."""
    (project / 'it\'s "here" $(touch injected)').write_text("")
    outcome = act([BUILD])

    assert outcome.status == 1
    assert outcome.log.endswith("is not a directory; move it away [MAR027]\n")
    assert outcome.summary == ""
    assert not any(outcome.outputs.values())


def test_modules(act: Act, tmp_path: Path):
    """A module of the repository does not take the place of one of Python's."""
    for name in ("json", "logging"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the repository')")

    outcome = act()
    assert outcome.status == 0, outcome.log


def test_inputs():
    """No script has an expression in it, whose value would be run."""
    steps = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]

    assert [step["run"] for step in steps if "${{" in step["run"]] == []
