"""Every key of `[tool.mar]`: what reads it, what it means, and what applies if it is not set.

The JSON Schema, the tables of the documentation, the help of `hatch-mar archive` and the comments of
`hatch-mar init` are made from this.
"""

from __future__ import annotations

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.project.config import addresses, quantities, values
from hatch_mar.project.config.models import (
    LAYOUTS,
    ArchiveConfig,
    Deployment,
    Destination,
    Example,
    RemoteFile,
    WorkflowConfig,
)
from hatch_mar.project.config.reading import array_of, one_of, string
from hatch_mar.project.config.setting import (
    Pairs,
    Setting,
    Settings,
    distinct,
    one_or_table,
    table_by_name,
    table_of,
    tables_of,
    with_defaults,
)
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.consumers import CONSUMERS

EXAMPLE_KEYS: Settings = with_defaults(
    Example._field_defaults,
    {
        "input": Setting(
            values.json_value,
            "The body of the request. A string is a path, relative to the project; anything else is sent as"
            " JSON.",
            required="is required: a file's path, or JSON",
        ),
        "content-type": Setting(
            string,
            "The type of the request's body.",
            unset="from the file's suffix; `application/json` for JSON",
        ),
        "expect": Setting(
            values.json_value,
            "The answer. A string is the path of a file. JSON is compared as JSON, text without trailing"
            " newlines, and anything else byte for byte.",
        ),
        "expect-schema": Setting(
            values.schema_or_path,
            "A [JSON Schema](https://json-schema.org) that the answer must fit: a table, or the path of a"
            " file. Nothing is fetched for it.",
        ),
        "tolerance": Setting(
            quantities.tolerance,
            "How much a number in the answer may differ from what is expected, relatively or absolutely.",
        ),
    },
)

HANDLERS = "a built-in handler such as `base_handler`, `path/to/handler.py` or `package.module`"
"""What a handler may be: a part of its meaning, and of the message if there is none."""

ARCHIVE_KEYS: Settings = with_defaults(
    ArchiveConfig._field_defaults,
    {
        "model-name": Setting(
            values.model_name,
            "The model's name: a letter, followed by letters, digits, `_`, `-` and `.`.",
            unset="the project's name",
        ),
        "version": Setting(values.version, "The model's version.", unset="the project's version"),
        "handler": Setting(
            values.handler,
            f"The code that answers requests: {HANDLERS}. A function of yours follows a colon, as in"
            " `path/to/handler.py:function`.",
            unset="required",
        ),
        "model-file": Setting(
            values.path,
            "The Python file with the eager model's class. TorchScript and ONNX models do not need one.",
        ),
        "serialized-file": Setting(
            values.path_or_paths,
            "The weights, such as a `.pt`, `.pth` or `.onnx` file. If there are several files, such as"
            " an index and its shards, the manifest names the first. All go to the archive's root.",
        ),
        "extra-files": Setting(
            values.paths_or_commas,
            "More files and directories for the archive's root. A file keeps its base name; of a"
            " directory, the contents are packed. `**` matches files at any depth.",
        ),
        "packages": Setting(
            values.paths,
            "Python packages to put at the archive's root as directories: `src/my_pkg` becomes `my_pkg/…`."
            " Files that git ignores are packed too, because weights often are; `exclude` leaves files out.",
        ),
        "include-project": Setting(
            values.boolean,
            "Whether to add every file that a build would put into the project's wheel, so that"
            ' `handler = "my_pkg.serving:handle"` works.',
        ),
        "force-include": Setting(
            values.targets,
            "Files and directories to put anywhere in the archive: their paths, and their names in it.",
        ),
        "exclude": Setting(
            values.patterns,
            "Files to leave out of directories, globs and packages, in the syntax of `.gitignore`.",
        ),
        "requirements-file": Setting(
            values.path, "The `requirements.txt` that TorchServe installs for the model."
        ),
        "requirements-from": Setting(
            values.requirements_sources,
            "Which requirements of the project to write into `requirements.txt`: `dependencies`,"
            " `optional-dependencies.NAME` or `dependency-groups.NAME`.",
        ),
        "config-file": Setting(values.path, "The model configuration, such as `model-config.yaml`."),
        "config": Setting(
            values.model_config, "The model configuration as a table, written as `model-config.yaml`."
        ),
        "runtime": Setting(
            one_of(*runtimes.KNOWN, *runtimes.FORMER),
            "What runs the handler: Python or, with `LSP`, TorchServe's C++ worker.",
        ),
        "export-path": Setting(
            values.path,
            "The directory in which the archive is written.",
            unset="the build directory",
        ),
        "archive-name": Setting(
            values.archive_name,
            "The file's name without its suffix. It may use `{model-name}` and `{version}`.",
        ),
        "archive-format": Setting(
            one_of(*FORMATS),
            "What is written: a `.mar` (`default`), a `.mar` without compression (`zip-store`), a `.tar.gz`"
            " (`tgz`) or a directory (`no-archive`).",
        ),
        "archive-root": Setting(
            values.archive_root,
            "The directory at the top of a `tgz`. `.` works with both SageMaker and TorchServe.",
        ),
        "compression": Setting(
            one_of("auto", "store", "deflate"),
            "How the members of a `default` or `tgz` archive are compressed. `auto` compresses a member of at"
            " least 1 MiB if a sample of it shrinks by at least a fifth.",
        ),
        "force": Setting(
            values.boolean,
            "Whether to replace an archive that exists and differs. If `false`, that is an error.",
        ),
        "ignore": Setting(values.codes, "The codes of checks to switch off."),
        "allow-globals": Setting(
            values.names,
            "Names that loading the weights or another file may import, in addition to those that torch"
            " allows. They must be importable in the worker.",
        ),
        "server-packages": Setting(
            values.distributions,
            "Packages that your server's image has in addition to those of `pytorch/torchserve`.",
        ),
        "consumers": Setting(
            array_of(consumer := one_of(*CONSUMERS), consumer.kind),
            "Where the archive is deployed. Some checks apply only to one of these.",
        ),
        "try": Setting(
            values.boolean,
            "Whether every build runs the examples, and fails if an answer differs. This needs torch.",
        ),
        "examples": Setting(
            array_of(table_of(Example, EXAMPLE_KEYS), "tables"),
            "Requests and their expected answers, for `hatch-mar try`.",
        ),
    },
)

CHECKING_KEYS = ("ignore", "allow-globals", "server-packages", "consumers")
"""What the checks are told, of any archive: a workflow has these keys too, and inherits them."""

WORKFLOW_KEYS: Settings = with_defaults(
    WorkflowConfig._field_defaults,
    {
        "workflow-name": Setting(
            values.workflow_name,
            "The workflow's name: a letter, followed by letters, digits, `_`, `-` and `.`.",
            required="is required",
        ),
        "spec-file": Setting(values.path, "The workflow's specification, in YAML.", required="is required"),
        "handler": Setting(values.path, "The Python file with the workflow's functions."),
        "extra-files": ARCHIVE_KEYS["extra-files"],
        "export-path": ARCHIVE_KEYS["export-path"],
        "force": ARCHIVE_KEYS["force"],
    }
    | {key: ARCHIVE_KEYS[key] for key in CHECKING_KEYS},
)

REMOTE_FILE_KEYS: Settings = with_defaults(
    RemoteFile._field_defaults,
    {
        "path": Setting(
            addresses.inner_path,
            "Where the file goes. Other keys name it by this path. Let git ignore it.",
            required="is required: where the file goes",
        ),
        "url": Setting(
            addresses.source,
            "Where the file comes from: `https://…`, `hf://ORG/REPO@REVISION/FILE`, `file://…`, or any other"
            " URL that [fsspec](https://filesystem-spec.readthedocs.io) reads, such as `s3://…`.",
            required="is required: where the file comes from",
        ),
        "sha256": Setting(
            addresses.sha256,
            "The file's SHA-256. `hatch-mar fetch --lock` writes it.",
            required="is required; write it with `hatch-mar fetch --lock`",
        ),
    },
)

DESTINATION_KEYS: Settings = with_defaults(
    Destination._field_defaults,
    {
        "url": Setting(
            addresses.location,
            "A directory, or a URL that fsspec writes to. It may use `{model-name}` and `{version}`.",
            required="is required: a directory or a URL",
        ),
        "layout": Setting(
            one_of(*LAYOUTS),
            "What is written: `NAME-VERSION.mar` (`flat`), a model store and its configuration (`kserve`),"
            " `model.mar` (`vertex`) or `model.tar.gz` (`sagemaker`).",
        ),
    },
)

DEPLOY_KEYS: Settings = with_defaults(
    Deployment._field_defaults,
    {
        "management": Setting(addresses.server, "The URL of the server's management API.", unset="`--to`"),
        "inference": Setting(
            addresses.server,
            "The URL of the server's inference API.",
            unset="the host of `management`, at port 8080",
        ),
        "url": Setting(
            addresses.registered,
            "What to register: a file's name in the server's model store, or a URL from which the server"
            " fetches it. It may use `{file}` (the archive's file name), `{model-name}` and `{version}`.",
        ),
        "workers": Setting(
            quantities.count_from(1),
            "The number of workers of a new version, unless its model configuration has `minWorkers` and"
            " `maxWorkers`.",
            unset="as many as the previous version has, or 1",
        ),
        "keep": Setting(
            quantities.count_from(0), "How many old versions to keep registered, for a rollback."
        ),
        "drain": Setting(
            quantities.seconds,
            "How many seconds an old version's queue must have been empty before the version is removed."
            " Make it longer than any answer takes if that version has several workers, or the archive no"
            " `examples`: TorchServe does not tell whether a worker is busy.",
        ),
        "timeout": Setting(
            quantities.limit, "How many seconds each step may take, such as starting the workers."
        ),
        "key-file": Setting(
            values.path,
            "The server's `key_file.json`, if it has token authorization. `HATCH_MAR_MANAGEMENT_KEY` and"
            " `HATCH_MAR_INFERENCE_KEY` override it.",
        ),
    },
)

PROJECT_KEYS: Settings = {
    "build-backend": Setting(
        values.build_backend,
        "The build backend that `hatch_mar.backend` wraps, in a project that hatchling does not build.",
    ),
    "remote-files": Setting(
        distinct(array_of(table_of(RemoteFile, REMOTE_FILE_KEYS), "tables"), "path"),
        "Files that `hatch-mar fetch` downloads. A build downloads nothing: it stops if an archive needs a"
        " file that is missing or differs.",
    ),
    "publish": Setting(
        table_by_name(one_or_table(addresses.location, "url", Destination, DESTINATION_KEYS)),
        "Where `hatch-mar publish --to NAME` puts archives: for each name, a directory, a URL or a table.",
    ),
    "deploy": Setting(
        table_of(Deployment, DEPLOY_KEYS),
        "The TorchServe that `hatch-mar deploy` rolls archives out to.",
    ),
}
"""The keys of `[tool.mar]` that are about the project, which no archive inherits."""

UNLOCKED_FILE_KEYS: Settings = {
    **REMOTE_FILE_KEYS,
    "sha256": REMOTE_FILE_KEYS["sha256"]._replace(required=""),
}
UNLOCKED_KEYS: Settings = {
    **PROJECT_KEYS,
    "remote-files": PROJECT_KEYS["remote-files"]._replace(
        read=distinct(array_of(table_of(RemoteFile, UNLOCKED_FILE_KEYS), "tables"), "path")
    ),
}
"""The same while the digests of remote files are still to be found out."""

ONE_OF_TWO: Pairs = (("requirements-file", "requirements-from"), ("config-file", "config"))

TABLES: Settings = {
    "archives": Setting(
        tables_of(ARCHIVE_KEYS, "archives", "model-name", ONE_OF_TWO),
        "The archives, if there are several: each is a table, and the other keys of `[tool.mar]` are their"
        " defaults.",
        unset="`[tool.mar]` itself is the one archive",
    ),
    "workflows": Setting(
        tables_of(WORKFLOW_KEYS, "workflows", "workflow-name"),
        "The workflows: each table becomes a `.war`. TorchServe 0.12 can register workflows; its later"
        " development branch cannot.",
    ),
}
"""The keys of `[tool.mar]` that hold tables of their own."""
