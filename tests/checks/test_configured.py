from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.configured import find_faults
from hatch_mar.finding import MOST_FINDINGS, Place
from hatch_mar.project.config.models import ArchiveConfig, Origins, WorkflowConfig
from tests.archives import INSTANT
from tests.checks import HANDLER


def found(name: str = "digits", handler: str = HANDLER, **keys: object) -> list[str]:
    """The findings about an archive with a handler."""
    config = ArchiveConfig(name, "1.0", "h.py", **keys)  # type: ignore[arg-type]
    manifest = Manifest.for_model(model_name=name, model_version="1.0", handler="h.py", created=INSTANT)
    archive = Archive(manifest, [Member("h.py", BytesSource(handler.encode()))])
    findings = find_faults(config, archive, Path())
    assert {finding.archives for finding in findings} <= {(name,)}
    return [f"{finding.severity}: {finding}" for finding in findings]


class TestModelName:
    def test_letter(self):
        """A name that begins with a letter is fine."""
        assert found("a1") == []

    def test_digit(self):
        """A digit is an error in `[tool.mar]`."""
        expected = (
            "error: Field `tool.mar.model-name` begins with a digit: `3d-unet`;"
            " begin it with a letter, or add `MAR009` to `ignore` [MAR009]"
        )

        assert found("3d-unet") == [expected]

    def test_ignored(self):
        """Unlike other faults of the configuration, it can be ignored."""
        assert found("3d-unet", ignore=("MAR009",)) == []

    def test_command_line(self):
        """On a command line, it is a warning, because torch-model-archiver accepts it."""
        [text] = found("3d-unet", origins=Origins({"model-name": Place(None, None, ("--model-name",))}))

        assert text == (
            "warning: Option `--model-name` begins with a digit: `3d-unet`;"
            " begin it with a letter; in `[tool.mar]`, this is an error [MAR009]"
        )


class TestConsumers:
    def test_declared(self):
        """The rules of those speak whom the configuration declares."""
        [text] = found("resnet", archive_name="resnet.50", consumers=("kserve",))

        assert text.startswith("warning: resnet.50.mar: MAR901 ")
        assert found("resnet", archive_name="resnet.50") == []


class TestCodes:
    def test_known(self):
        """The codes of checks can be ignored."""
        assert found(ignore=("MAR231", "MAR901")) == []

    def test_unknown(self):
        """An unknown code is an error, with a suggestion if it resembles one more than its digits do."""
        [first, second] = found(ignore=("MAR231", "mar0231", "MAR499"))
        text = "is not the code of a check"

        assert (
            first == f"error: Field `tool.mar.ignore[1]` {text}: `mar0231`; did you mean `MAR231`? [MAR010]"
        )
        assert second == (
            f"error: Field `tool.mar.ignore[2]` {text}: `MAR499`; correct the code, or remove it [MAR010]"
        )

    def test_many(self):
        """Of very many unknown codes the first are reported."""
        assert len(found(ignore=("MAR000",) * 1000)) == MOST_FINDINGS

    @pytest.mark.parametrize("code", ["MAR003", "MAR010", "MAR021"])
    def test_configuration(self, code: str):
        """Faults of the configuration cannot be ignored."""
        expected = f"error: Field `tool.mar.ignore[0]` cannot be ignored: `{code}`; remove it [MAR010]"

        assert found(ignore=(code,)) == [expected]


class TestIgnore:
    def test_check(self):
        """A check is switched off by its code."""
        [text] = found(handler="import nothing_such\n" + HANDLER)

        assert text.startswith("warning: h.py:1: MAR231 ") or "MAR231" in text
        assert found(handler="import nothing_such\n" + HANDLER, ignore=("MAR231",)) == []

    def test_workflow(self):
        """A workflow is checked and ignores codes as a model does."""
        manifest = Manifest.for_workflow(
            workflow_name="dogs", spec_file="spec.yaml", handler="h.py", created=INSTANT
        )
        members = [
            Member("spec.yaml", BytesSource(b"models: {}\ndag: {handle: []}\n")),
            Member("h.py", BytesSource(b"import nothing_such\ndef handle(data, context): ...\n")),
            Member("x.pkl", BytesSource(b"cos\nsystem\n(S'id'\ntR.")),
        ]
        config = WorkflowConfig("dogs", "spec.yaml", "h.py", ("x.pkl",))
        archive = Archive(manifest, members)

        def find(**keys: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
            findings = find_faults(config._replace(**keys), archive, Path())
            return [(finding.code, finding.archives) for finding in findings]

        assert find() == [("MAR413", ("dogs",)), ("MAR231", ("dogs",))]
        assert find(server_packages=("nothing-such",)) == find()[:1]
        assert find(ignore=("MAR231", "MAR413")) == []
