from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hatch_mar.migration.call import MODEL_ARCHIVER, WORKFLOW_ARCHIVER, Call, CallFile, call_in, load_calls


class TestCallIn:
    @pytest.mark.parametrize(
        ("command", "tool"),
        [
            ("torch-model-archiver", MODEL_ARCHIVER),
            ("/usr/bin/torch-model-archiver", MODEL_ARCHIVER),
            ("torch-model-archiver.exe", MODEL_ARCHIVER),
            ("venv/bin/torch-workflow-archiver", WORKFLOW_ARCHIVER),
            ("python -m model_archiver.model_packaging", MODEL_ARCHIVER),
            ("/usr/bin/python3.11 -m workflow_archiver.workflow_packaging", WORKFLOW_ARCHIVER),
        ],
    )
    def test_tool(self, command: str, tool: str) -> None:
        """The tools themselves are known by every name they have."""
        assert call_in([*command.split(), "-f", "a b"], "/x") == Call(tool, ["-f", "a b"], "/x", status=0)

    @pytest.mark.parametrize(
        "command",
        ["sh", "python", "python -m", "python -m build", "python a.py", "sh torch-model-archiver", "-m x"],
    )
    def test_other(self, command: str) -> None:
        """Any other command is run."""
        assert call_in(command.split(), "/x") is None


class TestFiles:
    def test_order(self, tmp_path: Path) -> None:
        """Calls are loaded unchanged, in the order in which they began."""
        first, second = CallFile(tmp_path), CallFile(tmp_path)
        one = Call("a", ["é", "\udcff", ""], "/x", 0, {"m": ["/m", "1"]}, ["base"])
        two = Call("b", [], "/y", changed_manifest=[])
        second.save(two)
        first.save(two)
        first.save(one)

        assert load_calls(tmp_path) == [one, two]

    def test_parallel(self, tmp_path: Path) -> None:
        """No call is lost if many are saved at the same time."""
        calls = [Call("a", [str(number)] * 1000, "/x", changed_manifest=[]) for number in range(200)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda call: CallFile(tmp_path).save(call), calls))

        assert sorted(load_calls(tmp_path)) == sorted(calls)

    def test_shown(self) -> None:
        """A call is shown as one would type it."""
        assert str(Call("torch-model-archiver", ["--handler", "a b"], "/x")) == (
            "torch-model-archiver --handler 'a b'"
        )
