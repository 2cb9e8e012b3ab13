"""Whatever TorchServe or its worker stumbles over in a model configuration is found, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from hatch_mar.archive.manifest import Manifest
from hatch_mar.checks.model_config import check
from hatch_mar.checks.subject import Subject
from tests.checks import found as found_by
from tests.checks import subject

FILE = "digits.mar/c.yaml"
HANDLER = "def handle(data, context): ...\n"


def found(
    config: str | bytes | None,
    handler: str = "h.py",
    files: Mapping[str, str | bytes] = {},
    source: str = HANDLER,
    **keys: Any,
) -> list[str]:
    members: dict[str, str | bytes] = {"h.py": source} if handler == "h.py" else {}
    members |= files
    if config is not None:
        members["c.yaml"] = config
        keys["config_file"] = "c.yaml"
    return found_by(check, members, handler, **keys)


def imports(module: str, name: str) -> str:
    return f"from ts.{module} import {name}\n\ndef handle(data, context): ...\n"


class TestName:
    @pytest.mark.parametrize("name", ["missing.yaml", "C.yaml", "a/c.yaml"])
    def test_absent(self, name: str):
        """A file that is not there is an error."""
        assert found_by(check, {"c.yaml": "{}"}, config_file=name) == [
            (
                f"digits.mar/MAR-INF/MANIFEST.json: MAR501 The archive has no `{name}`;"
                " add the file, or take `configFile` out of the manifest"
            )
        ]

    @pytest.mark.parametrize("value", [None, "", 3])
    def test_no_name(self, value: object):
        """So is a value that names none: the worker joins it to a path."""
        assert found_by(check, {}, model={"configFile": value}) == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR501 The manifest's `configFile` names no file:"
                f" `{value}`;"
                " add the file, or take `configFile` out of the manifest"
            )
        ]

    @pytest.mark.parametrize("name", ["../c.yaml", "a/../../c.yaml", "/c.yaml", ".."])
    def test_outside(self, name: str):
        """TorchServe follows a name out of the archive."""
        assert found_by(check, {"c.yaml": "{}"}, config_file=name) == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR502 The manifest's `configFile` leaves the archive:"
                f" `{name}`; name a file of the archive, relative to its root"
            )
        ]

    @pytest.mark.parametrize("name", ["c.yaml", "./c.yaml", "a/../c.yaml"])
    def test_inside(self, name: str):
        """Other spellings of a file's name are its name."""
        assert found_by(check, {"c.yaml": "batchSize: 2\n"}, config_file=name) == []

    def test_none(self):
        """An archive may have no configuration."""
        assert found(None) == []

    def test_workflow(self):
        """A workflow archive has none that this is about."""
        other = subject({})
        manifest = Manifest({"model": {"configFile": "no.yaml"}}, "WAR-INF/MANIFEST.json")
        archive = type(other.archive)(manifest, other.archive.members)
        assert list(check(Subject(archive, "digits.war"))) == []

    def test_inline(self):
        """What `[tool.mar]` has inline is shown there, not in the file made of it."""
        other = subject({"c.yaml": "BatchSize: 2\n"}, config_file="c.yaml")
        inline = Subject(other.archive, "digits.mar", {"config": "Field `tool.mar.config`"})
        assert [str(finding) for finding in check(inline)] == [
            "Field `tool.mar.config`: MAR513 TorchServe knows no key `BatchSize`; did you mean `batchSize`?"
        ]


PLAIN = "write plain strings, numbers, lists and tables, without tags"
SAVE = "save the file as UTF-8"
WRITE = "write it plainly"
QUOTE = "put the key in quotes"

FILES: dict[str, tuple[str | bytes, str]] = {
    "latin-1": (
        b"# \xe9\n",
        f":1: MAR503 The model configuration is not UTF-8: invalid continuation byte; {SAVE}",
    ),
    "utf-16": (
        "a: 1".encode("utf-16"),
        f":1: MAR503 The model configuration is not UTF-8: invalid start byte; {SAVE}",
    ),
    "tab": (
        "handler:\n\ta: 1\n",
        (
            r":2: MAR504 The model configuration is not YAML: found character '\t' that cannot"
            r" start any token;"
            " indent with spaces: YAML has no tabs"
        ),
    ),
    "colon": (
        "a: b: c\n",
        ":1: MAR504 The model configuration is not YAML: mapping values are not allowed here; fix the file",
    ),
    "control": (
        "a: 1\nb: \x01\n",
        ":2: MAR504 The model configuration is not YAML: character U+0001 is not allowed; fix the file",
    ),
    "anchor": (
        "a: &x 1\nb: &x 2\n",
        ":2: MAR504 The model configuration is not YAML: an anchor is defined twice; fix the file",
    ),
    "documents": (
        "a: 1\n---\nb: 2\n",
        ":2: MAR505 The model configuration has a second document; keep one document, without `---` after it",
    ),
    "empty second document": (
        "a: 1\n---\n",
        ":2: MAR505 The model configuration has a second document; keep one document, without `---` after it",
    ),
    "python tag": (
        "a: !!python/tuple [1]\n",
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not determine"
            " a constructor for"
            f" the tag 'tag:yaml.org,2002:python/tuple'; {PLAIN}"
        ),
    ),
    "own tag": (
        "a: !x 1\n",
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not determine"
            " a constructor for"
            f" the tag '!x'; {PLAIN}"
        ),
    ),
    "date": (
        "a: 1\nb: 2020-13-01\n",
        (
            ":2: MAR506 TorchServe's worker refuses the model configuration: could not read `2020-13-01`:"
            f" month must be in 1..12; {PLAIN}"
        ),
    ),
    "list as a key": (
        "handler:\n  ? [a]\n  : 1\n",
        f":2: MAR506 TorchServe's worker refuses the model configuration: found unhashable key; {PLAIN}",
    ),
    "digits": (
        "a: " + "9" * 5000,
        (
            ":1: MAR506 TorchServe's worker refuses the model configuration: could not read"
            f" `{'9' * 39}…`: it has more than 4300 digits; {PLAIN}"
        ),
    ),
    "empty": ("", ": MAR507 The model configuration has no settings; set something, or leave the file out"),
    "comment": (
        "# a: 1\n",
        ": MAR507 The model configuration has no settings; set something, or leave the file out",
    ),
    "null": (
        "---\n",
        ": MAR507 The model configuration has no settings; set something, or leave the file out",
    ),
    "list": (
        "# a\n- a\n",
        ":2: MAR508 The model configuration is a list, not a mapping; write `key: value` lines",
    ),
    "string": (
        "minWorkers",
        ":1: MAR508 The model configuration is one value, not a mapping; write `key: value` lines",
    ),
    "set": (
        "!!set {a, b}\n",
        ":1: MAR508 The model configuration is a set, not a mapping; write `key: value` lines",
    ),
    "integer key": ("a: 1\n2: b\n", f":2: MAR509 Key `2` is an integer, not a string; {QUOTE}"),
    "boolean key": ("on: a\n", f":1: MAR509 Key `true` is a boolean, not a string; {QUOTE}"),
    "null key": ("~: a\n", f":1: MAR509 Key `null` is null, not a string; {QUOTE}"),
    "merged key": ("a: &a {1: b}\n<<: *a\n", f":1: MAR509 Key `1` is an integer, not a string; {QUOTE}"),
    "torchrun's key": (
        "torchrun:\n  1: a\n",
        f":2: MAR509 Key `1` of `torchrun` is an integer, not a string; {QUOTE}",
    ),
    "nesting": (
        "a: " + "[" * 51 + "]" * 51,
        (
            ":1: MAR510 TorchServe's parser refuses the model configuration: it nests more than"
            f" 50 lists and tables; {WRITE}"
        ),
    ),
    "references": (
        "a: &a []\nb: [" + "*a, " * 51 + "]\n",
        (
            ":2: MAR510 TorchServe's parser refuses the model configuration:"
            f" it has more than 50 references to lists and tables; {WRITE}"
        ),
    ),
    "size": (
        "a: " + "x" * (3 << 20),
        (
            ": MAR510 TorchServe's parser refuses the model configuration: it has more than 3145728"
            f" characters; {WRITE}"
        ),
    ),
    "length": (
        "a: [" + "1, " * 20_000 + "]\n",
        (
            ": MAR511 The model configuration has more than 20000 values, too many to be checked;"
            " keep data that is no configuration in a file of its own"
        ),
    ),
    "duplicate": (
        "batchSize: 2\nbatchSize: 3\n",
        ":2: MAR512 Key `batchSize` is there more than once, and TorchServe takes the last; keep one of them",
    ),
    "nested duplicate": (
        "handler:\n  a: 1\n  a: 2\n",
        ":3: MAR512 Key `a` is there more than once, and TorchServe takes the last; keep one of them",
    ),
}


class TestFile:
    @pytest.mark.parametrize("case", FILES)
    def test_fault(self, case: str):
        """What SnakeYAML or `yaml.safe_load` refuses is found, with its line."""
        config, expected = FILES[case]
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "{}",
            "---\nbatchSize: 2\n...\n",
            "\ufeffbatchSize: 2\n",
            "batchSize: 2\r\n",
            "a: é \U0001f600\n",
            "handler: {1: a, ~: b, on: c}\n",
            "=: 1\n",
            "a: 2020-02-03\nb: !!binary aGk=\nc: !!set {x}\n",
            "a: &a [*a]\nb: &b {c: *b}\n",
            "a: &a []\nb: [" + "*a, " * 50 + "]\n",
            "a: &a 1\nb: [" + "*a, " * 100 + "]\n",
            "a: " + "[" * 50 + "]" * 50,
            "a: &a {batchSize: 2}\n<<: *a\nbatchSize: 3\n",
            "a: " + "x" * (3 << 19),
        ],
        ids=lambda config: config[:20],
    )
    def test_good(self, config: str):
        """What both read is no fault."""
        assert found(config) == []

    def test_merged(self):
        """Merge keys are resolved as TorchServe does, and shown where they were written."""
        assert found("a: &a\n  batchSize: x\n<<: *a\n") == [
            (
                f"{FILE}:2: MAR514 TorchServe ignores `batchSize`, which must be an integer, not the"
                ' string "x";'
                " give it a value of that type"
            )
        ]

    @pytest.mark.parametrize(
        "config",
        [
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 30)),
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 5}]\n" for n in range(1, 11)),
            "a0: &a0 {k: 1}\n"
            + "".join(f"a{n}: &a{n}\n  <<: [{f'*a{n - 1},' * 3}]\n" for n in range(1, 17))
            + "minWorkers: *a16\n",
            "a: " + "[" * 1_000_000,
            "- " * 1_000_000,
            "a: 1" + ":1" * 1_000_000,
            "a: [" + "1," * 1_000_000 + "]",
            "a: &a\n  <<: &b {c: *a}\n  <<: *b\n",
        ],
        ids=["laughs", "few laughs", "merges", "nested", "indented", "sexagesimal", "long", "endless"],
    )
    def test_bounded(self, config: str):
        """A bomb is not set off, and costs next to nothing."""
        start = time.process_time()
        found(config)
        assert time.process_time() - start < 5


TYPE = "give it a value of that type"
KEEP = "give it a value that TorchServe keeps, or leave the key out"
UNUSED = "set the other one, or leave this one out"
BOTH = "set both, `maxWorkers` not below `minWorkers`"
SEQUENCE = "set them too, or leave this one out"
PT2 = "write `pt2: {compile: {enable: true, backend: inductor}}`"
COMPILE = "give `pt2.compile` the arguments of `torch.compile`, and a backend that TorchServe knows"
BACKENDS = (
    "it knows `eager`, `aot_eager`, `inductor`, `nvfuser`, `aot_nvfuser`, `aot_cudagraphs`, `ofi`, `fx2trt`,"
    " `onnxrt`, `ipex`, `torchxla_trace_once`, `openvino`, `tensorrt`, `hpu_backend`"
)

SETTINGS: list[tuple[str, str]] = [
    *(
        (f"{wrong}: 2\n", f":1: MAR513 TorchServe knows no key `{wrong}`; did you mean `{right}`?")
        for wrong, right in {
            "BatchSize": "batchSize",
            "batch_size": "batchSize",
            "batchsize": "batchSize",
            "maxWorker": "maxWorkers",
            "response-timeout": "responseTimeout",
            "torchRun": "torchrun",
            "deviceId": "deviceIds",
            "PT2": "pt2",
            "handlers": "handler",
        }.items()
    ),
    *(
        (
            f"batchSize: {value}\n",
            f":1: MAR514 TorchServe ignores `batchSize`, which must be an integer{shown}; {TYPE}",
        )
        for value, shown in {
            "'4'": ', not the string "4"',
            "5.0": ", not the number with a point 5.0",
            "": ", not null",
            "true": ", not the boolean true",
            "[4]": ", not a list",
            "{a: 4}": ", not a table",
            "2147483648": " of 32 bits, not 2147483648",
            "2020-02-03": ", not the date 2020-02-03",
        }.items()
    ),
    (
        "deviceIds: [0, '1']\n",
        (
            ":1: MAR514 TorchServe ignores `deviceIds`, which must be a list of integers, not of"
            f" anything else; {TYPE}"
        ),
    ),
    (
        "useJobTicket: 1\n",
        f":1: MAR514 TorchServe ignores `useJobTicket`, which must be a boolean, not the integer 1; {TYPE}",
    ),
    (
        "parallelType: tp\ntorchrun: {nnodes: '2'}\n",
        (
            ":2: MAR514 TorchServe ignores `torchrun.nnodes`, which must be an integer, not the string"
            f' "2"; {TYPE}'
        ),
    ),
    ("batchSize: 0\n", f":1: MAR515 `batchSize: 0` is out of range: TorchServe takes 1; {KEEP}"),
    (
        "responseTimeout: -1\n",
        f":1: MAR515 `responseTimeout: -1` is out of range: TorchServe takes 120; {KEEP}",
    ),
    (
        "deviceType: neuron\n",
        (
            ':1: MAR515 `deviceType: "neuron"` is out of range: TorchServe ignores it; it knows `cpu`, `gpu`;'
            f" {KEEP}"
        ),
    ),
    (
        "deviceIds: [0, -1]\n",
        f":1: MAR515 `deviceIds: [0, -1]` is out of range: TorchServe drops the list; {KEEP}",
    ),
    (
        "maxRetryTimeoutInSec: 3000000\n",
        (
            ":1: MAR515 `maxRetryTimeoutInSec: 3000000` is out of range: TorchServe counts no"
            " more than 2147483;"
            f" {KEEP}"
        ),
    ),
    (
        "batchSize: 2\nmaxBatchDelay: 0\n",
        (
            ":2: MAR515 `maxBatchDelay: 0` is out of range: TorchServe takes its default, 100 milliseconds;"
            " set it to 1, or leave it out"
        ),
    ),
    ("minWorkers: 2\n", f":1: MAR516 TorchServe does not use `minWorkers` without `maxWorkers`; {BOTH}"),
    ("maxWorkers: 2\n", f":1: MAR516 TorchServe does not use `maxWorkers` without `minWorkers`; {BOTH}"),
    (
        "minWorkers: 2\nmaxWorkers: 1\n",
        f":2: MAR516 TorchServe uses neither `minWorkers: 2` nor the lesser `maxWorkers: 1`; {BOTH}",
    ),
    (
        "parallelType: tp\n",
        f":1: MAR517 TorchServe does not use `parallelType: tp` without `torchrun`; {UNUSED}",
    ),
    (
        "parallelType: custom\n",
        f":1: MAR517 TorchServe does not use `parallelType: custom` without `parallelLevel`; {UNUSED}",
    ),
    (
        "torchrun: {nproc-per-node: 4}\n",
        f":1: MAR517 TorchServe does not use `torchrun` without `parallelType`; {UNUSED}",
    ),
    (
        "parallelLevel: 4\n",
        f":1: MAR517 TorchServe does not use `parallelLevel` without `parallelType`; {UNUSED}",
    ),
    (
        "parallelType: custom\ntorchrun: {nproc-per-node: 4}\n",
        ":2: MAR517 TorchServe does not run torchrun for `parallelType: custom`; set `parallelLevel` instead",
    ),
    (
        "parallelType: PP\nparallelLevel: 2\n",
        (
            ":1: MAR518 TorchServe starts no worker for `parallelType: pp` with `parallelLevel`"
            " and no `torchrun`;"
            " set `torchrun: {nproc-per-node: …}` instead of `parallelLevel`"
        ),
    ),
    (
        "parallelType: tp\ntorchrun: {nproc-per-node: 4}\nparallelLevel: 2\n",
        ":3: MAR519 `parallelLevel: 2` is not torchrun's `nproc-per-node: 4`; leave `parallelLevel` out",
    ),
    (
        "parallelType: tp\ntorchrun:\n  node-rank: 1\n",
        ":3: MAR520 TorchServe does not pass `torchrun.node-rank` on; leave it out",
    ),
    (
        "parallelType: tp\ntorchrun:\n  nproc_per_node: 4\n",
        ":3: MAR520 TorchServe knows no key `torchrun.nproc_per_node`; did you mean `nproc-per-node`?",
    ),
    (
        "parallelType: tp\ntorchrun: {max-restarts: 4}\n",
        ":2: MAR520 TorchServe knows no key `torchrun.max-restarts`; leave it out",
    ),
    (
        "sequenceBatching: true\n",
        (
            ":1: MAR522 `sequenceBatching: true` needs a `sequenceMaxIdleMSec` above 0;"
            " set `sequenceMaxIdleMSec` to more than 0"
        ),
    ),
    (
        "maxNumSequence: 4\n",
        f":1: MAR523 TorchServe does not use `maxNumSequence` without `sequenceBatching: true`; {SEQUENCE}",
    ),
    *(
        (f"pt2: {value}\n", f":1: MAR524 `pt2` must be a table, not {kind}; {PT2}")
        for value, kind in {"": "null", "3": "an integer", "true": "a boolean", "[a]": "a list"}.items()
    ),
    ("pt2: {compile: true}\n", f":1: MAR524 `pt2.compile` must be a table, not a boolean; {PT2}"),
    (
        "pt2:\n  compile: {backend: inductor}\n",
        ":2: MAR524 `pt2.compile` has no `enable`; set `enable: true`, or leave `compile` out",
    ),
    (
        "pt2: {compile: {enable: 'true'}}\n",
        ':1: MAR525 `pt2.compile.enable` must be a boolean, not "true"; write `true` or `false`',
    ),
    (
        "pt2: {compile: {enable: true, backend: inductr}}\n",
        ':1: MAR525 TorchServe knows no backend "inductr", which `pt2.compile.backend` has;' + f" {BACKENDS}",
    ),
    ("pt2: x\n", f':1: MAR525 TorchServe knows no backend "x", which `pt2` has; {BACKENDS}'),
    (
        "pt2: {compile: {enable: true, full_graph: true}}\n",
        (
            ":1: MAR525 `torch.compile` takes no `full_graph`, which `pt2.compile` has; did you"
            " mean `fullgraph`?"
        ),
    ),
    (
        "pt2: {enable: true, backend: eager}\n",
        ":1: MAR525 `torch.compile` takes no `enable`, which `pt2` has; did you mean `pt2.compile.enable`?",
    ),
    (
        "pt2: {mode: default, options: {}}\n",
        f":1: MAR525 `torch.compile` takes `mode` or `options`, and `pt2` has both; {COMPILE}",
    ),
    ("pt2: {export: 1}\n", f":1: MAR525 `pt2.export` must be a table, not an integer; {COMPILE}"),
    (
        "pt2: {export: {aot_compile: 1}}\n",
        ":1: MAR525 `pt2.export.aot_compile` must be a boolean, not 1; write `true` or `false`",
    ),
    (
        "deepspeed:\n  config: ds.json\n",
        (
            ":2: MAR527 The archive has no `ds.json`, which `deepspeed.config` names;"
            " add the file, for example with `extra-files`"
        ),
    ),
    ("handler:\n", ":1: MAR528 `handler` must be a table, not null; give it keys, or leave it out"),
]


class TestSettings:
    @pytest.mark.parametrize(("config", "expected"), SETTINGS)
    def test_fault(self, config: str, expected: str):
        """What TorchServe ignores, replaces or breaks on is found, with its line."""
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "minWorkers: 1\nmaxWorkers: 1\nbatchSize: 8\nmaxBatchDelay: 50\nresponseTimeout: 60\n",
            "batchSize: 0x10\njobQueueSize: 1_000\nclientTimeoutInMills: 0\n",
            "deviceType: GPU\ndeviceIds: [0, 1]\n",
            "deviceType: ''\ndeviceIds: []\n",
            "parallelType: tp\ntorchrun: {nproc-per-node: 4, OMP_NUMBER_THREADS: 2}\n",
            "parallelType: tp\ntorchrun: {nproc-per-node: 4}\nparallelLevel: 4\n",
            "parallelType: custom\nparallelLevel: 4\n",
            "maxBatchDelay: 0\ncontinuousBatching: true\n",
            "sequenceBatching: true\nsequenceMaxIdleMSec: 10\nmaxNumSequence: 4\n",
            "useVenv: true\n",
            "pt2: inductor\n",
            "pt2: {backend: openvino}\n",
            "pt2: {}\n",
            "pt2: {compile: {enable: false, backend: x}}\n",
            "pt2: {compile: {enable: true, backend: inductor, mode: max-autotune}}\n",
            "pt2: {export: {aot_compile: true}}\n",
            "deepspeed: {config: /opt/ds.json}\nhandler: {model_path: x}\n",
            "handler: {profile: true}\n",
        ],
    )
    def test_good(self, config: str):
        """What TorchServe uses is no fault."""
        assert found(config) == []

    @pytest.mark.parametrize("key", ["model_path", "labels", "device", "threshold", "mii", "pool", "model"])
    def test_own(self, key: str):
        """A handler may have settings of its own."""
        assert found(f"{key}: 1\n") == []

    def test_file_named(self):
        """A file that a setting names may be in a folder of the archive."""
        assert found("deepspeed: {config: ./a/ds.json}\n", files={"a/ds.json": "{}"}) == []

    def test_venv(self):
        """Only the runtime `python` has virtual environments."""
        assert found("useVenv: true\n", runtime="python3") == [
            (
                f"{FILE}:1: MAR521 TorchServe makes no virtual environment for the runtime `python3`;"
                ' set `runtime = "python"`, or leave it out'
            )
        ]

    def test_exported(self):
        """`pt2` as a string has no `export`, which weights in a library need."""
        assert found("pt2: inductor\n", "base_handler", serialized_file="m.so") == [
            (
                f'{FILE}:1: MAR524 `pt2: "inductor"` has no `export`, which the weights `m.so` need;'
                " write `pt2: {export: {aot_compile: true}}`"
            )
        ]
        assert found("pt2: {export: {aot_compile: true}}\n", "base_handler", serialized_file="m.so") == []

    @pytest.mark.parametrize(("handler", "runtime"), [("vllm_handler", "python"), ("lib.so", "LSP")])
    def test_unread(self, handler: str, runtime: str):
        """`pt2` is nothing to handlers that do not initialize `BaseHandler`."""
        config = "pt2: 3\nasyncCommunication: true\nhandler: {model_path: x}\n"
        assert found(config, handler, runtime=runtime) == []


DALI = "dali: {batch_size: 1, num_threads: 2, device_id: 0, seed: 1}\n"
PIPPY = "pippy: {rpc_timeout: 1, num_worker_threads: 2}\nparallelType: pp\ntorchrun: {nproc-per-node: 2}\n"


class TestHandlers:
    def test_vllm(self):
        """vLLM needs a model, by name or by path, and awaits its handler."""
        assert found("handler: {vllm_engine_config: {max_num_seqs: 1}}\n", "vllm_handler") == [
            (
                f"{FILE}: MAR526 Handler `vllm_handler` needs `handler.vllm_engine_config.model`"
                " or `handler.model_path` in the model configuration; set it"
            ),
            (
                f"{FILE}: MAR529 Handler `vllm_handler` is asynchronous, but `asyncCommunication` is not set;"
                " set `asyncCommunication: true` in the model configuration"
            ),
        ]
        for way in ("model_path: x", "vllm_engine_config: {model: x}"):
            assert found(f"handler: {{{way}}}\nasyncCommunication: true\n", "vllm_handler") == []

    def test_no_configuration(self):
        """Without any configuration, it lacks all."""
        assert found(None, "trt_llm_handler") == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR526 Handler `trt_llm_handler` needs"
                " `handler.engine_dir` in the model configuration; set it"
            ),
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR526 Handler `trt_llm_handler` needs"
                " `handler.tokenizer_dir` in the model configuration; set it"
            ),
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR529 Handler `trt_llm_handler` is asynchronous, but"
                " `asyncCommunication` is not set; set `asyncCommunication: true` in the model configuration"
            ),
        ]

    def test_synchronous(self):
        """The other handlers are not awaited."""
        assert found("asyncCommunication: true\n", "image_classifier") == [
            (
                f"{FILE}:1: MAR529 Handler `image_classifier` is not asynchronous, but"
                " `asyncCommunication` is set;"
                " leave `asyncCommunication` out"
            )
        ]
        assert found("asyncCommunication: false\n", "image_classifier") == []
        assert found("asyncCommunication: true\n") == []

    @pytest.mark.parametrize(
        ("handler", "source"),
        [
            ("dali_image_classifier", ""),
            ("h.py", imports("handler_utils.preprocess.dali", "get_dali_pipeline")),
        ],
    )
    def test_dali(self, handler: str, source: str):
        """DALI's settings have no defaults, whoever asks for the pipeline."""
        assert [line.split("`")[3] for line in found("dali: {seed: 1}\n", handler, source=source)] == [
            "dali.batch_size",
            "dali.num_threads",
            "dali.device_id",
        ]
        assert found(DALI, handler, source=source) == []

    def test_dali_file(self):
        """Its pipeline, if it is the project's own, is in the archive."""
        config = DALI.replace("}", ", pipeline_file: model.dali}")
        assert found(config, "dali_image_classifier") == [
            (
                f"{FILE}:1: MAR527 The archive has no `model.dali`, which `dali.pipeline_file` names;"
                " add the file, for example with `extra-files`"
            )
        ]
        assert found(config, "dali_image_classifier", {"model.dali": b""}) == []

    @pytest.mark.parametrize(
        ("module", "name", "config", "missing"),
        [
            ("deepspeed", "get_ds_engine", "", ["deepspeed", "handler.model_path"]),
            ("deepspeed", "get_ds_engine", "deepspeed: {}\nhandler: {model_path: x}\n", []),
            (
                "pt_pippy",
                "initialize_rpc_workers",
                "",
                ["pippy.rpc_timeout", "pippy.num_worker_threads", "torchrun"],
            ),
            ("pt_pippy", "initialize_rpc_workers", PIPPY, []),
            (
                "pt_pippy",
                "get_pipeline_driver",
                PIPPY,
                ["pippy.input_names", "pippy.model_type", "handler.model_path"],
            ),
        ],
    )
    def test_functions(self, module: str, name: str, config: str, missing: list[str]):
        """TorchServe's functions for handlers read keys without a default."""
        source = imports(f"handler_utils.distributed.{module}", name)
        expected = [
            f"{FILE}: MAR526 `{name}` needs `{key}` in the model configuration; set it" for key in missing
        ]
        assert found(config or "a: 1\n", source=source) == expected

    def test_own_module(self):
        """A file of the archive goes before the built-in handler, and wants nothing."""
        assert found("a: 1\n", "vllm_handler", {"vllm_handler.py": HANDLER}) == []


class TestMicroBatching:
    SOURCE = imports("handler_utils.micro_batching", "MicroBatching")

    def test_fault(self):
        """The steps are three, and numbers."""
        config = (
            "micro_batching:\n  micro_batch_size: 0\n  parallelism:\n    inference: '2'\n    decoding: 1\n"
        )
        fix = "give whole numbers; the steps are `preprocess`, `inference` and `postprocess`"
        assert found(config, source=self.SOURCE) == [
            f"{FILE}:5: MAR530 `MicroBatching` has no step `decoding`; {fix}",
            f"{FILE}:2: MAR530 `micro_batch_size` must be an integer of at least 1, not 0; {fix}",
            f'{FILE}:4: MAR530 `inference` must be an integer of at least 0, not "2"; {fix}',
        ]
        assert found("micro_batching: {parallelism: 2}\n", source=self.SOURCE) == [
            f"{FILE}:1: MAR530 `micro_batching.parallelism` must be a table, not an integer; {fix}"
        ]

    @pytest.mark.parametrize(
        "config", ["micro_batching: {micro_batch_size: 4, parallelism: {inference: 2}}\n", "a: 1\n"]
    )
    def test_good(self, config: str):
        """What the example has is right."""
        assert found(config, source=self.SOURCE) == []

    def test_other(self):
        """To a handler that does not import it, the key is its own."""
        assert found("micro_batching: {parallelism: 2}\n") == []
