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
            ("logging.config", "BaseConfigurator.resolve"),
            ("multiprocessing.reduction", "ForkingPickler.loads"),
            ("sys", "modules"),
            ("copyreg", "add_extension"),
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
            ("tempfile", "_os"),
            ("tempfile", "_os.system"),
            ("enum", "bltns.exec"),
            ("collections", "_sys.modules.get"),
            ("torch", "ops.load_library"),
        ],
    )
    def test_dotted(self, module: str, name: str):
        """A name that leads through other modules counts by where it ends."""
        assert runs_code(module, name)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("filelock", "import_module"),
            ("sympy.printing.preview", "check_output"),
            ("mpmath.libmp.backend", "exec_"),
            ("distributed.protocol.pickle", "loads"),
        ],
    )
    def test_anywhere(self, module: str, name: str):
        """Modules have in them what they import from others."""
        assert runs_code(module, name)

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("posix", "getpid.__self__.system"),
            ("builtins", "print.__self__"),
            ("os", "__dict__.get"),
            ("torch", "save.__globals__.get"),
            ("collections", "__builtins__"),
        ],
    )
    def test_reflection(self, module: str, name: str):
        """Attributes of Python's own lead from whatever has them to all else."""
        assert runs_code(module, name)

    def test_long(self):
        """A name of more parts than are looked at is not passed."""
        assert runs_code("digits", ".".join("abcdefghijkl"))

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("functools", "partial"),
            ("builtins", "getattr"),
            ("builtins", "set"),
            ("operator", "itemgetter"),
            ("os", "PathLike"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("code", "Net"),
            ("code.models", "Net"),
            ("commands", "Net"),
            ("project.code", "Net"),
            ("project.commands", "Net"),
            ("pdb.models", "Net"),
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
