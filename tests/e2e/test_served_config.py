"""What the checks say of configurations, requirements and labels, TorchServe does.

Each case is one archive, given to the checks and to a real TorchServe: an error ends the server,
the registration or the request; a warning shows in what the server makes of the value.
"""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks import index_to_name, model_config, requirements
from hatch_mar.checks.subject import Subject
from tests.archives import INSTANT
from tests.e2e.torchserve import TorchServe, TorchServeError, missing

ECHO = """\
import json

def handle(data, context):
    return data and [json.dumps(context.model_yaml_config, default=str)] * len(data)
"""
NET = """\
import torch

class Net(torch.nn.Module):
    def forward(self, x):
        return x
"""
MICRO_BATCHING = """\
from ts.handler_utils.micro_batching import MicroBatching
from ts.torch_handler.base_handler import BaseHandler

class Handler(BaseHandler):
    def __init__(self):
        super().__init__()
        self.handle = MicroBatching(self)

    def initialize(self, context):
        super().initialize(context)
        self.handle.parallelism = context.model_yaml_config["micro_batching"]["parallelism"]
"""

NOTE = "MAR611"
"""Every archive with requirements has it; here the server has the setting."""


@dataclass(frozen=True)
class Case:
    """An archive, and what the checks say of it."""

    codes: str = ""
    config: str | bytes | None = None
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    handler: str = "h.py"
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the manifest's `model` table."""
    runtime: str = "python"

    def archive(self, name: str) -> Archive:
        base = self.handler == "base_handler" or "BaseHandler" in str(self.files.get("h.py"))
        manifest = Manifest.for_model(
            model_name=name,
            model_version="1.0",
            handler=self.handler,
            created=INSTANT,
            runtime=self.runtime,
            model_file="model.py" if base else None,
            config_file=None if self.config is None else "model-config.yaml",
        )
        document = {**manifest.document, "model": {**manifest.model, **self.more}}
        files: dict[str, str | bytes] = {"model.py": NET} if base else {}
        files |= {"h.py": ECHO} if self.handler == "h.py" else {}
        files |= {} if self.config is None else {"model-config.yaml": self.config}
        members = {**files, **self.files}.items()
        return Archive(
            Manifest(document),
            tuple(
                Member(path, BytesSource(data.encode() if isinstance(data, str) else data))
                for path, data in members
            ),
        )

    def found(self, name: str) -> list[str]:
        """The codes that the checks find."""
        subject = Subject(self.archive(name), f"{name}.mar")
        checks = (model_config, requirements, index_to_name)
        codes = [finding.code for module in checks for finding in module.check(subject)]
        return [code for code in codes if code != NOTE]


def base(codes: str, config: str | None = None, **files: str | bytes) -> Case:
    named = {name.replace("_json", ".json"): data for name, data in files.items()}
    return Case(codes, config, named, "base_handler")


def required(codes: str, lines: str | bytes, config: str | None = None, **files: str | bytes) -> Case:
    named = {"requirements.txt": lines, **files}
    return Case(codes, config, named, more={"requirementsFile": "requirements.txt"})


def wheel(name: str, **contents: str) -> bytes:
    """A wheel with these modules, or files."""
    data = BytesIO()
    with ZipFile(data, "w") as file:
        info = f"{name}-1.0.dist-info"
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
        for module, text in contents.items():
            file.writestr(f"{module}.py", text)
    return data.getvalue()


WHEEL = "wheels/greeting-1.0-py3-none-any.whl"
GREETING = {WHEEL: wheel("greeting", greeting=""), "h.py": f"import greeting\n{ECHO}"}

BACKEND = """\
import os, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as file:
        file.writestr("lib.pth", os.getcwd())
        file.writestr("lib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: lib\\nVersion: 1.0\\n")
        file.writestr("lib-1.0.dist-info/WHEEL",
                      "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        file.writestr("lib-1.0.dist-info/RECORD", "")
    return name
"""
EDITABLE = {
    "project/pyproject.toml": """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "project/backend.py": BACKEND,
    "project/greeting.py": "",
    "h.py": f"import greeting\n{ECHO}",
}

ENDS = {
    "empty": Case("MAR507", "# nothing\n"),
    "list": Case("MAR508", "- batchSize\n"),
    "integer-key": Case("MAR509", "1: a\n"),
    "integer-tag": Case("MAR506", "a: !!int x\n"),
}
"""With one of these in its store, TorchServe does not start."""

REFUSED: dict[str, tuple[Case, int, str]] = {
    "empty": (ENDS["empty"], 500, '"yamlMap" is null'),
    "list": (ENDS["list"], 500, "ArrayList cannot be cast to class java.util.Map"),
    "integer-key": (ENDS["integer-key"], 500, "Integer cannot be cast to class java.lang.String"),
    "torchrun-key": (Case("MAR509", "torchrun: {1: a}\n"), 500, "Integer cannot be cast"),
    "absent": (Case("MAR501", more={"configFile": "no.yaml"}), 500, "FileNotFoundError"),
    "null-name": (Case("MAR501", more={"configFile": None}), 500, "TypeError"),
    "tab": (Case("MAR504", "handler:\n\ta: 1\n"), 500, r"ScannerError: while scanning for the next token"),
    "parallel": (Case("MAR518", "parallelType: tp\nparallelLevel: 2\n"), 500, '"torchRun" is null'),
    "pt2": (base("MAR524", "pt2: 3\n"), 500, "argument of type 'int' is not"),
    "pt2-enable": (base("MAR524", "pt2: {compile: {backend: eager}}\n"), 500, "KeyError: 'enable'"),
    "micro-batching": (
        Case("MAR530", "micro_batching: {parallelism: {decode: 2}}\n", {"h.py": MICRO_BATCHING}),
        500,
        "AssertionError",
    ),
    "no-requirements": (
        Case("MAR601", more={"requirementsFile": "r.txt"}),
        400,
        "Could not open requirements",
    ),
    "requirements-encoding": (required("MAR602", b"# \xe9\n"), 400, "UnicodeDecodeError"),
    "requirements-option": (required("MAR603", "--user\n"), 400, "no such option: --user"),
    "requirements-line": (required("MAR604", "numpy 1.0\n"), 400, "Invalid requirement: 'numpy 1.0'"),
    "requirements-path": (required("MAR605", "./lib\n"), 400, "Invalid requirement: './lib'"),
    "requirements-file": (required("MAR605", "-r more.txt\n"), 400, "Could not open requirements file"),
    "requirements-circle": (required("MAR606", "-r requirements.txt\n"), 400, "recursi"),
    "requirements-hashes": (
        required("MAR613 MAR607", f"{WHEEL}\nnumpy==1 --hash=sha256:{'0' * 64}\n", None, **GREETING),
        400,
        "Custom pip package installation failed",
    ),
    "requirements-editable": (
        required("MAR608", "-e ./project\n", None, **EDITABLE),
        500,
        "No module named 'greeting'",
    ),
    "labels-numbers": (base("MAR705", index_to_name_json='{"0": 1}'), 500, "must be either str or List"),
}
"""Registration fails, with this status and these words in the log."""

UNREADABLE: dict[str, tuple[Case, str]] = {
    "latin-1": (Case("MAR503", b"# \xe9\n"), "UnicodeDecodeError"),
    "tab": (Case("MAR504", "handler:\n\ta: 1\n"), "ScannerError"),
    "anchor": (Case("MAR504", "a: &x 1\nb: &x 2\n"), "ComposerError"),
    "control": (Case("MAR504", "a: \x01\n"), "ReaderError"),
    "documents": (Case("MAR505", "a: 1\n---\nb: 2\n"), "ComposerError"),
    "tag": (Case("MAR506", "a: !!python/tuple [1]\n"), "ConstructorError"),
    "list-key": (Case("MAR506", "handler: {? [a] : b}\n"), "ConstructorError"),
    "date": (Case("MAR506", "a: 2020-13-01\n"), "ValueError"),
    "digits": (Case("MAR506", "a: " + "9" * 5000), "ValueError"),
    "labels-mark": (base("MAR702", index_to_name_json='\ufeff{"0": "a"}'), "JSONDecodeError"),
    "labels-latin-1": (base("MAR702", index_to_name_json=b'{"0": "\xe9"}'), "UnicodeDecodeError"),
    "labels-syntax": (base("MAR703", index_to_name_json="{0: 1}"), "JSONDecodeError"),
    "labels-nested": (base("MAR703", index_to_name_json="[" * 200_000), "RecursionError"),
    "labels-list": (base("MAR704", index_to_name_json='["a"]'), "Exception"),
    "labels-null": (base("MAR705", index_to_name_json='{"0": null}'), "Exception"),
    "labels-empty": (base("MAR705", index_to_name_json='{"0": []}'), "IndexError"),
}
"""What the worker's own functions raise, which ends it as `tab` and `labels-numbers` above end it."""

IGNORED: dict[str, tuple[Case, dict[str, object]]] = {
    "outside": (Case("MAR502", more={"configFile": "../../../../store/outside.yaml"}), {"batchSize": 9}),
    "references": (
        Case("MAR510", "batchSize: 4\na: &a []\nb: [" + "*a, " * 51 + "]\n"),
        {"batchSize": 1, "responseTimeout": 77},
    ),
    "nesting": (Case("MAR510", "batchSize: 4\na: " + "[" * 51 + "]" * 51), {"batchSize": 1}),
    "duplicate": (Case("MAR512", "batchSize: 4\nbatchSize: 5\n"), {"batchSize": 5}),
    "misspelled": (Case("MAR513", "BatchSize: 4\n"), {"batchSize": 1}),
    "types": (
        Case("MAR514 MAR514 MAR514", "batchSize: '4'\nmaxBatchDelay: 5.0\nresponseTimeout:\n"),
        {"batchSize": 1, "maxBatchDelay": 100, "responseTimeout": 120},
    ),
    "ranges": (
        Case("MAR515 MAR515 MAR515", "batchSize: 0\nresponseTimeout: -1\nmaxBatchDelay: 0\n"),
        {"batchSize": 1, "maxBatchDelay": 100, "responseTimeout": 120},
    ),
    "workers": (Case("MAR516", "minWorkers: 2\n"), {"minWorkers": 1, "maxWorkers": 1}),
    "fewer-workers": (
        Case("MAR516", "minWorkers: 2\nmaxWorkers: 1\n"),
        {"minWorkers": 1, "maxWorkers": 1},
    ),
    "venv": (Case("MAR521", "useVenv: true\n", runtime="python3"), {"useVenv": False}),
    "good": (
        Case(
            "",
            (
                "minWorkers: 2\nmaxWorkers: 3\nbatchSize: 4\nmaxBatchDelay: 50\nresponseTimeout:"
                " 20\nmine: {a: [1]}\n"
            ),
        ),
        {"minWorkers": 2, "maxWorkers": 3, "batchSize": 4, "maxBatchDelay": 50, "responseTimeout": 20},
    ),
    "at-the-limits": (
        Case("", "batchSize: 4\na: &a []\nb: [" + "*a, " * 50 + "]\nc: " + "[" * 50 + "]" * 50),
        {"batchSize": 4},
    ),
    "merged": (
        Case("", "a: &a {batchSize: 4, maxBatchDelay: 7}\n<<: *a\nbatchSize: 0x10\n"),
        {"batchSize": 16},
    ),
}
"""The model is served, with these values."""

ANSWERS: dict[str, tuple[Case, int, str]] = {
    "sequences": (Case("MAR522", "sequenceBatching: true\n"), 500, '"this.jobGroupLock" is null'),
    "sequences-good": (Case("", "sequenceBatching: true\nsequenceMaxIdleMSec: 10\n"), 200, ""),
    "handler": (base("MAR528", "handler:\n"), 503, "argument of type 'NoneType' is not"),
    "backend": (
        base("MAR525", "pt2: {compile: {enable: true, backend: foo}}\n"),
        200,
        "foo is not a supported backend",
    ),
    "arguments": (
        base("MAR525", "pt2: {enable: true, backend: eager}\n"),
        200,
        "Compiling model model with enable True, backend eager has failed",
    ),
    "compiled": (
        base("", "pt2: {compile: {enable: true, backend: eager}}\n"),
        200,
        "Compiled model with backend eager",
    ),
    "labels": (base("", index_to_name_json='{"0": ["n0", "tench"], "1": "goldfish"}'), 200, ""),
    "requirements": (required("", f"# as it is\n{WHEEL}\n", None, **GREETING), 200, "Installed custom pip"),
    "requirements-utf-16": (
        required("", WHEEL.encode("utf-16"), None, **GREETING),
        200,
        "Installed custom pip",
    ),
}
"""The model is registered, a request gets this status, and the log has these words."""


def pack(archive: Archive, path: Path) -> None:
    with ZipFile(path, "w") as file:
        for entry in archive.entries():
            file.writestr(entry.name, b"".join(entry.source.chunks()))


@pytest.fixture(scope="module", autouse=True)
def needed() -> None:
    if (reason := missing()) and os.environ.get("CI") != "true":
        pytest.skip(reason)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """A TorchServe that installs requirements, from no index, with every case in its store."""
    folder = tmp_path_factory.mktemp("served")
    store = folder / "store"
    store.mkdir()
    (store / "outside.yaml").write_text("batchSize: 9\n")
    for group in (REFUSED, IGNORED, ANSWERS):
        for name, case in group.items():
            pack(case[0].archive(name), store / f"{name}.mar")
    config = ["install_py_dep_per_model=true", "default_response_timeout=77"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIP_NO_INDEX", "1")
        with TorchServe(store, folder / "w", config=config) as server:
            yield server


@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str, tmp_path: Path) -> None:
    """One such archive in the store, and the server does not start with `--models all`."""
    assert ENDS[name].found(name) == ENDS[name].codes.split()
    pack(ENDS[name].archive(name), tmp_path / f"{name}.mar")
    with pytest.raises(TorchServeError, match="TorchServe ended while starting"):
        TorchServe(tmp_path, tmp_path / "w", models=["all"]).__enter__()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, server: TorchServe) -> None:
    """An archive with an error cannot be registered."""
    case, status, words = REFUSED[name]
    assert case.found(name) == case.codes.split()
    seen = len(server.log())
    with pytest.raises(TorchServeError) as error:
        server.register(f"{name}.mar")
    assert error.value.status == status
    assert logged(server, words, seen)


@pytest.mark.parametrize("name", IGNORED)
def test_ignored(name: str, server: TorchServe) -> None:
    """The server ignores a setting with a warning, and uses one without a finding."""
    case, expected = IGNORED[name]
    assert case.found(name) == case.codes.split()
    # without a worker it is the same, but quicker
    server.register(f"{name}.mar", initial_workers="1" if "minWorkers" in expected else "0")
    [described] = server.describe(name)
    assert {key: described[key] for key in expected} == expected
    server.unregister(name)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str, server: TorchServe) -> None:
    """What breaks only requests is seen in their answers, or in the log."""
    case, status, words = ANSWERS[name]
    assert case.found(name) == case.codes.split()
    seen = len(server.log())
    server.register(f"{name}.mar")
    # `base_handler` itself can answer no request
    if case.handler == "h.py" or status != 200:
        assert answered(server, name) == status
    assert logged(server, words, seen)
    server.unregister(name)


def logged(server: TorchServe, words: str, seen: int) -> bool:
    """Whether the log has the words, which may come after the answer, beyond what was there."""
    deadline = time.monotonic() + 120
    while words not in server.log()[seen:]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answered(server: TorchServe, name: str) -> int | None:
    """The status of a request; None if there is no answer."""
    try:
        server.predict(name, b"[1, 2]")
    except TorchServeError as error:
        return error.status
    return 200


def test_handler_sees_the_configuration(server: TorchServe) -> None:
    """Keys that TorchServe does not know are the handler's, and no fault."""
    server.register("good.mar")
    assert json.loads(server.predict("good", b"{}"))["mine"] == {"a": [1]}
    server.unregister("good")


@pytest.fixture(scope="module")
def worker() -> ModuleType:
    """The functions of TorchServe's worker, without the package around them."""
    package = importlib.util.find_spec("ts")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "utils" / "util.py"
    spec = importlib.util.spec_from_file_location("ts_util", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str, worker: ModuleType, tmp_path: Path) -> None:
    """What the checks cannot read, the worker cannot."""
    case, error = UNREADABLE[name]
    assert case.found(name) == case.codes.split()
    read, data = worker.get_yaml_config, case.config
    if data is None:
        read, data = worker.load_label_mapping, case.files["index_to_name.json"]
    (tmp_path / "file").write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        read(str(tmp_path / "file"))
    assert type(raised.value).__name__ == error


@pytest.mark.parametrize(
    ("labels", "code"),
    [('{"1": "a", "2": "b"}', "MAR707"), ('{"a": "0", "b": "1"}', "MAR706"), ('{"0": "a"}', "")],
)
def test_labels_are_looked_up_by_number(labels: str, code: str, worker: ModuleType, tmp_path: Path) -> None:
    """A class without a label fails its request: here class 0, as a classifier looks it up."""
    case = Case(code, None, {"index_to_name.json": labels}, "image_classifier")
    assert case.found("labels") == code.split()
    (tmp_path / "labels.json").write_text(labels)
    mapping = worker.load_label_mapping(str(tmp_path / "labels.json"))
    if code:
        with pytest.raises(KeyError):
            worker.map_class_to_label([[1.0]], mapping, [[0]])
    else:
        assert worker.map_class_to_label([[1.0]], mapping, [[0]]) == [{"a": 1.0}]
