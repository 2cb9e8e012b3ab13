from __future__ import annotations

import pytest

from tests.weights.files import inspect_bytes

SYSTEM = b"!!python/object/apply:os.system ['id']"


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
        ],
    )
    @pytest.mark.parametrize("name", ["config.yaml", "config"])
    def test_found(self, document: bytes, name: str):
        [loading] = inspect_bytes(document, name).loadings

        assert loading.loader == "yaml.unsafe_load"
        assert loading.code_runners == (("os", "system"),)

    @pytest.mark.parametrize(
        "document",
        [
            b"%TAG !p! tag:yaml.org,2002:py\n---\n" + b"x: 1\n" * 20_000 + b"a: !p!thon/name:os.system",
            b"x: 1\n" * 20_000 + b"a: !!python/object/apply:os%2esystem ['id']",
        ],
        ids=["handle", "number"],
    )
    def test_unknown(self, document: bytes):
        """A tag that is written in its own way, in a long document, cannot be told."""
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
            (b"text: " + SYSTEM, "README.md"),
            (b"text = 'a: " + SYSTEM + b"'", "handler.py"),
        ],
    )
    def test_other(self, document: bytes, name: str):
        """Words about tags, and tags that import nothing, are no reason to say anything."""
        assert inspect_bytes(document, name).loadings == ()
