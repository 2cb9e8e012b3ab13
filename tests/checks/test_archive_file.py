"""An archive on disk is checked from its container to its contents."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.checks.archive_file import check_path
from hatch_mar.errors import ReadError
from tests.archives import MANIFEST_BYTES, PACKING, archive_of
from tests.checks import rules_of
from tests.checks.containers import DEFLATED, FILES, Entry, described, gz, model, tar, write, zipped
from tests.checks.faults import FOLDERS, TARS, ZIPS, Fault
from tests.checks.unpacking import check_unpacking


def codes(path: Path, manifest: bytes | None = MANIFEST_BYTES, **files: bytes) -> list[str]:
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.py", data)
        if manifest is not None:
            archive.writestr(MANIFEST_NAME, manifest)
    return [finding.code for finding in check_path(path)]


def test_contents(tmp_path: Path):
    """What is found in the contents is about the file."""
    path = tmp_path / "m.mar"

    assert codes(path, b'{"model": {"modelName": "m", "handler": "h.py"}}', h=b"x = 1\n") == ["MAR211"]
    assert {finding.archives for finding in check_path(path)} == {(str(path),)}


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"\xff", b"[" * 100])
def test_manifest(manifest: bytes, tmp_path: Path):
    """A manifest that cannot be read is the only finding."""
    assert codes(tmp_path / "m.mar", manifest) == ["MAR199"]


def test_place(tmp_path: Path):
    """Where TorchServe would look elsewhere for the manifest, that is the only finding."""
    manifest = tmp_path / "m" / MANIFEST_NAME
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(MANIFEST_BYTES)

    assert [finding.code for finding in check_path(tmp_path / "m")] == ["MAR122"]


def test_container(tmp_path: Path):
    """The contents of a file that TorchServe cannot unpack are not checked."""
    path = tmp_path / "m.mar"
    codes(path, b"{")
    path.write_bytes(path.read_bytes()[:-30])

    assert all(finding.code.startswith("MAR8") for finding in check_path(path))


def test_directory(tmp_path: Path):
    """A directory without a manifest is not a model archive."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "h.py").touch()

    assert [finding.code for finding in check_path(tmp_path / "model")] == ["MAR199"]


FAULTS = {
    f"{kind}, {name}": fault
    for kind, faults in {"zip": ZIPS, "folder": FOLDERS, "tar": TARS}.items()
    for name, fault in faults.items()
}


def check(path: Path, *, deep: bool = True) -> list[str]:
    return [str(finding) for finding in check_unpacking(path, deep=deep)]


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_fault(self, fault: Fault, tmp_path: Path) -> None:
        """What TorchServe fails on or loses is found, and nothing else."""
        path = fault.write(tmp_path)

        assert check(path) == [f"{path}: {text}" for text in fault.found.split("\n")]

    def test_all_rules(self) -> None:
        """Every rule finds one of the faults, and has the right severity."""
        texts = "\n".join(fault.found for fault in FAULTS.values())

        others = ("MAR841", "MAR85", "MAR899")
        rules = [rule for rule in rules_of("MAR8") if not rule.code.startswith(others)]
        assert {rule.code for rule in rules} == {code for code in texts.split() if code[:4] == "MAR8"}
        assert {rule.code for rule in rules if rule.severity == "warning"} == {"MAR823", "MAR831"}


class TestInOrder:
    @pytest.mark.parametrize("form", FORMATS)
    def test_formats(self, form: str, tmp_path: Path) -> None:
        """Nothing is found in what hatch-mar writes."""
        path = tmp_path / f"m{FORMATS[form].suffix}"
        files = {"h.py": b"#", "deep/er/é.txt": b"x" * 2_000_000, "empty": b""}
        FORMATS[form].write(archive_of(files), path, PACKING)

        assert check(path) == []

    @pytest.mark.parametrize(
        "data",
        [
            model(),
            model(method=DEFLATED),
            model(Entry("folder/"), Entry("folder/x", b"x")),
            model(described("x", b"x"), described("empty", b"")),
            model(Entry("é", flags=0x800)),
            model(Entry("é")),
            model()[:-2] + b"\x05\x00hello",
        ],
        ids=["stored", "deflated", "folders", "descriptors", "utf-8", "info-zip", "comment"],
    )
    def test_zip(self, data: bytes, tmp_path: Path) -> None:
        """Nothing is found in a zip that can be read as a stream."""
        assert check(write(tmp_path / "m.mar", data)) == []

    @pytest.mark.parametrize(
        "data",
        [
            gz(tar()),
            gz(tar(root="./")),
            gz(tar(), b""),
            gz(tar(form=0)),
            gz(tar(form=1)),
            gz(tar({**FILES, "long/" * 60 + "x": b"x"}, form=1)),
            gz(tar({**FILES, "long/" * 60 + "x": b"x"})),
            gz(tar(root="m" * 90 + "/")),
        ],
        ids=["pax", "point", "bgzip", "ustar", "gnu", "gnu-long", "pax-long", "prefix"],
    )
    def test_tar(self, data: bytes, tmp_path: Path) -> None:
        """Nothing is found in a tar with a root folder."""
        assert check(write(tmp_path / "m.tar.gz", data)) == []

    def test_directories(self, tmp_path: Path) -> None:
        """Nothing is found in a directory with more than its manifest, or with only the model's directory."""
        for name in ("m/MAR-INF/MANIFEST.json", "m/h.py", "above/m/MAR-INF/MANIFEST.json", "above/m/h.py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"{}")
        (tmp_path / "empty").mkdir()

        assert [check(tmp_path / name) for name in ("m", "above", "empty")] == [[], [], []]

    def test_example(self) -> None:
        """Nothing is found in the example's archives."""
        built = [*Path(__file__).parents[2].glob("example_project/dist/*.mar")]

        assert [finding for path in built for finding in check(path)] == []

    def test_workflow(self, tmp_path: Path) -> None:
        """A workflow's manifest is in `WAR-INF`."""
        path = write(tmp_path / "w.war", zipped(Entry("WAR-INF/MANIFEST.json", b"{}")))

        assert check(path) == []


class TestSuffix:
    @pytest.mark.parametrize("name", ["m.TAR.GZ", "m.tar", ".m.tar.gz"])
    def test_skipped(self, name: str, tmp_path: Path) -> None:
        """`--models all` loads files with three suffixes in lower case, and nothing hidden."""
        path = write(tmp_path / name, gz(tar()))

        assert check(path) == [
            f"{path}: MAR831 `--models all` skips `{name}`; rename it, or name it in `--models`"
        ]

    def test_model(self, tmp_path: Path) -> None:
        """`.model`, the suffix of the Multi Model Server, is a tar to TorchServe."""
        assert check(write(tmp_path / "m.model", gz(tar()))) == []


class TestError:
    def test_missing(self, tmp_path: Path) -> None:
        """What the disk does not give is an error, not a finding."""
        with pytest.raises(ReadError, match="No such file or directory"):
            check(tmp_path / "m.mar")
