from __future__ import annotations

import pytest

from parts.documents import fill

SECTIONS = {"one": lambda: "1", "two": lambda: "2"}


class TestFill:
    def test_sections(self):
        """Each section gets its text, and the rest stays; to fill it again changes nothing."""
        document = (
            "a\n<!-- generated: one -->\n<!-- end -->\nb\n<!-- generated: two -->\nold\n<!-- end -->\nc\n"
        )

        filled = fill(document, SECTIONS)

        assert filled == (
            "a\n<!-- generated: one -->\n\n1\n\n<!-- end -->\n"
            "b\n<!-- generated: two -->\n\n2\n\n<!-- end -->\nc\n"
        )
        assert fill(filled, SECTIONS) == filled

    def test_unknown(self):
        """A section that nothing writes is an error."""
        with pytest.raises(KeyError, match="three"):
            fill("<!-- generated: three -->\n<!-- end -->\n", SECTIONS)
