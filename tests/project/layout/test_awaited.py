"""Remote files that directories and patterns would bring."""

from __future__ import annotations

import glob
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import BytesSource, Member
from hatch_mar.project.config.models import RemoteFile, WorkflowConfig
from hatch_mar.project.layout.awaited import would_match
from hatch_mar.project.layout.layout import lay_out
from tests.archives import INSTANT, SomeProject, needs_posix
from tests.project.layout import archive, faults, write

REMOTE = (RemoteFile("weights/net/w.bin", "https://a.b/w.bin", "0" * 64),)
FAULT = (
    "Field `tool.mar.remote-files[0]`: file not found: `weights/net/w.bin`;"
    " run `hatch-mar fetch weights/net/w.bin`"
)
names = st.sampled_from(["a", "b.c", ".a", "ab"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
patterns = st.lists(st.sampled_from(["a", "*", "**", "?", "*.c", ".*", "[ab]*"]), min_size=1, max_size=3)


class TestMissing:
    @pytest.mark.parametrize(
        "settings",
        [
            {"extra_files": ("weights/net",)},
            {"extra_files": ("weights/net/*",)},
            {"extra_files": ("weights/*",)},
            {"extra_files": ("**/*.bin",)},
            {"packages": ("weights",)},
            {"force_include": {"weights": "models"}},
            {"force_include": {"weights": "models"}, "exclude": ("*.bin",)},
            {"serialized_file": ("weights/model.pth", "weights/net/*.bin")},
            {"extra_files": ("weights/net", "weights/net/*.bin"), "packages": ("weights",)},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("others", [(), ("weights/net/other.bin",)])
    def test_reported(self, others: tuple[str, ...], settings: dict[str, Any], project: Path):
        """What a directory or a pattern would bring is one fault, whether or not it brings other files."""
        (project / "weights" / "net").mkdir()
        write(project, *others)

        assert faults(project, remote_files=REMOTE, **settings) == (FAULT,)

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"packages": ("weights",), "exclude": ("*.bin",)},
            {"packages": ("weights",), "exclude": ("weights/net/",)},
            {"extra_files": ("weights/*.pth",)},
            {"extra_files": ("model.*",)},
        ],
        ids=str,
    )
    def test_not_needed(self, settings: dict[str, Any], project: Path):
        """An archive that would not take the file does without it."""
        (project / "weights" / "net").mkdir()

        archive(project, remote_files=REMOTE, **settings)

    @pytest.mark.parametrize(
        ("settings", "text"),
        [
            ({"serialized_file": REMOTE[0].path}, "serialized-file`: file not found: `weights/net/w.bin`"),
            ({"extra_files": (REMOTE[0].path,)}, "extra-files`: file not found: `weights/net/w.bin`"),
            ({"extra_files": ("weights/net",)}, "extra-files`: file not found: `weights/net`"),
            ({"packages": ("weights/net",)}, "packages`: package not found: `weights/net`"),
            ({"force_include": {"weights/net": "a"}}, "force-include`: file not found: `weights/net`"),
        ],
    )
    def test_named(self, settings: dict[str, Any], text: str, project: Path):
        """What a key itself names is a missing file of that key, whose remedy is to fetch it."""
        expected = f"Field `tool.mar.{text}; run `hatch-mar fetch weights/net/w.bin`"

        assert faults(project, remote_files=REMOTE, **settings) == (expected,)

    def test_named_too(self, project: Path):
        """A file that a key names and a directory would bring is one fault."""
        found = faults(
            project,
            remote_files=REMOTE,
            packages=("weights",),
            force_include={"weights/net/../net/w.bin": "a"},
        )

        assert found == (
            FAULT.replace("remote-files[0]", "force-include").replace(": `weights", ": `weights/net/.."),
        )

    @needs_posix
    def test_broken_link(self, project: Path):
        """A link in its place is a broken link, whose remedy is the same."""
        (project / "weights" / "net").mkdir()
        (project / REMOTE[0].path).symlink_to("elsewhere")

        [found] = faults(project, remote_files=REMOTE, packages=("weights",))
        assert found.endswith("-> `elsewhere`; run `hatch-mar fetch weights/net/w.bin`")

    @pytest.mark.parametrize(
        ("path", "is_needed"),
        [
            ("src/digits/w.bin", True),
            ("src/digits/net/w.bin", True),
            ("digits.bin", False),
            ("w/d.bin", False),
        ],
    )
    def test_wheel(self, path: str, is_needed: bool, project: Path):
        """A file that lies in a package of the wheel may be part of it."""
        made_of = SomeProject(project, wheel=(Member("digits/handler.py", BytesSource(b"")),))
        settings: dict[str, Any] = {"include_project": True, "remote_files": (REMOTE[0]._replace(path=path),)}

        if is_needed:
            with pytest.raises(Exception, match=rf"file not found: `{path}`.*\[MAR036\]$"):
                archive(project, made_of, **settings)
        else:
            archive(project, made_of, **settings)

    def test_workflow(self, project: Path):
        """A workflow has files of its own."""
        write(project, "w.yaml")
        (project / "weights" / "net").mkdir()
        config = WorkflowConfig("w", "w.yaml", extra_files=("weights/*",), remote_files=REMOTE)

        with pytest.raises(Exception, match=r"\[MAR036\]$"):
            lay_out(config, project, INSTANT)


class TestPattern:
    @given(pattern=patterns.map("/".join), path=paths)
    def test_as_glob(self, pattern: str, path: str):
        """A pattern would find what it finds when the file is there."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            found = {Path(each) for each in glob.glob(pattern, root_dir=folder, recursive=True)}
        candidates = {Path(path)} if "**" in pattern else {Path(path), *Path(path).parents}

        assert would_match(pattern, path) == bool(found & candidates)
