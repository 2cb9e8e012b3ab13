from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import yaml

from hatch_mar.budget import YAML, Exhausted
from hatch_mar.weights.detect import inspect_weights
from tests.budgets import enough_for
from tests.weights.files import inspect_bytes

SYSTEM = b"!!python/object/apply:os.system ['id']"
LONG = b"x: 1\n" * 1_000_000
"""More than is parsed."""


def fast(*values: object) -> Any:
    """A case that takes libyaml, which PyYAML has on most systems."""
    return pytest.param(*values, marks=pytest.mark.skipif(not yaml.__with_libyaml__, reason="no libyaml"))


class TestTags:
    @pytest.mark.parametrize(
        "document",
        [
            b"a: " + SYSTEM,
            b"- " + SYSTEM,
            SYSTEM,
            b"# a comment\n\n---\na:\n  b: " + SYSTEM,
            b"a: !<tag:yaml.org,2002:python/object/apply:os.system> ['id']",
            b"%TAG !p! tag:yaml.org,2002:python/object/\n---\na: !p!apply:os.system ['id']",
            b"x: 1\n" * 20_000 + b"a: " + SYSTEM,
            b"a: !!p%79thon/object/apply:os.system ['id']",
            b"a: !<tag:yaml.org,2002:p%79thon/object/apply:os.system> ['id']",
            b"%TAG !p! tag:yaml.org,2002:py\n---\na: !p!thon/object/apply:os.system ['id']",
            ("a: " + SYSTEM.decode()).encode("utf-16"),
            b"x: 1\n" * 20_000 + b'{"a":' + SYSTEM + b"}",
            b"x: 1\n" * 20_000 + "a:\x85".encode() + SYSTEM,
            b"[" + SYSTEM + b"]",
            b'{"a": ' + SYSTEM + b"}",
            b"my key: " + SYSTEM,
            "schl\u00fcssel: ".encode() + SYSTEM,
            b"#" + b"x" * 2000 + b"\n? " + SYSTEM + b"\n: 1\n",
            b"plain text\n---\n" + SYSTEM,
            b"a: " + SYSTEM + b"\n---\na: [\n",
            b"x: \xe9\na: " + SYSTEM,
            b"a: " + SYSTEM + b"\n---\nb: " + b"x" * 2000 + b"\0",
            fast(b"a:\t" + SYSTEM),
            fast(b"x: 1\n" * 20_000 + b"a: !!p%79thon/object/apply:os.system ['id']"),
            fast(b"%TAG !p! tag:yaml.org,2002:py\n---\n" + b"x: 1\n" * 20_000 + b"a: !p!thon/name:os.system"),
        ],
        ids=[
            "mapping",
            "sequence",
            "root",
            "comment",
            "verbatim",
            "handle",
            "far",
            "number",
            "verbatim number",
            "half",
            "utf-16",
            "flow",
            "line break",
            "root in brackets",
            "JSON",
            "blank in a key",
            "other letters in a key",
            "long comment",
            "second document",
            "before a fault",
            "latin-1",
            "before a null",
            "tab",
            "far number",
            "far handle",
        ],
    )
    @pytest.mark.parametrize("name", ["config.yaml", "config", "config.json"])
    def test_found(self, document: bytes, name: str):
        [loading] = inspect_bytes(document, name).loadings

        assert loading.loader == "yaml.unsafe_load"
        assert loading.code_runners == (("os", "system"),)

    @pytest.mark.parametrize(
        "document",
        [
            b"%TAG !p! tag:yaml.org,2002:py\n---\n" + LONG + b"a: !p!thon/name:os.system",
            LONG + b"a: !!python/object/apply:os%2esystem ['id']",
            b"%TAG !p! tag:yaml.org,2002:py\n---\na: !p!thon/name:os.system\nb: "
            + b"[" * 40_000
            + b"]" * 40_000,
        ],
        ids=["handle", "number", "depth"],
    )
    def test_unknown(self, document: bytes):
        """A tag that is written in its own way, in a document that is not parsed, cannot be told."""
        [loading] = inspect_bytes(document, "config.yaml").loadings

        assert (loading.globals, bool(loading.unknown)) == ((), True)

    def test_large(self):
        """A file that is named as YAML is read further than other text."""
        document = b"#" + b"x" * (5 << 20) + b"\na: " + SYSTEM

        assert inspect_bytes(document, "config.yaml").globals == (("os", "system"),)

    def test_time(self):
        """Signs of tags without end take no time with their square: this took minutes."""
        assert inspect_bytes(b" !" + b"a:!!" * 500_000, "config.yaml").loadings == ()

    @pytest.mark.parametrize(
        ("tag", "pair"),
        [
            (b"!!python/object:torch.nn.Linear {}", ("torch.nn", "Linear")),
            (b"!!python/name:numpy.float64 ''", ("numpy", "float64")),
            (b"!!python/object/new:builtins.map []", ("builtins", "map")),
        ],
    )
    def test_imports(self, tag: bytes, pair: tuple[str, str]):
        assert inspect_bytes(b"a: " + tag, "config.yml").unsafe_globals == (pair,)

    @pytest.mark.parametrize(
        ("document", "name"),
        [
            (b"a: 1\nb: [python, 3]\n", "config.yaml"),
            (b"a: !!python/tuple [1, 2]\n", "config.yaml"),
            (b"a: 1  # not !!python/object/apply:os.system\n", "config.yaml"),
            (b"a: 'such as !!python/object/apply:os.system'\n", "config.yaml"),
            (b"a: |\n  " + SYSTEM + b"\n", "config.yaml"),
            fast(b"x: 1\n" * 20_000 + b"a: 'such as !!python/object/apply:os.system'\n", "config.yaml"),
            fast(b"x: 1\n" * 20_000 + b"a: |\n  " + SYSTEM + b"\n", "config.yaml"),
            (b"# Tags\n\nAs in `a: " + SYSTEM + b"`:\n\n    a: " + SYSTEM + b"\n", "README.md"),
            (b"Of tags: " + SYSTEM + b" runs a command.\n", "notes.txt"),
            (b"text = 'a: " + SYSTEM + b"'", "handler.py"),
        ],
    )
    def test_other(self, document: bytes, name: str):
        """Words about tags, and tags that import nothing, are no reason to say anything."""
        assert inspect_bytes(document, name).loadings == ()

    def test_many_prefixes(self, monkeypatch: pytest.MonkeyPatch):
        """A document with thousands of names for prefixes is not parsed, and what it does cannot be told."""
        monkeypatch.setattr(yaml, "parse", None)
        prefixes = b"".join(b"%%TAG !a%d! tag:x\n" % number for number in range(3000))
        [loading] = inspect_weights(BytesIO(prefixes + b"---\na: 1\n"), "config.yaml").loadings

        assert "more than is parsed" in loading.unknown

    def test_budget(self):
        """Files that are slow to parse are not parsed without end."""
        budget = enough_for(YAML, 20)

        with pytest.raises(Exhausted):
            inspect_weights(BytesIO(b"a: " + SYSTEM), "config.yaml", budget)
