from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.budget import WRITTEN_MEMBERS, Budget
from hatch_mar.errors import HatchMarError, ReadError, TrialError
from hatch_mar.project.config.models import ArchiveConfig, Example
from hatch_mar.trial.candidate import lay_out_candidate, open_candidate, refuse_runtime
from tests.archives import INSTANT, SomeProject
from tests.budgets import enough_for
from tests.trial import ECHO, archive_of, candidate_of, request_of, write_archive

CONFIG = ArchiveConfig("digits", "1.0", "handler.py", examples=(Example([1], expect="answer.json"),))


class TestBatches:
    @pytest.mark.parametrize(
        ("requests", "batch_size", "expected"),
        [
            (0, None, []),
            (1, None, [[0], [0, 0]]),
            (3, None, [[0], [1], [2], [0, 1, 2]]),
            (3, 8, [[0], [1], [2], [0, 1, 2]]),
            (3, 2, [[0], [1], [2], [0, 1], [2, 0]]),
            (4, 2, [[0], [1], [2], [3], [0, 1], [2, 3]]),
            (3, 1, [[0], [1], [2]]),
        ],
    )
    def test_batches(self, requests: int, batch_size: int | None, expected: list[list[int]]):
        """Each request is sent alone, then in batches that are no larger than TorchServe makes them."""
        files = {"c.yaml": f"batchSize: {batch_size}\n"} if batch_size else {}
        candidate = candidate_of(
            ECHO,
            *map(request_of, range(requests)),
            files=files,
            **({"config_file": "c.yaml"} if files else {}),
        )

        assert candidate.batches == expected

    def test_label(self):
        """A batch of one is called as its request is."""
        candidate = candidate_of(ECHO, request_of(1, "first"), request_of(2, "second"))

        assert [candidate.label(batch) for batch in candidate.batches] == ["first", "second", "a batch of 2"]


class TestOpenCandidate:
    @pytest.mark.parametrize(("name", "suffix"), [("digits.mar", ".mar"), ("digits", "")])
    def test_file(self, name: str, suffix: str, tmp_path: Path):
        """An archive on disk is read where it is, whatever its format."""
        path = write_archive(archive_of({"handler.py": ECHO}), tmp_path / name)
        with open_candidate(path, [request_of(1)], Budget()) as candidate:
            assert (candidate.name, candidate.path, candidate.format.suffix) == (str(path), path, suffix)
            assert (candidate.model_name, candidate.handler) == ("digits", "handler.py")
            assert [request.label for request in candidate.requests] == ["one"]

    def test_not_an_archive(self, tmp_path: Path):
        """Anything else is an error."""
        (tmp_path / "digits.mar").write_bytes(b"0")

        with pytest.raises(ReadError), open_candidate(tmp_path / "digits.mar", (), Budget()):
            pass

    def test_many(self, tmp_path: Path):
        """More members than a command may unpack are refused before one is written."""
        archive, budget = archive_of({"handler.py": ECHO, "a": "", "b": ""}), enough_for(WRITTEN_MEMBERS, 1)
        path = write_archive(archive, tmp_path / "digits.mar")
        message = r"Cannot try `.*digits\.mar`: it has 3 members in few bytes, more than a trial unpacks; "
        with pytest.raises(TrialError, match=message), open_candidate(path, (), budget):
            pass
        # the disk has all files of a directory already
        directory = write_archive(archive, tmp_path / "digits")
        with open_candidate(directory, (), budget) as candidate:
            assert len(candidate.archive.members) == 3


class TestLayOutCandidate:
    @pytest.fixture
    def project(self, tmp_path: Path) -> SomeProject:
        (tmp_path / "handler.py").write_text(ECHO)
        (tmp_path / "answer.json").write_text("[1]")
        return SomeProject(tmp_path)

    def test_examples(self, project: SomeProject):
        """An archive of a project has the requests of its examples, and is not on disk."""
        candidate = lay_out_candidate(CONFIG, project, INSTANT)

        assert [request.data for request in candidate.requests] == [b"[1]"]
        assert candidate.path is None

    def test_requests(self, project: SomeProject):
        """Other requests replace them, and then the examples' files need not exist."""
        (project.root / "answer.json").unlink()
        candidate = lay_out_candidate(CONFIG, project, INSTANT, [request_of(2)])

        assert [request.data for request in candidate.requests] == [b"2"]

    def test_no_such_file(self, project: SomeProject):
        """A file of the archive that does not exist is an error."""
        (project.root / "handler.py").unlink()

        with pytest.raises(HatchMarError, match=r"handler\.py"):
            lay_out_candidate(CONFIG, project, INSTANT)


class TestRefuseRuntime:
    @pytest.mark.parametrize(
        ("runtime", "message"),
        [("LSP", "^the runtime `LSP` is "), ("python2", "^TorchServe does not know the runtime `python2`")],
    )
    def test_other(self, runtime: str, message: str):
        """An archive that no Python worker can run is refused."""
        with pytest.raises(TrialError, match=message):
            refuse_runtime(candidate_of(runtime=runtime))

    def test_python(self):
        """Any other archive is not."""
        refuse_runtime(candidate_of())
        refuse_runtime(candidate_of(runtime="python3"))
