"""What the checks say of a file is what TorchServe's own code does with it.

Unpack.java calls `ModelArchive.downloadModel` of the jar in TorchServe's wheel, on every file
of this module in one JVM.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.checks.archive_file import check_path
from hatch_mar.errors import ReadError
from hatch_mar.zip_records import UTF8_NAME
from tests.archives import PACKING, archive_of, tree
from tests.checks.containers import FILES, MANIFEST, Entry, described, gz, model, tar, zipped
from tests.checks.faults import FOLDERS, NAMES, TARS, ZIPS, Tree
from tests.checks.unpacking import check_unpacking
from tests.e2e.conftest import DEADLINE, Run, require, without
from tests.e2e.hostile.archives import containers
from tests.e2e.mutations import tars, zips

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Many of the names are not for Windows")

PROGRAM = Path(__file__).with_name("Unpack.java")
UTF_8 = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
READS_LARGE_DESCRIPTORS = 22
"""The Java whose ZipInputStream knows that a small member's size may have 64 bits."""

FAULTS = {
    f"{kind}, {name}": fault
    for kind, faults in {"zip": ZIPS, "folder": FOLDERS, "tar": TARS, "names": NAMES}.items()
    for name, fault in faults.items()
}
DAMAGED = {
    "d.mar": model(
        Entry("stored", bytes(range(256))),
        Entry("deflated", b"def " * 99, method=8),
        described("described", b"xyz" * 99),
        Entry("folder/"),
    ),
    "d.tar.gz": gz(tar({**FILES, "long/" * 30 + "name": b"x" * 700})),
}
"""Whole archives, of which damaged copies are made."""
COPIES = 300
SEED = int(os.environ.get("MUTATIONS_SEED") or random.SystemRandom().randrange(1 << 32))
MUTATIONS = int(os.environ.get("MUTATIONS") or 800)
"""How many new mutations of zips and of tars each run has. Those of a seed can be made again."""

EXTRA = {"labels.json": b"{}", "deep/er/vocab.txt": b"t h\n" * 400_000, "modèle.txt": b"", "empty": b""}
SOURCES = {name: data for name, data in FILES.items() if name in ("h.py", "w.pt")} | EXTRA
"""Files of a model, without its manifest."""
MADE = {**SOURCES, "MAR-INF/MANIFEST.json": MANIFEST}
"""Those with it, as somebody packs them by hand."""

TOOLS = {
    "zip": "zip -qr ../m.mar .",
    "zip -0": "zip -q0r ../m.mar .",
    "tar": "cd .. && tar -czf m.tar.gz m",
    "tar --format ustar": "cd .. && tar --format ustar -czf m.tar.gz m",
    "tar --format pax": "cd .. && tar --format pax -czf m.tar.gz m",
    "tar .": "tar -czf ../m.tar.gz .",
}
"""How people pack a folder `m` in which they are."""


@dataclass(frozen=True)
class Unpacked:
    """What TorchServe made of an archive: what it threw, or the files and the model's name."""

    thrown: str
    tree: Tree
    model: str | None


def jar() -> Path:
    found = importlib.util.find_spec("ts")
    if found is None or found.origin is None:
        raise AssertionError(without("module `ts`, which is TorchServe"))
    return Path(found.origin).parent / "frontend" / "model-server.jar"


@cache
def java_release() -> int:
    shown = subprocess.run([require("java"), "-version"], check=True, capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', shown)
    assert found
    return int(found[1])


def unpack(paths: Iterable[Path], work: Path, locale: str = UTF_8) -> list[Unpacked]:
    """What TorchServe makes of these archives, in a JVM of this locale."""
    cases, answers = work / "cases", work / "answers"
    lines = (f"{path.parent}\t{path.name}\n" for path in paths)
    cases.write_text("".join(lines), encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    command = [require("java"), f"-Djava.io.tmpdir={work}", "-cp", str(jar()), str(PROGRAM)]
    done = subprocess.run(
        [*command, str(cases), str(answers)],
        env={**environ, "LC_ALL": locale},
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return [read_answer(line) for line in answers.read_bytes().decode("utf-8").split("\n") if line]


def read_answer(line: str) -> Unpacked:
    word, rest = line.split("\t", 1)
    if word == "thrown":
        return Unpacked(rest, {}, None)
    directory, name = rest.split("\t", 1)
    return Unpacked("", tree(Path(directory)), None if name == "null" else name)


def write(root: Path, files: Tree) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class Store:
    """Archives by what they are, each in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: dict[str, Path] = {}

    def add(self, name: str, file_name: str, data: bytes | None = None) -> Path:
        """The path of an archive, which is written if it has its bytes already."""
        path = self.root / str(len(self.paths)) / file_name
        path.parent.mkdir(parents=True)
        self.paths[name] = path
        if data is not None:
            path.write_bytes(data)
        return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Store:
    for tool in ("zip", "tar"):
        require(tool)
    store = Store(tmp_path_factory.mktemp("archives"))
    for name, fault in FAULTS.items():
        fault.write(store.add(name, fault.file).parent)
    for name, form in FORMATS.items():
        form.write(archive_of(SOURCES), store.add(f"hatch-mar, {name}", f"m{form.suffix}"), PACKING)
        by_torch_model_archiver(store.add(f"torch-model-archiver, {name}", f"m{form.suffix}"), name, run)
    for name, command in TOOLS.items():
        path = store.add(name, "m.mar" if name.startswith("zip") else "m.tar.gz")
        write(path.parent / "m", MADE)
        run("sh", "-c", command, cwd=path.parent / "m")
    add_others(store, run)
    for name, data in DAMAGED.items():
        store.add(f"whole {name}", name, data)
    for name, data in damaged():
        store.add(f"damaged, {len(store.paths)}", name, data)
    return store


def by_torch_model_archiver(path: Path, form: str, run: Run) -> None:
    work = path.parent / "work"
    (work / "tmp").mkdir(parents=True)
    write(work, {name: data for name, data in SOURCES.items() if name not in EXTRA})
    write(work / "extra", EXTRA)
    options = {
        "--model-name": "m",
        "--version": "1.0",
        "--handler": "h.py",
        "--serialized-file": "w.pt",
        "--extra-files": "extra",
        "--archive-format": form,
        "--export-path": str(path.parent),
    }
    arguments = (word for option in options.items() for word in option)
    # it deletes the folder of the model's name that it finds in the temporary directory
    run("torch-model-archiver", *arguments, cwd=work, TMPDIR=str(work / "tmp"))


def add_others(store: Store, run: Run) -> None:
    """Archives that are in order though they look odd."""
    store.add("folder in a folder", "m")
    write(store.paths["folder in a folder"] / "m", MADE)
    made = store.root / "made"
    write(made, MADE)
    for form, suffix in {"zip": ".mar", "gztar": ".tar.gz"}.items():
        path = store.add(f"shutil, {form}", f"m{suffix}")
        shutil.move(shutil.make_archive(str(path.with_name("a")), form, made), path)
    with open(store.add("zipfile to a pipe", "m.mar"), "wb") as file:
        pipe = os.fdopen(os.dup(file.fileno()), "wb")
        pipe.seekable = lambda: False  # type: ignore[method-assign]
        with pipe, ZipFile(pipe, "w", ZIP_DEFLATED) as mar:
            for name, data in MADE.items():
                mar.writestr(name, data)
    members = [Entry(name, data, flags=0x800) for name, data in MADE.items()]
    store.add("comment behind the zip", "m.mar", zipped(*members)[:-2] + b"\5\0hello")
    path = store.add("zip to a pipe", "m.mar")
    write(path.parent / "m", MADE)
    run("sh", "-c", "zip -qr - . | cat > ../m.mar", cwd=path.parent / "m")
    store.add("bgzip", "m.tar.gz", gz(tar(MADE), b""))


def damaged() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(0)
    for name, data in DAMAGED.items():
        for _ in range(COPIES):
            start = chance.randrange(len(data))
            kind = chance.choice(("flipped", "cut", "lost", "more"))
            changed = bytearray(data)
            if kind == "flipped":
                changed[start] ^= 1 << chance.randrange(8)
            elif kind == "cut":
                del changed[start:]
            elif kind == "lost":
                del changed[start : start + chance.randrange(1, 64)]
            else:
                changed[start:start] = chance.randbytes(chance.randrange(1, 64))
            yield name, bytes(changed)


@pytest.fixture(scope="module")
def unpacked(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unpacked]:
    """What TorchServe makes of each archive of the store."""
    found = unpack(store.paths.values(), tmp_path_factory.mktemp("unpacked"))
    return dict(zip(store.paths, found, strict=True))


class TestFaults:
    @pytest.mark.parametrize("name", FAULTS)
    def test_fault(self, unpacked: dict[str, Unpacked], name: str) -> None:
        """TorchServe fails on the file, or loses of it what the rule says."""
        fault, found = FAULTS[name], unpacked[name]
        if "MAR814" in fault.found and java_release() >= READS_LARGE_DESCRIPTORS:
            assert not found.thrown
            return

        if fault.raises:
            assert re.search(fault.raises, found.thrown)
        else:
            assert (found.thrown, {*found.tree}) == ("", {*(fault.tree or {})})
            assert found == Unpacked("", fault.tree or {}, fault.model)


class TestInOrder:
    @pytest.mark.parametrize("tool", ["hatch-mar", "torch-model-archiver"])
    @pytest.mark.parametrize("form", FORMATS)
    def test_archivers(self, store: Store, unpacked: dict[str, Unpacked], tool: str, form: str) -> None:
        """What hatch-mar and torch-model-archiver write is unpacked whole, and nothing is said of it."""
        found = unpacked[f"{tool}, {form}"]

        assert found.thrown == ""
        assert {**found.tree, "MAR-INF/MANIFEST.json": b""} == {**SOURCES, "MAR-INF/MANIFEST.json": b""}
        assert found.model == ("digits" if tool == "hatch-mar" else "m")
        assert [*check_unpacking(store.paths[f"{tool}, {form}"], deep=True)] == []
        with open_container(store.paths[f"{tool}, {form}"]) as container:
            assert {member.name for member in container.members} == {*found.tree}

    @pytest.mark.parametrize(
        "name",
        [
            *(*TOOLS, "shutil, zip", "shutil, gztar", "zipfile to a pipe"),
            *("folder in a folder", "comment behind the zip", "bgzip"),
        ],
    )
    def test_tools(self, store: Store, unpacked: dict[str, Unpacked], name: str) -> None:
        """What people pack by hand likewise."""
        assert unpacked[name] == Unpacked("", MADE, "m")
        assert [*check_unpacking(store.paths[name], deep=True)] == []
        with open_container(store.paths[name]) as container:
            assert {member.name for member in container.members} == {*MADE}

    def test_pipe(self, store: Store, unpacked: dict[str, Unpacked]) -> None:
        """`zip` stores what it cannot deflate, in a pipe too, where TorchServe cannot read it."""
        [found] = check_unpacking(store.paths["zip to a pipe"])

        assert found.code == "MAR813"
        assert "only DEFLATED entries can have EXT descriptor" in unpacked["zip to a pipe"].thrown


class TestDamage:
    def test_damage(self, store: Store, unpacked: dict[str, Unpacked]) -> None:
        """Whatever happens to a file: where TorchServe fails or finds other files, there is an error."""
        copies = [name for name in store.paths if name.startswith("damaged, ")]
        assert len(copies) == COPIES * len(DAMAGED)
        assert not any(unpacked[f"whole {name}"].thrown for name in DAMAGED)
        for name in copies:
            path, found = store.paths[name], unpacked[name]
            if found.thrown or found.tree != unpacked[f"whole {path.name}"].tree:
                errors = [
                    finding for finding in check_unpacking(path, deep=True) if finding.severity == "error"
                ]
                assert errors, (path, found)


def read_tree(path: Path, *, deep: bool) -> Tree | None:
    """The files of an archive as every command reads them; None if it is refused."""
    try:
        with open_container(path, deep=deep) as container:
            return {member.name: b"".join(member.source.chunks()) for member in container.members}
    except ReadError:
        return None


def mismatch(path: Path, found: Unpacked) -> str:
    """Where we take an archive for something else than TorchServe does, without an error."""
    has_error = any(finding.severity == "error" for finding in check_path(path))
    if found.thrown:
        return "" if has_error else f"no error, where TorchServe has thrown {found.thrown}"
    for deep in (True, False):
        read = read_tree(path, deep=deep)
        if read is None and deep and not has_error:
            return "refused without an error"
        if read is not None and read != found.tree:
            wrong = {name for name in {*read, *found.tree} if read.get(name) != found.tree.get(name)}
            return f"other files, read {'deeply' if deep else 'from the headers'}: {sorted(wrong)}"
    return ""


def read_by_python(path: Path) -> Tree | None:
    """The files of an archive as `zipfile` or `tarfile` reads them; None if that cannot be compared."""
    try:
        if path.suffix == ".mar":
            with ZipFile(path) as mar:
                return {name_in_utf_8(info): mar.read(info) for info in mar.infolist() if not info.is_dir()}
        with tarfile.open(path) as file:
            infos = [info for info in file if not info.isdir()]
            if any(info.name.startswith("/") for info in infos):
                return None  # it keeps the slash, which Java's reader removes if an extended header has it
            streams = {info.name[info.name.find("/") + 1 :]: file.extractfile(info) for info in infos}
            return {name: stream.read() if stream else b"" for name, stream in streams.items()}
    except (BadZipFile, tarfile.TarError, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError):
        return None


def name_in_utf_8(info: ZipInfo) -> str:
    """A name that `zipfile` takes for one in the code page of MS-DOS where nothing says that it is not."""
    return info.filename if info.flag_bits & UTF8_NAME else info.filename.encode("cp437").decode("utf-8")


def disagreement(path: Path, found: Unpacked) -> str:
    """Where Python's reader takes an archive for something else than TorchServe, and nothing is said."""
    if found.thrown or any(check_unpacking(path, deep=True)):
        return ""
    read = read_by_python(path)
    if read is None or read == found.tree:
        return ""
    return f"Python reads other files: {sorted(read)}"


class TestSameFiles:
    """The names and the bytes that we read are those that TorchServe unpacks, even beside an error."""

    def test_known(self, store: Store, unpacked: dict[str, Unpacked]) -> None:
        """So it is of every file of this module."""
        wrong = {name: mismatch(path, unpacked[name]) for name, path in store.paths.items()}

        assert {name: text for name, text in wrong.items() if text} == {}

    def test_hostile(self, tmp_path: Path) -> None:
        """So it is of archives that two readers take for different things."""
        store = Store(tmp_path)
        paths = [store.add(each.file, each.file, each.data) for each in containers()]
        found = [mismatch(path, each) for path, each in zip(paths, unpack(paths, tmp_path), strict=True)]

        assert [(path.name, text) for path, text in zip(paths, found, strict=True) if text] == []

    @pytest.mark.parametrize("kind", [zips, tars], ids=["zips", "tars"])
    def test_mutations(self, kind: ModuleType, tmp_path: Path) -> None:
        """So it is of archives that are new in each run. `MUTATIONS_SEED` repeats a run."""
        self.hold(kind, SEED, mismatch, tmp_path)

    @pytest.mark.parametrize("kind", [zips, tars], ids=["zips", "tars"])
    def test_other_readers(self, kind: ModuleType, tmp_path: Path) -> None:
        """Of what Python's own readers take for other files, something is said."""
        self.hold(kind, int(os.environ.get("MUTATIONS_SEED") or 1), disagreement, tmp_path)

    def hold(
        self, kind: ModuleType, seed: int, differ: Callable[[Path, Unpacked], str], tmp_path: Path
    ) -> None:
        store, suffix = Store(tmp_path), ".mar" if kind is zips else ".tar.gz"
        for number, (done, data) in enumerate(kind.mutations(seed, MUTATIONS)):
            store.add(f"MUTATIONS_SEED={seed}, {number}: {done}", f"m{suffix}", data)
        found = unpack(store.paths.values(), tmp_path)
        wrong = [
            (name, text)
            for (name, path), each in zip(store.paths.items(), found, strict=True)
            if (text := differ(path, each))
        ]

        assert any(not each.thrown for each in found)
        assert wrong == []


class TestLocale:
    def test_posix(self, tmp_path: Path) -> None:
        """Names that are not ASCII fail in a JVM whose locale is POSIX, and those that are do not."""
        named = tmp_path / "modèle.mar"
        named.write_bytes(model())
        holding = tmp_path / "m.mar"
        holding.write_bytes(model(Entry("modèle.txt", flags=0x800)))
        plain = tmp_path / "plain.mar"
        plain.write_bytes(model())

        paths = [named, holding, plain]
        found = unpack(paths, tmp_path, "C")

        assert "Model not found" in found[0].thrown
        assert "InvalidPathException" in found[1].thrown
        assert found[2] == Unpacked("", FILES, "m")
        codes = [{finding.code for finding in check_path(path)} & {"MAR902"} for path in paths]
        assert codes == [{"MAR902"}, {"MAR902"}, set()]
