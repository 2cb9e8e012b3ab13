"""A line that adds the worker's own directory to Python's path changes nothing; any other may."""

from __future__ import annotations

import pytest

from hatch_mar.checks.search_path import may_change_path
from tests.checks import HANDLER, subject

INITIALIZE = HANDLER.replace("initialize(self, context): ...", "initialize(self, context):\n        {}")


def changes(source: str, name: str = "h.py") -> bool:
    files = {"h.py": "import lib.inner\n" + HANDLER, name: source, "lib/other.py": ""}
    made = subject(files)
    module = made.module(name.removesuffix(".py").replace("/", "."))
    assert module is not None
    assert module.fault is None
    return may_change_path(made, module)


@pytest.mark.parametrize(
    "folder",
    [
        "''",
        "'.'",
        "os.getcwd()",
        "os.curdir",
        "os.path.abspath('.')",
        "os.path.dirname(__file__)",
        "os.path.dirname(os.path.abspath(__file__))",
        "os.path.split(os.path.realpath(__file__))[0]",
        "os.path.join(os.path.dirname(__file__), '')",
        "str(pathlib.Path(__file__).parent)",
        "str(pathlib.Path(__file__).resolve().parent)",
        "f'{pathlib.Path.cwd()}'",
    ],
)
def test_own(folder: str):
    for call in (f"sys.path.append({folder})", f"sys.path.insert(0, {folder})", f"site.addsitedir({folder})"):
        assert not changes(f"import os, pathlib, site, sys\n{call}\n{HANDLER}")


def test_asked():
    source = (
        f"import os, sys\nhere = os.getcwd()\nif here not in sys.path:\n    sys.path.append(here)\n{HANDLER}"
    )

    assert not changes(source)


def test_directory():
    """The model's directory is the worker's own."""
    line = "sys.path.append(context.system_properties.get('model_dir'))"

    assert not changes("import sys\n" + INITIALIZE.format(line))
    assert changes("import sys\n" + INITIALIZE.format("sys.path.append(context.system_properties['gpu_id'])"))


@pytest.mark.parametrize(
    "line",
    [
        "sys.path.append('lib')",
        "sys.path.append('/opt/lib')",
        "sys.path.append(os.environ['LIB'])",
        "sys.path.append('.'); sys.path.append('lib')",
        "for each in ('.', 'lib'): sys.path.append(each)",
        "sys.path = ['.']",
        "sys.path += ['.']",
        "sys.path.remove('.')",
        "exec('x')",
        "def later(): sys.path.append('.')",
    ],
)
def test_other(line: str):
    """So may what is not seen to run."""
    assert changes(f"import os, sys\n{line}\n{HANDLER}")


def test_folder():
    """The directory of a module in a folder is another one."""
    assert changes("import os, sys\nsys.path.append(os.path.dirname(__file__))", "lib/inner.py")
