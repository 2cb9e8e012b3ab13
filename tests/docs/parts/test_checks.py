from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_mar.checks import rules
from hatch_mar.finding import Rule
from parts import checks
from parts.checks import list_checks, list_ignorable, show_project, subject_of, write_page, write_pages


def rule_of(code: str) -> Rule:
    return next(rule for rule in rules() if rule.code == code)


def test_list_checks():
    """Every check is in the list once, below its subject, and links to its page."""
    text = list_checks()

    assert sorted(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \|", text, re.M)) == [rule.code for rule in rules()]
    assert text.index("## Container") < text.index("MAR899.md") < text.index("## Workflow")
    assert text.index("## Workflow") < text.index("MAR851.md") < text.index("## Portability")


@pytest.mark.parametrize(
    ("code", "expected"), [("MAR303", "Model file"), ("MAR841", "Container"), ("MAR851", "Workflow")]
)
def test_subject_of(code: str, expected: str):
    """The longest beginning of a code decides."""
    assert subject_of(rule_of(code)) == expected


def test_list_ignorable():
    """It names those that `ignore` may switch off, of the configuration only."""
    assert set(re.findall(r"`(MAR\d+)`\]", list_ignorable())) == {"MAR009", "MAR028", "MAR033", "MAR034"}


def test_write_pages():
    """Every check has a page."""
    assert sorted(write_pages()) == [f"{rule.code}.md" for rule in rules()]


class TestWritePage:
    def page(self, code: str) -> str:
        return write_page(rule_of(code))

    def test_facts(self):
        """A page begins with what is wrong, how bad it is, what happens and what to do."""
        rule = rule_of("MAR303")

        assert self.page("MAR303").splitlines()[:7] == [
            "# MAR303: The model file does not define exactly one class",
            "",
            'An [error](index.md#severities). `ignore = ["MAR303"]` switches it off. [All checks](index.md)',
            "",
            f"**What happens:** {rule.consequence[0].upper()}{rule.consequence[1:]}.",
            "",
            "**What to do:** Keep the model's class alone in the file and import the others.",
        ]

    def test_consumer(self):
        """It says whom a check is for."""
        assert "A [warning](index.md#severities), if `consumers` has `kserve`. " in self.page("MAR901")

    def test_not_ignorable(self):
        """It says what cannot be switched off."""
        assert "It cannot be ignored. [All checks](index.md)\n" in self.page("MAR003")

    def test_example(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The example comes last, without the comments for its runner."""
        monkeypatch.setattr(checks, "EXAMPLES", tmp_path)
        (tmp_path / "MAR303.md").write_text(
            "<!-- needs: torch -->\n## Example\n\n<!-- before:\nmkdir a\n-->\nBad.\n\n## Fixed\n\nGood.\n"
        )

        assert self.page("MAR303").endswith(
            "import the others.\n\n## Example\n\n"
            "The files that are not shown are those of"
            " [this little project](index.md#the-project-of-the-examples).\n\nBad.\n\n## Fixed\n\nGood.\n"
        )


def test_show_project():
    """The project's files are shown without the title of their page."""
    assert '```toml title="pyproject.toml"' in show_project()
    assert "# The project" not in show_project()
