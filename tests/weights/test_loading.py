from __future__ import annotations

import pytest

from hatch_mar.weights.loading import Loading


class TestLoading:
    def test_globals(self):
        """What torch does not allow is unsafe, and of that some run code."""
        pairs = (("torch", "Size"), ("numpy", "dtype"), ("posix", "system"))
        loading = Loading("torch.load", globals=pairs)

        assert loading.unsafe_globals == (("numpy", "dtype"), ("posix", "system"))
        assert loading.code_runners == (("posix", "system"),)

    @pytest.mark.parametrize(
        ("loading", "expected"),
        [
            (Loading("torch.load", globals=(("torch", "Size"),), refusals=("no",)), ""),
            (Loading("torch.load", globals=(("os", "system"),)), "`torch.load` imports `os.system`"),
            (
                Loading("x", "record `a`", (("os", "popen"),), "it is cut", (), ("writes a file",)),
                (
                    "`x` of record `a` imports `os.popen`; writes a file; does"
                    " what cannot be determined: it is cut"
                ),
            ),
        ],
    )
    def test_describe(self, loading: Loading, expected: str):
        """What a loader does beyond what torch allows is one line."""
        assert loading.describe() == expected

    def test_json(self):
        """Names are written as they are imported."""
        document = Loading("torch.load", globals=(("os", "system"), ("torch", "Size"))).to_json()

        assert document["globals"] == ["os.system", "torch.Size"]
        assert document["unsafe_globals"] == document["code_runners"] == ["os.system"]
