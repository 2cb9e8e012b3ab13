from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS, Format
from hatch_mar.archive.packager.owner import Owner, claim, describe_conflict, read_owner, refuse_others
from hatch_mar.archive.packager.pack import pack_as, remove_artifact
from hatch_mar.archive.packager.records import OWNER, remove_record
from hatch_mar.errors import PackError
from tests.archive.packager import record_file
from tests.archives import PACKING, archive_of, needs_posix, tree


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the archive of a workspace's members is written."""
    path = tmp_path / "ws" / "dist" / "digits.mar"
    path.parent.mkdir(parents=True)
    return path


def member(path: Path, name: str) -> Owner:
    """A member of the workspace, each of which wants to write `path`."""
    return Owner(name, path.parent.parent / "packages" / name)


def written(path: Path, owner: Owner | None) -> Path:
    """The path, with something there that belongs to this project."""
    with claim(path, owner):
        path.write_text(str(owner))
    return path


class TestClaim:
    def test_new(self, path: Path):
        """Who claims a path owns what is there."""
        written(path, member(path, "aa"))

        assert read_owner(path) == member(path, "aa")

    def test_again(self, path: Path):
        """A project replaces its own artifact."""
        written(path, member(path, "aa"))
        record = record_file(path, OWNER).stat()
        written(path, member(path, "aa"))

        assert read_owner(path) == member(path, "aa")
        assert record_file(path, OWNER).stat().st_mtime_ns == record.st_mtime_ns

    def test_other(self, path: Path):
        """Another project does not; the message names both, and says what to do."""
        written(path, member(path, "aa"))
        packages = path.parent.parent / "packages"
        with pytest.raises(PackError) as error, claim(path, member(path, "bb")):
            pytest.fail("the block was run")

        assert str(error.value) == (
            f"Cannot write `{path}`: it belongs to project `aa` (`{packages / 'aa'}`),"
            f" and project `bb` (`{packages / 'bb'}`) would replace it;"
            " set another `model-name`, `archive-name` or `export-path` in one of the two,"
            " or delete the archive if it is a leftover"
        )
        assert read_owner(path) == member(path, "aa")

    def test_deleted(self, path: Path):
        """What was deleted belongs to nobody, whatever the record says."""
        written(path, member(path, "aa")).unlink()
        written(path, member(path, "bb"))

        assert read_owner(path) == member(path, "bb")

    def test_without_owner(self, path: Path):
        """What someone else overwrites belongs to nobody, and no record is left of it."""
        written(path, member(path, "aa"))
        written(path, None)

        assert read_owner(path) is None
        assert os.listdir(path.parent) == ["digits.mar"]
        written(path, member(path, "bb"))
        assert read_owner(path) == member(path, "bb")

    def test_failed_without_owner(self, path: Path):
        """If it was not overwritten after all, it still belongs to the project."""
        written(path, member(path, "aa"))
        with pytest.raises(OSError, match="full"), claim(path, None):
            raise OSError("full")

        assert read_owner(path) == member(path, "aa")


class TestSameProject:
    def test_renamed(self, path: Path):
        """A project that got another name is the same, and is recorded under it."""
        written(path, member(path, "aa"))
        renamed = Owner("cc", member(path, "aa").root)
        written(path, renamed)

        assert read_owner(path) == renamed

    def test_other_checkout(self, path: Path, tmp_path: Path):
        """So is another checkout of it, as when several write into one store."""
        written(path, member(path, "aa"))
        checkout = Owner("aa", tmp_path / "elsewhere")
        written(path, checkout)

        assert read_owner(path) == checkout

    @pytest.mark.parametrize("how", [shutil.move, shutil.copytree])
    def test_elsewhere(self, how: object, path: Path, tmp_path: Path):
        """In a copy of the whole tree, the archive belongs to the copy of the project."""
        written(path, member(path, "aa"))
        how(tmp_path / "ws", tmp_path / "new")
        new = tmp_path / "new" / "dist" / "digits.mar"

        assert read_owner(new) == member(new, "aa")
        assert describe_conflict(new, Owner("renamed", member(new, "aa").root)) is None
        assert describe_conflict(new, member(new, "bb"))

    @needs_posix
    def test_through_a_link(self, path: Path, tmp_path: Path):
        """A project is the same through whatever links its root and the output are reached."""
        written(path, member(path, "aa"))
        (tmp_path / "link").symlink_to(tmp_path / "ws")
        linked = tmp_path / "link" / "dist" / "digits.mar"

        assert describe_conflict(linked, Owner("renamed", member(path, "aa").root)) is None
        assert describe_conflict(path, Owner("renamed", member(linked, "aa").root)) is None


class TestWorkspace:
    """The record is the workspace's, whichever project writes it."""

    @pytest.fixture
    def root(self, path: Path) -> Path:
        """A workspace whose root and members all are projects."""
        root = path.parent.parent
        for name in ("aa", "bb"):
            member(path, name).root.mkdir(parents=True)
            (member(path, name).root / "pyproject.toml").touch()
        (root / "pyproject.toml").touch()
        return root

    def test_members(self, root: Path, path: Path):
        """What a member wrote is refused to another, and to the root's own project."""
        written(path, member(path, "aa"))

        assert os.listdir(path.parent) == ["digits.mar"]
        for owner in (member(path, "bb"), Owner("root", root)):
            with pytest.raises(PackError, match=r"^Cannot write `.*`: it belongs to project `aa` "):
                written(path, owner)

    def test_root(self, root: Path, path: Path):
        """What the root's project wrote is refused to the members."""
        written(path, Owner("root", root))

        with pytest.raises(PackError, match=r"^Cannot write `.*`: it belongs to project `root` "):
            written(path, member(path, "aa"))

    @pytest.mark.parametrize("how", [shutil.move, shutil.copytree])
    def test_elsewhere(self, how: object, root: Path, path: Path, tmp_path: Path):
        """In a copy, with `dist` and what is recorded, the archive belongs to the copy of the member."""
        written(path, member(path, "aa"))
        how(root, tmp_path / "new")
        new = tmp_path / "new" / "dist" / "digits.mar"

        assert read_owner(new) == member(new, "aa")
        assert describe_conflict(new, member(new, "bb"))

    @needs_posix
    def test_linked_directory(self, root: Path, path: Path, tmp_path: Path):
        """A `dist` that leads out of the workspace has its records where it leads to."""
        store = tmp_path / "store"
        path.parent.rmdir()
        store.mkdir()
        path.parent.symlink_to(store)
        written(path, member(path, "aa"))

        assert set(os.listdir(store)) == {"digits.mar", ".hatch"}
        assert read_owner(store / "digits.mar") == read_owner(path) == member(path, "aa")
        assert describe_conflict(path, member(path, "bb"))


class TestRefuseOthers:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "1",
            "{",
            '{"name": "aa"}',
            '{"name": "aa", "root": 1}',
            '{"name": "aa", "root": "\\u0000"}',
        ],
    )
    def test_damaged(self, text: str, path: Path):
        """A record that is none of ours says nothing."""
        written(path, member(path, "aa"))
        record_file(path, OWNER).write_text(text)
        refuse_others(path, member(path, "bb"))

        assert read_owner(path) is None

    def test_escaped(self, path: Path):
        """The name of a project that is shown has no control characters."""
        written(path, Owner("a\x1b[2Ja", path.parent))
        with pytest.raises(PackError, match=r"project `a\\x1b\[2Ja`"):
            refuse_others(path, member(path, "bb"))


class TestPack:
    """Archives that are really packed."""

    def build(self, path: Path, form: Format, owner: Owner | None, data: bytes | None = None) -> bool:
        """Pack an archive of the project, and return whether it was there already."""
        name = owner.name.encode() if owner else b"nobody"
        archive = archive_of({"model.py": name if data is None else data})
        return pack_as(archive, path, form, PACKING, owner=owner).unchanged

    def test_other(self, form: Format, path: Path):
        """Another project's archive stays as it is, and nothing is left next to it."""
        path = path.with_name(f"digits{form.suffix}")
        self.build(path, form, member(path, "aa"))
        before = tree(path.parent)
        with pytest.raises(PackError, match=r"^Cannot write `.*`: it belongs to project `aa` "):
            self.build(path, form, member(path, "bb"))

        assert before == tree(path.parent)

    def test_same_bytes(self, form: Format, path: Path):
        """Not even the same bytes are written, or taken over."""
        path = path.with_name(f"digits{form.suffix}")
        self.build(path, form, member(path, "aa"), b"same")
        with pytest.raises(PackError, match=r"^Cannot write `.*`: it belongs to project `aa` "):
            self.build(path, form, member(path, "bb"), b"same")

        assert read_owner(path) == member(path, "aa")

    def test_meanwhile(self, form: Format, path: Path):
        """An archive that another project writes while this one is packed is not replaced."""
        path = path.with_name(f"digits{form.suffix}")
        archive = archive_of({"model.py": b"bb"})

        def accept(draft: Path) -> None:
            self.build(path, form, member(path, "aa"))

        with pytest.raises(PackError, match=r"^Cannot write `.*`: it belongs to project `aa` "):
            pack_as(archive, path, form, PACKING, owner=member(path, "bb"), accept=accept)

        assert read_owner(path) == member(path, "aa")
        assert set(os.listdir(path.parent)) == {path.name, ".hatch"}

    def test_unchanged(self, form: Format, path: Path):
        """An archive that belongs to nobody, and would be the same, belongs to the project from then on."""
        path = path.with_name(f"digits{form.suffix}")
        self.build(path, form, None, b"same")

        assert self.build(path, form, member(path, "aa"), b"same")
        assert read_owner(path) == member(path, "aa")

    def test_kept(self, form: Format, path: Path):
        """It stays the project's when someone else packs the same bytes again."""
        path = path.with_name(f"digits{form.suffix}")
        self.build(path, form, member(path, "aa"), b"same")

        assert self.build(path, form, None, b"same")
        assert read_owner(path) == member(path, "aa")

    def test_removed(self, form: Format, path: Path):
        """The record goes with the archive."""
        path = path.with_name(f"digits{form.suffix}")
        self.build(path, form, member(path, "aa"))
        remove_artifact(path, form)

        assert os.listdir(path.parent) == []

    def test_remembered(self, form: Format, path: Path):
        """A lost record is renewed by a build that finds nothing to pack."""
        path = path.with_name(f"digits{form.suffix}")
        archive, owner = archive_of({"model.py": b""}), member(path, "aa")
        pack_as(archive, path, form, PACKING, owner=owner, settings="settings")
        remove_record(path, OWNER)

        assert pack_as(archive, path, form, PACKING, owner=owner, settings="settings").unchanged
        assert read_owner(path) == owner


ROUNDS, BUILDS = 8, 24


def race(number: int, path: Path, form: str, start: Callable[[], object] = int) -> tuple[str, str]:
    """Build an archive of one of two projects; the project, and what went wrong."""
    name = ("aa", "bb")[number % 2]
    archive = archive_of({"model.py": name.encode(), "number": b"%d" % number})
    start()
    try:
        pack_as(archive, path, FORMATS[form], PACKING, owner=member(path, name))
    except PackError as error:
        return name, str(error)
    return name, ""


def assert_one_won(path: Path, results: Iterable[tuple[str, str]]) -> None:
    faults: dict[str, list[str]] = {"aa": [], "bb": []}
    for name, fault in results:
        faults[name].append(fault)
    [winner] = [name for name in faults if not any(faults[name])]
    [loser] = faults.keys() - {winner}
    start = f"Cannot write `{path}`: it belongs to project `{winner}` ("

    assert [fault for fault in faults[loser] if not fault.startswith(start)] == []
    assert read_owner(path) == member(path, winner)
    assert any(winner.encode() in data for data in tree(path).values())
    assert set(os.listdir(path.parent)) == {path.name, ".hatch"}
    assert [*record_file(path, OWNER).parent.iterdir()] == [record_file(path, OWNER)]
    assert set(os.listdir(path.parent / ".hatch" / "hatch-mar")) == {".gitignore", "%2E"}


class TestRace:
    """Of two projects that build one archive at once, one gets it, with each of its builds."""

    def rounds(self, path: Path, form: str) -> list[Path]:
        """Paths of archives that do not exist yet."""
        suffix = FORMATS[form].suffix
        return [path.with_name(f"round{number}") / f"digits{suffix}" for number in range(ROUNDS)]

    @pytest.mark.parametrize("form", FORMATS)
    def test_threads(self, form: str, path: Path):
        """So it is if they are threads, in every format."""
        with ThreadPoolExecutor(BUILDS) as threads:
            for target in self.rounds(path, form):
                start = threading.Barrier(BUILDS).wait
                build = partial(race, path=target, form=form, start=start)
                assert_one_won(target, threads.map(build, range(BUILDS)))

    def test_processes(self, path: Path):
        """So it is if they are processes."""
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
            for target in self.rounds(path, "default"):
                build = partial(race, path=target, form="default")
                assert_one_won(target, processes.map(build, range(BUILDS)))
