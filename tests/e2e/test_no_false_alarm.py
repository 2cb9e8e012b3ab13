"""Nothing is found in archives that a real TorchServe serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hatch_mar.api import pack
from hatch_mar.checks.archive_file import check_path
from hatch_mar.checks.subject import Subject
from tests.checks import subject
from tests.e2e.conftest import without
from tests.e2e.test_worker_handler import ANSWERING, FUNCTION
from tests.e2e.test_worker_weights import NET
from tests.e2e.torchserve import TorchServe, missing
from tests.weights.conftest import written  # noqa: F401

BASE = """\
from ts.torch_handler.base_handler import BaseHandler
class Handler(BaseHandler):
    def preprocess(self, data):
        import torch
        return torch.ones(len(data), 3)
    def postprocess(self, data):
        return data.tolist()
"""
PACKAGE = {"reader/__init__.py": "", "reader/serving.py": "from reader.words import said\n" + FUNCTION}
EAGER = {"model_file": "net.py", "serialized_file": "w.pth"}
SCRIPTED = {"serialized_file": "w.pt"}


def archives(files: Mapping[str, Path]) -> dict[str, Subject]:
    """Archives of every kind, by the file they are packed as."""
    state_dict, script = files["state_dict.pth"].read_bytes(), files["script.pt"].read_bytes()
    eager = {"h.py": BASE, "net.py": NET, "w.pth": state_dict}
    words = PACKAGE | {"reader/words.py": "said = 'hello'\n"}
    config = "minWorkers: 1\nmaxWorkers: 1\nbatchSize: 2\nmaxBatchDelay: 20\nresponseTimeout: 60\n"
    return {
        "eager.mar": subject(eager, **EAGER),
        "eager-tgz.tar.gz": subject(eager, **EAGER),
        "eager-unpacked": subject(eager, **EAGER),
        "scripted.mar": subject({"h.py": BASE, "w.pt": script}, **SCRIPTED),
        "scripted-tgz.tar.gz": subject({"h.py": BASE, "w.pt": script}, **SCRIPTED),
        "scripted-unpacked": subject({"h.py": BASE, "w.pt": script}, **SCRIPTED),
        "base-scripted.mar": subject({"w.pt": script}, "base_handler", **SCRIPTED),
        "base-eager.mar": subject({"net.py": NET, "w.pth": state_dict}, "base_handler", **EAGER),
        "function.mar": subject({"h.py": FUNCTION}),
        "function-named.mar": subject({"h.py": FUNCTION.replace("handle", "answer")}, "h.py:answer"),
        "function-stem.mar": subject({"h.py": FUNCTION}, "h"),
        "class.mar": subject({"h.py": ANSWERING}),
        "class-tgz.tar.gz": subject({"h.py": ANSWERING}),
        "package.mar": subject(words, "reader.serving:handle"),
        "package-unpacked": subject(words, "reader.serving"),
        "configured.mar": subject({"h.py": FUNCTION, "c.yaml": config}, config_file="c.yaml"),
        "labelled.mar": subject(eager | {"index_to_name.json": '{"0": "no", "1": "yes"}'}, **EAGER),
        "own-loading.mar": subject({"h.py": ANSWERING, "w.bin": state_dict}, serialized_file="w.bin"),
    }


NAMES = (
    *("eager.mar", "eager-tgz.tar.gz", "eager-unpacked", "scripted.mar", "scripted-tgz.tar.gz"),
    *("scripted-unpacked", "base-scripted.mar", "base-eager.mar", "function.mar", "function-named.mar"),
    *("function-stem.mar", "class.mar", "class-tgz.tar.gz", "package.mar", "package-unpacked"),
    *("configured.mar", "labelled.mar", "own-loading.mar"),
)


@pytest.fixture(scope="module")
def store(written: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    store = tmp_path_factory.mktemp("store")
    for name, one in archives(written).items():
        pack(one.archive, store / name)
    return store


@pytest.fixture(scope="module")
def server(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    if reason := missing():
        without(reason)
    with TorchServe(store, tmp_path_factory.mktemp("ts")) as server:
        yield server


def test_names(store: Path) -> None:
    """All of them are asked for below."""
    assert sorted(NAMES) == sorted(path.name for path in store.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_served_and_nothing_found(name: str, store: Path, server: TorchServe) -> None:
    """TorchServe has a worker ready for the archive, and the checks have nothing to say."""
    # a model of its own name each, for all were made as one
    model = server.register(name, model_name=name.partition(".")[0])
    server.wait_until_ready(model)
    found = [str(finding) for finding in check_path(store / name)]
    server.unregister(model)

    assert found == []
