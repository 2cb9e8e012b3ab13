from __future__ import annotations

import pytest

from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_GLOBALS
from hatch_mar.weights.pickles.code_runners import runs_code


class TestRunsCode:
    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("posix", "system"),
            ("nt", "spawnv"),
            ("os", "execvpe"),
            ("subprocess", "getoutput"),
            ("builtins", "eval"),
            ("__builtin__", "execfile"),
            ("importlib", "import_module"),
            ("importlib.machinery", "SourceFileLoader"),
            ("pkgutil", "resolve_name"),
            ("runpy", "_run_code"),
            ("ctypes.util", "find_library"),
            ("operator", "methodcaller"),
            ("trace", "Trace.run"),
            ("numpy.f2py.crackfortran", "getlincoef"),
        ],
    )
    def test_listed(self, module: str, name: str):
        assert runs_code(module, name)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("torch.serialization", "os.system"),
            ("torch.serialization", "pickle.loads"),
            ("logging", "os.path.os.system"),
            ("anything", "importlib.util.module_from_spec"),
            ("torch.serialization", "os"),
            ("torch.serialization.os", "system"),
            ("six.moves.builtins", "eval"),
        ],
    )
    def test_dotted(self, module: str, name: str):
        """A name that leads through other modules counts by where it ends."""
        assert runs_code(module, name)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("functools", "partial"),
            ("builtins", "getattr"),
            ("builtins", "set"),
            ("operator", "itemgetter"),
            ("os", "PathLike"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("project.code", "Net"),
            ("test", "Net"),
            ("project.builtins", "Net"),
            ("project", "Net.eval"),
            ("codecs", "encode"),
        ],
    )
    def test_other(self, module: str, name: str):
        """What honest pickles import is not on the list, nor a project's module of a listed name."""
        assert not runs_code(module, name)

    def test_disjoint(self):
        """Nothing that torch allows is on the list."""
        assert not any(runs_code(*pair) for pair in WEIGHTS_ONLY_GLOBALS)
