"""`python -m tests.documents --update PAGE…`: runs pages, and writes into them what their commands print."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

from tests.documents.run import UPDATE

ROOT = Path(__file__).parents[2]
EXAMPLES = Path("tests", "checks", "examples")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.documents", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what is printed into the pages")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args()
    if options.update:
        os.environ[UPDATE] = "1"
    tests = [name_test(page.resolve().relative_to(ROOT)) for page in options.pages]
    return pytest.main(["-q", "-p", "no:cacheprovider", *tests])


def name_test(page: Path) -> str:
    """The test that runs a page."""
    if page.parent == EXAMPLES:
        return f"{ROOT / 'tests/checks/test_examples.py'}::test_example[{page.stem}]"
    return f"{ROOT / 'tests/e2e/test_documents.py'}::test_page[{page.as_posix()}]"


if __name__ == "__main__":
    sys.exit(main())
