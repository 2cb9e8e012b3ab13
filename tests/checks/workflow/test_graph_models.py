"""Findings about the models of a specification."""

from __future__ import annotations

import pytest

from tests.checks.workflow import found, spec

SET = "set its `url` to the name of an archive in the model store, or to a URL"


class TestUrl:
    @pytest.mark.parametrize("model", ["{}", "{url: }", "{url: ''}"])
    def test_missing(self, model: str):
        """TorchServe takes a model without a URL for a function."""
        assert found(spec(f"  net: {model}\n")) == [
            f"error: s.yaml:2: MAR856 Model `net` has no `url`; {SET}"
        ]

    def test_of_unused(self):
        """It matters only where the graph names the model."""
        assert [text[:5] for text in found(spec("  net: {url: a.mar}\n  other: {}\n"))] == ["note:"]

    def test_outside(self):
        """TorchServe looks in its model store only."""
        assert found(spec("  net: {url: ../net.mar}\n")) == [
            (
                "error: s.yaml:2: MAR856 Model `net` has a `url` with two dots in a row: `../net.mar`;"
                " name the archive without its path"
            )
        ]

    def test_downloaded_twice(self):
        """TorchServe downloads no archive to where it has one, even if that is the same."""
        urls = ("https://example.org/a/net.mar", "https://example.org/b/net.mar", "net.mar")
        models = "".join(f"  m{number}: {{url: '{url}'}}\n" for number, url in enumerate(urls))

        assert found(spec(models, "  m0: [m1]\n  m1: [m2]\n")) == [
            (
                "warning: s.yaml:3: MAR856 Models `m0` and `m1` are both downloaded to `net.mar`; put the"
                " archive into the model store, and name it there"
            )
        ]


class TestArchives:
    @pytest.mark.parametrize(
        "url", ["Digits-Net.mar", "digits_net", "digits-net.tar.gz", "store/digits.net.mar"]
    )
    def test_written_otherwise(self, url: str):
        """The project has an archive of this name, as far as people read it."""
        name = url.rpartition("/")[2]

        assert found(spec(f"  net: {{url: {url}}}\n"), models=("digits-net.mar", "b.mar")) == [
            (
                f"warning: s.yaml:2: MAR859 Model `net` names `{name}`, which is not an archive of the"
                " project; did you mean `digits-net.mar`?"
            )
        ]

    def test_near(self):
        """One that is only like it may be from elsewhere."""
        [text] = found(spec("  net: {url: digits_nets.mar}\n"), models=("digits_net.mar",))

        assert text.startswith("note: s.yaml:2: MAR859 ")

    @pytest.mark.parametrize(
        "url", ["digits_net.mar", "store/digits_net.mar", "other.mar", "https://example.org/digits_nets.mar"]
    )
    def test_good(self, url: str):
        assert found(spec(f"  net: {{url: '{url}'}}\n"), models=("digits_net.mar",)) == []

    def test_named_by_another(self):
        """An archive that another model names is not the one that is meant."""
        models = "  net: {url: en_de.mar}\n  back: {url: de_en.mar}\n"
        dag = "  net: [back]\n"

        assert found(spec(models, dag), models=("en_de.mar",)) == []


def test_unnamed():
    """A model that the graph does not name is never loaded."""
    assert found(spec("  net: {url: a.mar}\n  other: {url: b.mar}\n")) == [
        "note: s.yaml:3: MAR857 `dag` does not name model `other`; name it in `dag`, or remove it"
    ]


class TestKeys:
    def test_misspelled(self):
        assert found(spec("  net: {url: a.mar, batch_size: 4}\n")) == [
            (
                "warning: s.yaml:2: MAR858 TorchServe does not know the setting `batch_size` of model `net`;"
                " did you mean `batch-size`?"
            )
        ]

    def test_unknown(self):
        """One that is like no other may be for somebody else."""
        assert found(spec("  net: {url: a.mar, owner: me}\n")) == [
            "note: s.yaml:2: MAR858 TorchServe does not know the setting `owner` of model `net`; remove it"
        ]


class TestOrder:
    def test_late(self):
        """TorchServe makes a model with the defaults that it has met before."""
        text = spec("  net: {url: a.mar}\n  batch-size: 4\n")

        assert found(text) == [
            (
                "warning: s.yaml:3: MAR858 `models.batch-size` comes after `net`, which TorchServe gives its"
                " own default; move it to the beginning of `models`"
            )
        ]

    def test_own(self):
        """A model that sets the value itself loses nothing."""
        assert found(spec("  net: {url: a.mar, batch-size: 2}\n  batch-size: 4\n")) == []
