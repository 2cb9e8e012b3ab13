from __future__ import annotations

import inspect
import pickletools
import re
from types import ModuleType

import pytest

from hatch_mar.weights.pickles.allowlist import WEIGHTS_ONLY_GLOBALS, WEIGHTS_ONLY_OPCODES, resolve_import


class TestWeightsOnlyGlobals:
    def test_torch(self, torch: ModuleType):
        """The allow-list is that of the installed torch, name for name."""
        unpickler = torch._weights_only_unpickler

        assert set(unpickler._get_allowed_globals()) == {".".join(pair) for pair in WEIGHTS_ONLY_GLOBALS}

    def test_number(self):
        assert len(WEIGHTS_ONLY_GLOBALS) == 144

    @pytest.mark.parametrize(
        "pair",
        [
            ("torch.serialization", "os.system"),
            ("torch", "serialization._get_layout"),
            ("torch", "load"),
            ("collections", "OrderedDict.fromkeys"),
            ("collections", "ordereddict"),
            ("builtins", "eval"),
            ("builtins", "getattr"),
        ],
    )
    def test_exact(self, pair: tuple[str, str]):
        """No prefix, no attribute and no other spelling of an allowed name is allowed."""
        assert pair not in WEIGHTS_ONLY_GLOBALS


class TestWeightsOnlyOpcodes:
    def test_torch(self, torch: ModuleType):
        """The opcodes are those that the installed torch's unpickler compares with, name for name."""
        source = inspect.getsource(torch._weights_only_unpickler.Unpickler.load)
        known = set(re.findall(r"\b[A-Z]\w+\[0\]", source))

        assert {name.removesuffix("[0]") for name in known} == WEIGHTS_ONLY_OPCODES

    def test_names(self):
        assert {opcode.name for opcode in pickletools.opcodes} >= WEIGHTS_ONLY_OPCODES

    def test_none_that_computes(self):
        """None that imports computed names or codes, or that only other protocols have."""
        others = {"STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4"}
        others |= {"MEMOIZE", "FRAME", "NEWOBJ_EX", "POP", "DUP", "PERSID"}

        assert WEIGHTS_ONLY_OPCODES.isdisjoint(others)


class TestResolveImport:
    def test_module(self):
        """A module of Python 2 is imported by its name in Python 3."""
        assert resolve_import("__builtin__", "set", 2) == ("builtins", "set")

    def test_name(self):
        """A name that moved is imported from its new module."""
        assert resolve_import("__builtin__", "reduce", 0) == ("functools", "reduce")

    def test_protocol_3(self):
        """From protocol 3 on, names are those of Python 3."""
        assert resolve_import("__builtin__", "set", 3) == ("__builtin__", "set")

    def test_torch(self, torch: ModuleType):
        """torch's tables translate only names that CPython's do."""
        import _compat_pickle

        assert torch._utils.IMPORT_MAPPING.items() <= _compat_pickle.IMPORT_MAPPING.items()
        assert torch._utils.NAME_MAPPING.items() <= _compat_pickle.NAME_MAPPING.items()
