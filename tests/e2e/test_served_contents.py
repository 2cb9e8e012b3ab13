"""Trees, the project's own requirements and an inline configuration, served by a real TorchServe."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Run, without
from tests.e2e.torchserve import TorchServe, missing

PYPROJECT = """\
[build-system]
requires = ["hatchling", "{plugin}"]
build-backend = "hatchling.build"

[project]
name = "greeter"
version = "2.1"
requires-python = ">=3.10"
dependencies = ["six>=1.16"]

[tool.hatch.build.targets.wheel]
packages = ["src/greeter"]

[tool.mar]
handler = "greeter.serving:handle"

[[tool.mar.archives]]
model-name = "whole-project"
include-project = true
requirements-from = ["dependencies"]

[tool.mar.archives.config]
minWorkers = 1
maxWorkers = 1
responseTimeout = 77

[tool.mar.archives.config.handler]
greeting = "grüß dich"
weight = 1e-05

[[tool.mar.archives]]
model-name = "package"
handler = "greeter.service"
packages = ["src/greeter"]
force-include = {{ "data" = "greeter/data" }}
exclude = ["*.log"]

[[tool.mar.archives]]
model-name = "rootless"
packages = ["src/greeter"]
archive-format = "tgz"
archive-root = "."

[[tool.mar.archives]]
model-name = "unpacked"
packages = ["src/greeter"]
archive-format = "no-archive"
archive-name = "{{model-name}}-{{version}}"
"""

SERVING = '''
from greeter.words import greeting


def handle(data, context):
    """Say what the archive told of itself."""
    if data is None:
        return None
    try:
        import six
        origin = six.__file__
    except ImportError:
        origin = None
    config = getattr(context, "model_yaml_config", None) or {}
    said = {"said": greeting(config.get("handler", {})), "config": config, "six": origin}
    return [said for _ in data]
'''

SERVICE = '''
from pathlib import Path


class Service:
    """A handler class in a module of a package, beside data of its own."""

    def initialize(self, context):
        self.names = (Path(__file__).parent / "data" / "names.txt").read_text().split()

    def handle(self, data, context):
        return [{"names": self.names} for _ in data]
'''

FILES = {
    "src/greeter/__init__.py": "",
    "src/greeter/serving.py": SERVING,
    "src/greeter/service.py": SERVICE,
    "src/greeter/words.py": "def greeting(config):\n    return config.get('greeting', 'hello')\n",
    "src/greeter/debug.log": "not for anyone\n",
    "data/names.txt": "ada grace\n",
}


@pytest.fixture(scope="module")
def store(run: Run, plugin_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four archives, as `hatch build -t mar` leaves them."""
    root = tmp_path_factory.mktemp("greeter")
    (root / "pyproject.toml").write_text(PYPROJECT.format(plugin=plugin_uri))
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    run("hatch", "build", "-t", "mar", cwd=root)
    return root / "dist"


@pytest.fixture(scope="module")
def server(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    if reason := missing():
        without(reason)
    with TorchServe(store, tmp_path_factory.mktemp("ts"), config=["install_py_dep_per_model=true"]) as server:
        yield server


def asked(server: TorchServe, model: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(server.predict(model, b"{}"))
    return answer


class TestWholeProject:
    def test_answer(self, server: TorchServe):
        """A function in a package handles, with the configuration and the requirements of the project."""
        model = server.register("whole-project.mar")
        answer = asked(server, model)

        assert answer["said"] == "grüß dich"
        assert answer["config"]["handler"] == {"greeting": "grüß dich", "weight": 1e-05}  # type: ignore[index]
        assert server.describe(model)[0]["responseTimeout"] == 77
        # installed for this model alone, beside its files
        assert "models" in Path(str(answer["six"])).parts

    def test_version(self, server: TorchServe):
        """The model's version is the project's."""
        assert server.describe(server_name(server, "whole-project"))[0]["modelVersion"] == "2.1"


class TestPackage:
    def test_answer(self, server: TorchServe):
        """A class in a module of a package handles, and finds the data beside it."""
        assert asked(server, server.register("package.mar")) == {"names": ["ada", "grace"]}


class TestRootless:
    def test_names(self, store: Path):
        """Every name begins with `./`, which SageMaker unpacks flat and TorchServe cuts off."""
        with tarfile.open(store / "rootless.tar.gz") as file:
            assert {"./MAR-INF/MANIFEST.json", "./greeter/serving.py"} <= set(file.getnames())

    def test_answer(self, server: TorchServe):
        """TorchServe serves it from the file."""
        assert asked(server, server.register("rootless.tar.gz"))["said"] == "hello"


class TestUnpacked:
    def test_answer(self, server: TorchServe):
        """A directory, whose name has the version, is served as it is."""
        assert asked(server, server.register("unpacked-2.1"))["said"] == "hello"


def server_name(server: TorchServe, model: str) -> str:
    """A model's name, registered if it is not yet."""
    return model if model in server.log() else server.register(f"{model}.mar")
