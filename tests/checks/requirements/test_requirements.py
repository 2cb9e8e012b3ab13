"""Requirements that pip refuses, or that do not reach the handler, are found before they are sent off."""

from __future__ import annotations

import pytest
from packaging.requirements import InvalidRequirement, Requirement

from hatch_mar.checks.handler import check as check_handler
from hatch_mar.checks.requirements import check
from hatch_mar.checks.subject import Subject
from hatch_mar.torchserve.handlers import BUILT_INS
from tests.checks import found as found_by
from tests.checks import subject

FILE = "digits.mar/requirements.txt"
NOTE = (
    f"{FILE}: MAR611 TorchServe installs the requirements only with `install_py_dep_per_model=true`;"
    " set it in `config.properties`, or ignore MAR611"
)
FILES = {
    "pkg/pyproject.toml": b"",
    "sub/more.txt": b"scipy\n",
    "sub/data.bin": b"",
    "wheels/pkg-1.0-py3-none-any.whl": b"",
    "wheels/pkg-1.whl": b"",
}


def found(text: str | bytes, config: str = "a: 1\n", **keys: str) -> list[str]:
    """What is found beside the note, which stands for itself."""
    data = text if isinstance(text, bytes) else text.encode()
    files = {**FILES, "requirements.txt": data, "c.yaml": config}
    keys = {"requirements_file": "requirements.txt", "config_file": "c.yaml", **keys}
    return [line for line in found_by(check, files, **keys) if line != NOTE]


def reason(line: str) -> str:
    """What `packaging`, in the version that is there, says of a line."""
    with pytest.raises(InvalidRequirement) as error:
        Requirement(line)
    return str(error.value).partition("\n")[0]


FORM = "write `name`, `name==1.0`, `name>=1; marker` or `name @ https://…`"
LEAVE = "use only the options that a requirements file may have"
ADD = "add it to the archive under this path, relative to the archive's root"
NAME = "add it to the archive and name it relative to the archive's root"
NO_E = "leave `-e` out, or set `useVenv: true` in the model configuration"
TORCH = "leave it out, or set `useVenv: true` in the model configuration"

LINES: list[tuple[str, str]] = [
    ("--foo\n", f":1: MAR603 pip refuses the options of `--foo`: no such option: --foo; {LEAVE}"),
    (
        "\nscipy --user\n",
        f":2: MAR603 pip refuses the options of `scipy --user`: no such option: --user; {LEAVE}",
    ),
    (
        "-r\n",
        f":1: MAR603 pip refuses the options of `-r`: -r option requires 1 argument; {LEAVE}",
    ),
    ("-r 'a\n", f":1: MAR603 pip refuses the options of `-r 'a`: No closing quotation; {LEAVE}"),
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
    ("-r more.txt\n", f":1: MAR605 The archive has no `more.txt` for pip to read; {ADD}"),
    ("-c sub/none.txt\n", f":1: MAR605 The archive has no `sub/none.txt` for pip to read; {ADD}"),
    ("-r ../up.txt\n", f":1: MAR605 The archive has no `../up.txt` for pip to read; {ADD}"),
    (
        "-r requirements.txt\n",
        ":1: MAR606 `requirements.txt` includes itself; remove the line",
    ),
    (
        f"a==1 --hash=sha256:{'0' * 64}\nb==1\n",
        ":2: MAR607 `b==1` has no `--hash`, but others do; give all of them hashes, or none of them",
    ),
    (
        "--require-hashes\nb==1\n",
        ":2: MAR607 `b==1` has no `--hash`, but others do; give all of them hashes, or none of them",
    ),
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
    ("-r /opt/r.txt\n", f":1: MAR609 pip reads `/opt/r.txt` on the server; {NAME}"),
    (
        "--find-links packages\n",
        f":1: MAR609 pip looks for packages in `packages` on the server; {NAME}",
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
    "--pre --extra-index-url https://x/simple\nscipy\n",
    "-i https://x/simple\n--trusted-host x\n--no-index\n--no-binary :all:\n--prefer-binary\n",
    f"a==1 --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{'1' * 64}\n",
    "pkg @ https://x/pkg-1.0-py3-none-any.whl#sha256=0\n",
    "https://x/pkg.zip\n",
    "git+https://x/y@main\n",
    "./pkg\n",
    "pkg/[extra] ; python_version < '4'\n",
    "wheels/pkg-1.0-py3-none-any.whl\n",
    "./wheels/../pkg\n",
    "-f wheels\npkg\n",
    "-f https://x/links.html\n",
    "-rsub/more.txt\n--constraint 'sub/more.txt'\n",
    "-r https://x/r.txt\n",
    "${PACKAGE}\n-r ${WHERE}/r.txt\n",
    "\ufeffscipy\n",
]


class TestLines:
    @pytest.mark.parametrize(("text", "expected"), LINES)
    def test_fault(self, text: str, expected: str):
        """What pip refuses, or the server may lack, is found, with its line."""
        assert found(text) == [FILE + expected]

    @pytest.mark.parametrize("text", GOOD)
    def test_good(self, text: str):
        """What pip reads is no fault."""
        assert found(text) == []

    def test_all(self):
        """A fault does not hide the next."""
        assert [line.split(" ")[1] for line in found("./x\n--y\nz z\n-r w\n")] == [
            "MAR605",
            "MAR603",
            "MAR604",
            "MAR605",
        ]


class TestEncoding:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"# \xe9\n", "invalid continuation byte"),
            (
                "scipy\n".encode("utf-16-le"),
                "it has null characters, as UTF-16 has without a byte order mark",
            ),
            (b"# coding: klingon\n", "there is no encoding `klingon`"),
            (b"# coding: ascii\n# \xe9\n", "ordinal not in range(128)"),
        ],
    )
    def test_fault(self, data: bytes, reason: str):
        """What pip cannot decode on a server with UTF-8 is an error."""
        assert found(data) == [
            f"{FILE}: MAR602 pip cannot read `requirements.txt`: {reason}; save the file as UTF-8"
        ]

    @pytest.mark.parametrize("data", ["scipy\n".encode("utf-16"), b"# -*- coding: latin-1 -*-\n# \xe9\n"])
    def test_good(self, data: bytes):
        """pip heeds byte order marks, PowerShell's too, and `coding:` comments."""
        assert found(data) == []

    def test_long(self):
        """A file that no one wrote is not read to its end."""
        assert found(b"# x\n" * (1 << 20)) == [
            (
                f"{FILE}: MAR612 The requirements file `requirements.txt` is too long to be checked;"
                " remove from it what is not a requirement"
            )
        ]


class TestFiles:
    @pytest.mark.parametrize("name", ["no.txt", "../requirements.txt", ""])
    def test_absent(self, name: str):
        """A file that is not in the archive makes TorchServe refuse the model."""
        assert found_by(check, FILES, model={"requirementsFile": name}) == [
            (
                f"digits.mar/MAR-INF/MANIFEST.json: MAR601 The archive has no `{name}`;"
                " add the file, or take `requirementsFile` out of the manifest"
            )
        ]

    @pytest.mark.parametrize("model", [{}, {"requirementsFile": None}])
    def test_none(self, model: dict[str, None]):
        """An archive may have none."""
        assert found_by(check, FILES, model=model) == []

    def test_nested(self):
        """Included files count from the file that includes them, and are read once."""
        files = {"a/r.txt": "-r b/s.txt\n-r b/s.txt\n", "a/b/s.txt": "-r ../t.txt\n", "a/t.txt": "x x\n"}
        assert [line.split(" ")[:2] for line in found_by(check, files, requirements_file="a/r.txt")] == [
            ["digits.mar/a/t.txt:1:", "MAR604"],
            ["digits.mar/a/r.txt:", "MAR611"],
        ]

    def test_circle(self):
        """Files that include one another are an error, however long the way round."""
        files = {"r.txt": "-r s.txt\n", "s.txt": "-r r.txt\n"}
        assert found_by(check, files, requirements_file="r.txt") == [
            "digits.mar/s.txt:1: MAR606 `r.txt` includes itself; remove the line"
        ]

    def test_directory(self):
        """For a directory, TorchServe starts pip beside it, where no path leads into it."""
        packed = subject({**FILES, "requirements.txt": "./pkg\n"}, requirements_file="requirements.txt")
        findings = [str(finding) for finding in check(Subject(packed.archive, "digits"))]
        assert findings[0] == (
            "digits/requirements.txt:1: MAR605 pip does not find `./pkg`: it is started beside a"
            " directory model,"
            " not in it; build a `.mar`, or install the package on the server"
        )


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
        assert severities("vllm\n") == {"MAR611": "warning"}
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
    """What the checks of built-in handlers want to be required."""
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
        """Of `python3`, there is none."""
        assert len(found("torch\n", "useVenv: true\n", runtime="python3")) == 1

    def test_absent(self):
        """An editable project must be there all the same."""
        assert found("-e ./lib\n", "useVenv: true\n") == [
            f"{FILE}:1: MAR605 The archive has no file or folder `./lib` for pip to install; {ADD}"
        ]


class TestNote:
    def test_once(self):
        """That a setting is needed is said once, whatever the number of lines."""
        files = {"requirements.txt": "scipy\nscipy\n"}
        assert found_by(check, files, requirements_file="requirements.txt") == [NOTE]

    def test_nothing(self):
        """Where nothing is required, nothing is needed."""
        assert found_by(check, {"requirements.txt": "# none\n"}, requirements_file="requirements.txt") == []

    def test_generated(self):
        """What `requirements-from` makes is shown there, for all archives alike."""
        made = subject({"requirements.txt": "scipy\n"}, requirements_file="requirements.txt")
        origin = "Field `tool.mar.requirements-from`"
        findings = check(Subject(made.archive, "digits.mar", {"requirements-from": origin}))
        assert [str(finding.place) for finding in findings] == [origin]
