from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.build.incomplete import remove_if_incomplete


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_removed(tmp_path: Path, error: type[BaseException]) -> None:
    """Nothing that lacks its archives is left, whatever the reason, such as a closed pipe or Ctrl-C."""
    wheel = tmp_path / "a.whl"
    wheel.touch()

    with pytest.raises(error), remove_if_incomplete(wheel):
        raise error
    assert not wheel.exists()


def test_kept(tmp_path: Path) -> None:
    """What is complete is kept."""
    wheel = tmp_path / "a.whl"
    wheel.touch()

    with remove_if_incomplete(wheel):
        pass
    assert wheel.exists()


def test_nothing(tmp_path: Path) -> None:
    """An artifact that is a directory, or that was not made, is left alone."""
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ValueError, match="x"), remove_if_incomplete(path):
            raise ValueError("x")
    assert tmp_path.exists()
