"""`hatch-mar archive` in the place of torch-model-archiver, and `hatch-mar migrate` away from it.

Every command line is run by both, each in a folder of its own with the same files. Then it
is turned into `[tool.mar]`, and built from there. Where hatch-mar means to do otherwise, it
is written down what torch-model-archiver does, and what hatch-mar does instead.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hatch_mar.build.plan import plan_project
from hatch_mar.cli import main
from tests.archives import SomeProject
from tests.e2e.conftest import Run, require
from tests.e2e.test_torch_model_archiver import Contents, contents

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="Windows asks who may make links")

FILES: Mapping[str, bytes] = {
    "model.py": b"class Net: ...\n",
    "handler.py": b"class Handler: ...\n",
    "src/model.py": b"class Deep: ...\n",
    "src/handler.py": b"def handle(data, context): ...\n",
    "src/text_handler.py": b"def handle(data, context): ...\n",
    "image_classifier.py": b"class Own: ...\n",
    "my.own.py": b"class Own: ...\n",
    "weights/model.pt": b"PK\x03\x04" + bytes(range(256)) * 40,
    "weights/model.pth": b"\x80\x02}.",
    "weights/model.onnx": b"\x08\x07",
    "labels/index_to_name.json": b'{"0": "zero"}\n',
    "labels/a1.json": b"[1]\n",
    "labels/a2.json": b"[2]\n",
    "labels/b1.txt": b"3\n",
    "vocab/merges.txt": b"t h\n",
    "vocab/deep/words.txt": b"the\n",
    "vocab/deep/__pycache__/words.pyc": b"cache",
    "two words/my handler.py": b"class Handler: ...\n",
    "two words/my labels.txt": b"zero\n",
    "requirements.txt": b"numpy\n",
    "model-config.yaml": b"minWorkers: 1\n",
    "deploy/config.yml": b"maxWorkers: 1\n",
    "store/.keep": b"",
    "native/libreader.so": b"\x7fELF",
    "native/libreader.dylib": b"\xcf\xfa",
}
"""What both find. `store` is where archives go."""

BASE = "--model-name m --version 1.0 --handler base_handler"

SAME = [
    # the least
    BASE,
    # every option
    f"{BASE} --serialized-file weights/model.pt",
    f"{BASE} --serialized-file weights/model.pth --model-file model.py",
    f"{BASE} --serialized-file weights/model.onnx",
    f"{BASE} --model-file src/model.py",
    f"{BASE} --extra-files labels/index_to_name.json",
    f"{BASE} --requirements-file requirements.txt",
    f"{BASE} --config-file model-config.yaml",
    f"{BASE} --export-path store",
    f"{BASE} --export-path .",
    f"{BASE} --export-path ''",
    f"{BASE} --force",
    # every spelling
    "--model-name m -v 1.0 --handler base_handler",
    "--model-name m -v1.0 --handler base_handler",
    f"{BASE} -r requirements.txt -c deploy/config.yml -f",
    f"{BASE} -frrequirements.txt",
    "--model-name=m --version=1.0 --handler=base_handler --serialized-file=weights/model.pt",
    "--model-n m --v 1.0 --ha handler.py --s weights/model.pt --model-f model.py",
    "--model-n=m --vers=1.0 --hand=handler.py --ser=weights/model.pt --exp=store --arch=tgz --ru=python3",
    f"{BASE} --ext labels/a1.json --req requirements.txt --c model-config.yaml",
    "--handler base_handler --version 1.0 --model-name m",
    f"{BASE} --version 2.0 --model-name n",
    # names and versions
    "--model-name M-2_b.1 --version 2.0.0-rc.1+cpu --handler base_handler",
    "--model-name m --version 'two words' --handler base_handler",
    "--model-name 3d-unet --version 1.0 --handler base_handler",
    # extra files
    f"{BASE} --extra-files labels/a1.json,labels/b1.txt,vocab/merges.txt",
    f"{BASE} --extra-files 'labels/*.json'",
    f"{BASE} --extra-files 'labels/a?.json,labels/[b]1.txt'",
    f"{BASE} --extra-files vocab",
    f"{BASE} --extra-files vocab/",
    f"{BASE} --extra-files vocab,labels,model.py",
    f"{BASE} --extra-files 'voc*/'",
    f"{BASE} --extra-files 'vocab/*'",
    f"{BASE} --extra-files '*/deep'",
    f"{BASE} --extra-files 'two words/my labels.txt'",
    f"{BASE} --extra-files 'labels/a1.json, labels/*.txt'",
    f"{BASE} --extra-files ./labels/../labels/a1.json",
    f"{BASE} --extra-files labels/a1.json,labels,labels/a1.json",
    f"{BASE} --extra-files {{root}}/labels/a1.json,{{root}}/vocab",
    f"{BASE} --extra-files ''",
    f"{BASE} --extra-files labels/a1.json,",
    f"{BASE} --extra-files ,labels/a1.json,,labels/a2.json",
    f"{BASE} --extra-files ,",
    # handlers
    *(f"--model-name m --version 1.0 --handler {handler} --serialized-file weights/model.pt" for handler in (
        "base_handler", "image_classifier", "image_segmenter", "object_detector", "text_classifier",
        "dali_image_classifier", "vllm_handler", "trt_llm_handler", "handler.py", "handler", "src/handler.py",
        "src/handler", "src/handler:handle", "handler:handle", "./handler.py", "./image_classifier",
        "./image_classifier.py", "image_classifier.py", "my.own", "src/text_handler", "{root}/src/handler.py",
        "{root}/src/handler", "{root}/src/handler:handle", "'two words/my handler.py'",
        "'two words/my handler'",
    )),
    # runtimes
    f"{BASE} --runtime python",
    f"{BASE} --runtime python3",
    "--model-name m --version 1.0 --handler BaseHandler --runtime LSP",
    "--model-name m --version 1.0 --handler TorchScriptHandler --runtime LSP",
    "--model-name m --version 1.0 --handler native/libreader --runtime LSP",
    "--model-name m --version 1.0 --handler native/libreader:Reader --runtime LSP",
    # formats
    *(f"{BASE} --archive-format {form} --serialized-file weights/model.pt --extra-files vocab"
      " --export-path store" for form in ("default", "zip-store", "tgz", "no-archive")),
    f"{BASE} --archive-format no-archive",
    # places
    f"{BASE} --export-path {{root}}/store",
    f"{BASE} --export-path store/ --serialized-file {{root}}/weights/model.pt",
    f"{BASE} --model-file {{root}}/src/model.py -r {{root}}/requirements.txt -c {{root}}/model-config.yaml",
    f"{BASE} --serialized-file ./weights/../weights/model.pt",
    f"{BASE} --serialized-file weights//model.pt",
    # all of it
    ("--model-name all --version 3 --model-file src/model.py --serialized-file weights/model.pth"
    " --handler src/handler:handle --extra-files 'labels/*.json,vocab,two words/my labels.txt'"
    " --runtime python3 --export-path store --archive-format tgz -r requirements.txt -c deploy/config.yml"
    " --force"),
]  # fmt: skip
"""Commands that write an archive."""

FAILING = {
    # files
    f"{BASE} --serialized-file weights/none.pt": 1,
    f"{BASE} --serialized-file weights": 1,
    f"{BASE} --serialized-file 'weights/*.pt'": 1,
    f"{BASE} --model-file none.py": 1,
    f"{BASE} --extra-files none.txt": 1,
    f"{BASE} --extra-files labels/a1.json,none.txt": 1,
    f"{BASE} -r none.txt": 1,
    f"{BASE} -c none.yaml": 1,
    "--model-name m --version 1.0 --handler none.py": 1,
    "--model-name m --version 1.0 --handler none": 1,
    "--model-name m --version 1.0 --handler src/none:handle": 1,
    "--model-name m --version 1.0 --handler native/none --runtime LSP": 1,
    # places
    f"{BASE} --export-path none": 1,
    f"{BASE} --export-path model.py": 1,
    # names
    "--model-name 'a b' --version 1.0 --handler base_handler": 1,
    "--model-name a/b --version 1.0 --handler base_handler": 1,
    "--model-name -m --version 1.0 --handler base_handler": 2,
    "--model-name=-m --version 1.0 --handler base_handler": 1,
    "--model-name .m --version 1.0 --handler base_handler": 1,
    "--model-name é --version 1.0 --handler base_handler": 1,
    "--model-name '' --version 1.0 --handler base_handler": 1,
    # usage
    "": 2,
    "--model-name m": 2,
    "--version 1.0 --handler base_handler": 2,
    "--model-name m --handler base_handler": 2,
    "--model-name m --version 1.0": 2,
    "--model-name m --version --handler base_handler": 2,
    "--model m --version 1.0 --handler base_handler": 2,
    "--model-name m --version 1.0 --h handler.py": 2,
    f"{BASE} more": 2,
    f"{BASE} --no-archive": 2,
    f"{BASE} --re requirements.txt --r python": 2,
    f"{BASE} --archive-format zip": 2,
    f"{BASE} --runtime python2": 2,
    f"{BASE} --force=yes": 2,
    f"{BASE} --extra-files a b": 2,
}
"""Commands that write none, with their exit status."""


@dataclass(frozen=True)
class Outcome:
    status: int
    archives: Mapping[str, Contents]
    """All that stand in the folder afterwards, by their paths."""


class Folder:
    """The inputs, for one of the two tools."""

    def __init__(self, root: Path, call: Callable[[Path, list[str]], int]) -> None:
        self.root = root
        self._call = call
        for name, data in FILES.items():
            self.write(name, data)

    def write(self, name: str, data: bytes = b"") -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def __call__(self, command: str) -> Outcome:
        arguments = [word.replace("{root}", str(self.root)) for word in shlex.split(command)]
        return Outcome(self._call(self.root, arguments), self.archives())

    def archives(self) -> dict[str, Contents]:
        found = [path for path in self.root.rglob("*") if path.name.endswith((".mar", ".tar.gz"))]
        found += [path.parents[1] for path in self.root.rglob("MAR-INF/MANIFEST.json")]
        return {path.relative_to(self.root).as_posix(): contents(path) for path in found}


@pytest.fixture
def theirs(tmp_path: Path, run: Run) -> Folder:
    # torch-model-archiver deletes the folder of the model's name that it finds there
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {**run.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}

    def call(root: Path, arguments: list[str]) -> int:
        command = [require("torch-model-archiver"), *arguments]
        return subprocess.run(command, cwd=root, env=environ, capture_output=True, check=False).returncode

    return Folder(tmp_path / "theirs", call)


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    def call(root: Path, arguments: list[str]) -> int:
        monkeypatch.chdir(root)
        return status_of("archive", *arguments)

    return Folder(tmp_path / "ours", call)


@pytest.fixture
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    # this is about what is packed, and not about whether it is any good
    monkeypatch.setattr("hatch_mar.build.plan.find_faults", lambda *_: [])

    def call(root: Path, arguments: list[str]) -> int:
        monkeypatch.chdir(root)
        capsys.readouterr()
        status = status_of("migrate", "--", "torch-model-archiver", *arguments)
        printed = capsys.readouterr().out
        if status == 0:
            project = SomeProject(root, tomllib.loads(printed))
            for planned in plan_project(project, root):
                planned.build()
        return status

    return Folder(tmp_path / "migrated", call)


def status_of(*arguments: str) -> int:
    try:
        return main([*arguments])
    except SystemExit as end:
        return int(end.code or 0)


class TestSame:
    def test_many(self) -> None:
        """There are enough command lines to believe it."""
        assert len(SAME) + len(FAILING) > 100

    @pytest.mark.parametrize("command", SAME)
    def test_archive(self, theirs: Folder, ours: Folder, migrated: Folder, command: str) -> None:
        """The archive is the same, written in place or built from the migrated table."""
        expected = theirs(command)

        assert expected.status == 0
        assert len(expected.archives) == 1
        assert ours(command) == expected
        assert migrated(command) == expected

    @pytest.mark.parametrize(("command", "status"), FAILING.items(), ids=[*FAILING])
    def test_failing(self, theirs: Folder, ours: Folder, command: str, status: int) -> None:
        """What fails with the one fails with the other, and neither leaves an archive."""
        assert theirs(command).status == status
        assert ours(command) == Outcome(status, {})

    @pytest.mark.parametrize("command", [line for line, status in FAILING.items() if status == 2 and line])
    def test_wrong_usage(self, migrated: Folder, command: str) -> None:
        """Wrong usage of torch-model-archiver is wrong usage, too, where it is to be migrated."""
        assert migrated(command).status == 2

    @pytest.mark.parametrize("form", ["default", "zip-store", "tgz", "no-archive"])
    @pytest.mark.parametrize(("force", "status"), [("", 1), ("--force", 0), ("-f", 0)])
    def test_existing(self, theirs: Folder, ours: Folder, form: str, force: str, status: int) -> None:
        """An archive is replaced with --force only."""
        command = f"{BASE} --serialized-file weights/model.pt --archive-format {form}"
        for folder in (theirs, ours):
            assert folder(command).status == 0
            folder.write("weights/model.pt", b"trained again")

        expected = theirs(f"{command} {force}")

        assert status == expected.status
        assert ours(f"{command} {force}") == expected

    def test_working_directory(self, theirs: Folder, ours: Folder) -> None:
        """Without --export-path the archive goes to where the command runs."""
        for folder in (theirs, ours):
            assert [*folder(BASE).archives] == ["m.mar"]


@dataclass(frozen=True)
class Fixed:
    """A command that the two take differently, and what comes of it: a status, or the members' names."""

    command: str
    theirs: int | set[str]
    ours: int | set[str]
    files: tuple[str, ...] = ()
    migrated: int | set[str] | None = None
    """What is built from the table; without it, as `ours`."""


FIXED = {
    # the numbers are those of the faults in the table of torch-model-archiver's weaknesses
    "8: the last of two files of a name stays": Fixed(
        "--model-name m -v 1 --model-file a/one.py --handler b/one.py",
        {"one.py"}, 1, ("a/one.py", "b/one.py"),
    ),
    "8: an extra file replaces the handler": Fixed(
        "--model-name m -v 1 --handler handler.py --extra-files a/handler.py",
        {"handler.py"}, 1, ("a/handler.py",),
    ),
    "9: two directories with a folder of one name": Fixed(
        f"{BASE} --extra-files a,b", 1, {"in/1.txt", "in/2.txt"}, ("a/in/1.txt", "b/in/2.txt"),
    ),
    "11: a blank after a comma": Fixed(
        f"{BASE} --extra-files 'labels/a1.json, labels/a2.json'", 1, {"a1.json", "a2.json"},
    ),
    "11: a name that looks like a pattern": Fixed(
        f"{BASE} --extra-files 'w[1].bin'", set(), {"w[1].bin"}, ("w[1].bin",),
    ),
    "11: a pattern that matches nothing": Fixed(f"{BASE} --extra-files '*.none'", set(), 1),
    "11: ** goes no deeper than *": Fixed(
        f"{BASE} --extra-files 'vocab/**/*.txt'", {"words.txt"}, {"merges.txt", "words.txt"},
        # a migrated command keeps the files it had
        migrated={"words.txt"},
    ),
    "13: hidden directories are dropped": Fixed(
        f"{BASE} --extra-files a", {"1.txt"}, {"1.txt", ".in/2.txt"}, ("a/1.txt", "a/.in/2.txt"),
    ),
    "13: caches are packed": Fixed(
        f"{BASE} --extra-files a",
        {"1.txt", "1.pyc", ".DS_Store"}, {"1.txt"}, ("a/1.txt", "a/1.pyc", "a/.DS_Store"),
    ),
    "14: a handler's function after .py": Fixed(
        "--model-name m -v 1 --handler src/handler.py:handle", 1, {"handler.py"},
    ),
    "14: a handler in a module": Fixed("--model-name m -v 1 --handler package.module:handle", 1, set()),
    "14: a handler below a folder with .py in its name": Fixed(
        "--model-name m -v 1 --handler a.pytorch/handler", 1, {"handler.py"}, ("a.pytorch/handler.py",),
    ),
    "14: a handler that the server has, unknown to torch-model-archiver": Fixed(
        "--model-name m -v 1 --handler vision_handler", 1, set(),
    ),
    "14: a colon without a function": Fixed("--model-name m -v 1 --handler handler:", {"handler.py"}, 1),
    "16: a name with two dots": Fixed("--model-name m..1 -v 1 --handler base_handler", set(), 1),
    "16: a name that ends with a new line": Fixed(
        "--model-name 'm\n' -v 1 --handler base_handler", set(), 1,
    ),
    "17: no handler": Fixed("--model-name m -v 1 --handler ''", set(), 1),
    "17: no version": Fixed("--model-name m --version '' --handler base_handler", set(), set(), migrated=1),
    "17: a handler of LSP with its ending": Fixed(
        "--model-name m -v 1 --runtime LSP --handler native/libreader"
        + (".dylib" if sys.platform == "darwin" else ".so"),
        1, {"libreader" + (".dylib" if sys.platform == "darwin" else ".so")},
    ),
}  # fmt: skip
"""The faults of torch-model-archiver that hatch-mar fixes, and how."""


class TestFixed:
    @pytest.mark.parametrize("case", FIXED.values(), ids=[*FIXED])
    def test_instead(self, theirs: Folder, ours: Folder, migrated: Folder, case: Fixed) -> None:
        """torch-model-archiver still has the fault, and hatch-mar does what it means to."""
        for folder in (theirs, ours, migrated):
            for name in case.files:
                folder.write(name, f"{name}\n".encode())

        assert outcome(theirs, case.command) == case.theirs
        assert outcome(ours, case.command) == case.ours
        if isinstance(case.ours, set) or case.migrated is not None:
            assert outcome(migrated, case.command) == (case.ours if case.migrated is None else case.migrated)

    def test_temporary_directory(self, theirs: Folder, ours: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """1: torch-model-archiver deletes what has the model's name in the temporary directory."""
        precious = theirs.root.parent / "temporary" / "m" / "data"
        for folder, kept in ((theirs, False), (ours, True)):
            precious.parent.mkdir(exist_ok=True)
            precious.touch()
            monkeypatch.setenv("TMPDIR", str(precious.parents[1]))

            assert folder(BASE).status == 0
            assert precious.exists() == kept

    def test_no_archive_in_temporary_directory(self, theirs: Folder, ours: Folder) -> None:
        """4: torch-model-archiver deletes the directory that it has just written."""
        command = f"{BASE} --archive-format no-archive --export-path {theirs.root.parent / 'temporary'}"

        for folder, kept in ((theirs, False), (ours, True)):
            assert folder(command).status == 0
            assert (theirs.root.parent / "temporary" / "m").exists() == kept

    def test_old_archive(self, theirs: Folder, ours: Folder) -> None:
        """6: torch-model-archiver fails at a file of before 1980, when the old archive is gone."""
        for folder in (theirs, ours):
            assert folder(BASE).status == 0
            os.utime(folder.root / "requirements.txt", (0, 0))

        command = f"{BASE} --extra-files requirements.txt -f"

        with pytest.raises(KeyError, match=r"MANIFEST\.json"):
            theirs(command)
        assert zipfile.ZipFile(theirs.root / "m.mar").namelist() == []
        assert outcome(ours, command) == {"requirements.txt"}

    def test_manifest_among_inputs(self, theirs: Folder, ours: Folder) -> None:
        """10: torch-model-archiver writes two manifests."""
        for folder in (theirs, ours):
            folder.write("old/MAR-INF/MANIFEST.json", b"{}")
        command = f"{BASE} --extra-files old"

        with pytest.raises(AssertionError):
            theirs(command)
        assert outcome(ours, command) == 1

    @needs_links
    def test_broken_link(self, theirs: Folder, ours: Folder) -> None:
        """12: torch-model-archiver passes over a broken link."""
        for folder in (theirs, ours):
            (folder.root / "vocab/broken").symlink_to("nowhere")
        command = f"{BASE} --extra-files vocab"

        assert outcome(theirs, command) == {"merges.txt", "deep/words.txt"}
        assert outcome(ours, command) == 1

    def test_reproducible(self, theirs: Folder, ours: Folder) -> None:
        """18: torch-model-archiver writes other bytes each time."""
        command = f"{BASE} --extra-files labels"
        for folder, same in ((theirs, False), (ours, True)):
            folder(command)
            before = (folder.root / "m.mar").read_bytes()
            os.utime(folder.root / "labels/a1.json", (10**9, 10**9))
            assert folder(f"{command} --force").status == 0
            assert (before == (folder.root / "m.mar").read_bytes()) == same

    def test_stale_files(self, theirs: Folder, ours: Folder) -> None:
        """21: torch-model-archiver leaves what an older directory held."""
        command = f"{BASE} --archive-format no-archive"
        for folder in (theirs, ours):
            folder(f"{command} --extra-files vocab")

        assert outcome(theirs, f"{command} -f") == {"merges.txt", "deep/words.txt"}
        assert outcome(ours, f"{command} -f") == set()

    def test_force(self, migrated: Folder) -> None:
        """A migrated archive is replaced when it is built again, whatever the command said of --force."""
        migrated(f"{BASE} --serialized-file weights/model.pt")
        migrated.write("weights/model.pt", b"trained again")

        [archive] = migrated(f"{BASE} --serialized-file weights/model.pt").archives.values()

        assert archive.members == {"model.pt": b"trained again"}


def outcome(folder: Folder, command: str) -> int | set[str]:
    """The status of a command that fails, or the names in the archive that it writes."""
    before = set(folder.archives())
    found = folder(command)
    if found.status:
        assert set(found.archives) == before
        return found.status
    [archive] = found.archives.values()
    return set(archive.members)
