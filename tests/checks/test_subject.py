"""An archive under examination: what its manifest names, and what is read of it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.budget import FILES, Budget
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.finding import Place
from tests.checks import HANDLER, subject


class TestMembers:
    def test_duplicates(self):
        """If members have the same name, the last one counts, as TorchServe unpacks them."""
        members = (Member("a", BytesSource(b"1")), Member("a", BytesSource(b"2")))
        found = Subject(Archive(Manifest({}), members), "m.mar")

        assert found.members == {"a": members[1]}

    @pytest.mark.parametrize("name", ["c.yaml", "./c.yaml", "a/../c.yaml"])
    def test_named(self, name: str):
        """Every spelling of a member's name is its name."""
        found = subject({"c.yaml": ""}, config_file=name)

        assert found.named_member("configFile") == found.members["c.yaml"]

    @pytest.mark.parametrize("value", [None, "", 3, "C.yaml", "../c.yaml"])
    def test_not_named(self, value: object):
        assert subject({"c.yaml": ""}, model={"configFile": value}).named_member("configFile") is None

    def test_text(self):
        """Only the beginning of a member's text is read."""
        found = subject({"a": b"x" * (LARGEST_TEXT + 1)})

        assert len(found.text(found.members["a"])) == LARGEST_TEXT


class TestMayGrow:
    @pytest.mark.parametrize(
        ("file_name", "root", "expected"),
        [("m", Path(), True), ("m.mar", Path(), False), ("m.tar.gz", Path(), False), ("m", None, False)],
    )
    def test_kinds(self, file_name: str, root: Path | None, expected: bool):
        """To a directory that is to be built, files may be added; one that is read is as it is."""
        assert Subject(Archive(Manifest({}), ()), file_name, root=root).may_grow is expected


class TestModule:
    def test_once(self):
        """A module is parsed once."""
        found = subject({"h.py": HANDLER})

        assert found.module("h") is found.module("h")
        assert found.module("g") is None

    def test_package(self):
        """A package takes the place of a file of its name."""
        module = subject({"h/__init__.py": "", "h.py": ""}).module("h")

        assert module is not None
        assert module.member.name == "h/__init__.py"


class TestModelConfig:
    def test_settings(self):
        assert subject({"c.yaml": "a: 1"}, config_file="c.yaml").model_config.settings == {"a": 1}

    @pytest.mark.parametrize("text", ["", "a: [", "1: 2"])
    def test_refused(self, text: str):
        """A configuration that TorchServe does not take sets nothing."""
        assert subject({"c.yaml": text}, config_file="c.yaml").model_config.settings == {}

    def test_none(self):
        assert subject({}).model_config.settings == {}
        assert subject({}).model_config.faults == ()


class TestEnvironment:
    def test_requirements(self):
        """The worker has what the archive requires, and what its server has."""
        made = subject({"r.txt": "opencv-python"}, requirements_file="r.txt")
        found = Subject(made.archive, made.file_name, server_packages=("vllm",))

        assert [found.environment.has(module) for module in ("cv2", "vllm", "torch", "sklearn")] == [
            *(True, True, True, False)
        ]

    def test_included(self):
        """What the requirements include counts, wherever it is in the archive."""
        files = {"a/r.txt": "-r b.txt\n-r ../c.txt", "a/b.txt": "opencv-python", "c.txt": "scikit-learn"}
        environment = subject(files, requirements_file="a/r.txt").environment

        assert [environment.has(module) for module in ("cv2", "sklearn", "anything")] == [True, True, False]


class TestPlace:
    def test_file(self, tmp_path: Path):
        """A member's file is shown as the user finds it."""
        inside, outside = tmp_path / "src" / "h.py", tmp_path.parent / "h.py"
        found = Subject(Archive(Manifest({}), ()), "m.mar", root=tmp_path)

        assert found.place(Member("h.py", FileSource(inside)), 3) == Place("src/h.py", 3)
        assert found.place(Member("h.py", FileSource(outside))) == Place(str(outside))
        assert found.place(Member("h.py", BytesSource(b""))) == Place("m.mar/h.py")

    def test_key(self):
        """A value of the manifest is shown where it was set."""
        place = Place("pyproject.toml", 3, ("tool", "mar", "handler"))
        found = Subject(Archive(Manifest({}), ()), "m.mar", {"handler": place})

        assert found.set_by("handler") == place
        assert found.set_by("model-file") == Place("m.mar/MAR-INF/MANIFEST.json")


class TestBudget:
    """Everything that a command reads is paid from one budget."""

    def test_own(self):
        """Without a command's, an archive has a whole budget of its own."""
        found, other = (Subject(Archive(Manifest({}), ()), "m.mar") for _ in range(2))
        found.budget.spend(FILES)
        assert other.budget.time > found.budget.time

    def test_shared(self, tmp_path):
        budget = Budget()
        found = Subject.of_file(Archive(Manifest({}), ()), tmp_path / "m.mar", budget)
        assert found.budget is budget
