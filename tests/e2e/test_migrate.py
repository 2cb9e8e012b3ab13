"""Commands that pack archives, migrated: what is built afterwards is what they left.

Every command is run by itself, with the real torch-model-archiver, and by `hatch-mar migrate
--write`, each in a folder of its own. The archives that the two leave, and those that the
project then builds from its new tables, hold the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import checkpoint
from tests.e2e import test_workflow
from tests.e2e.conftest import DEADLINE, Run, require
from tests.e2e.test_torch_model_archiver import contents

pytestmark = pytest.mark.skipif(os.name != "posix", reason="These commands are for a POSIX shell")

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "reader"
version = "1.0"

[tool.hatch.build.targets.wheel]
only-include = ["handlers"]
"""
FILES: Mapping[str, bytes] = {
    "pyproject.toml": PYPROJECT.encode(),
    "VERSION": b"2.1\n",
    "model.py": b"class Net: ...\n",
    "handlers/digits.py": b"def handle(data, context):\n    return data\n",
    "handlers/letters.py": b"def handle(data, context):\n    return list(data or ())\n",
    "weights/digits.pth": checkpoint(),
    "weights/letters.pth": checkpoint(),
    "labels/digits.json": b'{"0": "zero"}\n',
    "labels/letters.json": b'{"0": "a"}\n',
    "requirements.txt": b"numpy\n",
    "model-config.yaml": b"minWorkers: 1\nmaxWorkers: 1\n",
    "flow/spec.yaml": b"models:\n  min-workers: 1\ndag:\n  pre: []\n",
    "flow/handler.py": b"def pre(data, context):\n    return data\n",
}

PACK = "torch-model-archiver --version 1.0 --model-file model.py"


def pack(name: str, model: str = "") -> str:
    model = model or name
    return f"{PACK} --model-name {name} --serialized-file weights/{model}.pth --handler handlers/{model}.py"


@dataclass(frozen=True)
class Shape:
    """A command, and the number of archives it leaves."""

    command: tuple[str, ...]
    archives: int
    files: Mapping[str, str] = field(default_factory=dict)
    input: str = ""


def shell(archives: int, script: str) -> Shape:
    return Shape(("bash", "-e", "archive.sh"), archives, {"archive.sh": script})


def python(archives: int, program: str) -> Shape:
    return Shape((sys.executable, "archive.py"), archives, {"archive.py": program})


def notebook(*cells: str) -> str:
    empty = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 4,
            "metadata": {"kernelspec": kernel},
            "cells": [{**empty, "source": cell} for cell in cells],
        }
    )


SHAPES = {
    "loops": shell(
        4,
        """
mkdir -p store
for name in digits letters; do
    torch-model-archiver --model-name "$name" --version 1.0 --model-file model.py \\
        --serialized-file "weights/$name.pth" --handler "handlers/$name.py" \\
        --extra-files "labels/$name.json" --export-path store
done
for weights in weights/*.pth; do
    name=$(basename "$weights" .pth)
    torch-model-archiver --model-name "$name-tgz" --version 1.0 --model-file model.py \\
        --serialized-file "$weights" --handler "handlers/$name.py" --archive-format tgz
done
""",
    ),
    "functions": shell(
        2,
        """
set -euo pipefail
pack() {
    local name=$1; shift
    torch-model-archiver --model-name "$name" --version 1.0 --model-file model.py \\
        --serialized-file "weights/$name.pth" --handler "handlers/$name.py" "$@"
}
pack digits -r requirements.txt -c model-config.yaml
pack letters --archive-format zip-store
""",
    ),
    "conditions": shell(
        2,
        f"""
if [ -f weights/none.pth ]; then
    {pack("none")}
elif test -d weights; then
    {pack("digits")}
fi
case "${{KIND:-letters}}" in
    digits) exit 3 ;;
    *) {pack("letters")} ;;
esac
[ -e digits.mar ] && [ -e letters.mar ] || exit 1
""",
    ),
    "variables": shell(
        1,
        """
NAME=digits
VERSION=$(cat VERSION)
MINOR=$((1 + 1))
ARGS=(--model-name "$NAME" --serialized-file "weights/$NAME.pth" --version "$VERSION.$MINOR")
REST="--model-file ${MODEL:-model.py} --handler handlers/${NAME}.py"
IFS=, eval 'EXTRA="$(ls labels/*.json | paste -sd, -),VERSION"'
torch-model-archiver "${ARGS[@]}" $REST --extra-files "$EXTRA"
""",
    ),
    "cd": shell(
        2,
        """
(cd weights && torch-model-archiver --model-name digits --version 1.0 --model-file ../model.py \\
    --serialized-file digits.pth --handler ../handlers/digits.py)
pushd handlers > /dev/null
torch-model-archiver --model-name digits --version 1.0 --model-file ../model.py \\
    --serialized-file "$OLDPWD/weights/letters.pth" --handler letters
popd > /dev/null
""",
    ),
    "make": Shape(
        ("make", "-j2", "archives"),
        2,
        {
            "Makefile": """\
archives: store/digits.mar store/letters.mar
store/%.mar: weights/%.pth handlers/%.py | store
\t@torch-model-archiver --model-name $* --version 1.0 --model-file model.py \\
\t  --serialized-file $< --handler handlers/$*.py --export-path $(@D) --force
store:
\tmkdir -p $@
"""
        },
    ),
    "subprocess": python(
        4,
        """
import os, subprocess
for name in ("digits", "letters"):
    subprocess.run([
        "torch-model-archiver", "--model-name", name, "--version", "1.0", "--model-file", "model.py",
        "--serialized-file", f"weights/{name}.pth", "--handler", f"handlers/{name}.py",
    ], check=True)
os.makedirs("store")
subprocess.check_call(
    "torch-model-archiver --model-name shell --version 1.0 --model-file ../model.py"
    " --serialized-file ../weights/digits.pth --handler ../handlers/digits.py",
    shell=True, cwd="store",
)
os.system("torch-model-archiver --model-name system --version 1.0 --handler handlers/digits.py")
""",
    ),
    "ModelArchiver": python(
        2,
        """
from model_archiver import ModelArchiver, ModelArchiverConfig
for name in ("digits", "letters"):
    ModelArchiver.generate_model_archive(ModelArchiverConfig(
        model_name=name, version="1.0", model_file="model.py", serialized_file=f"weights/{name}.pth",
        handler=f"handlers/{name}.py", extra_files="labels/digits.json,labels/letters.json", force=True,
    ))
""",
    ),
    "package_model": python(
        1,
        """
from argparse import Namespace
from pathlib import Path
from model_archiver.model_packaging import package_model
from model_archiver.model_packaging_utils import ModelExportUtils
Path("store").mkdir()
args = Namespace(
    model_file="model.py", serialized_file="weights/digits.pth", handler="handlers/digits.py",
    model_name="digits", version="1.0", export_path="store", force=True, extra_files=None,
    requirements_file="requirements.txt", runtime="python", archive_format="default", config_file=None,
)
package_model(args, ModelExportUtils.generate_manifest_json(args))
""",
    ),
    "python -m": shell(
        1,
        f"""
exec python -m model_archiver.model_packaging {pack("digits").partition(" ")[2]} \\
    --extra-files labels/ --archive-format no-archive
""",
    ),
    "Dockerfile steps": Shape(
        ("bash", "-e"),
        1,
        input="""\
export MODEL=digits VERSION=1.0
mkdir -p model-store && cd model-store
torch-model-archiver --model-name ${MODEL} --version ${VERSION} --model-file ../model.py \\
    --serialized-file ../weights/${MODEL}.pth \\
    --handler ../handlers/${MODEL}.py \\
    --export-path . \\
    && ls
""",
    ),
    "heredocs": shell(
        2,
        f"""
cat > inner.sh <<EOF
{pack("digits")} --extra-files labels/digits.json
EOF
sh inner.sh
python - <<'EOF'
import subprocess
subprocess.run("{pack("letters")}".split(), check=True)
EOF
""",
    ),
    "xargs": shell(
        2,
        f"ls weights | sed 's/[.]pth$//' | xargs -P 2 -I {{}} {pack('{}')}\n",
    ),
    "environment": shell(
        2,
        f"""
"$SCRIPTS/torch-model-archiver" {pack("digits").partition(" ")[2]}
export PATH="$SCRIPTS:$PATH"
{pack("letters")}
""",
    ),
    "notebook": Shape(
        ("jupyter", "execute", "archive.ipynb"),
        3,
        {
            "archive.ipynb": notebook(
                "name = 'digits'",
                f"!{pack('{name}')}",
                f"%%bash\n{pack('letters')}",
                "from model_archiver import ModelArchiver, ModelArchiverConfig\n"
                "config = ModelArchiverConfig('cell', 'handlers/digits.py', '1.0')\n"
                "ModelArchiver.generate_model_archive(config)",
            )
        },
    ),
    "workflow": shell(
        2,
        f"""
mkdir models workflows
{pack("digits")} --export-path models
cd flow
torch-workflow-archiver --workflow-name flow --spec-file spec.yaml --handler handler.py \\
    --extra-files ../VERSION,../labels/digits.json --export-path ../workflows
""",
    ),
    "a digit first": shell(1, pack("3d-unet", "digits")),
}


class Folder:
    """A project of its own, in which a command is run."""

    def __init__(self, root: Path, run: Run, shape: Shape) -> None:
        self.root = root
        self._input = shape.input
        temporary = root.parent / f"{root.name}-temporary"
        temporary.mkdir()
        self._environ = {
            **run.environ,
            "TMPDIR": str(temporary),
            "SCRIPTS": sysconfig.get_path("scripts"),
            "IPYTHONDIR": str(temporary / "ipython"),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        for name, data in {**FILES, **{name: text.encode() for name, text in shape.files.items()}}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)

    def run(self, *command: str) -> str:
        """What a command says on standard error."""
        done = subprocess.run(
            [require(command[0]), *command[1:]],
            cwd=self.root,
            env=self._environ,
            input=self._input,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    def hatch_mar(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "hatch_mar", *arguments)

    def archives(self) -> dict[Path, object]:
        """What the archives hold, by their paths."""
        found: dict[Path, object] = {path: test_workflow.contents(path) for path in self.root.rglob("*.war")}
        models = [path for path in self.root.rglob("*") if path.name.endswith((".mar", ".tar.gz"))]
        models += [path.parents[1] for path in self.root.rglob("MAR-INF/MANIFEST.json")]
        found |= {path: contents(path) for path in models}
        return {path.relative_to(self.root): held for path, held in found.items()}

    def remove_archives(self) -> None:
        for path in self.archives():
            file = self.root / path
            file.rename(self.root.parent / f"removed-{path.name}-{file.stat().st_ino}")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=[*SHAPES])
def test_shape(shape: Shape, run: Run, tmp_path: Path) -> None:
    """The command leaves what it leaves without hatch-mar, and the project then builds the same."""
    theirs, ours = (Folder(tmp_path / name, run, shape) for name in ("theirs", "ours"))
    theirs.run(*shape.command)
    expected = theirs.archives()
    assert len(expected) == shape.archives

    said = ours.hatch_mar("migrate", "--write", "--", *shape.command)

    assert ours.archives() == expected
    assert "Note: " not in said
    ours.remove_archives()
    ours.hatch_mar("build", "--quiet")
    built = ours.archives()
    assert len(built) == shape.archives
    # without --export-path, they go to the build directory
    assert {path: built.get(path) or built[Path("dist", path.name)] for path in expected} == expected


def test_hatch_build(run: Run, tmp_path: Path, plugin_wheel: Path) -> None:
    """What is written is all that `hatch build` needs, even for a name that is otherwise an error."""
    shape = SHAPES["a digit first"]
    folder = Folder(tmp_path / "project", run, shape)
    folder.hatch_mar("migrate", "--write", "--", *shape.command)
    [(path, expected)] = folder.archives().items()

    wheels = dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), str(plugin_wheel.parent))
    run("hatch", "build", "-t", "wheel", cwd=folder.root, **wheels)

    assert folder.archives() == {path: expected, Path("dist", path): expected}
