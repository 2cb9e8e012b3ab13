from __future__ import annotations

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.environment import NAMES, inherit, installer_settings, is_withheld


class TestInherit:
    @pytest.mark.parametrize(
        "name", ["PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "TORCH_HOME", "HF_HOME"]
    )
    def test_passed_on(self, monkeypatch: pytest.MonkeyPatch, name: str):
        """What says where things are and how to run is passed on."""
        monkeypatch.setenv(name, "x")

        assert inherit()[name] == "x"

    def test_named(self, monkeypatch: pytest.MonkeyPatch):
        """All that are listed by name are passed on, whatever word is in them."""
        for name in NAMES:
            monkeypatch.setenv(name, "x")

        assert set(inherit()) >= NAMES

    @pytest.mark.parametrize(
        "name",
        [
            *(
                "HF_TOKEN",
                "AWS_SECRET_ACCESS_KEY",
                "GITHUB_TOKEN",
                "PIP_INDEX_URL",
                "SSH_AUTH_SOCK",
                "ANYTHING",
            ),
            *("NCCL_SECRET", "NVIDIA_API_KEY", "CUDA_AUTH", "TORCH_PASSWORD", "LC_SENT_OVER_SSH"),
            *("JDK_JAVA_OPTIONS", "COVERAGE_PROCESS_START"),
        ],
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


class TestInstaller:
    @pytest.mark.parametrize("name", ["PIP_INDEX_URL", "HTTPS_PROXY", "https_proxy", "NETRC"])
    def test_settings(self, monkeypatch: pytest.MonkeyPatch, name: str):
        """Where packages are is known to pip, and not to the archive's code."""
        monkeypatch.setenv(name, "https://user:password@host")

        assert installer_settings()[name] == "https://user:password@host"
        assert name not in inherit()

    def test_others(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HF_TOKEN", "x")

        assert "HF_TOKEN" not in installer_settings()


class TestWithheld:
    def test_withheld(self, monkeypatch: pytest.MonkeyPatch):
        """A variable is withheld if the shell has it, and nobody asked for it."""
        monkeypatch.setenv("SOME_KEY", "x")
        monkeypatch.delenv("ABSENT", raising=False)

        assert is_withheld("SOME_KEY")
        assert not is_withheld("SOME_KEY", ["SOME_KEY"])
        assert not is_withheld("PATH")
        assert not is_withheld("ABSENT")
