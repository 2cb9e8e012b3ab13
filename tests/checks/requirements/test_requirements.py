"""Whether the archive has the requirements that it names, and TorchServe installs them."""

from __future__ import annotations

import pytest

from hatch_mar.checks.requirements import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Place
from tests.checks import found as found_by
from tests.checks import subject
from tests.checks.requirements import FILES, NEEDS_SETTING


class TestFile:
    @pytest.mark.parametrize("name", ["no.txt", "../requirements.txt", ""])
    def test_absent(self, name: str):
        """A file that is not in the archive makes TorchServe refuse the model."""
        assert found_by(check, FILES, model={"requirementsFile": name}) == [
            (
                f"digits.mar/MAR-INF/MANIFEST.json: MAR601 The archive has no `{name}`;"
                " add the file, or remove `requirementsFile` from the manifest"
            )
        ]

    @pytest.mark.parametrize("model", [{}, {"requirementsFile": None}])
    def test_none(self, model: dict[str, None]):
        """An archive may have no requirements."""
        assert found_by(check, FILES, model=model) == []


class TestSetting:
    def test_once(self):
        """The setting is reported once, whatever the number of lines."""
        files = {"requirements.txt": "scipy\npandas\n"}
        assert found_by(check, files, requirements_file="requirements.txt") == [NEEDS_SETTING]

    def test_nothing(self):
        """A file without requirements needs no setting."""
        assert found_by(check, {"requirements.txt": "# none\n"}, requirements_file="requirements.txt") == []

    def test_generated(self):
        """Findings about a generated file are shown at `requirements-from`."""
        made = subject({"requirements.txt": "scipy\n"}, requirements_file="requirements.txt")
        place = Place("pyproject.toml", 3, ("tool", "mar", "requirements-from"))
        findings = check(Subject(made.archive, "digits.mar", {"requirements-from": place}))

        assert [finding.place for finding in findings] == [place]
