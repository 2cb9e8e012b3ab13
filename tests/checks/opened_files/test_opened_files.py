"""Files that the handler opens and that the archive does not have."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from hatch_mar.checks.opened_files import check
from tests.checks import found, subject

OPEN = "open it there, or pack it under this name with `force-include`"

START = """\
import json, os, shutil, subprocess, torch, unknown, zipfile
from pathlib import Path
class Handler:
    def handle(self, data, context): ...
    def initialize(self, context):
        here = context.system_properties.get("model_dir")
"""


def handler(body: str) -> str:
    return START + indent(body, " " * 8) + "\n"


@pytest.mark.parametrize(
    "body",
    [
        "open(os.path.join(here, 'a.txt'))",
        "open(here + '/a.txt', 'rb')",
        "open(f'{here}/a.txt', encoding='utf-8')",
        "with open('{}/a.txt'.format(here)) as file: json.load(file)",
        "(Path(here) / 'a.txt').read_text()",
        "Path(here, 'a.txt').open()",
        "(Path(__file__).resolve().parent / 'a.txt').read_bytes()",
        "open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'a.txt'))",
        "open('a.txt')",
        "open('./a.txt')",
        "torch.ops.load_library(here + '/a.txt')",
        "torch.jit.load(f=os.path.join(here, 'a.txt'), map_location='cpu')",
        "name = 'a.txt'\nfor each in [name]: torch.load(os.path.join(here, each))",
        "self.path = os.path.join(here, 'a.txt')\ndef read(self): open(self.path)\nread(self)",
        "if os.name: open('a.txt')\nelse: open('a.txt')",
        "try: open('a.txt')\nexcept OSError as error: raise RuntimeError from error",
        "shutil.copy('a.txt', 'b.txt')",
        "print(here)\nos.listdir(here)\nopen('a.txt')",
        "open('b.txt', 'w')\nopen('a.txt')",
        "zipfile.ZipFile(here + '/a.txt').extractall(here)",
    ],
)
def test_missing(body: str):
    """However the path is put together, the file is missing."""
    [text] = found(check, {"h.py": handler(body)})

    assert "h.py:" in text
    assert "MAR251 `a.txt` is opened, but the archive does not have it; pack it" in text


@pytest.mark.parametrize(
    "body",
    [
        "if os.path.exists('a.txt'): open('a.txt')",
        "path = Path(here) / 'a.txt'\nif not path.is_file(): return\npath.read_text()",
        "if not os.path.isfile('a.txt'): self.fetch('a.txt')\nopen('a.txt')",
        "try: open('a.txt')\nexcept OSError: pass",
        "if os.environ.get('A'): open('a.txt')",
        "open('a.txt', 'w')",
        "open('a.txt', mode='ab')",
        "open('a.txt', os.environ['MODE'])",
        "open('a.txt', 'w').write('')\nopen('a.txt')",
        "torch.save({}, 'a.txt')\ntorch.load('a.txt')",
        "shutil.copy('h.py', 'a.txt')\nopen('a.txt')",
        "shutil.unpack_archive('h.py', here)\nopen('a.txt')",
        "zipfile.ZipFile('h.py').extractall()\nopen('a.txt')",
        "subprocess.run(['make'])\nopen('a.txt')",
        "unknown.download(here)\nopen('a.txt')",
        "unknown.anything('a.txt')\nopen('a.txt')",
        "unknown.anything('data')\nopen('data/a.txt')",
        "os.chdir('/data')\nopen('a.txt')",
        "open('/data/a.txt')",
        "open('../a.txt')",
        "open(os.environ['A'])",
        "open(here + '/h.py'), open('MAR-INF/MANIFEST.json'), os.listdir('.'), os.listdir('lib')",
        "torch.jit.load(unknown.anything)",
    ],
)
def test_silence(body: str):
    """What is asked for, made or unpacked, what may not be opened and what lies elsewhere are no faults."""
    assert found(check, {"h.py": handler(body), "lib/x.py": ""}) == []


@pytest.mark.parametrize(
    ("opened", "members", "expected"),
    [
        (
            "data/labels.txt",
            ["labels.txt"],
            "`data/labels.txt` is opened, but the archive has it at its root as `labels.txt`; OPEN",
        ),
        (
            "labels.txt",
            ["data/labels.txt"],
            "`labels.txt` is opened, but the archive has it as `data/labels.txt`; OPEN",
        ),
        (
            "lables.txt",
            ["labels.txt"],
            "`lables.txt` is opened, but the archive does not have it; did you mean `labels.txt`?",
        ),
    ],
)
def test_near(opened: str, members: list[str], expected: str):
    [text] = found(check, {"h.py": handler(f"open({opened!r})"), **dict.fromkeys(members, "")})

    assert text == "digits.mar/h.py:7: MAR251 " + expected.replace("OPEN", OPEN)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a.txt", "add `a.txt` to `extra-files`"),
        ("data/a.txt", "pack `data/a.txt` as `data/a.txt`, for example with `force-include`"),
    ],
)
def test_advice(tmp_path: Path, file: str, expected: str):
    """A file that the project has can be packed."""
    (tmp_path / "data").mkdir()
    (tmp_path / file).write_text("")
    archive = subject({"h.py": handler(f"open({file!r})")})
    archive.root = tmp_path
    [finding] = check(archive)

    assert finding.fix == expected


def test_request():
    """A file that is opened with each request is told once, where it is first opened."""
    source = "def handle(data, context):\n    for row in data or (): open('a.txt'), open('./a.txt')"
    [text] = found(check, {"h.py": source})

    assert text.startswith("digits.mar/h.py:2: MAR251 `a.txt`")


@pytest.mark.parametrize("path", ["/home/alice/a.txt", "/Users/alice/a.txt", r"C:\Users\alice\a.txt"])
def test_home(path: str):
    """Nobody else has a person's home folder; that of the official image is on every server."""
    [text] = found(check, {"h.py": handler(f"open({path!r})")})

    assert "MAR252" in text
    assert found(check, {"h.py": handler("open('/home/model-server/a.txt')")}) == []


def test_most():
    body = "\n".join(f"open('{number}.txt')" for number in range(30))

    assert len(found(check, {"h.py": handler(body)})) == 20


@pytest.mark.parametrize(("file_name", "expected"), [("digits.mar", 1), ("digits", 0)])
def test_directory(file_name: str, expected: int, tmp_path: Path):
    """To a directory, as `no-archive` makes it, files may be moved after the build."""
    made = subject({"h.py": handler("open('a.txt')")})
    made.root, made.file_name = tmp_path, file_name

    assert len(list(check(made))) == expected
