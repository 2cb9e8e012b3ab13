from __future__ import annotations

from hatch_mar.weights.loading import Loading


class TestLoading:
    def test_globals(self):
        """What torch does not allow is unsafe, and of that some run code."""
        pairs = (("torch", "Size"), ("numpy", "dtype"), ("posix", "system"))
        loading = Loading("torch.load", globals=pairs)

        assert loading.unsafe_globals == (("numpy", "dtype"), ("posix", "system"))
        assert loading.code_runners == (("posix", "system"),)
