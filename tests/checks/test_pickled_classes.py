"""Names that a pickle imports and no worker has."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest

from hatch_mar.budget import Budget, Exhausted
from hatch_mar.checks.loading import check
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from tests.checks import HANDLER, NET, subject
from tests.weights.files import dictionary, protocol2, saved, zipped

LOADING = "import torch\ntorch.load('w.pth', weights_only=False)\n"


def pickled(*names: str) -> bytes:
    """A file of torch.save that makes an object of each class."""
    objects = {each: "c{}\n{}\n)R".format(*each.rsplit(".", 1)).encode() for each in names}
    return zipped(saved(protocol2(dictionary(objects))))


def archive(*names: str, code: str = "", requirements: str | None = None, **files: str) -> Subject:
    """An archive with a pickle of objects of these classes, and a handler that begins with such code."""
    keys = {} if requirements is None else {"requirements_file": "r.txt"}
    members = {f"{name.replace('__of__', '/')}.py": text for name, text in files.items()}
    return subject(
        {"h.py": f"{code}\n{HANDLER}", "w.pth": pickled(*names), "r.txt": requirements or "", **members},
        serialized_file="w.pth",
        **keys,
    )


def allowing(of: Subject, *names: str) -> Subject:
    of.allow_globals = frozenset(names)
    return of


def codes(of: Subject) -> list[tuple[str, str]]:
    return [(found.code, found.severity) for found in check(of)]


def only(of: Subject) -> Finding:
    [found] = check(of)
    return found


class TestMain:
    """What a script had defined is nowhere in the worker."""

    def test_several(self):
        """Several names are told in one sentence."""
        message = only(archive("__main__.Net", "__main__.Words")).message

        assert "imports `__main__.Net`, `__main__.Words`, which are nowhere in the worker" in message

    def test_message(self):
        found = only(allowing(archive("__main__.Net", code=LOADING), "__main__.Net"))

        assert (found.code, found.severity) == ("MAR416", "error")
        assert found.message == (
            "`torch.load` of `w.pth` imports `__main__.Net`,"
            " which is nowhere in the worker, whose `__main__` is TorchServe's own"
        )

    def test_not_certainly_loaded(self):
        assert codes(archive("__main__.Net")) == [("MAR416", "warning")]

    def test_once(self):
        """What is said of a name is not said again as not being allowed."""
        found = list(check(archive("__main__.Net", "digits.Net", code=LOADING, digits=NET)))

        assert [each.code for each in found] == ["MAR416", "MAR412"]
        assert "__main__" not in found[1].message

    @pytest.mark.parametrize(
        "code",
        [
            "import __main__\n__main__.Net = Net",
            "setattr(sys.modules['__main__'], 'Net', Net)",
            "import __main__\nfill(__main__)",
            "class Unpickler(pickle.Unpickler):\n    def find_class(self, module, name): ...",
            "import torch\ntorch.load('w.pth', pickle_module=own)",
            "torch.serialization.add_safe_globals([(Net, '__main__.Net')])",
        ],
    )
    def test_placed(self, code: str):
        """The handler, or a module beside it, may put the name there, or find it elsewhere."""
        assert codes(allowing(archive("__main__.Net", code=code + "\n" + LOADING), "__main__.Net")) == []
        assert codes(allowing(archive("__main__.Net", code=LOADING, a=code), "__main__.Net")) == []

    def test_another_placed(self):
        code = f"import __main__\n__main__.Vocabulary = Vocabulary\n{LOADING}"

        assert codes(archive("__main__.Net", code=code)) == [("MAR416", "error")]
        assert codes(archive("__main__.Net", code=f"if __name__ == '__main__': run()\n{LOADING}")) == [
            ("MAR416", "error")
        ]

    def test_base_handler(self):
        """TorchServe refuses what is not allowed, and cannot import what is."""
        of = subject(
            {"net.py": NET, "w.pth": pickled("__main__.Net")},
            "base_handler",
            serialized_file="w.pth",
            model_file="net.py",
        )

        assert codes(of) == [("MAR411", "error")]
        assert codes(allowing(of, "__main__.Net")) == [("MAR416", "error")]

    def test_not_a_pickle(self):
        """Bytes that only look like one may be anything."""
        of = subject({"h.py": HANDLER, "words": b"c__main__\nNet\nand so on"})

        assert codes(of) == []


class TestWindows:
    @pytest.mark.parametrize("name", ["pathlib.WindowsPath", "pathlib._local.WindowsPath", "nt.stat_result"])
    def test_message(self, name: str):
        found = only(allowing(archive(name, code=LOADING), name))

        assert (found.code, found.severity) == ("MAR417", "error")
        assert found.message == f"`torch.load` of `w.pth` imports `{name}`, which is for Windows only"

    def test_replaced(self):
        """The usual remedy."""
        code = f"pathlib.WindowsPath = pathlib.PosixPath\n{LOADING}"

        assert codes(archive("pathlib.WindowsPath", code=code)) == [("MAR412", "warning")]

    @pytest.mark.parametrize(
        ("consumers", "expected"), [({"windows"}, "MAR412"), ({"windows", "torchserve"}, "MAR417")]
    )
    @pytest.mark.parametrize("name", ["pathlib.WindowsPath", "nt.stat_result"])
    def test_consumers(self, name: str, consumers: set[str], expected: str):
        """What is served on Windows alone may have them."""
        of = archive(name)
        of.consumers = consumers

        assert codes(of) == [(expected, "warning")]

    def test_command(self):
        """What runs commands is said to do that."""
        assert [code for code, _ in codes(archive("nt.system"))] == ["MAR413"]


class TestModules:
    """A module is looked for as by an import."""

    def test_absent(self):
        found = only(allowing(archive("models.net.Net", code=LOADING), "models.net.Net"))

        assert (found.code, found.severity) == ("MAR418", "warning")
        assert found.message == (
            "`torch.load` of `w.pth` imports `models.net.Net`,"
            " which is neither in the archive nor in its requirements nor on the server"
        )

    def test_in_project(self, tmp_path: Path):
        """What the project has is to be packed."""
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "__init__.py").touch()
        of = archive("models.net.Net")
        of.root = tmp_path

        assert only(of).fix == 'pack it with `packages = ["models"]`'

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({"models__of____init__": "", "models__of__net": NET}, []),
            ({"models__of____init__": ""}, [("MAR419", "warning")]),
            ({"models__of____init__": "", "models__of__net": "class Other: ..."}, [("MAR419", "warning")]),
            ({"models__of____init__": "", "models__of__net": "from other import *"}, []),
            ({"models__of____init__": "", "models__of__net": "def __getattr__(name): ..."}, []),
            ({"models__of____init__": "", "models__of__net": "globals()['Net'] = make()"}, []),
            ({"models__of____init__": "", "models__of__net": "if new:\n    class Net: ..."}, []),
        ],
    )
    def test_packed(self, files: dict[str, str], expected: list[tuple[str, str]]):
        assert codes(allowing(archive("models.net.Net", **files), "models.net.Net")) == expected

    def test_certainly_loaded(self):
        of = archive("net.Other", code=LOADING, net=NET)

        assert codes(of) == [("MAR419", "error")]
        assert "which the archive's own module does not have" in only(of).message

    def test_path(self):
        """Where the path changes, or a module gets another name, none is missing."""
        code = "import sys\nsys.modules['models'] = packed.models"

        assert codes(archive("models.net.Net", a=code)) == [("MAR412", "warning")]

    @pytest.mark.parametrize(
        "name",
        [
            "torch.nn.modules.linear.Linear",
            "torchvision.models.resnet.ResNet",
            "numpy.core.multiarray._reconstruct",
            "__builtin__.object",
            "copy_reg._reconstructor",
            "pathlib.PosixPath",
        ],
    )
    def test_on_server(self, name: str):
        """Python's own names, those of Python 2 too, and the server's are there."""
        assert [code for code, _ in codes(archive(name, code=LOADING))] in ([], ["MAR412"])

    @pytest.mark.parametrize("name", ["numpy._core.multiarray.scalar", "pathlib._local.PosixPath"])
    def test_newer(self, name: str):
        """What the server's Python and numpy do not have yet, unless something newer may be there."""
        found = only(archive(name, code=LOADING))

        assert (found.code, found.severity) == ("MAR434", "warning")
        assert found.message.endswith("which the server's own versions of Python and numpy do not have")
        assert codes(archive(name, requirements="numpy\n")) == [("MAR412", "warning")]
        assert codes(archive(name, code="sys.modules['numpy._core'] = numpy.core")) == [("MAR412", "warning")]

    def test_newer_for_others(self):
        """SageMaker's images have versions of their own."""
        of = archive("numpy._core.multiarray.scalar")
        of.consumers = {"sagemaker"}

        assert codes(of) == [("MAR412", "warning")]

    def test_required(self):
        name = "sklearn.linear_model._base.LinearRegression"

        assert codes(archive(name, requirements="numpy\n")) == [("MAR418", "warning")]
        assert codes(archive(name, requirements="scikit-learn\n")) == [("MAR412", "warning")]
        assert codes(archive(name, requirements="git+https://example.org/x\n")) == [("MAR412", "warning")]

    def test_unknown_requirement(self, tmp_path: Path):
        """What else a requirement is installed with is not always known, but what the project has is."""
        (tmp_path / "fastcore.py").touch()
        of = archive("fastcore.foundation.L", requirements="fastai\n")
        here = archive("fastcore.foundation.L", requirements="fastai\n")
        here.root = tmp_path

        assert codes(of) == [("MAR412", "warning")]
        assert codes(here) == [("MAR418", "warning")]

    def test_compressed(self):
        """Whoever loads what is compressed imports the same."""
        of = subject({"h.py": HANDLER, "a.joblib": zlib.compress(protocol2(b"c__main__\nNet\n)R"))})

        assert codes(of) == [("MAR416", "warning")]


class TestBounds:
    def test_exhausted(self):
        """That the code cannot be read keeps no other fault of a file from being found."""
        of = archive("__main__.Net", "os.system", code=f"__name__ == '__main__'\n{LOADING}")
        of.budget = Budget(memory=0)

        with pytest.raises(Exhausted):
            of.module("h")
        assert [code for code, _ in codes(of)] == ["MAR413", "MAR412"]

    def test_many(self):
        """Time does not grow with the names of a pickle times the lines of the requirements."""
        names = [f"m{number}.x" for number in range(3000)]
        requirements = "".join(f"numpy{number}\n" for number in range(3000))
        begin = time.process_time()

        list(check(archive(*names, requirements=requirements)))

        assert time.process_time() - begin < 10
