"""What is wrong with an archive ends a build before anything is made, in lines for its user."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import ARCHIVES, HOOK, SDIST, WHEEL, Project
from tests.e2e.delivery import NO_WEIGHTS, contents, lines_of, listing


class TestFaults:
    FRONTENDS = pytest.mark.parametrize(
        ("frontend", "status"),
        [(("hatch", "build"), 1), (("python", "-m", "build"), 1), (("uv", "build"), 2)],
        ids=["hatch", "build", "uv"],
    )

    @pytest.fixture
    def before(self, project: Project) -> dict[str, bytes]:
        """What an earlier build left in `dist`."""
        old = {WHEEL: b"old wheel", SDIST: b"old sdist", "digits.mar": b"old archive"}
        (project.root / "dist").mkdir()
        for name, data in old.items():
            (project.root / "dist" / name).write_bytes(data)
        return old

    @FRONTENDS
    def test_missing_file(
        self, project: Project, before: dict[str, bytes], frontend: tuple[str, ...], status: int
    ) -> None:
        """Missing weights, all of them named, end the build before an sdist or a wheel is made."""
        project.lose_weights()

        output = project.run(*frontend, status=status)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    @FRONTENDS
    def test_configuration(
        self, project: Project, before: dict[str, bytes], frontend: tuple[str, ...], status: int
    ) -> None:
        """Faults of `[tool.mar]` end the build before an sdist or a wheel is made."""
        project.configure(mar=ARCHIVES.replace("serialized-file", "serialised-file") + "version = 2\n")

        output = project.run(*frontend, status=status)

        unknown = (
            "Unknown field `tool.mar.archives[{}].serialised-file`; did you mean `serialized-file`? [MAR003]"
        )
        assert lines_of(output, ("tool.mar",)) == [
            unknown.format(0),
            unknown.format(1),
            "Field `tool.mar.archives[1].version` must be a string [MAR004]",
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_no_table(self, project: Project, before: dict[str, bytes]) -> None:
        """A hook without `[tool.mar]` ends the build before an sdist or a wheel is made."""
        project.configure(mar="")

        output = project.run("hatch", "build", status=1)

        assert lines_of(output, ("tool.mar",)) == [
            "Table `tool.mar` is missing; declare an archive there, with at least its `handler` [MAR002]"
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_unknown_option(self, project: Project, before: dict[str, bytes]) -> None:
        """An option in the hook's own table is refused: it would do nothing there."""
        project.configure(hatch=HOOK + 'handler = "base_handler"\n')

        output = project.run("hatch", "build", status=1)

        assert lines_of(output, ("tool.mar",)) == [
            "Unknown option `handler` for build hook `mar`; options belong in `[tool.mar]` [MAR003]"
        ]
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_occupied(self, project: Project) -> None:
        """An archive whose place something else takes stops the build before the sdist is made."""
        (project.root / "dist/letters.mar").mkdir(parents=True)

        output = project.run("hatch", "build", status=1)

        assert "a directory of that name exists; move it away" in output
        assert "Traceback" not in output
        assert listing(project.root / "dist") == {"letters.mar"}

    def test_mar_target(self, project: Project, before: dict[str, bytes]) -> None:
        """`-t mar` names the faults of all archives as well, and makes none."""
        project.lose_weights()

        output = project.run("hatch", "build", "-t", "mar", status=1)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS
        assert "Traceback" not in output
        assert contents(project.root / "dist") == before

    def test_mar_target_half(self, project: Project, before: dict[str, bytes]) -> None:
        """A fault of the second archive keeps `-t mar` from writing the first."""
        project.weights("letters").unlink()

        output = project.run("hatch", "build", "-t", "mar", status=1)

        assert lines_of(output, ("tool.mar",)) == NO_WEIGHTS[1:]
        assert contents(project.root / "dist") == before
