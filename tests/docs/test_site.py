"""The documentation as it is read: its pages lead to each other, and ask nobody else for anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.project.config.json_schema import make_schema, make_whole_schema
from tests.archives import needs_cpython

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}
"""The elements that a browser loads something for, each with the attribute that has its address."""
NOT_LOADED = ("canonical", "next", "prev", "alternate")
"""Relations for which a `link` is not loaded."""


class Reference(NamedTuple):
    address: str
    is_loaded: bool
    """Whether the browser asks for it, rather than whoever clicks on it."""


class Reader(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.references: list[Reference] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "id" in attributes:
            self.anchors.add(attributes["id"])
        if tag == "a" and "href" in attributes:
            self.references.append(Reference(attributes["href"], is_loaded=False))
        elif attributes.get(LOADED.get(tag, "")) and attributes.get("rel") not in NOT_LOADED:
            self.references.append(Reference(attributes[LOADED[tag]], is_loaded=True))


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the documentation of a copy of this repository."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def copy(folder: Path) -> Path:
    for name in ("docs", "hatch_mar"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built."""
    if find_spec("zensical") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("This test needs zensical")
        pytest.skip("zensical is not installed")
    folder = copy(tmp_path_factory.mktemp("site"))
    result = build(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "site"


def pages_of(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        value = entry if isinstance(entry, str) else next(iter(entry.values()))
        yield from [value] if isinstance(value, str) else pages_of(value)


class TestAddress:
    def test_everywhere_the_same(self):
        """The package, its metadata and the site agree on where the documentation is."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

        assert project["urls"]["Documentation"] == DOCUMENTATION
        assert CONFIG["site_url"] == DOCUMENTATION

    @needs_cpython("PyPy would have to compile check-jsonschema's dependencies")
    def test_read_the_docs(self):
        """Read the Docs accepts the file that tells it how to build them."""
        command = ("check_jsonschema", "--builtin-schema", "vendor.readthedocs", ".readthedocs.yaml")
        result = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
        )

        assert result.returncode == 0, result.stdout


class TestNavigation:
    def test_whole(self):
        """Every page is in the navigation once, and nothing else is; the checks have a list of their own."""
        written = [
            path.relative_to(ROOT / "docs").as_posix()
            for path in (ROOT / "docs").rglob("*.md")
            if not path.match("checks/MAR*.md")
        ]

        assert sorted(pages_of(CONFIG["nav"])) == sorted(written)


class TestLinks:
    def test_lead_somewhere(self, site: Path):
        """Links, images, scripts and stylesheets are there, and so are the anchors."""
        pages = {path: Reader(path) for path in site.rglob("*.html")}
        broken = [
            (path.relative_to(site).as_posix(), address)
            for path, page in pages.items()
            for address, _ in page.references
            if is_within(address) and not leads_somewhere(address, path, site, pages)
        ]

        assert len(pages) > 3
        assert broken == []

    def test_broken(self, tmp_path: Path, site: Path):
        """A link to a page or an anchor that does not exist fails the build."""
        folder = copy(tmp_path)
        with (folder / "docs/index.md").open("a", encoding="utf-8") as page:
            page.write("\n[No page](nowhere.md), and [no anchor](#nowhere)\n")

        result = build(folder)

        assert result.returncode == 1
        assert "2 issues found" in result.stdout + result.stderr


class TestSchemas:
    def test_served(self, site: Path):
        """The schema of `[tool.mar]` is where it says that it is, and that of the whole file is beside it."""
        partial = json.loads((site / "mar.schema.json").read_text(encoding="utf-8"))
        whole = json.loads((site / "pyproject.schema.json").read_text(encoding="utf-8"))

        assert partial == make_schema()
        assert partial["$id"] == f"{DOCUMENTATION}mar.schema.json"
        assert whole == make_whole_schema()


def is_within(address: str) -> bool:
    return not urlsplit(address).scheme and not address.startswith("//")


def leads_somewhere(address: str, page: Path, site: Path, pages: dict[Path, Reader]) -> bool:
    path, anchor = unquote(urlsplit(address).path), unquote(urlsplit(address).fragment)
    target = site / path.lstrip("/") if path.startswith("/") else Path(os.path.normpath(page.parent / path))
    if not path:
        target = page
    elif target.is_dir():
        target /= "index.html"
    if not anchor:
        return target.is_file()
    return target in pages and anchor in pages[target].anchors


class TestRequests:
    """Reading the documentation tells nobody but its server."""

    def test_pages(self, site: Path):
        """No page loads anything from elsewhere."""
        loaded = [
            (path.name, address)
            for path in site.rglob("*.html")
            for address, is_loaded in Reader(path).references
            if is_loaded and not is_within(address) and not address.startswith("data:")
        ]

        assert loaded == []

    def test_styles(self, site: Path):
        """Nor does a stylesheet, or a style that stands in a page."""
        texts = [
            path.read_text(encoding="utf-8") for path in site.rglob("*") if path.suffix in (".css", ".html")
        ]
        addresses = [
            address
            for text in texts
            for address in re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s]+)""", text)
        ]

        assert [address for address in addresses if not is_within(address) and address[:5] != "data:"] == []

    def test_scripts(self, site: Path):
        """The theme's scripts load something only for what no page has, such as diagrams."""
        scripts = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.js"))
        hosts = {*re.findall(r"https?://([\w.-]+)", scripts)}
        pages = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))

        assert hosts == {"www.w3.org", "unpkg.com", "cdn.jsdelivr.net", "api.github.com"}
        assert re.findall(r'class="[^"]*\b(?:mermaid|glightbox|pyodide)\b', pages) == []
        assert 'data-md-component="source"' not in pages
