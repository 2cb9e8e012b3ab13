"""The same inputs give the archive that torch-model-archiver gives, whatever the option."""

from __future__ import annotations

import os
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest

from hatch_mar.build.plan import plan_project
from hatch_mar.errors import PackError
from hatch_mar.project.config.schema import ARCHIVE_KEYS
from tests.archives import SomeProject
from tests.e2e.conftest import Run

MANIFEST = "MAR-INF/MANIFEST.json"
SUFFIXES = {"default": ".mar", "zip-store": ".mar", "tgz": ".tar.gz", "no-archive": ""}
LIBRARY = "native/libreader" + (".dylib" if sys.platform == "darwin" else ".so")

FILES: Mapping[str, bytes] = {
    "src/model.py": b"class Net: ...\n",
    "src/handler.py": b"def handle(data, context): ...\n",
    "src/tokenizer.py": b"def tokens(text): ...\n",
    "handler.py": b"class Handler: ...\n",
    "weights/model.pt": b"PK\x03\x04" + bytes(range(256)) * 400,
    "weights/model.pth": b"\x80\x02}.",
    "weights/model.onnx": b"\x08\x07",
    "weights/modèle.pt": b"",
    "labels/index_to_name.json": b'{"0": "zero"}\n',
    "labels/a1.json": b"[1]\n",
    "labels/a2.json": b"[2]\n",
    "labels/b1.txt": b"3\n",
    "vocab/merges.txt": b"t h\n" * 400_000,
    "vocab/.version": b"1\n",
    "vocab/deep/words.txt": b"the\n",
    "vocab/deep/er/words.txt": b"The\n",
    "vocab/deep/__pycache__/words.cpython-311.pyc": b"cache",
    "requirements.txt": b"numpy\n",
    "deploy/requirements-cpu.txt": b"numpy<2\n",
    "deploy/model-config.yaml": b"minWorkers: 1\n",
    LIBRARY: b"\x7fELF",
}

Options = Mapping[str, Any]
"""Options of torch-model-archiver, which are keys of `[tool.mar]`, with their values."""

MINIMUM: Options = {"model-name": "reader", "version": "1.0", "handler": "base_handler"}

WEIGHTS: Options = {"serialized-file": "weights/model.pt"}
CASES: dict[str, Options] = {
    "minimum": {},
    "model-name": {"model-name": "Reader-2_b.1"},
    "version-number": {"version": "2"},
    "version-words": {"version": "2.0.0-rc.1+cpu é"},
    "serialized-file-pt": WEIGHTS,
    "serialized-file-pth": {"serialized-file": "weights/model.pth"},
    "serialized-file-onnx": {"serialized-file": "weights/model.onnx"},
    "serialized-file-not-ascii": {"serialized-file": "weights/modèle.pt"},
    "serialized-file-dotted": {"serialized-file": "./weights/../weights/model.pt"},
    "model-file": {"model-file": "src/model.py", "serialized-file": "weights/model.pth"},
    "handler-image-classifier": {"handler": "image_classifier", **WEIGHTS},
    "handler-image-segmenter": {"handler": "image_segmenter", **WEIGHTS},
    "handler-object-detector": {"handler": "object_detector", **WEIGHTS},
    "handler-text-classifier": {"handler": "text_classifier", **WEIGHTS},
    "handler-dali-image-classifier": {"handler": "dali_image_classifier", **WEIGHTS},
    "handler-vllm": {"handler": "vllm_handler"},
    "handler-trt-llm": {"handler": "trt_llm_handler"},
    "handler-file": {"handler": "src/handler.py"},
    "handler-file-at-root": {"handler": "handler.py"},
    "handler-file-dotted": {"handler": "./src/handler.py"},
    "handler-stem": {"handler": "src/handler"},
    "handler-stem-at-root": {"handler": "handler"},
    "handler-function": {"handler": "src/handler:handle"},
    "handler-function-at-root": {"handler": "handler:handle"},
    "extra-files-one": {"extra-files": "labels/index_to_name.json"},
    "extra-files-array": {"extra-files": ["labels/index_to_name.json", "src/tokenizer.py"]},
    "extra-files-commas": {"extra-files": "labels/index_to_name.json,src/tokenizer.py,labels/b1.txt"},
    "extra-files-directory": {"extra-files": "vocab"},
    "extra-files-directory-slash": {"extra-files": "vocab/"},
    "extra-files-directories": {"extra-files": ["vocab", "labels"]},
    "extra-files-star": {"extra-files": "labels/*.json"},
    "extra-files-question-mark": {"extra-files": "labels/a?.json"},
    "extra-files-brackets": {"extra-files": "labels/[ab]1.*"},
    "extra-files-star-directory": {"extra-files": "voc*"},
    "extra-files-star-mixed": {"extra-files": "vocab/*"},
    "extra-files-commas-mixed": {"extra-files": "vocab,labels/a*,src/tokenizer.py"},
    "extra-files-twice": {"extra-files": ["labels/a1.json", "labels/*.json", "labels"]},
    "extra-files-with-handler": {"handler": "src/handler.py", "extra-files": "src/*.py"},
    "runtime-python": {"runtime": "python"},
    "runtime-python3": {"runtime": "python3"},
    "requirements-file": {"requirements-file": "requirements.txt"},
    "requirements-file-below": {"requirements-file": "deploy/requirements-cpu.txt"},
    "config-file": {"config-file": "deploy/model-config.yaml"},
    "everything": {
        "model-name": "everything",
        "version": "3.1",
        "handler": "src/handler:handle",
        "model-file": "src/model.py",
        "serialized-file": "weights/model.pth",
        "extra-files": ["labels/*.json", "vocab", "src/tokenizer.py"],
        "runtime": "python3",
        "requirements-file": "deploy/requirements-cpu.txt",
        "config-file": "deploy/model-config.yaml",
    },
}
LSP: dict[str, Options] = {
    "base-handler": {"handler": "BaseHandler"},
    "torch-script-handler": {"handler": "TorchScriptHandler"},
    "library": {"handler": "native/libreader"},
    "library-class": {"handler": "native/libreader:Reader"},
}


@dataclass(frozen=True)
class Contents:
    """What an archive holds, in its manifest the two values aside that name a tool and a moment."""

    members: dict[str, bytes]
    manifest: str


def contents(archive: Path) -> Contents:
    """Read an archive of any format; no name may occur twice, and nothing be other than a file."""
    members: dict[str, bytes] = {}
    for name, data in read(archive):
        assert name not in members
        members[name] = data
    manifest = members.pop(MANIFEST).decode()
    return Contents(members, re.sub(r'("(createdOn|archiverVersion)": )"[^"]+"', r'\1"..."', manifest))


def read(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.is_dir():
        for path in archive.rglob("*"):
            if not path.is_dir():
                assert not path.is_symlink()
                yield path.relative_to(archive).as_posix(), path.read_bytes()
    elif archive.suffix == ".mar":
        with ZipFile(archive) as mar:
            assert mar.testzip() is None
            for info in mar.infolist():
                assert not info.is_dir()
                yield info.filename, mar.read(info)
    else:
        folder = archive.name.removesuffix(".tar.gz")
        with tarfile.open(archive, "r:gz") as tgz:
            for member in tgz:
                file = tgz.extractfile(member) if member.isreg() else None
                assert file is not None
                first, _, name = member.name.partition("/")
                assert first == folder
                yield name, file.read()


class Both:
    """One project's inputs, given to torch-model-archiver and to hatch-mar."""

    def __init__(self, root: Path, run: Run) -> None:
        self.root = root
        self._run = run
        # It deletes the folder of the model's name that it finds in the temporary directory.
        temporary = root.parent / "temporary"
        for directory in (root / "theirs", root / "ours", temporary):
            directory.mkdir(parents=True)
        self._variables = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
        for name, data in FILES.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def torch_model_archiver(self, options: Options, status: int = 0) -> Path:
        """The archive's path; torch-model-archiver says nothing of it."""
        arguments: list[str] = []
        for option, value in {"export-path": "theirs", **MINIMUM, **options}.items():
            if value is True:
                arguments.append(f"--{option}")
            elif value is not False:
                arguments += [f"--{option}", ",".join(value) if isinstance(value, list) else value]
        self._run("torch-model-archiver", *arguments, cwd=self.root, status=status, **self._variables)
        return Path(self.root, options.get("export-path", "theirs"), file_name(options))

    def hatch_mar(self, options: Options) -> Path:
        project = SomeProject(self.root, {"tool": {"mar": {**MINIMUM, **options}}})
        [planned] = plan_project(project, self.root / "ours")
        path = planned.build().path
        assert path == Path(self.root, options.get("export-path", "ours"), file_name(options))
        return path

    def assert_same(self, options: Options) -> None:
        theirs = contents(self.torch_model_archiver(options))
        ours = contents(self.hatch_mar(options))
        assert {*theirs.members} == {*ours.members}
        assert theirs == ours


def file_name(options: Options) -> str:
    suffix = SUFFIXES[options.get("archive-format", "default")]
    return str(options.get("model-name", MINIMUM["model-name"])) + suffix


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is packed is compared, much of which no server could load; that is for the checks to say."""
    monkeypatch.setattr("hatch_mar.build.plan.find_faults", lambda *arguments: [])


@pytest.fixture
def both(tmp_path: Path, run: Run) -> Both:
    return Both(tmp_path / "inputs", run)


every_format = pytest.mark.parametrize("archive_format", SUFFIXES)


class TestOptions:
    def test_all_are_keys(self, both: Both, run: Run) -> None:
        """Every option of torch-model-archiver is a key of `[tool.mar]`, and is compared here."""
        usage = run("torch-model-archiver", "--help", cwd=both.root)
        options = {*re.findall(r"^  .*?--([a-z-]+)", usage, re.MULTILINE)} - {"help"}

        assert len(options) == 12
        assert options <= {*ARCHIVE_KEYS}
        compared = {option for case in CASES.values() for option in case}
        assert options - compared == {"archive-format", "export-path", "force"}

    @every_format
    @pytest.mark.parametrize("options", CASES.values(), ids=[*CASES])
    def test_same_archive(self, both: Both, options: Options, archive_format: str) -> None:
        """Names, bytes and manifest, down to its text, are the same."""
        both.assert_same({**options, "archive-format": archive_format})

    @every_format
    @pytest.mark.parametrize("options", LSP.values(), ids=[*LSP])
    @pytest.mark.skipif(
        sys.platform == "win32", reason="TorchServe's C++ worker, which LSP means, is not for Windows"
    )
    def test_lsp(self, both: Both, options: Options, archive_format: str) -> None:
        """With the runtime LSP the handler is a library, whose ending is left out, or a built-in."""
        both.assert_same({"runtime": "LSP", **options, "archive-format": archive_format})

    @every_format
    def test_paths_elsewhere(self, both: Both, archive_format: str) -> None:
        """Paths may be absolute, or lead out of the project."""
        (both.root.parent / "shared.txt").write_bytes(b"shared")

        both.assert_same(
            {
                "handler": str(both.root / "src/handler.py"),
                "model-file": str(both.root / "src/model.py"),
                "serialized-file": str(both.root / "weights/model.pth"),
                "extra-files": ["../shared.txt", str(both.root / "labels/*.json"), str(both.root / "vocab")],
                "requirements-file": str(both.root / "requirements.txt"),
                "config-file": str(both.root / "deploy/model-config.yaml"),
                "archive-format": archive_format,
            }
        )

    @every_format
    @pytest.mark.skipif(os.name != "posix", reason="Links need a privilege on Windows")
    def test_links(self, both: Both, archive_format: str) -> None:
        """Links among the inputs become what they lead to."""
        (both.root / "latest.pt").symlink_to("weights/model.pt")
        (both.root / "linked").symlink_to("vocab", target_is_directory=True)
        (both.root / "labels/words").symlink_to("../vocab/deep", target_is_directory=True)

        both.assert_same(
            {
                "serialized-file": "latest.pt",
                "extra-files": ["linked", "labels"],
                "archive-format": archive_format,
            }
        )


class TestArchiveFormat:
    def test_default_format(self, both: Both) -> None:
        """Without `archive-format` both write a `.mar`, and nothing beside it."""
        both.assert_same(CASES["everything"])

        for directory in ("theirs", "ours"):
            assert [path.name for path in (both.root / directory).iterdir() if path.name != ".hatch"] == [
                "everything.mar"
            ]

    def test_zip_store(self, both: Both) -> None:
        """`zip-store` deflates nothing."""
        options = {**CASES["everything"], "archive-format": "zip-store"}

        for archive in (both.torch_model_archiver(options), both.hatch_mar(options)):
            with ZipFile(archive) as mar:
                assert {info.compress_type for info in mar.infolist()} == {ZIP_STORED}


class TestExportPath:
    @every_format
    @pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
    def test_export_path(self, both: Both, archive_format: str, absolute: bool) -> None:
        """`export-path` takes the archive, and nothing goes elsewhere."""
        found = []
        for tool, name in ((both.torch_model_archiver, "their models"), (both.hatch_mar, "our models")):
            directory = both.root / name
            directory.mkdir()
            export_path = str(directory) if absolute else name
            archive = tool({**WEIGHTS, "archive-format": archive_format, "export-path": export_path})
            assert [path for path in directory.iterdir() if path.name != ".hatch"] == [archive]
            found.append(contents(archive))

        assert found[0] == found[1]
        assert [*(both.root / "theirs").iterdir(), *(both.root / "ours").iterdir()] == []


class TestForce:
    @every_format
    def test_force(self, both: Both, archive_format: str) -> None:
        """With `force` a new archive takes the place of the old."""
        options = {**WEIGHTS, "archive-format": archive_format, "force": True}
        both.assert_same(options)
        (both.root / "weights/model.pt").write_bytes(b"trained again")

        both.assert_same({**options, "version": "2.0"})

        members = contents(both.root / "ours" / file_name(options)).members
        assert members["model.pt"] == b"trained again"

    @every_format
    def test_no_force(self, both: Both, archive_format: str) -> None:
        """Without it the old archive stays, and a new one that differs is an error."""
        options = {**WEIGHTS, "archive-format": archive_format, "force": False}
        theirs, ours = both.torch_model_archiver(options), both.hatch_mar(options)
        old = dict(read(theirs)), dict(read(ours))
        (both.root / "weights/model.pt").write_bytes(b"trained again")

        both.torch_model_archiver(options, status=1)
        with pytest.raises(PackError, match="already exists and differs"):
            both.hatch_mar(options)

        assert (dict(read(theirs)), dict(read(ours))) == old
