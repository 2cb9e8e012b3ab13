"""Which configuration is checked, and where its faults are shown."""

from __future__ import annotations

from hatch_mar import checks
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.model_config import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Place
from tests.checks import subject
from tests.checks.model_config import found


class TestCheck:
    def test_none(self):
        """An archive may have no configuration."""
        assert found(None) == []

    def test_workflow(self):
        """The configuration of a workflow is not checked."""
        other = subject({})
        manifest = Manifest({"model": {"configFile": "no.yaml"}}, "WAR-INF/MANIFEST.json")
        archive = type(other.archive)(manifest, other.archive.members)
        assert {finding.code for finding in checks.check(Subject(archive, "digits.war"))} == {"MAR851"}

    def test_inline(self):
        """A fault in an inline configuration is shown in `[tool.mar]`, not in the file made of it."""
        other = subject({"c.yaml": "BatchSize: 2\n"}, config_file="c.yaml")
        place = Place("pyproject.toml", 7, ("tool", "mar", "config"))
        [finding] = check(Subject(other.archive, "digits.mar", {"config": place}))

        assert (finding.code, finding.place) == ("MAR513", place)
