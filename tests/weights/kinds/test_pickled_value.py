from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.pickled_value import find_misfits, inspect_value
from hatch_mar.weights.pickles.interpreter import interpret
from hatch_mar.weights.weights import Weights
from tests.weights.files import dictionary, number, protocol2, stored, tensor, text

MODEL = dictionary({"weight": tensor("0"), "bias": tensor("1", kind="HalfStorage")})


def inspect_pickled(value: bytes) -> Weights:
    return inspect_value(interpret(protocol2(value)))


class TestStateDict:
    def test_flat(self):
        """A dictionary of names and tensors is a state_dict."""
        assert inspect_pickled(MODEL) == Weights(Kind.STATE_DICT, tensors=2, dtypes=("float32", "float16"))

    def test_metadata(self):
        """A dictionary that `nn.Module.state_dict` marked is one, whatever it holds."""
        marked = b"ccollections\nOrderedDict\n)R(" + text("extra") + b"N" + b"u}" + text("_metadata") + b"}sb"

        assert inspect_pickled(marked).kind is Kind.STATE_DICT

    def test_empty(self):
        """A module without parameters has an empty state_dict."""
        assert inspect_pickled(b"}") == Weights(Kind.STATE_DICT)

    @pytest.mark.parametrize("key", ["fc._packed_params.dtype", "fc._extra_state", "_extra_state"])
    def test_extra(self, key: str):
        """Modules also save things other than tensors."""
        assert inspect_pickled(dictionary({"scale": tensor(), key: b"N"})).kind is Kind.STATE_DICT

    def test_number(self):
        """Tensors together with a number are not a state_dict."""
        assert inspect_pickled(dictionary({"loss": tensor(), "epoch": b"K\x01"})).kind is Kind.PICKLE

    def test_other_keys(self):
        """The keys of a state_dict are strings."""
        assert inspect_pickled(b"}K\x01" + tensor() + b"s").kind is Kind.PICKLE

    def test_dtypes(self):
        """The most frequent dtype comes first."""
        items = {"a": tensor("0", kind="LongStorage"), "b": tensor("1"), "c": tensor("2")}

        assert inspect_pickled(dictionary(items)).dtypes == ("float32", "int64")


class TestCheckpoint:
    @pytest.mark.parametrize(
        ("items", "keys"),
        [
            ({"epoch": b"K\x01", "model": MODEL}, ("model",)),
            ({"ema": MODEL, "state_dict": MODEL}, ("state_dict",)),
            ({"small": dictionary({"a": tensor()}), "large": MODEL}, ("large",)),
            ({"args": b"}", "trainer": dictionary({"net": MODEL})}, ("trainer", "net")),
            ({"loss": tensor(), "mine": MODEL}, ("mine",)),
        ],
    )
    def test_key(self, items: dict[str, bytes], keys: tuple[str, ...]):
        """The state_dict is found under its usual key, or it is the largest."""
        found = inspect_pickled(dictionary(items))

        assert (found.kind, found.keys) == (Kind.CHECKPOINT, keys)

    def test_none(self):
        """A dictionary without one is a pickle."""
        assert inspect_pickled(dictionary({"a": b"N", "b": b"}"})) == Weights(Kind.PICKLE, type="dict")

    def test_deep(self):
        """A state_dict further down is not looked for."""
        deep = dictionary({"a": dictionary({"b": dictionary({"c": MODEL})})})

        assert inspect_pickled(deep).kind is Kind.PICKLE

    def test_cycle(self):
        """A dictionary that holds itself ends the search."""
        assert inspect_pickled(b"}q\x00" + text("model") + b"h\x00s").kind is Kind.PICKLE


class TestPrefix:
    @pytest.mark.parametrize(
        ("keys", "prefix"),
        [
            (("module.a", "module.b"), "module."),
            (("_orig_mod.a",), "_orig_mod."),
            (("_orig_mod.module.a", "_orig_mod.module.b"), "_orig_mod.module."),
            (("module._orig_mod.a",), "module._orig_mod."),
            (("module.a", "b"), ""),
            (("modules.a",), ""),
            (("a", "b"), ""),
        ],
    )
    def test_prefix(self, keys: tuple[str, ...], prefix: str):
        """A prefix that only some keys begin with is the model's own."""
        assert inspect_pickled(dictionary({key: tensor() for key in keys})).prefix == prefix


class TestObjects:
    def test_module(self):
        """An object with a module's attributes."""
        state = dictionary({"training": b"\x88", "_parameters": b"}", "_modules": b"}"})

        assert inspect_pickled(b"cnets\nNet\n)\x81" + state + b"b") == Weights(Kind.MODULE, type="nets.Net")

    def test_module_in_checkpoint(self):
        """Checkpoints of YOLO have the module, which may be the average alone."""
        state = dictionary({"_parameters": b"}", "_modules": b"}"})
        module = b"cnets\nNet\n)\x81" + state + b"b"
        checkpoint = dictionary({"epoch": text("3"), "model": b"N", "ema": module, "old": module})

        assert inspect_pickled(checkpoint) == Weights(Kind.MODULE, keys=("ema",), type="nets.Net")

    def test_object(self):
        assert inspect_pickled(b"cargparse\nNamespace\n)\x81}b") == Weights(
            Kind.PICKLE, type="argparse.Namespace"
        )

    def test_legacy_module(self):
        """torch before 1.6 wrapped the class, with its source."""
        wrapped = b"(" + text("module") + b"cnets\nNet\n" + text("nets.py") + text("class Net: ...") + b"tQ"
        state = dictionary({"_parameters": b"}", "_modules": b"}"})

        assert inspect_pickled(wrapped + b")\x81" + state + b"b") == Weights(Kind.MODULE, type="nets.Net")

    @pytest.mark.parametrize(
        ("value", "name"),
        [(b"]", "list"), (b")", "tuple"), (b"K\x01", "int"), (text("a"), "str"), (b"N", "")],
    )
    def test_plain(self, value: bytes, name: str):
        assert inspect_pickled(value) == Weights(Kind.PICKLE, type=name)

    def test_tensor(self):
        assert inspect_pickled(tensor()) == Weights(Kind.TENSOR, tensors=1, dtypes=("float32",))

    def test_subclass(self):
        """A tensor inside the wrapper for its subclasses."""
        inner = b"ctorch._utils\n_rebuild_tensor_v2\n" + b"cnets\nMine\n"
        arguments = b"(" + stored("0", 2) + b"K\x00K\x02\x85K\x01\x85\x89NtN"
        found = inspect_pickled(b"ctorch._tensor\n_rebuild_from_type_v2\n(" + inner + arguments + b"tR")

        assert (found.kind, found.dtypes) == (Kind.TENSOR, ("float32",))


class TestMisfits:
    def test_fits(self):
        assert list(find_misfits(interpret(protocol2(tensor(numel=4))))) == []

    def test_beyond(self):
        """torch refuses a view that reaches beyond its storage."""
        found = list(find_misfits(interpret(protocol2(tensor(numel=4, size=5)))))

        assert found == ["tensors that reach beyond the end of their storage: 1"]

    def test_hostile(self):
        """Shapes and offsets of other types are accepted."""
        body = b"ctorch._utils\n_rebuild_tensor\n(" + stored("0", 2) + b"N" + number(-1) + b"]tR"

        assert inspect_pickled(body).kind is Kind.TENSOR
