from __future__ import annotations

import io
from io import BytesIO
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.budget import CODE, Exhausted
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.numpy_array import find_objects, has_objects
from hatch_mar.weights.view import View
from tests.budgets import enough_for
from tests.weights.files import inspect_bytes, protocol2, text, zipped

SYSTEM = protocol2(b"cos\nsystem\n" + text("true") + b"\x85R")


def array(descr: str, data: bytes, version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    return b"\x93NUMPY" + pack("<BB" + "HI"[version > 1], version, 0, len(header)) + header + data


class TestObjects:
    def test_budget(self):
        """A header is Python, which is paid for."""
        data = array(str([("a", "<f4")] * 1000), b"")

        assert find_objects(View(BytesIO(data), enough_for(CODE, 20_000))) == ()
        with pytest.raises(Exhausted):
            find_objects(View(BytesIO(data), enough_for(CODE, 5_000)))

    @pytest.mark.parametrize("version", [1, 2, 3])
    @pytest.mark.parametrize(
        "descr",
        [
            "'|O'",
            "'O'",
            "[('a', '<f4'), ('b', [('c', '|O', (2,))])]",
            "dtype('O')",
            "'|\\x4f'",
            "'ob' 'ject'",
            "['aO']",
            "{('a', '|O'): 1}",
            "('|O', (1,))",
        ],
    )
    def test_followed(self, descr: str, version: int):
        """The objects of an array are a pickle after its header."""
        found = inspect_bytes(array(descr, SYSTEM, version))

        assert (found.kind, found.unsafe_globals) == (Kind.NPY, (("os", "system"),))
        assert found.loadings[0].loader == "numpy.load(allow_pickle=True)"

    def test_in_npz(self):
        """So they are in an archive of arrays, which are named."""
        data = zipped({"a.npy": array("'<f4'", bytes(4)), "b.npy": array("'|O'", SYSTEM)})
        [loading] = inspect_bytes(data).loadings

        assert (loading.part, loading.code_runners) == ("record `b.npy`", (("os", "system"),))

    @given(
        st.recursive(
            st.sampled_from(["<f4", "|b1", "<i8", "<U10", "|S5", "<M8[ns]", "<c16"]),
            lambda inner: st.lists(st.tuples(st.text("Oobject", min_size=1), inner), min_size=1, max_size=3),
        )
    )
    def test_numbers(self, descr: Any):
        """An array without objects has no pickle, whatever its fields are called."""
        assert not has_objects(repr({"descr": descr, "fortran_order": False, "shape": (3,)}).encode())

    def test_python_2(self):
        """Python 2 wrote long numbers, which are no reason to say anything."""
        assert not has_objects(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10L, 2L), }")

    def test_huge_header(self):
        data = b"\x93NUMPY\x02\0" + pack("<I", 1 << 30)

        assert not inspect_bytes(data).complete

    def test_numpy(self):
        """What NumPy writes without objects has nothing to tell."""
        numpy = pytest.importorskip("numpy")
        for value in (
            numpy.ones(3),
            numpy.array(["a", "b"]),
            numpy.zeros(2, dtype=[("O", "f4"), ("x", "i8")]),
        ):
            out = io.BytesIO()
            numpy.save(out, value)
            assert inspect_bytes(out.getvalue()).loadings == ()
