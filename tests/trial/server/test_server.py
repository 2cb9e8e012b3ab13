from __future__ import annotations

import importlib.util
import shutil

import pytest

from hatch_mar.trial.server.server import free_ports, missing


class TestMissing:
    def test_java(self, monkeypatch: pytest.MonkeyPatch):
        """Without Java, it says so."""
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setattr(shutil, "which", lambda _: None)

        assert "`--serve` needs Java: " in missing()

    def test_java_home(self, monkeypatch: pytest.MonkeyPatch):
        """Java is looked for where TorchServe does."""
        asked = []
        monkeypatch.setenv("JAVA_HOME", "/java")
        monkeypatch.setattr(shutil, "which", asked.append)
        missing()

        assert asked == ["/java/bin/java"]

    def test_torchserve(self, monkeypatch: pytest.MonkeyPatch):
        """Without TorchServe, it says what to install."""
        monkeypatch.setattr(shutil, "which", lambda name: name)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ts" else name)

        assert missing() == "`--serve` needs what is not installed here: pip install torchserve"


class TestFreePorts:
    def test_distinct(self):
        """A server's ports are its own."""
        assert len(set(free_ports(5))) == 5
