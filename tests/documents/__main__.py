"""`python -m tests.documents --update PAGE…`: runs pages, and writes into them what their commands print."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.documents", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what is printed into the pages")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args()
    if options.update:
        os.environ["UPDATE_DOCUMENTS"] = "1"
    pages = [page.resolve().relative_to(ROOT).as_posix() for page in options.pages]
    test = ROOT / "tests" / "e2e" / "test_documents.py"
    return pytest.main(["-q", "-p", "no:cacheprovider", *(f"{test}::test_page[{page}]" for page in pages)])


if __name__ == "__main__":
    sys.exit(main())
