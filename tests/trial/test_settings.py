from __future__ import annotations

import pytest

from hatch_mar.checks.subject import Subject
from hatch_mar.trial.settings import Settings
from tests.trial import archive_of


def settings(text: str) -> Settings:
    return Settings.of(Subject(archive_of({"c.yaml": text}, config_file="c.yaml"), "c.mar"))


class TestSettings:
    def test_default(self):
        """Without a model configuration, TorchServe's own limits apply."""
        assert Settings.of(Subject(archive_of({}), "c.mar")) == Settings(None, 120, 120, "", False)

    def test_values(self):
        """Its values are used."""
        text = "batchSize: 4\nstartupTimeout: 5\nresponseTimeout: 6\ndeviceType: cpu\nuseVenv: true\n"

        assert settings(text) == Settings(4, 5, 6, "cpu", True)

    @pytest.mark.parametrize(
        ("handler", "text", "expected"),
        [
            ("text_classifier", "", 1),
            ("text_classifier", "batchSize: 2\n", 2),
            ("base_handler", "", None),
        ],
    )
    def test_single_requests(self, handler: str, text: str, expected: int | None):
        """A handler of TorchServe's that answers one request at a time gets no batches, unless asked for."""
        archive = archive_of({"c.yaml": text}, handler, config_file="c.yaml")

        assert Settings.of(Subject(archive, "c.mar")).batch_size == expected

    @pytest.mark.parametrize(
        "text", ["", "- 1\n", "batchSize: '4'\n", "batchSize: 0\n", "batchSize: true\n", "a: [", "\x00"]
    )
    def test_unreadable(self, text: str):
        """A value that TorchServe ignores or fails on is not used."""
        assert settings(text) == Settings()
