"""What is said of files that run code when they are loaded, and of honest ones that look like them."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.build.plan import load_configs, plan_project
from hatch_mar.checks.archive_file import check_path
from hatch_mar.checks.configured import find_faults
from hatch_mar.errors import CheckError
from hatch_mar.finding import Finding
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.pyproject import PyProject
from tests.archives import INSTANT, PACKING
from tests.e2e.conftest import CHECKOUT, DEADLINE
from tests.e2e.hostile.case import Case
from tests.e2e.hostile.code import hostile
from tests.e2e.hostile.numbers import honest
from tests.e2e.hostile.pickles import STATE_DICT, torch_zip

HANDLER = "def handle(data, context):\n    return data\n"
MODEL = "from torch import nn\nclass Net(nn.Module): ...\n"
RANKS = {"nothing": 0, "note": 0, "warning": 1, "error": 2}
OF_LOADING = (*(f"MAR{number}" for number in range(411, 420)), "MAR434", "MAR806")
"""The last is that an archive, such as one of long strings of nothing, is not read to its end."""

Check = Callable[[Path], list[Finding]]


@pytest.fixture(scope="session")
def cases(torch: ModuleType) -> list[Case]:
    numpy = pytest.importorskip("numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [*hostile(torch, numpy), *honest(torch, numpy)]


def write_project(case: Case, root: Path, handler: str = 'handler = "handler.py"') -> Path:
    """A project that packs the file as its weights, or beside honest ones."""
    case.write(root / case.file)
    weights = "net.pt" if case.keys else case.file
    if case.keys:
        (root / "net.pt").write_bytes(torch_zip(b"\x80\x02" + STATE_DICT))
    if "packages" in case.keys:
        (root / "pkg" / "__init__.py").touch()
    files = {"handler.py": HANDLER, "net.py": MODEL, "labels.txt": "cat\ndog\n"}
    for name, text in files.items():
        (root / name).write_text(text)
    lines = [handler, f'serialized-file = "{weights}"', f"ignore = {json.dumps(case.ignore)}", case.keys]
    (root / "pyproject.toml").write_text(
        '[project]\nname = "digits"\nversion = "1"\n\n[tool.mar]\n' + "\n".join(lines) + "\n"
    )
    return root


def check_project(root: Path) -> list[Finding]:
    [config], project = load_configs(PyProject(root)), PyProject(root)
    return find_faults(config, lay_out(config, root, INSTANT, project), root)


def check_archive(root: Path) -> list[Finding]:
    """What is found of the archive that somebody else has made of a project, without what it ignores."""
    [config], project = load_configs(PyProject(root)), PyProject(root)
    assert isinstance(config, ArchiveConfig)
    path = root / "digits.mar"
    FORMATS["default"].write(lay_out(config, root, INSTANT, project), path, PACKING)
    return [finding for finding in check_path(path) if finding.code not in config.ignore]


def is_fair(case: Case, findings: list[Finding], severity: str = "") -> bool:
    """Whether what is said of a file is what must be said."""
    rank = RANKS[severity or case.severity]
    if case.honest:
        return all(
            RANKS[finding.severity] <= rank and any(name in finding.message for name in case.names)
            for finding in findings
        )
    names = case.names or ("",)
    return any(
        finding.code in OF_LOADING and RANKS[finding.severity] >= rank and name in finding.message
        for finding in findings
        for name in names
    )


@pytest.mark.parametrize("check", [check_project, check_archive])
def test_own_handler(check: Check, cases: list[Case], tmp_path: Path):
    """For a handler of one's own, in a project and in an archive of anybody."""
    unfair = {}
    for number, case in enumerate(cases):
        findings = check(write_project(case, tmp_path / str(number)))
        if not is_fair(case, findings):
            unfair[case.file] = list(map(str, findings))

    assert unfair == {}


def test_base_handler(cases: list[Case], tmp_path: Path):
    """TorchServe's own loading fails at all that it would have to trust."""
    handler = 'handler = "base_handler"\nmodel-file = "net.py"'
    unfair = {}
    for number, case in enumerate(cases):
        if case.honest or case.keys or case.load != "torch.load":
            continue
        findings = check_project(write_project(case, tmp_path / str(number), handler))
        if not is_fair(case, findings, "error"):
            unfair[case.file] = list(map(str, findings))

    assert unfair == {}


def test_build(cases: list[Case], tmp_path: Path):
    """No archive is built of what runs code."""
    for number, case in enumerate(case for case in cases if case.severity == "error"):
        root = write_project(case, tmp_path / str(number))
        with pytest.raises(CheckError, match="MAR413"):
            plan_project(PyProject(root), tmp_path / "dist", instant=INSTANT)


def test_cases(cases: list[Case], tmp_path: Path):
    """The hostile files do run code, and the honest ones do not."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.e2e.hostile.prove", str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=DEADLINE)

    assert done.stdout.splitlines() == [case.file for case in cases if not case.honest]
