from __future__ import annotations

from collections.abc import Mapping

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.hatch.publisher_options import PublisherOptions

HATCHS = {"no_prompt": False, "initialize_auth": False}


class TestRead:
    def test_least(self):
        """Only the destination must be given."""
        assert PublisherOptions.read({**HATCHS, "to": "staging"}) == ("staging", None, False)

    @pytest.mark.parametrize(("replace", "expected"), [("true", True), ("false", False)])
    def test_all(self, replace: str, expected: bool):
        """All options of the command line are there but those that hatch has itself."""
        options = {**HATCHS, "to": "out", "layout": "kserve", "replace": replace}

        assert PublisherOptions.read(options) == ("out", "kserve", expected)

    @pytest.mark.parametrize(
        ("options", "fault"),
        [
            (
                {},
                "Option `to` for publisher `mar` is required; name a directory, a URL or a destination",
            ),
            (
                {"to": "out", "lay-out": "flat"},
                "Unknown option `lay-out` for publisher `mar`; did you mean `layout`?",
            ),
            (
                {"to": "out", "url": "x"},
                "Unknown option `url` for publisher `mar`; the options are `to`, `layout`, `replace`",
            ),
            (
                {"to": "out", "layout": "vertexai"},
                "Unknown layout `vertexai` for publisher `mar`; did you mean `vertex`?",
            ),
            (
                {"to": "out", "replace": "yes"},
                "Option `replace` for publisher `mar` must be `true` or `false`",
            ),
        ],
        ids=str,
    )
    def test_fault(self, options: Mapping[str, str], fault: str):
        """What is wrong is said in one line."""
        with pytest.raises(ConfigError) as error:
            PublisherOptions.read({**HATCHS, **options})

        assert error.value.faults == (fault,)

    def test_faults(self):
        """All faults are told at once."""
        with pytest.raises(ConfigError) as error:
            PublisherOptions.read({"layout": "?", "replace": "?", "x": "?"})

        assert len(error.value.faults) == 4
