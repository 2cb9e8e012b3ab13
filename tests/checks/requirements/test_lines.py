"""What pip cannot install, or should not, is found."""

from __future__ import annotations

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from hatch_mar.checks.handler import check as check_handler
from hatch_mar.checks.requirements import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS
from hatch_mar.torchserve.handlers import BUILT_INS
from tests.checks import found as found_by
from tests.checks import subject
from tests.checks.requirements import FILE, FILES, found


def reason(line: str) -> str:
    """What the installed version of `packaging` says about a line."""
    with pytest.raises(InvalidRequirement) as error:
        Requirement(line)
    return str(error.value).partition("\n")[0]


FORM = "write `name`, `name==1.0`, `name>=1; marker` or `name @ https://…`"
ADD = "add it to the archive under this path, relative to the archive's root"
NAME = "add it to the archive and name it relative to the archive's root"
NO_E = "leave `-e` out, or set `useVenv: true` in the model configuration"
WHICH = "write `name @ git+https://…`, with the package's own name"
TORCH = "leave it out, or set `useVenv: true` in the model configuration"

FAULTS: list[tuple[str, str]] = [
    (
        "scipy=1\n",
        (f":1: MAR604 pip refuses the requirement `scipy=1`: {reason('scipy=1')}; {FORM}"),
    ),
    (
        "a\nscipy>=1.*\n",
        (f":2: MAR604 pip refuses the requirement `scipy>=1.*`: {reason('scipy>=1.*')}; {FORM}"),
    ),
    (
        "scipy; python_version\n",
        (
            ":1: MAR604 pip refuses the requirement `scipy; python_version`:"
            f" {reason('scipy; python_version')}; {FORM}"
        ),
    ),
    (
        "pkg @ ./pkg\n",
        f":1: MAR604 pip refuses the requirement `pkg @ ./pkg`: `./pkg` is not a URL; {FORM}",
    ),
    (
        "wheels/pkg-1.whl\n",
        (
            ":1: MAR604 pip refuses the wheel `wheels/pkg-1.whl` for its name;"
            " name it `name-version-python-abi-platform.whl`, as it was built"
        ),
    ),
    (
        "scipy\n./lib\n",
        f":2: MAR605 The archive has no file or folder `./lib` for pip to install; {ADD}",
    ),
    ("./sub\n", f":1: MAR605 The archive has no project `./sub` for pip to install; {ADD}"),
    (".\n", f":1: MAR605 The archive has no project `.` for pip to install; {ADD}"),
    (
        "pkg-1.0-py3-none-any.whl\n",
        (
            ":1: MAR605 The archive has no file or folder `pkg-1.0-py3-none-any.whl` for pip to install;"
            f" {ADD}"
        ),
    ),
    ("file:./lib\n", f":1: MAR605 The archive has no file or folder `./lib` for pip to install; {ADD}"),
    (
        "-e ./pkg\n",
        f":1: MAR608 `-e ./pkg` cannot be imported from where TorchServe installs it; {NO_E}",
    ),
    (
        "-e git+https://x/y#egg=y\n",
        f":1: MAR608 `-e git+https://x/y#egg=y` cannot be imported from where TorchServe installs it; {NO_E}",
    ),
    ("/opt/x.whl\n", f":1: MAR609 pip looks for `/opt/x.whl` on the server; {NAME}"),
    ("pkg @ file:///home/me/pkg\n", f":1: MAR609 pip looks for `/home/me/pkg` on the server; {NAME}"),
    ("https://x/pkg.zip\n", f":1: MAR614 `https://x/pkg.zip` does not say which package it is; {WHICH}"),
    (
        "scipy\ngit+https://x/y@main\n",
        f":2: MAR614 `git+https://x/y@main` does not say which package it is; {WHICH}",
    ),
    (
        "a==0.6+cu113\nb\n",
        (
            ":1: MAR615 No index that is named here can have `a==0.6+cu113`; name its index in the file, with"
            " `--extra-index-url https://…`, or leave out the `+` and the rest"
        ),
    ),
    (
        "scipy\nTS>=0.5\n",
        (
            ":2: MAR616 `ts` is another project on PyPI, and not TorchServe; leave it out, since every server"
            " has TorchServe"
        ),
    ),
    (
        "Torch==2.8\n",
        f":1: MAR610 `torch` is installed beside the model, where it hides the server's own; {TORCH}",
    ),
]

GOOD = [
    "scipy\n",
    "scipy>=1,<3 ; python_version < '4'  # why\n",
    "scipy[extra]==1.*\n",
    "scipy;\n",
    "scipy \\\n  >=1\n",
    "scipy\\",
    "# torch==2\n\n",
    "pkg @ https://x/pkg-1.0-py3-none-any.whl#sha256=0\n",
    "pkg @ git+https://x/y@main\n",
    "git+https://x/y@main#egg=pkg\n",
    "./pkg\n",
    "pkg/[extra] ; python_version < '4'\n",
    "wheels/pkg-1.0-py3-none-any.whl\n",
    "./wheels/../pkg\n",
]


class TestLines:
    @pytest.mark.parametrize(("text", "expected"), FAULTS)
    def test_fault(self, text: str, expected: str):
        """What pip refuses, or the server may not have, is found, with its line."""
        assert found(text) == [FILE + expected]

    @pytest.mark.parametrize("text", GOOD)
    def test_good(self, text: str):
        """What pip reads is not a fault."""
        assert found(text) == []

    def test_directory(self):
        """TorchServe starts pip beside a directory model, so paths do not lead into it."""
        packed = subject({**FILES, "requirements.txt": "./pkg\n"}, requirements_file="requirements.txt")
        findings = [str(finding) for finding in check(Subject(packed.archive, "digits"))]
        assert findings[0] == (
            "digits/requirements.txt:1: MAR605 pip does not find `./pkg`: it is started beside a"
            " directory model,"
            " not in it; build a `.mar`, or install the package on the server"
        )


class TestLocalVersion:
    @pytest.mark.parametrize(
        "more",
        [
            "-i https://x/simple",
            "--extra-index-url https://x/simple",
            "-f wheels",
            "-r https://x/r.txt",
            "--extra-index-url https://${TOKEN}@x/simple",
        ],
    )
    def test_index(self, more: str):
        """Another index than PyPI may have it, wherever in the file it is named."""
        assert found(f"a==0.6+cu113\n{more}\n") == []

    @pytest.mark.parametrize("line", ["a==0.6+cu113; python_version < '3'", "a @ https://x/a-1+cu113.whl"])
    def test_others(self, line: str):
        """Nothing is asked for, or not of PyPI."""
        assert found(line) == []

    def test_many(self):
        """Of very many, the first are enough."""
        assert len(found("".join(f"a{number}==1+cu113\n" for number in range(100)))) == MOST_FINDINGS

    def test_torch(self):
        """To leave torch out is enough; in an environment of its own the model needs it from somewhere."""
        [one] = found("torch==2.4+cpu\n")
        [other] = found("torch==2.4+cpu\n", "useVenv: true\n")

        assert (one.split(" ")[1], other.split(" ")[1]) == ("MAR610", "MAR615")


class TestServer:
    @pytest.mark.parametrize("name", ["torch", "torchserve"])
    def test_own(self, name: str):
        """A second torch or TorchServe is a warning, another package of the server's a note."""
        assert severities(f"{name}==1.0\n") == {"MAR610": "warning"}

    @pytest.mark.parametrize("name", ["torchvision", "TorchAudio", "captum", "requests", "Pillow", "numpy"])
    def test_others(self, name: str):
        """What TorchServe's image has is noted, and needs no setting of the server."""
        assert severities(f"{name}>=1 ; python_version > '3'\n") == {"MAR613": "note"}

    def test_message(self):
        assert found("captum==0.7\n") == [
            (
                f"{FILE}:1: MAR613 `captum` is installed beside the model, where it hides the server's own;"
                " leave it out, unless the model needs another version than the server's"
            )
        ]

    def test_server_packages(self):
        """`server-packages` adds to what the server has."""
        assert severities("vllm\n") == {"MAR611": "note"}
        assert severities("vllm\n", server_packages=("VLLM",)) == {"MAR613": "note"}

    def test_constraints(self):
        """A constraint installs nothing."""
        files = {"r.txt": "-c c.txt\nscipy\n", "c.txt": "torch==2.4\nnumpy==1.0\n"}
        assert [line.split(" ")[1] for line in found_by(check, files, requirements_file="r.txt")] == [
            "MAR611"
        ]

    @pytest.mark.parametrize("handler", BUILT_INS)
    def test_agrees_with_handlers(self, handler: str):
        """No check asks for a requirement that another one warns of, or asks to leave out."""
        files = {"requirements.txt": "\n".join(missing_packages(handler))}
        made = subject(files, handler, requirements_file="requirements.txt")

        assert [finding.code for finding in check(made)] == (["MAR611"] if files["requirements.txt"] else [])
        assert missing_packages(handler, made) == []


def severities(text: str, server_packages: tuple[str, ...] = ()) -> dict[str, str]:
    made = subject({"requirements.txt": text}, requirements_file="requirements.txt")
    findings = check(Subject(made.archive, made.file_name, server_packages=server_packages))
    return {finding.code: finding.severity for finding in findings}


DISTRIBUTIONS = {"nvidia.dali": "nvidia-dali-cuda120", "pippy": "torchpippy"}


def missing_packages(handler: str, made: Subject | None = None) -> list[str]:
    """What the checks of built-in handlers ask to be required."""
    made = made or subject({}, handler)
    findings = [each for each in check_handler(made) if each.code == "MAR221"]
    modules = [module for each in findings for module in each.message.split("`")[3::2]]
    return [DISTRIBUTIONS.get(module, module) for module in modules]


class TestVenv:
    @pytest.mark.parametrize("line", ["-e ./pkg\n", "-e pkg\n", "torch==2.8\n"])
    def test_good(self, line: str):
        """In a virtual environment, editable lines work and what is there is not installed again."""
        assert found(line, "useVenv: true\n") == []

    def test_runtime(self):
        """The runtime `python3` has no virtual environments."""
        assert len(found("torch\n", "useVenv: true\n", runtime="python3")) == 1

    def test_absent(self):
        """An editable project must be in the archive."""
        assert found("-e ./lib\n", "useVenv: true\n") == [
            f"{FILE}:1: MAR605 The archive has no file or folder `./lib` for pip to install; {ADD}"
        ]
