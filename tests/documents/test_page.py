"""Pages, as they are read and as they are run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.page import Page, write_outputs
from tests.documents.run import Run
from tests.documents.shell import Shell
from tests.documents.transcript import matches
from tests.trial.processes import wait_for_end

PAGE = """\
# A page

<!-- needs: python3 git -->
<!-- before:
echo before >taken
-->
```toml title="deep/a.toml"
a = 1
```

```text title="place"
/home/me/page
```

```toml title="deep/a.toml (added at the end)"
b = 2
```

1. In a list:

   ```console
   $ cat deep/a.toml taken
   a = 1

   b = 2
   before
   $ cd deep; \\
   > pwd
   /home/me/page/deep
   $ diff ../place <(dirname $PWD) && echo same
   same
   $ export X=7
   ```

```console
$ echo $X; pwd; sleep 0; ls nothing
7
/home/me/page/deep
… No such file …
```

<!-- not run: it would take for ever -->
```console
$ sleep 100000
```

<!-- terminal -->
```console
$ echo $X; test -t 1 && echo terminal
7
terminal
```

<!-- folder: other -->
```sh
test -z "$(ls)"
pwd | grep other
```
"""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="pages are run on Linux")


@pytest.fixture
def page(tmp_path: Path) -> Page:
    (tmp_path / "page.md").write_text(PAGE)
    return Page(tmp_path / "page.md")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "page").mkdir(parents=True)
    return home


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    with Shell(home / "page", {"PATH": "/usr/bin:/bin"}) as shell:
        yield shell


@pytest.fixture
def running(page: Page, home: Path, shell: Shell) -> Run:
    return Run(page, home, shell.run, {"/home/me": str(home)})


def test_needs(page: Page):
    """A page names the commands and modules that it needs."""
    assert page.needs() == ["python3", "git"]


def test_no_reason(tmp_path: Path):
    """Who does not run a block says why."""
    path = tmp_path / "page.md"
    path.write_text("<!-- not run: -->\n```console\n$ a\n```\n")
    with pytest.raises(ValueError, match="say why"):
        [*Page(path).blocks()]


@needs_linux
class TestRun:
    def test_right(self, running: Run):
        """What a page says is so."""
        assert [*running.mismatches()] == []

    @pytest.mark.parametrize(
        ("right", "wrong", "command"),
        [
            ("a = 1\n\n   b = 2", "a = 1\n   b = 2", "cat deep/a.toml taken"),
            ("No such file", "No such folder", "echo $X; pwd; sleep 0; ls nothing"),
            ("X=7", "X=8; false", "export X=8; false"),
            ("7\nterminal", "7", "echo $X; test -t 1 && echo terminal"),
            ('-z "$(ls)"', '-n "$(ls)"', 'test -n "$(ls)"'),
            ("echo before >taken", "false", "false"),
        ],
        ids=["output", "within a line", "status", "terminal", "sh", "before"],
    )
    def test_wrong(self, running: Run, right: str, wrong: str, command: str):
        """What is not so is found."""
        assert right in PAGE
        running.page.path.write_text(PAGE.replace(right, wrong))
        found = [*running.mismatches()]

        assert found[0].command == command
        assert f"`{command}`" in found[0].describe(running.page)

    def test_update(self, running: Run):
        """An update puts what is printed where something else was, and leaves the rest alone."""
        page = running.page
        page.path.write_text(PAGE.replace("   a = 1\n\n   b = 2\n   before", "   a = 2"))
        assert len([*running.mismatches()]) == 1
        write_outputs(page, running.outputs)

        assert page.text == PAGE

    def test_hanging(self, home: Path):
        """A command that hangs fails its page, and shows what it has printed."""
        environ = {"PATH": "/usr/bin:/bin"}
        with (
            Shell(home / "page", environ, deadline=0.2) as shell,
            pytest.raises(EOFError, match=r"No end after 0.2 seconds: begun"),
        ):
            shell.run("echo begun; sleep 1000")

    def test_leftover(self, home: Path):
        """What a page has started ends with it."""
        with Shell(home, {"PATH": "/usr/bin:/bin"}) as shell:
            pid = int(shell.run("sleep 1000 & echo $!").lines[0])
            assert Path(f"/proc/{pid}").exists()

        wait_for_end(pid)


@pytest.mark.parametrize(
    ("expected", "printed", "is_right"),
    [
        ("a\nb", "a\nb", True),
        ("a", "a\nb", False),
        ("…", "a\nb", True),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n…\nd", "a\nd", True),
        ("a\n…\nd", "a\nb", False),
        ("a …", "a b c", True),
        ("loaded in 80 ms", "loaded in 12.1 s", True),
        ("peak memory 244.1 MiB", "peak memory 1.0 MiB", True),
        ("size 244.1 MiB", "size 1.0 MiB", False),
        ("Python 3.11.7", "Python 3.11.9", True),
        ("is not Python 3.11", "is not Python 3.13", True),
        ("torch 2.13.0", "torch 2.13.0+cpu", True),
        ("hatch-mar 0.1.0", "hatch-mar 1.10.0rc1", True),
        ("hatch-mar 0.1.0", "torch-mar 0.1.0", False),
        (
            "9 bytes  9 bytes  c4f4  MAR-INF/MANIFEST.json",
            "10 bytes  10 bytes  98e6  MAR-INF/MANIFEST.json",
            True,
        ),
        ("9 bytes  9 bytes  c4f4  names.json", "9 bytes  9 bytes  98e6  names.json", False),
        ("a.b", "axb", False),
    ],
)
def test_matches(expected: str, printed: str, is_right: bool):
    """An ellipsis stands for anything; times and versions differ."""
    assert matches(expected.split("\n"), printed.split("\n")) is is_right
