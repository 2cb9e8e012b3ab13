from __future__ import annotations

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import (
    ArchiveConfig,
    Deployment,
    Destination,
    ProjectConfig,
    RemoteFile,
    WorkflowConfig,
)
from hatch_mar.project.config.table import parse_project, parse_table
from hatch_mar.project.config.values import PATHS_OR_COMMAS
from tests.project.config import (
    HANDLER_FORMS,
    LEAST,
    archives,
    faults,
    faults_of,
    plain,
)

WORKFLOW = {"workflow-name": "dogs", "spec-file": "spec.yaml"}


class TestTable:
    def test_missing(self):
        """If the table is missing, the message says what to write."""
        expected = "Table `tool.mar` is missing; declare an archive there, with at least its `handler`"

        assert faults(None) == (expected,)

    @pytest.mark.parametrize("table", ["digits", [LEAST], 1, True])
    def test_not_table(self, table: object):
        """Anything other than a table is an error."""
        assert faults(table) == ("Field `tool.mar` must be a table",)

    def test_empty(self):
        """In an empty table, every key without a default is missing."""
        expected = (
            "Field `tool.mar.handler` is required: a built-in handler such as `base_handler`,"
            " `path/to/handler.py` or `package.module`"
        )

        assert faults({}) == (expected,)

    def test_single(self):
        """Without `archives`, the table itself is the archive."""
        expected = ArchiveConfig(model_name="digits", version="1.2.3", handler="base_handler")

        assert plain(archives(LEAST)) == [expected]

    def test_given_table_is_left_alone(self):
        """Reading a table does not change it."""
        table = {"handler": "base_handler", "archives": [{"extra-files": "a,b"}]}
        archives(table)

        assert table == {"handler": "base_handler", "archives": [{"extra-files": "a,b"}]}


class TestArchives:
    def test_order(self):
        """Archives come in the order of their tables."""
        table = {"archives": [LEAST | {"model-name": "b"}, LEAST | {"model-name": "a"}]}

        assert [config.model_name for config in archives(table)] == ["b", "a"]

    @pytest.mark.parametrize("value", [[], "digits", 1])
    def test_not_array(self, value: object):
        """`archives` must be an array with at least one table."""
        expected = "Field `tool.mar.archives` must be an array with at least one table"

        assert faults({"archives": value}) == (expected,)

    def test_many(self):
        """Very many archives are not read, nor are those behind very many faults."""
        many = {"archives": [{"model-name": f"a{number}"} for number in range(1001)]}
        assert faults(many) == ("Field `tool.mar.archives` must not have more than 1000 tables",)

        assert len(faults({"archives": [{"handlre": 1}] * 1000})) == 100

    def test_single_brackets(self):
        """If a table is written with single brackets, the message shows the right form."""
        expected = "Field `tool.mar.archives` must be an array of tables; write `[[tool.mar.archives]]`"

        assert faults({"archives": LEAST}) == (expected,)

    def test_table_of_tables(self):
        """The same holds for a table of named tables."""
        expected = (
            "Field `tool.mar.archives` must be an array of tables;"
            ' write `[[tool.mar.archives]]` with `model-name = "digits"`'
        )

        assert faults({"archives": {"digits": LEAST}}) == (expected,)

    def test_not_tables(self):
        """Each item that is not a table is reported."""
        expected = (
            "Field `tool.mar.archives[0]` must be a table",
            "Field `tool.mar.archives[2]` must be a table",
        )

        assert faults(LEAST | {"archives": ["a", {}, 1]}) == expected

    def test_not_nested(self):
        """An archive cannot contain archives."""
        [found] = faults(LEAST | {"archives": [{"archives": []}]})

        assert found.partition(";")[0] == "Unknown field `tool.mar.archives[0].archives`"


class TestInheritance:
    def test_default(self):
        """A key of `[tool.mar]` applies to every archive."""
        table = {"handler": "handler.py", "archives": [{"model-name": "a"}, {"model-name": "b"}]}

        assert [config.handler for config in archives(table)] == ["handler.py", "handler.py"]

    def test_archive_overrides_default(self):
        """A key of an archive replaces that of `[tool.mar]`; the values are not merged."""
        table = LEAST | {"extra-files": ["a"], "archives": [{"extra-files": ["b"]}, {"model-name": "other"}]}

        assert [config.extra_files for config in archives(table)] == [("b",), ("a",)]

    def test_origin(self):
        """A later message names the key that was set, in the archive or in `[tool.mar]`."""
        table = {"handler": "handler.py", "archives": [{"model-file": "model.py"}]}
        [config] = archives(table)

        assert str(config.origins["handler"]) == "Field `tool.mar.handler`"
        assert str(config.origins["model-file"]) == "Field `tool.mar.archives[0].model-file`"
        assert str(config.origins["serialized-file"]) == "Field `tool.mar.serialized-file`"

    def test_outputs(self):
        """Every archive knows where those with an export path are written."""
        table = LEAST | {
            "workflows": [{"workflow-name": "w", "spec-file": "w.yaml", "export-path": "./store"}],
            "archives": [{"model-name": "a", "export-path": "models/"}, {"model-name": "b"}],
        }
        one, other, _ = archives(table)

        assert one.outputs == other.outputs == ("models/a.mar", "store/w.war")

    def test_remote_files(self):
        """Every archive knows the project's remote files."""
        table = LEAST | {
            "remote-files": [{"path": "a.pt", "url": "https://a.b/c", "sha256": "0" * 64}],
            "workflows": [{"workflow-name": "w", "spec-file": "w.yaml"}],
            "archives": [{"model-name": "a"}],
        }

        assert [[each.path for each in config.remote_files] for config in archives(table)] == [["a.pt"]] * 2

    def test_layouts(self):
        """An archive knows in which layouts the project publishes, each once."""
        places = {"a": "a", "b": {"url": "s3://b", "layout": "vertex"}, "c": {"url": "c", "layout": "vertex"}}

        assert archives(LEAST | {"publish": places})[0].layouts == ("flat", "vertex")

    def test_fault_of_default(self):
        """A fault of `[tool.mar]` is reported once, not for every archive."""
        table = LEAST | {"force": "no", "archives": [{"model-name": "a"}, {"model-name": "b"}]}

        assert faults(table) == ("Field `tool.mar.force` must be a boolean",)

    def test_required_of_archive(self):
        """A missing key is reported at the archive that lacks it."""
        expected = (
            "Field `tool.mar.archives[1].handler` is required: a built-in handler such as `base_handler`,"
            " `path/to/handler.py` or `package.module`"
        )
        table = {"archives": [LEAST | {"model-name": "a"}, {"model-name": "b"}]}

        assert faults(table) == (expected,)


class TestBuildBackend:
    """`build-backend`, which is about the project."""

    def test_not_inherited(self):
        """No archive has it, and it makes no archive of a table that has only workflows."""
        table = {"build-backend": "flit_core.buildapi", "workflows": [WORKFLOW]}

        assert [type(config) for config in archives(table)] == [WorkflowConfig]
        assert archives(LEAST | {"build-backend": "flit_core.buildapi"}) == archives(LEAST)

    def test_of_an_archive(self):
        """It is unknown in the table of an archive."""
        table = LEAST | {"archives": [{"build-backend": "flit_core.buildapi"}]}

        assert faults(table) == ("Unknown field `tool.mar.archives[0].build-backend`",)

    def test_without_project(self):
        """It is unknown in a table that is about no project."""
        with pytest.raises(ConfigError, match=r"^Unknown field `tool.mar.build-backend` \[MAR003\]$"):
            parse_table(LEAST | {"build-backend": "a"}, name=lambda: "a", version=str, file=None)

    def test_misspelled(self):
        """A key that is nearly right gets a question."""
        assert faults(LEAST | {"build-backnd": "a"}) == (
            "Unknown field `tool.mar.build-backnd`; did you mean `build-backend`?",
        )


REMOTE = {"path": "a.pt", "url": "https://example.org/a.pt"}


class TestParseProject:
    def test_nothing(self):
        """A project that says nothing has the defaults."""
        assert parse_project({}) == parse_project(LEAST) == ProjectConfig()

    def test_all(self):
        """Each key is read; those of archives are not its matter."""
        table = {
            "handler": 1,
            "build-backend": "uv_build",
            "remote-files": [REMOTE | {"sha256": "0" * 64}],
            "publish": {"staging": "s3://models", "cluster": {"url": "store", "layout": "kserve"}},
            "deploy": {"management": "http://serving:8081", "keep": 1},
        }

        assert parse_project(table) == ProjectConfig(
            "uv_build",
            (RemoteFile("a.pt", "https://example.org/a.pt", "0" * 64),),
            {"staging": Destination("s3://models"), "cluster": Destination("store", "kserve")},
            Deployment("http://serving:8081", keep=1),
        )

    def test_unlocked(self):
        """A digest may be missing only where it is still to be found out."""
        [found] = parse_project({"remote-files": [REMOTE]}, locked=False).remote_files
        with pytest.raises(ConfigError) as error:
            parse_project({"remote-files": [REMOTE]})

        assert found.sha256 is None
        [text] = error.value.faults
        assert text.startswith(
            "Field `tool.mar.remote-files[0].sha256` is required; write it with `hatch-mar fetch --lock`"
        )


class TestFaults:
    def test_all_at_once(self):
        """Every fault of every table is reported, each on its own line."""
        table = {
            "force": 1,
            "serialised-file": "model.pth",
            "archives": [{"handler": "base_handler", "compression": "zstd"}, {"extra-files": 5}],
        }
        expected = (
            "Field `tool.mar.force` must be a boolean",
            "Unknown field `tool.mar.serialised-file`; did you mean `serialized-file`?",
            "Field `tool.mar.archives[0].compression` must be one of `auto`, `store`, `deflate`: `zstd`",
            f"Field `tool.mar.archives[1].extra-files` must be an {PATHS_OR_COMMAS}",
            "Field `tool.mar.archives[1].handler` is required: " + HANDLER_FORMS,
        )

        assert faults(table) == expected

    def test_text(self):
        """The text of an error is that of its faults."""
        assert str(ConfigError("one", "two")) == "one\ntwo"

    def test_handler_at_fault_is_not_missing(self):
        """A handler that is set but invalid is not also reported as missing."""
        assert faults({"handler": 1}) == ("Field `tool.mar.handler` must be a string",)

    def test_model_name_at_fault_is_not_missing(self):
        """An invalid model name is reported once, even if the project's name would be invalid too."""
        assert faults(LEAST | {"model-name": 1}, name="1project") == (
            "Field `tool.mar.model-name` must be a string",
        )


class TestUnknownField:
    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("serialised-file", "serialized-file"),
            ("serialized_file", "serialized-file"),
            ("Model-Name", "model-name"),
            ("extra-file", "extra-files"),
            ("archive", "archives"),
        ],
    )
    def test_suggestion(self, key: str, meant: str):
        """For a misspelled key, the most similar one is suggested."""
        assert faults_of(key, "x") == (f"Unknown field `tool.mar.{key}`; did you mean `{meant}`?",)

    def test_no_suggestion(self):
        """For a key that is not similar to any other, there is no suggestion."""
        assert faults_of("zzz", "x") == ("Unknown field `tool.mar.zzz`",)

    def test_in_archive(self):
        """An unknown key of an archive is reported with that archive."""
        expected = "Unknown field `tool.mar.archives[0].modelfile`; did you mean `model-file`?"

        assert faults(LEAST | {"archives": [{"modelfile": "x"}]}) == (expected,)


class TestWorkflows:
    def test_least(self):
        """A table that has only workflows declares no archive."""
        expected = WorkflowConfig(workflow_name="dogs", spec_file="spec.yaml")

        assert plain(archives({"workflows": [WORKFLOW]})) == [expected]
        assert expected.file_name == "dogs.war"

    def test_beside_archives(self):
        """Workflows come after the archives, of whose defaults they inherit what the checks are told."""
        table = LEAST | {"force": False, "ignore": ["MAR231"], "workflows": [WORKFLOW]}
        model, workflow = archives(table)

        assert (model.name, model.force, model.ignore) == ("digits", False, ("MAR231",))
        assert (workflow.name, workflow.force, workflow.handler) == ("dogs", True, None)
        assert (workflow.ignore, workflow.models) == (("MAR231",), ("digits.mar",))

    def test_alone(self):
        """What the checks are told of workflows makes no archive of `[tool.mar]`."""
        [workflow] = archives({"server-packages": ["vllm"], "workflows": [WORKFLOW | {"ignore": ["MAR231"]}]})

        assert (workflow.name, workflow.server_packages, workflow.ignore) == ("dogs", ("vllm",), ("MAR231",))

    def test_whole(self):
        """Most keys are torch-workflow-archiver's options."""
        own = {"handler": "h.py", "extra-files": "a,b", "export-path": "out", "force": False}
        expected = WorkflowConfig(
            workflow_name="dogs",
            spec_file="spec.yaml",
            handler="h.py",
            extra_files=("a", "b"),
            export_path="out",
            force=False,
        )

        assert plain(archives({"workflows": [WORKFLOW | own]})) == [expected]

    def test_required(self):
        """A workflow requires a name and a specification."""
        expected = (
            "Field `tool.mar.workflows[0].workflow-name` is required",
            "Field `tool.mar.workflows[0].spec-file` is required",
        )

        assert faults({"workflows": [{}]}) == expected

    def test_unknown_field(self):
        """Other keys of a workflow are errors, with a suggestion."""
        expected = "Unknown field `tool.mar.workflows[0].spec-files`; did you mean `spec-file`?"

        assert faults({"workflows": [WORKFLOW | {"spec-files": "x"}]}) == (expected,)

    @pytest.mark.parametrize("value", [[], "dogs"])
    def test_not_array(self, value: object):
        """`workflows` must be an array with at least one table."""
        expected = "Field `tool.mar.workflows` must be an array with at least one table"

        assert faults({"workflows": value}) == (expected,)


class TestClash:
    @pytest.mark.parametrize(
        ("one", "other", "file"),
        [
            ({}, {}, "digits.mar"),
            ({"archive-format": "default"}, {"archive-format": "zip-store"}, "digits.mar"),
            ({"model-name": "a"}, {"model-name": "A"}, "A.mar"),
            ({"export-path": "out"}, {"export-path": "out"}, "digits.mar"),
            ({"export-path": "out"}, {"export-path": "out/"}, "digits.mar"),
            ({"export-path": "out"}, {"export-path": "./out"}, "digits.mar"),
            ({"model-name": "a.mar", "archive-format": "no-archive"}, {"model-name": "a"}, "a.mar"),
        ],
    )
    def test_same_file(self, one: dict[str, str], other: dict[str, str], file: str):
        """Two archives whose paths are the same on some file system are an error."""
        expected = (
            f"Fields `tool.mar.archives[0]` and `tool.mar.archives[1]` both write `{file}`;"
            " give one of them another `model-name`, `archive-name`, `archive-format` or `export-path`"
        )

        assert faults(LEAST | {"archives": [one, other]}) == (expected,)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({}, {"model-name": "other"}),
            ({}, {"archive-format": "tgz"}),
            ({}, {"export-path": "out"}),
        ],
    )
    def test_other_file(self, one: dict[str, str], other: dict[str, str]):
        """One model may be written to several paths."""
        assert len(archives(LEAST | {"archives": [one, other]})) == 2

    def test_each(self):
        """Each archive with the same path is reported together with the first one."""
        found = faults(LEAST | {"archives": [{}, {}, {}]})

        assert len(found) == 2
        assert all(fault.startswith("Fields `tool.mar.archives[0]` and") for fault in found)
