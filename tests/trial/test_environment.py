from __future__ import annotations

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.environment import inherit


class TestInherit:
    @pytest.mark.parametrize(
        "name", ["PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "HF_HOME"]
    )
    def test_passed_on(self, monkeypatch: pytest.MonkeyPatch, name: str):
        """What says where things are and how to run is passed on."""
        monkeypatch.setenv(name, "x")

        assert inherit()[name] == "x"

    @pytest.mark.parametrize(
        "name",
        ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PIP_INDEX_URL", "NCCL_SECRET", "ANYTHING"],
    )
    def test_kept_back(self, monkeypatch: pytest.MonkeyPatch, name: str):
        """What may be a secret is passed on only if it is asked for."""
        monkeypatch.setenv(name, "x")

        assert name not in inherit()
        assert inherit([name])[name] == "x"

    def test_missing(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("ABSENT", raising=False)

        with pytest.raises(TrialError, match="Option `--env`: the environment has no variable `ABSENT`"):
            inherit(["ABSENT"])
