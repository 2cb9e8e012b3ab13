from __future__ import annotations

from parts.frontends import list_frontends


def test_list_frontends():
    """Each command has a line, which says where the archives are, or that there are none."""
    _, _, *lines = list_frontends().splitlines()

    assert lines[0] == "| `hatch build` | Written to `dist` |"
    assert "| `uv build --out-dir out` | Written to `out` |" in lines
    assert "| `hatch build -t mar:NAME` | One written, nothing else |" in lines
    assert "| `hatch build --hooks-only` | Checked, but not written |" in lines
    assert "| `hatch clean` | Removed |" in lines
    assert "| `tox` | Left out |" in lines
    assert "| `pip wheel SDIST` | Left out |" in lines
