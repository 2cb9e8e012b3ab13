from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generate import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The documents of this repository, to be changed."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


class TestMain:
    def test_current(self, capsys: pytest.CaptureFixture[str]):
        """The documents say what the code says; if not, `python docs/generate.py` writes it."""
        assert main(["--check"]) == 0, capsys.readouterr().out

    def test_check(self, copy: Path, capsys: pytest.CaptureFixture[str]):
        """With `--check` what differs, is missing or should not be there is named, and stays."""
        keys = copy / "docs/reference/keys.md"
        changed = keys.read_text(encoding="utf-8").replace("### `version`\n", "### `edition`\n")
        keys.write_text(changed, encoding="utf-8")
        (copy / "docs/reference/checks/MAR303.md").unlink()
        (copy / "docs/reference/checks/MAR999.md").write_text("# MAR999: No rule of this code\n")

        assert main(["--check"], copy) == 1

        assert capsys.readouterr().out.splitlines() == [
            "docs/reference/checks/MAR303.md",
            "docs/reference/checks/MAR999.md",
            "docs/reference/keys.md",
        ]
        assert keys.read_text(encoding="utf-8") == changed
        assert not (copy / "docs/reference/checks/MAR303.md").exists()
        assert (copy / "docs/reference/checks/MAR999.md").exists()

    def test_write(self, copy: Path):
        """Without it they are written, and removed."""
        missing, stale = (copy / "docs/reference/checks" / name for name in ("MAR303.md", "MAR999.md"))
        missing.unlink()
        stale.write_text("# MAR999: No rule of this code\n")

        assert main([], copy) == 0

        assert main(["--check"], copy) == 0
        assert missing.exists()
        assert not stale.exists()
