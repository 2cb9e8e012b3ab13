from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import BytesSource, FileSource, Member
from hatch_mar.archive.filesystem.walk import DEEPEST
from hatch_mar.finding import Place
from hatch_mar.project.config.models import PYPROJECT, Origins
from hatch_mar.project.layout.members import Members
from tests.archives import SomeProject, needs_posix
from tests.project.layout import archive, faults, sources, write


class TestFiles:
    def test_at_the_root(self, project: Path):
        """Every file with a key of its own is added to the root."""
        found = archive(
            project,
            handler="handler.py",
            model_file="model.py",
            serialized_file="weights/model.pth",
            requirements_file="requirements.txt",
            config_file="model-config.yaml",
        )
        expected = {
            "handler.py": project / "handler.py",
            "model-config.yaml": project / "model-config.yaml",
            "model.pth": project / "weights" / "model.pth",
            "model.py": project / "model.py",
            "requirements.txt": project / "requirements.txt",
        }

        assert sources(found) == expected
        assert [member.name for member in found.members] == list(expected)

    def test_handler_without_ending(self, project: Path):
        """The handler's file is found without its ending, as with torch-model-archiver."""
        assert list(sources(archive(project, handler="handler"))) == ["handler.py"]

    def test_handler_is_a_module(self, project: Path):
        """A handler that is a module needs no file."""
        found = archive(project, handler="package.serving:handle")

        assert sources(found) == {}
        assert found.manifest.model["handler"] == "package.serving:handle"

    def test_outside_of_the_project(self, project: Path, tmp_path: Path):
        """A file may be outside the project."""
        write(tmp_path, "shared.pth")

        assert list(sources(archive(project, serialized_file="../shared.pth"))) == ["shared.pth"]

    @pytest.mark.parametrize("key", ["serialized_file", "handler", "extra_files"])
    def test_too_long(self, project: Path, key: str):
        """A name that no file can have is an error of one line."""
        name = "a" * 300 + ".py"
        [fault] = faults(project, **{key: (name,) if key == "extra_files" else name})

        assert fault.startswith(f"Field `tool.mar.{key.replace('_', '-')}`: ")
        assert f"`{name}`" in fault

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a file that may not be read")
    def test_may_not_be_read(self, project: Path):
        """A file that may not be read is found before anything is written."""
        (project / "model.py").chmod(0)

        assert faults(project, model_file="model.py") == (
            "Field `tool.mar.model-file`: cannot read `model.py`: Permission denied",
        )

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("serialized_file", "weights/large.pth"),
            ("extra_files", ("weights/large.pth",)),
            ("packages", ("weights/large.pth",)),
        ],
    )
    def test_unfetched(self, key: str, value: Any, project: Path):
        """A file that DVC knows of has to be fetched, not renamed to the one that describes it."""
        (project / "weights" / "large.pth.dvc").touch()

        [fault] = faults(project, **{key: value})

        assert fault.endswith("not found: `weights/large.pth`; run `dvc pull weights/large.pth.dvc`")

    @pytest.mark.parametrize(
        ("described", "fix"),
        [("weights/large.bin.dvc", "run `dvc pull`"), ("weights.dvc", "run `dvc pull weights.dvc`")],
    )
    def test_unfetched_pattern(self, described: str, fix: str, project: Path):
        """DVC knows of a file that would match, or of the folder that it would be in."""
        (project / described).touch()

        assert faults(project, extra_files=("weights/*.bin",)) == (
            f"Field `tool.mar.extra-files`: no file matches the pattern `weights/*.bin`; {fix}",
        )

    @needs_posix
    def test_unfetched_link(self, project: Path):
        """So has one that git-annex links to."""
        (project / "w.pt").symlink_to(".git/annex/objects/w.pt")

        [fault] = faults(project, serialized_file="w.pt")

        assert fault.endswith("; run `git annex get w.pt`")

    def test_similar(self, project: Path):
        """A misspelled name gets that of the file beside it."""
        assert faults(project, serialized_file="weights/modle.pth") == (
            (
                "Field `tool.mar.serialized-file`: file not found: `weights/modle.pth`;"
                " did you mean `weights/model.pth`?"
            ),
        )

    def test_one_file_by_two_keys(self, project: Path):
        """A file that two keys name is added once."""
        found = archive(project, handler="handler.py", extra_files=("handler.py", "*.py"))

        assert list(sources(found)) == ["handler.py", "model.py"]

    @pytest.mark.parametrize("key", ["model-file", "serialized-file", "requirements-file", "config-file"])
    def test_missing(self, key: str, project: Path):
        """A missing file is reported with its key."""
        found = faults(project, **{key.replace("-", "_"): "no/such.file"})

        assert found == (f"Field `tool.mar.{key}`: file not found: `no/such.file`",)

    def test_handler_missing(self, project: Path):
        """A missing handler is reported as a file."""
        assert faults(project, handler="digits") == ("Field `tool.mar.handler`: file not found: `digits.py`",)

    def test_directory(self, project: Path):
        """A directory in place of a file is an error."""
        expected = "Field `tool.mar.serialized-file` must be a file, but is a directory: `weights`"

        assert faults(project, serialized_file="weights") == (expected,)

    def test_key_of_the_archive(self, project: Path):
        """A fault is reported at the key that was set."""
        origins = Origins(
            {"model-file": Place(PYPROJECT, None, ("tool", "mar", "archives", 1, "model-file"))}
        )
        found = faults(project, model_file="x.py", origins=origins)

        assert found == ("Field `tool.mar.archives[1].model-file`: file not found: `x.py`",)

    def test_all_at_once(self, project: Path):
        """All faults of an archive are reported."""
        expected = (
            "Field `tool.mar.model-file`: file not found: `a`",
            "Field `tool.mar.serialized-file`: file not found: `b`",
            "Field `tool.mar.handler`: file not found: `c.py`",
            "Field `tool.mar.extra-files`: file not found: `d`",
            "Field `tool.mar.extra-files`: no file matches the pattern `*.e`",
        )
        found = faults(project, model_file="a", serialized_file="b", handler="c.py", extra_files=("d", "*.e"))

        assert found[: len(expected)] == expected

    def test_very_many(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """Of very many faults the first are reported, and the other files are not looked for."""
        looked_for: list[str] = []
        original = Members.add_pattern

        def add_pattern(files: Members, pattern: str, place: Place) -> None:
            looked_for.append(pattern)
            original(files, pattern, place)

        monkeypatch.setattr(Members, "add_pattern", add_pattern)

        assert len(faults(project, extra_files=tuple(f"{number}" for number in range(1000)))) == 100
        assert len(looked_for) == 100

    def test_not_matched_is_one_fault(self, project: Path):
        """A pattern without a match is one fault, and not also a missing file."""
        expected = "Field `tool.mar.extra-files`: no file matches the pattern `*.e`"

        assert faults(project, extra_files=("*.e",)) == (expected,)

    @needs_posix
    def test_not_regular(self, project: Path):
        """A pipe or another special file is an error."""
        os.mkfifo(project / "pipe")

        assert faults(project, serialized_file="pipe") == (
            "Field `tool.mar.serialized-file`: not a regular file: `pipe`",
        )

    @needs_posix
    def test_link(self, project: Path):
        """A link is packed as its target, under the link's name."""
        (project / "latest.pth").symlink_to("weights/model.pth")

        found = archive(project, serialized_file="latest.pth")

        assert sources(found) == {"latest.pth": project / "latest.pth"}

    @needs_posix
    @pytest.mark.parametrize("target", ["nowhere", "latest.pth"])
    def test_broken_link(self, target: str, project: Path):
        """A broken link is reported with its target."""
        (project / "latest.pth").symlink_to(target)
        expected = f"Field `tool.mar.serialized-file`: broken link: `latest.pth` -> `{target}`"

        assert faults(project, serialized_file="latest.pth") == (expected,)

    @needs_posix
    def test_executable(self, project: Path):
        """Of a file's permissions, only the owner's right to execute is kept."""
        (project / "model.py").chmod(0o700)
        (project / "handler.py").chmod(0o666)
        found = archive(project, handler="handler.py", model_file="model.py")

        assert {m.name: m.executable for m in found.members} == {"handler.py": False, "model.py": True}


class TestExtraFiles:
    def extra(self, project: Path, *patterns: str) -> list[str]:
        return list(sources(archive(project, extra_files=patterns)))

    def test_file(self, project: Path):
        """A file goes to the root under its base name."""
        assert self.extra(project, "weights/model.pth") == ["model.pth"]

    def test_directory(self, project: Path):
        """A directory's contents go to the root, its folders as they are."""
        write(project, "assets/a.txt", "assets/deep/b.txt", "assets/.hidden")

        assert self.extra(project, "assets") == [".hidden", "a.txt", "deep/b.txt"]

    def test_directory_with_slash(self, project: Path):
        """A trailing slash does not matter."""
        assert self.extra(project, "weights/") == ["model.pth"]

    def test_glob(self, project: Path):
        """A pattern matches files and directories."""
        write(project, "assets/a.txt", "assets/deep/b.txt")

        assert self.extra(project, "assets/*") == ["a.txt", "b.txt"]

    def test_recursive_glob(self, project: Path):
        """`**` matches files in any subdirectory."""
        write(project, "assets/a.txt", "assets/deep/b.txt", "assets/deep/deeper/c.json")

        assert self.extra(project, "assets/**/*.txt") == ["a.txt", "b.txt"]
        assert self.extra(project, "assets/**") == ["a.txt", "b.txt", "c.json"]

    def test_repeated(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """As many in a row are one, and walk no folder more than once."""
        scanned: list[object] = []
        scan = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: (scanned.append(path), scan(path))[1])
        write(project, "assets/a.txt", "assets/deep/b.txt")
        assert self.extra(project, "assets/**/*.txt") == ["a.txt", "b.txt"]
        once = len(scanned)

        assert self.extra(project, f"assets/{'**/' * 30}*.txt") == ["a.txt", "b.txt"]
        assert len(scanned) == 2 * once

    def test_name_that_looks_like_a_pattern(self, project: Path):
        """An existing file is not treated as a pattern, whatever its name."""
        write(project, "w[1].bin", "w1.bin")

        assert self.extra(project, "w[1].bin") == ["w[1].bin"]

    def test_pattern_without_match(self, project: Path):
        """A pattern that matches nothing is an error."""
        expected = "Field `tool.mar.extra-files`: no file matches the pattern `*.onnx`"

        assert faults(project, extra_files=("*.onnx",))[0] == expected

    @pytest.mark.parametrize("pattern", ["code", "code/*", "code/**", "code/**/*"])
    def test_caches(self, pattern: str, project: Path):
        """Caches are left out of directories and of patterns alike."""
        write(project, "code/a.py", "code/__pycache__/a.cpython-311.pyc", "code/b.pyc")

        assert self.extra(project, pattern) == ["a.py"]

    def test_missing(self, project: Path):
        """A missing path is reported."""
        found = faults(project, extra_files=("index.json",))

        assert found == ("Field `tool.mar.extra-files`: file not found: `index.json`",)

    @needs_posix
    @pytest.mark.parametrize("target", ["nowhere", "link"])
    @pytest.mark.parametrize("pattern", ["assets", "assets/*", "assets/**", "assets/link"])
    def test_broken_link(self, pattern: str, target: str, project: Path):
        """A broken link is an error, whether it is named, matched or in a directory."""
        (project / "assets").mkdir()
        (project / "assets" / "link").symlink_to(target)
        expected = f"Field `tool.mar.extra-files`: broken link: `assets/link` -> `{target}`"

        assert faults(project, extra_files=(pattern,)) == (expected,)

    @needs_posix
    def test_loop(self, project: Path):
        """A link to a parent directory is an error that names the link."""
        (project / "assets").mkdir()
        (project / "assets" / "again").symlink_to(".", target_is_directory=True)
        expected = "Field `tool.mar.extra-files`: link leads back to its own folder: `assets/again`"

        assert faults(project, extra_files=("assets",)) == (expected,)

    @pytest.mark.parametrize("pattern", ["assets", "assets/*", "assets/**"])
    def test_too_deep(self, pattern: str, project: Path, monkeypatch: pytest.MonkeyPatch):
        """Folders that are nested too deeply to be read are an error."""

        def give_up(*arguments: object, **options: object) -> None:
            raise RecursionError

        (project / "assets").joinpath(*["a"] * (DEEPEST + 2)).mkdir(parents=True)
        if "**" in pattern:
            monkeypatch.setattr("glob.glob", give_up)
        [fault] = faults(project, extra_files=(pattern,))

        assert "folders are nested too deeply" in fault

    @needs_posix
    @pytest.mark.parametrize("pattern", ["assets", "assets/*"])
    def test_not_regular(self, pattern: str, project: Path):
        """A pipe or another special file in a directory is an error."""
        (project / "assets").mkdir()
        os.mkfifo(project / "assets" / "pipe")

        assert faults(project, extra_files=(pattern,)) == (
            "Field `tool.mar.extra-files`: not a regular file: `assets/pipe`",
        )

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a folder that may not be read")
    def test_unreadable(self, project: Path):
        """An unreadable folder is an error that names it."""
        (project / "assets").mkdir(mode=0)

        assert "`assets`" in faults(project, extra_files=("assets",))[0]

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no Unicode")
    def test_not_unicode(self, project: Path):
        """A file name that is not Unicode is an error."""
        (project / "assets").mkdir()
        Path(os.fsdecode(os.fsencode(project / "assets") + b"/weights-\xff")).touch()
        expected = (
            "Field `tool.mar.extra-files`: archive member `weights-\udcff`, from `assets/weights-\udcff`,"
            " must be valid Unicode, since zips have no other names;"
            " rename the file, or leave it out with `exclude`"
        )

        assert faults(project, extra_files=("assets",)) == (expected,)

    def test_reserved(self, project: Path):
        """`MAR-INF` among the inputs is an error, because it is reserved for the manifest."""
        write(project, "assets/MAR-INF/MANIFEST.json")
        expected = (
            "Field `tool.mar.extra-files`: archive member `MAR-INF/MANIFEST.json`, from"
            " `assets/MAR-INF/MANIFEST.json`, is in `MAR-INF`, which is reserved for the manifest;"
            " rename the file, or leave it out with `exclude`"
        )

        assert faults(project, extra_files=("assets",)) == (expected,)


class TestPackages:
    def test_tree(self, project: Path):
        """A package is added as a folder at the root."""
        write(project, "src/digits/__init__.py", "src/digits/net/a.py", "src/digits/__pycache__/a.pyc")

        assert list(sources(archive(project, packages=("src/digits",)))) == [
            "digits/__init__.py",
            "digits/net/a.py",
        ]

    @pytest.mark.parametrize("path", ["src/digits/", "./src/digits"])
    def test_written_otherwise(self, path: str, project: Path):
        """Different spellings of a path give the same result."""
        write(project, "src/digits/__init__.py")

        assert list(sources(archive(project, packages=(path,)))) == ["digits/__init__.py"]

    @pytest.mark.parametrize("path", ["digits", "model.py"])
    def test_missing(self, path: str, project: Path):
        """A package that is not an existing directory is an error."""
        expected = f"Field `tool.mar.packages`: package not found: `{path}`"

        assert faults(project, packages=(path,)) == (expected,)

    def test_empty(self, project: Path):
        """A package without files is an error."""
        (project / "digits").mkdir()

        assert faults(project, packages=("digits",)) == (
            "Field `tool.mar.packages`: directory has no files: `digits`",
        )


class TestForceInclude:
    def test_file(self, project: Path):
        """A file is added under the given name."""
        found = archive(project, force_include={"model.py": "x/net.py"})

        assert sources(found) == {"x/net.py": project / "model.py"}

    def test_tree(self, project: Path):
        """A directory's contents are added to the given folder."""
        assert list(sources(archive(project, force_include={"weights": "best"}))) == ["best/model.pth"]

    def test_root(self, project: Path):
        """An empty target is the root."""
        found = archive(project, force_include={"weights": "", "model.py": ""})

        assert list(sources(found)) == ["model.pth", "model.py"]

    def test_not_excluded(self, project: Path):
        """`exclude` does not apply to files included by force."""
        included = {"weights": "w", "model.py": "m.py"}
        found = archive(project, force_include=included, exclude=("weights", "*.py"))

        assert list(sources(found)) == ["m.py", "w/model.pth"]

    def test_missing(self, project: Path):
        """A missing source is reported."""
        assert faults(project, force_include={"x": "y"}) == (
            "Field `tool.mar.force-include`: file not found: `x`",
        )


class TestExclude:
    @pytest.mark.parametrize(
        "settings",
        [
            {"extra_files": ("assets",)},
            {"extra_files": ("./assets/",)},
            {"extra_files": ("assets/*",)},
            {"extra_files": ("assets/**",)},
        ],
    )
    def test_left_out(self, settings: dict[str, Any], project: Path):
        """Patterns work as in gitignore, relative to the project, and apply to directories and globs."""
        write(project, "assets/a.txt", "assets/a.tmp", "assets/sub/b.txt", "assets/raw/c.txt")
        found = archive(project, exclude=("*.tmp", "/assets/raw/"), **settings)

        assert {name.rpartition("/")[2] for name in sources(found)} == {"a.txt", "b.txt"}

    def test_package(self, project: Path):
        """Patterns apply to packages."""
        write(project, "digits/__init__.py", "digits/tests/test_net.py")

        assert list(sources(archive(project, packages=("digits",), exclude=("digits/tests",)))) == [
            "digits/__init__.py"
        ]

    def test_project(self, project: Path):
        """Patterns apply to the files of the project's wheel."""
        wheel = (Member("digits/a.py", BytesSource(b"")), Member("digits/tests/b.py", BytesSource(b"")))
        found = archive(project, SomeProject(project, wheel=wheel), include_project=True, exclude=("tests",))

        assert [member.name for member in found.members] == ["digits/a.py"]

    def test_negated(self, project: Path):
        """A later pattern can include a file again."""
        write(project, "assets/a.tmp", "assets/b.tmp")

        assert list(sources(archive(project, extra_files=("assets",), exclude=("*.tmp", "!b.tmp")))) == [
            "b.tmp"
        ]

    def test_named(self, project: Path):
        """A file that is named explicitly is not excluded."""
        found = archive(project, model_file="model.py", extra_files=("handler.py",), exclude=("*.py",))

        assert list(sources(found)) == ["handler.py", "model.py"]

    def test_everything(self, project: Path):
        """A pattern whose files are all excluded matches nothing."""
        expected = "Field `tool.mar.extra-files`: no file matches the pattern `weights/*`"

        assert faults(project, extra_files=("weights/*",), exclude=("*.pth",)) == (expected,)


class TestOutputs:
    """The project's own archives, which an earlier build has left among its files."""

    @pytest.mark.parametrize(
        "settings",
        [
            {"extra_files": ("store",)},
            {"extra_files": ("store/*",)},
            {"extra_files": ("store/**",)},
            {"packages": ("store",)},
            {"force_include": {"store": ""}},
        ],
    )
    def test_left_out(self, settings: dict[str, Any], project: Path):
        """Directories and patterns do not bring them."""
        write(project, "store/digits.mar", "store/letters/MAR-INF/MANIFEST.json", "store/labels.txt")
        found = archive(project, outputs=("store/digits.mar", "store/letters"), **settings)

        assert [member.name.rpartition("/")[2] for member in found.members] == ["labels.txt"]

    def test_named(self, project: Path):
        """A file that is named itself is taken."""
        write(project, "store/digits.mar")
        found = archive(project, outputs=("store/digits.mar",), extra_files=("store/digits.mar",))

        assert [member.name for member in found.members] == ["digits.mar"]

    def test_of_the_wheel(self, project: Path):
        """Nor does the wheel, whether its files are the project's or those in a wheel that was built."""
        path = project / "store/digits.mar"
        wheel = (
            Member("a/digits.mar", FileSource(path)),
            Member("store/digits.mar", BytesSource(b"old")),
            Member("a.py", BytesSource(b"")),
        )
        some = SomeProject(project, wheel=wheel)
        found = archive(project, some, outputs=("store/digits.mar",), include_project=True)

        assert [member.name for member in found.members] == ["a.py"]


class TestClash:
    def test_two_keys(self, project: Path):
        """Two files with the same name are an error that names both, and both keys."""
        write(project, "other/model.pth")
        expected = (
            "Field `tool.mar.extra-files`: archive member `model.pth` comes from `other/model.pth`"
            " and from `weights/model.pth` (Field `tool.mar.serialized-file`); rename one"
        )

        assert faults(project, serialized_file="weights/model.pth", extra_files=("other/model.pth",)) == (
            expected,
        )

    def test_two_directories(self, project: Path):
        """Directories may share a folder, as long as no file is in both."""
        write(project, "a/shared/1", "b/shared/2")

        assert list(sources(archive(project, extra_files=("a", "b")))) == ["shared/1", "shared/2"]

    def test_equal_bytes(self, project: Path):
        """Two files with the same content are still a conflict."""
        (project / "a").mkdir()
        (project / "b").mkdir()
        (project / "a" / "x").write_bytes(b"same")
        (project / "b" / "x").write_bytes(b"same")

        assert len(faults(project, extra_files=("a", "b"))) == 1

    def test_outside_of_the_project(self, project: Path, tmp_path: Path):
        """A file outside the project is shown with its full path."""
        write(tmp_path, "elsewhere/model.py")
        [found] = faults(project, model_file="model.py", extra_files=("../elsewhere",))

        assert "elsewhere/model.py" in found
        assert "`model.py` (Field `tool.mar.model-file`)" in found

    @pytest.mark.parametrize("patterns", [("one", "two"), ("two", "one")])
    def test_file_and_folder(self, patterns: tuple[str, str], project: Path):
        """A name cannot be both a file and a folder."""
        write(project, "one/name", "two/name/file")
        expected = (
            "Field `tool.mar.extra-files`: archive member `name/file`, from `two/name/file`, needs a folder"
            " where `name` is a file, from `one/name`; rename one"
        )

        assert faults(project, extra_files=patterns) == (expected,)

    @pytest.mark.parametrize(
        ("one", "other"), [("Model.py", "model.PY"), ("\u00e9", "e\u0301")], ids=["case", "composition"]
    )
    def test_same_on_other_systems(self, one: str, other: str, project: Path):
        """Names that are the same on macOS or Windows are an error."""
        write(project, f"a/{one}", f"b/{other}")
        expected = (
            f"Field `tool.mar.extra-files`: archive member `{other}`, which on macOS and Windows is `{one}`,"
            f" comes from `b/{other}` and from `a/{one}`; rename one"
        )

        assert faults(project, extra_files=("a", "b")) == (expected,)

    @needs_posix
    def test_name_that_windows_has_not(self, project: Path):
        """A name that Windows does not allow is packed: a check warns whoever serves there."""
        write(project, "assets/aux.txt")

        assert "aux.txt" in sources(archive(project, extra_files=("assets",)))
