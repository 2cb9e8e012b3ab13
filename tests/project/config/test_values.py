from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hatch_mar.project.config import values
from hatch_mar.project.config.table import parse_table
from tests.project.config import (
    LEAST,
    NAME_RULE,
    archive,
    archives,
    empty,
    faults,
    faults_of,
    not_string,
)


class TestModelName:
    def test_default(self):
        """By default, a model has the name of its project."""
        assert archive(name="Digits_Model").model_name == "Digits_Model"

    @pytest.mark.parametrize("name", ["a", "Z", "digits-2", "a.b", "a_", "resnet-1.0"])
    def test_correct(self, name: str):
        """A name may have letters, digits, `_`, `-` and `.`."""
        assert name == archive(model_name=name).model_name

    def test_not_string(self):
        """A name that is not a string is an error."""
        assert not_string("model-name") == faults_of("model-name", 9000)

    @pytest.mark.parametrize("name", ["", "  "])
    def test_empty(self, name: str):
        """An empty name is an error."""
        assert empty("model-name") == faults_of("model-name", name)

    @pytest.mark.parametrize(
        "name", ["-a", ".a", "_a", "a b", "a/b", "é", "a..b", "m1\n", "a\\b", "../a", "\u017f", "a:b"]
    )
    def test_malformed(self, name: str):
        """A name that is invalid in TorchServe, in a URL or on a file system is an error."""
        expected = f"Field `tool.mar.model-name` {NAME_RULE}: `{name}`"

        assert faults_of("model-name", name) == (expected,)

    @given(st.text(max_size=20) | st.from_regex(r"\A[A-Za-z][A-Za-z0-9_.-]*\n?\Z"))
    @example("a..b")
    @example("a\n")
    def test_any(self, name: str):
        """A name is accepted unchanged if it follows TorchServe's rule, and refused otherwise."""
        assume(name.strip())
        ascii_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        others = ascii_letters + "0123456789_-."
        if name[0] in ascii_letters + "0123456789" and set(name) <= set(others) and ".." not in name:
            assert name == archive(model_name=name).model_name
        else:
            assert len(faults_of("model-name", name)) == 1

    def test_of_the_project(self):
        """If the project's name is invalid for a model, `model-name` must be set."""
        expected = (
            "Field `tool.mar.archives[0].model-name` must be set, since the project's own name"
            f" {NAME_RULE}: `-digits`"
        )

        assert faults(LEAST | {"archives": [{}]}, name="-digits") == (expected,)

    def test_not_of_the_project(self):
        """The project's name is not read if `model-name` is set."""

        def never() -> str:
            pytest.fail("asked for the project's name")

        [config] = parse_table(LEAST | {"model-name": "digits"}, name=never, version=lambda: "1")

        assert config.name == "digits"


class TestVersion:
    def test_default(self):
        """By default, a model has the version of its project."""
        [config] = archives(LEAST, version="1.2.3.dev4+g5")

        assert config.version == "1.2.3.dev4+g5"

    def test_set(self):
        """A version is kept unchanged, and the project's is not read."""

        def never() -> str:
            pytest.fail("asked for the project's version")

        [config] = parse_table(LEAST | {"version": "2024-01 b"}, name=lambda: "digits", version=never)

        assert config.version == "2024-01 b"

    @pytest.mark.parametrize("value", [1, 1.1])
    def test_not_string(self, value: object):
        """A number is an error, because TOML reads 1.10 as 1.1."""
        assert not_string("version") == faults_of("version", value)

    def test_empty(self):
        """An empty version is an error."""
        assert empty("version") == faults_of("version", "")

    @pytest.mark.parametrize("version", ["1\n", "1\0", "\x7f"])
    def test_control_character(self, version: str):
        """A version with control characters is an error."""
        expected = f"Field `tool.mar.version` must not have control characters: `{version!r}`"

        assert faults_of("version", version) == (expected,)


class TestHandler:
    @pytest.mark.parametrize(
        "handler",
        ["base_handler", "handler.py", "a/handler.py:handle", "package.module", "package.module:handle"],
    )
    def test_correct(self, handler: str):
        """Every form of a handler is kept unchanged."""
        assert handler == archive(handler=handler).handler

    def test_not_string(self):
        """A handler that is not a string is an error."""
        assert not_string("handler") == faults_of("handler", ["handler.py"])

    def test_empty(self):
        """An empty handler is an error."""
        assert empty("handler") == faults_of("handler", " ")

    def test_backslash(self):
        """A backslash is an error, so that paths are the same on every platform."""
        expected = "Field `tool.mar.handler` must use `/` between folders: `a\\handler.py`"

        assert faults_of("handler", "a\\handler.py") == (expected,)

    @pytest.mark.parametrize(
        "handler", ["handler.py:", ":handle", "handler.py:a-b", "a.py:b:c", "C:/handler.py"]
    )
    def test_function(self, handler: str):
        """The part after a colon must be a function's name."""
        expected = (
            "Field `tool.mar.handler` must have a function's name after its colon,"
            f" as in `handler.py:handle`: `{handler}`"
        )

        assert faults_of("handler", handler) == (expected,)


class TestExportPath:
    def test_anywhere(self):
        """An export path may be absolute, since it is not stored in the archive."""
        assert archive(export_path="/srv/models").export_path == "/srv/models"


class TestSerializedFile:
    def test_path(self):
        assert archive(serialized_file="w.pt").serialized_files == ("w.pt",)

    def test_none(self):
        assert archive().serialized_files == ()

    @pytest.mark.parametrize("value", [["w.pt"], ["m.safetensors.index.json", "m-*.safetensors"]])
    def test_several(self, value: list[str]):
        """The first is a path, and the others may be patterns."""
        assert archive(serialized_file=value).serialized_files == tuple(value)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (1, "` must be a path, or an array of paths or globs"),
            ([], "` must not be empty; leave it out instead"),
            (["*.bin"], "` must begin with a path, which the manifest names, not with a pattern: `*.bin`"),
            (["w.pt", 1], "[1]` must be a string"),
        ],
    )
    def test_incorrect(self, value: object, text: str):
        assert faults_of("serialized-file", value) == (f"Field `tool.mar.serialized-file{text}",)


@pytest.mark.parametrize("key", ["model-file", "requirements-file", "config-file", "export-path"])
class TestPaths:
    def test_default(self, key: str):
        """No file is named by default."""
        assert getattr(archive(), key.replace("-", "_")) is None

    @pytest.mark.parametrize("path", ["a", "a/b.c", "../a", "a b/é", "a,b"])
    def test_correct(self, key: str, path: str):
        """A path is kept unchanged."""
        field = key.replace("-", "_")

        assert path == getattr(archive(**{field: path}), field)

    @pytest.mark.parametrize("value", [1, True, ["a"], {}])
    def test_not_string(self, key: str, value: object):
        """A path that is not a string is an error."""
        assert not_string(key) == faults_of(key, value)

    def test_empty(self, key: str):
        """An empty path is an error."""
        assert empty(key) == faults_of(key, "")

    def test_backslash(self, key: str):
        """A backslash is an error, so that paths are the same on every platform."""
        assert faults_of(key, "a\\b") == (f"Field `tool.mar.{key}` must use `/` between folders: `a\\b`",)

    @pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x9b"])
    def test_control_character(self, key: str, character: str):
        """No file that is meant has one in its name."""
        expected = f"Field `tool.mar.{key}` must not have control characters: `a{character}`"

        assert faults_of(key, f"a{character}") == (expected,)


class TestExtraFiles:
    def test_default(self):
        """The default is empty."""
        assert archive().extra_files == ()

    @pytest.mark.parametrize("value", [["a,b", "c/**/*.json"], []])
    def test_array(self, value: list[str]):
        """In an array, a path may contain commas."""
        assert tuple(value) == archive(extra_files=value).extra_files

    @pytest.mark.parametrize(
        ("value", "expected"),
        [("a", ("a",)), ("a,b/c", ("a", "b/c")), (" a , b ", ("a", "b"))],
    )
    def test_string(self, value: str, expected: tuple[str, ...]):
        """As with torch-model-archiver, a string is split at commas, and spaces around them are ignored."""
        assert archive(extra_files=value).extra_files == expected

    @pytest.mark.parametrize("value", ["", ",", "a,", "a,,b"])
    def test_empty_in_string(self, value: str):
        """An empty path between commas is an error."""
        expected = "Field `tool.mar.extra-files` must not have empty paths between its commas"

        assert faults_of("extra-files", value) == (expected,)

    @pytest.mark.parametrize("value", [1, {"a": "b"}])
    def test_not_array(self, value: object):
        """Any other value is an error."""
        expected = (
            "Field `tool.mar.extra-files` must be an array of paths or globs, or one string with commas"
        )

        assert faults_of("extra-files", value) == (expected,)

    @pytest.mark.parametrize(
        ("value", "fault"),
        [
            (["a", 1], "[1]` must be a string"),
            ([""], "[0]` must not be empty"),
            (["a\\b"], "[0]` must use `/` between folders: `a\\b`"),
            ("a,b\\c", "[1]` must use `/` between folders: `b\\c`"),
        ],
    )
    def test_element(self, value: object, fault: str):
        """An invalid path is reported with its index."""
        assert faults_of("extra-files", value) == (f"Field `tool.mar.extra-files{fault}",)

    def test_all_elements(self):
        """All invalid paths are reported at once."""
        assert faults_of("extra-files", [1, "a", ""]) == (
            "Field `tool.mar.extra-files[0]` must be a string",
            "Field `tool.mar.extra-files[2]` must not be empty",
        )


class TestPackages:
    def test_default(self):
        """The default is empty."""
        assert archive().packages == ()

    def test_correct(self):
        """Packages are paths."""
        assert archive(packages=["digits", "src/shapes"]).packages == ("digits", "src/shapes")

    @pytest.mark.parametrize("value", ["digits", 1])
    def test_not_array(self, value: object):
        """Anything other than an array is an error."""
        assert faults_of("packages", value) == ("Field `tool.mar.packages` must be an array of paths",)

    def test_element(self):
        """An invalid path is reported with its index."""
        assert faults_of("packages", ["a", ""]) == ("Field `tool.mar.packages[1]` must not be empty",)


class TestIncludeProject:
    def test_default(self):
        """The project is not included by default."""
        assert archive().include_project is False

    def test_correct(self):
        """The project can be included."""
        assert archive(include_project=True).include_project is True

    def test_not_boolean(self):
        """Anything other than a boolean is an error."""
        assert faults_of("include-project", 1) == ("Field `tool.mar.include-project` must be a boolean",)


class TestForceInclude:
    def test_default(self):
        """By default, nothing is included by force."""
        assert archive().force_include == {}

    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("a/b", "a/b"),
            ("./a", "a"),
            ("a/", "a"),
            ("/", ""),
            (".", ""),
            ("./", ""),
        ],
    )
    def test_correct(self, target: str, expected: str):
        """A target is normalized to a name in the archive."""
        assert archive(force_include={"../src": target}).force_include == {"../src": expected}

    @pytest.mark.parametrize("value", [["a"], "a", True])
    def test_not_table(self, value: object):
        """Anything other than a table is an error."""
        expected = "Field `tool.mar.force-include` must be a table of sources and targets"

        assert faults_of("force-include", value) == (expected,)

    def test_target_not_string(self):
        """A target that is not a string is an error."""
        expected = 'Field `tool.mar.force-include."a/b"` must be a string'

        assert faults_of("force-include", {"a/b": 1}) == (expected,)

    @pytest.mark.parametrize(
        ("target", "fault"),
        [
            ("../a", "must not have empty, `.` or `..` parts"),
            ("/a", "must be relative to the archive's root"),
            ("C:/a", "must be relative to the archive's root"),
            ("MAR-INF/x", "is in `MAR-INF`, which is reserved for the manifest"),
            ("a\\b", "must not have backslashes or control characters"),
        ],
    )
    def test_unsafe(self, target: str, fault: str):
        """A target outside the archive, or in the manifest's folder, is an error."""
        expected = f"Field `tool.mar.force-include.a` {fault}: `{target}`"

        assert faults_of("force-include", {"a": target}) == (expected,)


class TestExclude:
    def test_default(self):
        """By default, nothing is excluded."""
        assert archive().exclude == ()

    def test_correct(self):
        """Patterns are those of gitignore, so they may have a backslash."""
        assert archive(exclude=["*.tmp", "\\#a", "!b"]).exclude == ("*.tmp", "\\#a", "!b")

    def test_not_array(self):
        """Anything other than an array is an error."""
        assert faults_of("exclude", "*.tmp") == (
            "Field `tool.mar.exclude` must be an array of gitignore patterns",
        )

    def test_element(self):
        """An invalid pattern is reported with its index."""
        assert faults_of("exclude", [1]) == ("Field `tool.mar.exclude[0]` must be a string",)

    @pytest.mark.parametrize("pattern", ["*a" * 4 + "b", "**/a/" * 5 + "b"])
    def test_slow(self, pattern: str):
        """A pattern that would take minutes to match is an error."""
        [fault] = faults_of("exclude", [pattern])

        assert fault == (
            "Field `tool.mar.exclude[0]` must not have more than 3 `*` between two slashes,"
            f" or more than 4 `**`: `{pattern}`"
        )

    def test_many_parts(self):
        """What follows one another counts once, and parts count each by itself."""
        for pattern in ("**/" * 30 + "b", "*-*-*/" * 5 + "*.*", "a/**/b/*.tmp"):
            assert archive(exclude=[pattern]).exclude == (pattern,)


class TestRequirementsFrom:
    def test_default(self):
        """By default, no requirements are taken from the project."""
        assert archive().requirements_from == ()

    @pytest.mark.parametrize(
        "source", ["dependencies", "optional-dependencies.serving", "dependency-groups.serving.gpu"]
    )
    def test_correct(self, source: str):
        """A source names a table of the project's metadata and an entry in it."""
        assert archive(requirements_from=[source]).requirements_from == (source,)

    def test_not_array(self):
        """Anything other than an array is an error."""
        expected = "Field `tool.mar.requirements-from` must be an array of sources"

        assert faults_of("requirements-from", "dependencies") == (expected,)

    @pytest.mark.parametrize(
        "source",
        ["dependencie", "dependencies.x", "optional-dependencies", "dependency-groups.", "requirements.txt"],
    )
    def test_unknown(self, source: str):
        """Any other source is an error that lists the valid forms."""
        expected = (
            "Field `tool.mar.requirements-from[0]` must be"
            f" `dependencies`, `optional-dependencies.NAME` or `dependency-groups.NAME`: `{source}`"
        )

        assert faults_of("requirements-from", [source]) == (expected,)

    def test_and_file(self):
        """An archive cannot have both a requirements file and `requirements-from`."""
        expected = "Fields `tool.mar.requirements-file` and `tool.mar.requirements-from` cannot both be set"
        table = {"requirements-file": "requirements.txt", "requirements-from": ["dependencies"]}

        assert faults(LEAST | table) == (expected,)


class TestConfig:
    def test_default(self):
        """By default, an archive has no model configuration."""
        assert archive().config is None

    def test_correct(self):
        """A model configuration is kept unchanged, in its order."""
        table = {"minWorkers": 1, "handler": {"b": [1, 2.5], "a": True}}

        assert table == archive(config=table).config

    @pytest.mark.parametrize("value", ["minWorkers: 1", [1], 1])
    def test_not_table(self, value: object):
        """Anything other than a table is an error."""
        assert faults_of("config", value) == ("Field `tool.mar.config` must be a table",)

    def test_empty(self):
        """An empty value is an error."""
        expected = "Field `tool.mar.config` must not be empty; leave it out instead"

        assert faults_of("config", {}) == (expected,)

    @pytest.mark.parametrize(
        ("value", "place"),
        [
            ({"since": date(2020, 2, 2)}, "since"),
            ({"handler": {"at": [1, datetime(2020, 2, 2, 12)]}}, "handler.at[1]"),
            ({"handler": [{"at": time(12)}]}, "handler[0].at"),
        ],
    )
    def test_date(self, value: object, place: str):
        """A TOML date is an error at its place, because TorchServe cannot read it."""
        expected = f"Field `tool.mar.config.{place}` must not be a date; make it a string"

        assert faults_of("config", value) == (expected,)

    def test_and_file(self):
        """An archive cannot have both `config` and `config-file`."""
        expected = "Fields `tool.mar.config-file` and `tool.mar.config` cannot both be set"

        assert faults(LEAST | {"config": {"a": 1}, "config-file": "model-config.yaml"}) == (expected,)

    def test_replaces_inherited_file(self):
        """An archive's own `config` replaces a default `config-file`."""
        table = LEAST | {"config-file": "a.yaml", "archives": [{"config": {"a": 1}}]}
        [config] = archives(table)

        assert (config.config_file, config.config) == (None, {"a": 1})


class TestArchiveName:
    def test_default(self):
        """By default, an archive has the name of its model."""
        assert archive().file_name == "digits.mar"

    @pytest.mark.parametrize(
        ("template", "expected"),
        [
            ("fixed", "fixed.mar"),
            ("{model-name}-{version}", "digits-1.2.3.mar"),
            ("{version}_x", "1.2.3_x.mar"),
            ("{model-name}+gpu.a", "digits+gpu.a.mar"),
        ],
    )
    def test_template(self, template: str, expected: str):
        """Placeholders are filled in."""
        assert archive(archive_name=template).file_name == expected

    def test_not_string(self):
        """Anything other than a string is an error."""
        assert not_string("archive-name") == faults_of("archive-name", 1)

    def test_empty(self):
        """An empty value is an error."""
        assert empty("archive-name") == faults_of("archive-name", "")

    @pytest.mark.parametrize("template", ["{name}", "{", "{model_name}", "a}", "{{version}}"])
    def test_placeholder(self, template: str):
        """Only `{model-name}` and `{version}` are placeholders."""
        expected = (
            "Field `tool.mar.archive-name` may have the placeholders `{model-name}` and `{version}`,"
            f" and no others: `{template}`"
        )

        assert faults_of("archive-name", template) == (expected,)

    @pytest.mark.parametrize("template", ["a/b", "../a", "a b", ".a", "a..b", "é", "a:b", "a\n"])
    def test_malformed(self, template: str):
        """A value that is not a plain file name is an error."""
        expected = (
            "Field `tool.mar.archive-name` must be a file's name without its suffix, of letters, digits,"
            f" `_`, `-`, `+` and `.` (never two dots in a row): `{template}`"
        )

        assert faults_of("archive-name", template) == (expected,)

    @pytest.mark.parametrize("version", ["1/2", "../1", "..", "a\\b", "1:2"])
    def test_version_that_is_no_name(self, version: str):
        """A version that would lead out of the directory is an error."""
        table = LEAST | {"archive-name": "{version}", "version": version, "archive-format": "no-archive"}

        assert len(faults(table)) == 1


class TestArchiveRoot:
    def test_default(self):
        """By default, the folder in a `tgz` has the name of the model."""
        assert archive().root == "digits"

    @pytest.mark.parametrize(
        ("template", "expected"), [(".", "."), ("model", "model"), ("{version}", "1.2.3")]
    )
    def test_template(self, template: str, expected: str):
        """Placeholders are filled in; `.` stands for the root."""
        assert archive(archive_root=template).root == expected

    def test_not_string(self):
        """Anything other than a string is an error."""
        assert not_string("archive-root") == faults_of("archive-root", 1)

    @pytest.mark.parametrize("template", ["a/b", "..", "/", "a/", "./a", "MAR-INF", "a\\b"])
    def test_malformed(self, template: str):
        """Anything but one folder is an error, because TorchServe removes one from every name."""
        expected = f"Field `tool.mar.archive-root` must be the name of one folder, or `.`: `{template}`"

        assert faults_of("archive-root", template) == (expected,)

    def test_version_that_is_no_folder(self):
        """A version that would make several folders is an error."""
        assert len(faults(LEAST | {"archive-root": "{version}", "version": "1/2"})) == 1


class TestConsumers:
    def test_default(self):
        """TorchServe takes every archive, unless somebody else does."""
        assert archive().consumers == ("torchserve",)
        assert archive(consumers=["kserve", "windows"]).consumers == ("kserve", "windows")

    def test_unknown(self):
        expected = (
            "Field `tool.mar.consumers[1]` must be one of `torchserve`, `kserve`, `sagemaker`, `vertex`,"
            " `windows`: `triton`"
        )

        assert faults_of("consumers", ["kserve", "triton"]) == (expected,)


class TestCompression:
    def test_default(self):
        """By default, members are compressed where that saves space."""
        assert archive().compression == "auto"

    @pytest.mark.parametrize("compression", ["auto", "store", "deflate"])
    def test_correct(self, compression: str):
        """Every compression can be set."""
        assert compression == archive(compression=compression).compression

    def test_unknown(self):
        """Any other value is an error that lists the choices."""
        expected = "Field `tool.mar.compression` must be one of `auto`, `store`, `deflate`: `zstd`"

        assert faults_of("compression", "zstd") == (expected,)


class TestIgnore:
    def test_default(self):
        """By default, no check is switched off."""
        assert archive().ignore == ()

    def test_correct(self):
        """Checks are switched off by their codes."""
        assert archive(ignore=["MAR203", "MAR101"]).ignore == ("MAR203", "MAR101")

    def test_not_array(self):
        """Anything other than an array is an error."""
        assert faults_of("ignore", "MAR203") == ("Field `tool.mar.ignore` must be an array of codes",)

    def test_lower_case(self):
        """A code in small letters gets the one that is meant."""
        expected = "Field `tool.mar.ignore[0]` must be a check's code, such as `MAR203`: `mar417`"

        assert faults_of("ignore", ["mar417"]) == (f"{expected}; did you mean `MAR417`?",)

    @pytest.mark.parametrize("code", ["MAR20", "MAR2034", "E501"])
    def test_no_code(self, code: str):
        """A value that is not a code is an error with an example."""
        expected = f"Field `tool.mar.ignore[0]` must be a check's code, such as `MAR203`: `{code}`"

        assert faults_of("ignore", [code]) == (expected,)


class TestAllowGlobals:
    def test_default(self):
        """By default, no global is allowed beyond torch's own list."""
        assert archive().allow_globals == ()

    def test_correct(self):
        """Globals are listed by name."""
        assert archive(allow_globals=["digits.Net"]).allow_globals == ("digits.Net",)

    def test_not_array(self):
        """Anything other than an array is an error."""
        assert faults_of("allow-globals", "digits.Net")[0].startswith(
            "Field `tool.mar.allow-globals` must be an array of "
        )


class TestRuntime:
    def test_default(self):
        """The default runtime is TorchServe's."""
        assert archive().runtime == "python"

    @pytest.mark.parametrize("runtime", ["python", "python3", "LSP", "python2"])
    def test_correct(self, runtime: str):
        """Every runtime can be set."""
        assert runtime == archive(runtime=runtime).runtime

    def test_not_string(self):
        """A runtime that is not a string is an error."""
        assert not_string("runtime") == faults_of("runtime", 3)

    @pytest.mark.parametrize("runtime", ["ruby", "Python", "lsp"])
    def test_unknown(self, runtime: str):
        """Any other value is an error that lists the choices."""
        expected = (
            f"Field `tool.mar.runtime` must be one of `python`, `python3`, `LSP`, `python2`: `{runtime}`"
        )

        assert faults_of("runtime", runtime) == (expected,)


class TestArchiveFormat:
    def test_default(self):
        """By default, the archive is a `.mar`."""
        assert archive().archive_format == "default"

    @pytest.mark.parametrize("form", ["default", "zip-store", "tgz", "no-archive"])
    def test_correct(self, form: str):
        """Every format of torch-model-archiver can be set."""
        assert form == archive(archive_format=form).archive_format

    def test_not_string(self):
        """A format that is not a string is an error."""
        assert not_string("archive-format") == faults_of("archive-format", False)

    def test_unknown(self):
        """Any other value is an error that lists the choices."""
        expected = (
            "Field `tool.mar.archive-format` must be one of"
            " `default`, `tgz`, `no-archive`, `zip-store`: `zip`"
        )

        assert faults_of("archive-format", "zip") == (expected,)


class TestBuildBackend:
    @pytest.mark.parametrize(
        "name", ["uv_build", "poetry.core.masonry.api", "setuptools.build_meta:__legacy__", "a.b:c.d"]
    )
    def test_valid(self, name: str):
        """A backend is named as in `[build-system]`."""
        assert values.build_backend(name) == name

    @pytest.mark.parametrize("name", ["flit-core", "a.", ".a", "a:", ":a", "a:b:c", "a b", "a/b", "1a", "ä"])
    def test_malformed(self, name: str):
        """Anything else names no module."""
        rule = "must be a build backend, as `module` or `module:object`"
        expected = f"Field `tool.mar.build-backend` {rule}: `{name}`"

        assert faults_of("build-backend", name) == (expected,)

    @pytest.mark.parametrize("name", ["hatch_mar.backend", "hatch_mar.backend:x", "hatchling.build"])
    def test_not_wrapped(self, name: str):
        """The wrapper does not wrap itself, nor hatchling, which has the build hook."""
        [fault] = faults_of("build-backend", name)

        assert fault.startswith(f"Field `tool.mar.build-backend` must not be `{name.partition(':')[0]}`")

    def test_type(self):
        """Other types are errors."""
        assert faults_of("build-backend", ["uv_build"]) == not_string("build-backend")
        assert faults_of("build-backend", "") == empty("build-backend")


class TestForce:
    def test_default(self):
        """By default, an existing archive is replaced."""
        assert archive().force is True

    @pytest.mark.parametrize("force", [True, False])
    def test_correct(self, force: bool):
        """Replacing can be switched on and off."""
        assert force is archive(force=force).force

    @pytest.mark.parametrize("value", ["false", 0, 1])
    def test_not_boolean(self, value: object):
        """Anything other than a boolean is an error."""
        assert faults_of("force", value) == ("Field `tool.mar.force` must be a boolean",)


class TestExpectSchema:
    @pytest.mark.parametrize("value", [True, 1, ["a"]])
    def test_neither(self, value: object):
        """A schema is a table, or in a file."""
        expected = "Field `tool.mar.examples[0].expect-schema` must be a path or a table"

        assert faults_of("examples", [{"input": "a", "expect-schema": value}]) == (expected,)
