from __future__ import annotations

import pytest

from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.verdict.import_errors import fix_import
from hatch_mar.trial.worker.error import Frame, WorkerError
from tests.trial import candidate_of

IN_HANDLER = (Frame("handler.py", 4),)


def missing(module: str, **more: bool | str) -> WorkerError:
    return WorkerError("ModuleNotFoundError", f"No module named '{module}'", IN_HANDLER, module, **more)


def nameless(module: str, **more: bool) -> WorkerError:
    """The error of a module that does not have a name."""
    message = f"cannot import name 'it' from '{module}' (/somewhere.py)"
    return WorkerError("ImportError", message, IN_HANDLER, module, **more)


def requiring(text: str) -> Candidate:
    return candidate_of(files={"requirements.txt": text}, requirements_file="requirements.txt")


OWN = candidate_of(files={"util.py": "", "models/__init__.py": ""})
MASKED = "No module named 'ts.torch_handler.image_classifier'"
IMAGE = candidate_of(handler="image_classifier")
TYPO = candidate_of(handler="base_handlr.py")


@pytest.mark.parametrize(
    ("candidate", "options", "error", "fix"),
    [
        (OWN, Options(), missing("nowhere"), "pack it into the archive, or name it in"),
        (OWN, Options(building=True), missing("nowhere"), "provides `nowhere`: name it"),
        (OWN, Options(), missing("torch"), "install it: pip install 'hatch-mar[torch]'"),
        (OWN, Options(building=True), missing("torch"), "`build-system.requires` needs"),
        (OWN, Options(), missing("ts.other"), "the TorchServe that is installed here does not have it"),
        (OWN, Options(), missing("ts.other", stand_in=True), "stand-in has only `base_handler`: pip install"),
        (OWN, Options(), nameless("ts.utils.util"), "the TorchServe that is installed here does not have it"),
        (OWN, Options(), nameless("ts.utils.util", stand_in=True), "its stand-in has only `base_handler`"),
        (IMAGE, Options(), missing("image_classifier", stand_in=True, masked=MASKED), "install torchserve"),
        (TYPO, Options(), missing("base_handlr", masked=MASKED.replace("image_classifier", "base_handlr")),
         "neither a file of the archive nor one of TorchServe's own"),
        (OWN, Options(), missing("captum", by_torchserve=True), "require it: pip install captum"),
        (OWN, Options(), missing("torchvision"), "but this environment does not: pip install torchvision"),
        (OWN, Options(), missing("imp"), "part of Python in other versions"),
        (OWN, Options(), missing("json.deep"), "the `json` that is installed here does not have it"),
        (OWN, Options(), nameless("json"), "the `json` that is installed here does not have it"),
        (OWN, Options(), missing("util.deep"), "the archive's own `util.py` is imported"),
        (OWN, Options(), nameless("models"), "the archive's own `models/__init__.py` is imported"),
        (requiring("nowhere>=1\n"), Options(), missing("nowhere"), "`requirements.txt` names it: `--req"),
        (requiring("other\n"), Options(), missing("nowhere"), "pack it into the archive"),
        (requiring("nowhere\n"), Options(requirements=True), missing("nowhere"), "pack it into the archive"),
    ],
)  # fmt: skip
def test_fix(candidate: Candidate, options: Options, error: WorkerError, fix: str):
    """What to do depends on what is missing, whose it is, and where it would be installed."""
    assert fix in fix_import(candidate, options, error, error.module)


@pytest.mark.parametrize(
    "message",
    [
        "cannot import name 'it' from 'a' (most likely due to a circular import) (/somewhere/a.py)",
        "libGL.so.1: cannot open shared object file: No such file or directory",
    ],
)
def test_said(message: str):
    """Where Python's message says what to do, no more is said; it is never to pack the module."""
    assert fix_import(OWN, Options(), WorkerError("ImportError", message, module="a"), "a") == ""
