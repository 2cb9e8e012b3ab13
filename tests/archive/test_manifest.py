from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar import __version__
from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME, Manifest
from tests.archives import INSTANT, MANIFEST, MANIFEST_BYTES

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def for_model(**changes: object) -> Manifest:
    settings = {"model_name": "digits", "model_version": "1.0", "handler": "base_handler", "created": INSTANT}
    return Manifest.for_model(**(settings | changes))


class TestForModel:
    def test_whole(self):
        """The keys and their order are torch-model-archiver's."""
        manifest = for_model(
            config_file="model-config.yaml",
            requirements_file="requirements.txt",
            model_file="model.py",
            handler="handler.py:handle",
            serialized_file="model.pth",
            runtime="python3",
        )
        expected = f"""\
{{
  "createdOn": "02/02/2020 00:00:00",
  "runtime": "python3",
  "model": {{
    "modelName": "digits",
    "serializedFile": "model.pth",
    "handler": "handler.py:handle",
    "modelFile": "model.py",
    "modelVersion": "1.0",
    "requirementsFile": "requirements.txt",
    "configFile": "model-config.yaml"
  }},
  "archiverVersion": "hatch-mar {__version__}"
}}"""

        assert manifest.to_json().decode() == expected

    def test_least(self):
        """A key without a value is left out, since TorchServe's worker fails on null."""
        assert for_model().model == {"modelName": "digits", "handler": "base_handler", "modelVersion": "1.0"}

    def test_runtime(self):
        """The runtime is `python` by default."""
        assert for_model().document["runtime"] == "python"

    def test_created_in_utc(self):
        """The creation time does not depend on the machine's time zone."""
        created = datetime(2020, 2, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))

        assert for_model(created=created).document["createdOn"] == "01/02/2020 23:30:00"


class TestForWorkflow:
    def test_whole(self):
        """The keys, their order and the place are torch-workflow-archiver's."""
        manifest = Manifest.for_workflow(
            handler="handler.py", spec_file="spec.yaml", workflow_name="dogs", created=INSTANT
        )
        expected = f"""\
{{
  "createdOn": "02/02/2020 00:00:00",
  "workflow": {{
    "workflowName": "dogs",
    "specFile": "spec.yaml",
    "handler": "handler.py"
  }},
  "archiverVersion": "hatch-mar {__version__}"
}}"""

        assert manifest.to_json().decode() == expected
        assert manifest.name == "WAR-INF/MANIFEST.json"

    def test_least(self):
        """The manifest of a workflow without a handler has no such key."""
        manifest = Manifest.for_workflow(
            workflow_name="dogs", spec_file="spec.yaml", handler=None, created=INSTANT
        )

        assert manifest.document["workflow"] == {"workflowName": "dogs", "specFile": "spec.yaml"}


class TestModel:
    def test_absent(self):
        """A manifest without a model has an empty one."""
        assert Manifest({}).model == {}

    @pytest.mark.parametrize("model", [None, "digits", ["digits"]])
    def test_no_object(self, model: object):
        """A `model` that is not an object counts as empty."""
        assert Manifest({"model": model}).model == {}


class TestRuntime:
    @pytest.mark.parametrize(
        ("document", "expected"), [({}, "python"), ({"runtime": "LSP"}, "LSP"), ({"runtime": None}, None)]
    )
    def test_default(self, document: dict[str, object], expected: object):
        """A manifest without a runtime is for Python; one that another tool wrote is left as it is."""
        assert Manifest(document).runtime == expected


class TestSubject:
    def test_name(self):
        """It is the name of the model or of the workflow, as the manifest is of one or the other."""
        workflow = Manifest.for_workflow(
            workflow_name="dogs", spec_file="spec.yaml", handler=None, created=INSTANT
        )

        assert [MANIFEST.subject, workflow.subject] == ["digits", "dogs"]
        assert workflow._replace(name=MANIFEST.name).subject is None

    @pytest.mark.parametrize("name", [MANIFEST_NAME, WORKFLOW_MANIFEST_NAME])
    @pytest.mark.parametrize("document", [{}, {"model": 1, "workflow": []}, {"model": {}, "workflow": {}}])
    def test_none(self, document: dict[str, object], name: str):
        """A manifest that another tool wrote may have none."""
        assert Manifest(document, name).subject is None


class TestJson:
    def test_from_json(self):
        """A manifest is read from its bytes."""
        assert Manifest.from_json(MANIFEST_BYTES) == MANIFEST

    def test_to_json(self):
        """A manifest is written with an indent of two, and without a newline at the end."""
        assert MANIFEST.to_json() == MANIFEST_BYTES

    @given(st.dictionaries(st.text(), json_values, max_size=4))
    def test_round_trip(self, document: dict[str, object]):
        """Everything in a manifest is written again, in its order."""
        read = Manifest.from_json(Manifest(document).to_json())

        assert document == read.document
        assert list(document) == list(read.document)

    @pytest.mark.parametrize(
        "data",
        [b"", b"{", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"a": "\xe9"}', b"[" * 100_000],
        ids=["empty", "cut off", "UTF-16", "byte order mark", "Latin-1", "deep"],
    )
    def test_not_json(self, data: bytes):
        """A manifest that TorchServe's worker could not read is an error."""
        with pytest.raises(ValueError, match=r"^`MAR-INF/MANIFEST\.json` is not JSON in UTF-8: ."):
            Manifest.from_json(data)

    @pytest.mark.parametrize("data", [b"null", b"[]", b'"model"', b"1"])
    def test_not_object(self, data: bytes):
        """A manifest that is not a JSON object is an error."""
        with pytest.raises(ValueError, match=r"^`MAR-INF/MANIFEST\.json` must be a JSON object$"):
            Manifest.from_json(data)
