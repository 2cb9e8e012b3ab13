from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.weights.pickles.interpreter import interpret
from hatch_mar.weights.pickles.lookups import look_up
from hatch_mar.weights.pickles.torch_objects import Global, Instance
from tests.weights.files import text


class TestLookUp:
    @pytest.mark.parametrize(
        ("function", "arguments", "found"),
        [
            (("builtins", "getattr"), (Global("enum", "bltns"), "exec"), ("enum", "bltns.exec")),
            (("builtins", "getattr"), (Instance(Global("os", "")), "system"), ("os", "system")),
            (("builtins", "getattr"), (None, "system", "other"), ("builtins", "getattr.system")),
            (("operator", "attrgetter"), ("os.system",), ("operator", "attrgetter.os.system")),
            (("cloudpickle.cloudpickle", "subimport"), ("os",), ("os", "")),
            (("dill._dill", "_import_module"), ("os.system",), ("os", "system")),
            (("builtins", "getattr"), ("system",), None),
            (("collections", "OrderedDict"), (), None),
            (("builtins", "getattr"), [], None),
        ],
    )
    def test_found(self, function: tuple[str, str], arguments: Any, found: tuple[str, str] | None):
        assert look_up(Global(*function), arguments) == found

    def test_noted(self):
        """What runs code is imported by a call of `getattr` as well."""
        function = b"cbuiltins\ngetattr\n(ccloudpickle\nsubimport\n" + text("builtins") + b"\x85R"
        data = b"\x80\x04" + function + text("eval") + b"tR" + text("1") + b"\x85R."

        assert ("builtins", "eval") in interpret(data).globals

    def test_honest(self):
        """A module that a pickled function names, and a method, are not what runs code."""
        module = b"ccloudpickle\nsubimport\n" + text("subprocess") + b"\x85R0"
        method = b"cbuiltins\ngetattr\n(cdigits\nNet\n" + text("load") + b"tR."

        assert interpret(b"\x80\x04" + module + method).globals == (
            ("cloudpickle", "subimport"),
            ("builtins", "getattr"),
            ("digits", "Net"),
        )
