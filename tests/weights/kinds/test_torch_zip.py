from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds import torch_zip
from tests.weights.files import (
    TENSORS,
    inspect_bytes,
    problems,
    protocol2,
    saved,
    short,
    state_dict,
    stored,
    text,
    zipped,
)
from tests.weights.found import Found

SYSTEM = b"cos\nsystem\n" + text("true") + b"\x85R"
SCRIPT = {
    "net/data.pkl": protocol2(b"N"),
    "net/code/__torch__.py": b"",
    "net/constants.pkl": protocol2(b")"),
    "net/version": b"3\n",
}


def changed(**records: bytes | None) -> dict[str, bytes]:
    """The records of a state_dict, with some replaced or, if None, removed."""
    named = {f"model/{name}": content for name, content in records.items()}
    return {name: data for name, data in {**TENSORS, **named}.items() if data is not None}


def inspect_records(records: Mapping[str, bytes], **options: Any) -> Found:
    return inspect_bytes(zipped(records, **options))


class TestKinds:
    @pytest.mark.parametrize(
        ("names", "kind"),
        [
            (SCRIPT, Kind.TORCHSCRIPT),
            (("net/model.json", "net/tensors/0"), Kind.TORCHSCRIPT),
            (("serialized_exported_program.json", "version"), Kind.EXPORTED_PROGRAM),
            (("a.npy", "b.npy"), Kind.NPZ),
            (("readme.txt", "a.npy"), Kind.ZIP),
            (("config.json", "model.weights.h5"), Kind.ZIP),
        ],
    )
    def test_names(self, names: tuple[str, ...] | dict[str, bytes], kind: Kind):
        """A zip is recognised by the names of its files."""
        assert inspect_records(dict.fromkeys(names, b"")).kind is kind

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("models/model.json", Kind.EXPORTED_PROGRAM),
            ("data/aotinductor/model/x.so", Kind.AOTINDUCTOR),
            ("data/else", Kind.ZIP),
        ],
    )
    def test_pt2(self, name: str, kind: Kind):
        """Archives of torch.export have a record that says so."""
        found = inspect_records({f"p/{name}": b"", "p/archive_format": b"pt2", "p/.data/version": b"11"[:1]})

        assert (found.kind, found.damage) == (kind, ())

    def test_saved(self):
        assert inspect_records(TENSORS).kind is Kind.STATE_DICT

    def test_lite(self):
        assert inspect_records({**SCRIPT, "net/bytecode.pkl": b""}).lite

    def test_empty(self):
        assert inspect_bytes(zipped({})).kind is Kind.ZIP

    def test_describe(self):
        assert inspect_records({"a": b"", "b": b""}).describe() == "zip archive: 2 files, no torch files"


class TestDisguise:
    """A pickle that torch.load reads is found in a zip that looks like something else."""

    @pytest.mark.parametrize(
        "others",
        [
            {"model/CONSTANTS.PKL": b""},
            {"model/archive_format": b"pt2", "model/models/a.json": b""},
            {"serialized_exported_program.json": b""},
            {"model/model.json": b"", "model/tensors/0": b""},
        ],
    )
    def test_found(self, others: dict[str, bytes]):
        found = inspect_records({**saved(protocol2(SYSTEM)), **others})

        assert found.unsafe_globals == (("os", "system"),)
        assert found.complete

    def test_case(self):
        """torch finds `DATA.PKL` too."""
        records = {
            name.replace("data.pkl", "DATA.PKL"): data for name, data in saved(protocol2(SYSTEM)).items()
        }

        assert inspect_records(records).unsafe_globals == (("os", "system"),)

    def test_script(self):
        """TorchScript's own pickles import nothing in Python."""
        assert inspect_records({**SCRIPT, "net/data.pkl": protocol2(b"c__torch__\nNet\n)\x81")}).globals == ()

    def test_second_pickle(self):
        """What follows the first pickle's STOP is examined too."""
        found = inspect_records(saved(state_dict() + protocol2(SYSTEM)))

        assert found.unsafe_globals == (("os", "system"),)


class TestDamage:
    @pytest.mark.parametrize(
        ("records", "damage"),
        [
            (changed(**{"data/0": None}), "record `data/0` is missing"),
            (changed(**{"data/0": bytes(7)}), "record `data/0` has 7 bytes, but its tensor needs 8"),
            (changed(**{"data/0": bytes(9)}), "record `data/0` has 9 bytes, but its tensor needs 8"),
            (changed(version=None), "record `version` is missing"),
            (changed(version=b"99"), "its format version is unknown"),
            (changed(byteorder=b"middle"), "its byte order is unknown"),
            (changed(**{".storage_alignment": b"wide"}), "its alignment is not a number"),
            (changed(**{".data/serialization_id": b"\xff"}), "its serialization id is not text"),
            ({**TENSORS, "other/file": b""}, "it has files outside its root folder"),
            ({**TENSORS, "file": b""}, "it has files outside its root folder"),
        ],
    )
    def test_damage(self, load: Callable[..., Any], records: dict[str, bytes], damage: str):
        """What stops torch from loading is damage."""
        assert inspect_records(records).damage == (damage,)
        with pytest.raises(Exception, match=r"."):
            load(io.BytesIO(zipped(records)), weights_only=True)

    @pytest.mark.parametrize(
        "records",
        [TENSORS, changed(byteorder=None), changed(**{"data/9": b"unused"}), {"model/": b"", **TENSORS}],
        ids=["plain", "without byte order", "a record too many", "directory"],
    )
    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_sound(self, load: Callable[..., Any], records: dict[str, bytes], method: int):
        """What does not stop torch is not damage."""
        data = zipped(records, method)

        assert problems(inspect_bytes(data)) == ()
        assert set(load(io.BytesIO(data), weights_only=True)) == {"weight", "bias"}

    def test_method(self):
        found = inspect_records(TENSORS, method=zipfile.ZIP_BZIP2)

        assert found.kind is Kind.CORRUPT
        assert "is compressed in a way that torch cannot read" in found.reason

    def test_crc(self):
        """Changed bytes of the pickle are found, although torch does not check them."""
        data = zipped(TENSORS)
        at = data.index(b"weight")
        found = inspect_bytes(data[:at] + b"height" + data[at + 6 :])

        assert found.damage == ("record `model/data.pkl` does not match its CRC, which torch does not check",)

    def test_tensor_beyond(self):
        """A storage that is smaller than its tensor is damage."""
        shape = b"K\x00K\x05\x85K\x01\x85\x89NtR"
        body = b"ctorch._utils\n_rebuild_tensor_v2\n(" + stored("0", 2) + shape
        found = inspect_records(saved(protocol2(body), {"0": 8}))

        assert found.damage == ("tensors that reach beyond the end of their storage: 1",)

    def test_script(self):
        assert inspect_records({"net/constants.pkl": b"", "net/version": b"3"}).damage == (
            "record `data.pkl` is missing",
        )

    def test_many(self):
        """A thousand missing records are reported in a few lines."""
        found = inspect_records(saved(state_dict(*(f"w{number}" for number in range(1000)))))

        assert len(found.damage) == 21
        assert found.damage[-1] == "and 980 more"

    def test_after(self, load: Callable[..., Any]):
        """Bytes after the zip are no damage, and torch loads the file."""
        data = zipped(TENSORS) + bytes(100)

        assert inspect_bytes(data).damage == ()
        load(io.BytesIO(data), weights_only=True)


class TestUnfinished:
    """A pickle that cannot be followed to its end is unknown, not corrupt."""

    def test_extension(self):
        found = inspect_records(saved(b"\x80\x02\x82\x05."))

        assert (found.kind, found.complete) == (Kind.PICKLE, False)
        assert found.refusals == ("weights_only does not know the opcode EXT1",)

    def test_large(self, monkeypatch: pytest.MonkeyPatch):
        """A large pickle that is deflated is not read, and one that is stored is followed all the same."""
        monkeypatch.setattr(torch_zip, "LARGEST_PICKLE", 100)
        packed = inspect_bytes(zipped(TENSORS, zipfile.ZIP_DEFLATED))
        stored = inspect_bytes(zipped(TENSORS))

        assert (packed.kind, packed.complete) == (Kind.PICKLE, False)
        assert (stored.kind, stored.complete) == (Kind.PICKLE, True)

    @pytest.mark.parametrize("extra", ["net/archive_format", "net/model.json", "net/tensors/0"])
    def test_label(self, extra: str):
        """What a zip calls itself does not keep its pickle from being followed."""
        records = {**saved(protocol2(SYSTEM)), "net/tensors/0": b"", extra: b"pt2"}

        assert inspect_bytes(zipped(records)).unsafe_globals == (("os", "system"),)

    def test_long_root(self):
        """torch cuts names off, and then does not see that a zip is TorchScript."""
        for length, pairs in ((497, ()), (498, (("os", "system"),))):
            root = "r" * length
            records = {f"{root}/data.pkl": protocol2(SYSTEM), f"{root}/constants.pkl": protocol2(b")")}
            assert inspect_bytes(zipped(records)).unsafe_globals == pairs

    def test_decoys(self):
        """More pickles than are followed cannot be told."""
        records = {f"{number}/data.pkl": protocol2(b"N") for number in range(101)}
        data = zipped(TENSORS) + zipped(records)

        assert not inspect_bytes(data).complete

    def test_ambiguous(self):
        """Whatever is wrong with a zip, the pickles that some reader could find are followed."""
        good, evil = zipped(TENSORS), zipped(saved(protocol2(SYSTEM)))
        twice = zipped({**TENSORS, "model/data.pkL": protocol2(SYSTEM)})
        for data in (evil + b"rubbish", evil + good, good + evil, twice, twice.replace(b"pkL", b"pkl")):
            assert ("os", "system") in inspect_bytes(data).unsafe_globals


class TestCorrupt:
    @pytest.mark.parametrize(
        ("pickle", "reason"),
        [
            (b"", "it ends without STOP"),
            (b"\x80\x02}", "it ends without STOP"),
            (b"\x80\x02\xff", "byte 0xff is not an opcode"),
        ],
    )
    def test_pickle(self, pickle: bytes, reason: str):
        """A pickle that cannot be read to its end makes the file corrupt."""
        found = inspect_records(saved(pickle))

        assert found.kind is Kind.CORRUPT
        assert found.reason == f"a zip of torch.save, but its pickle cannot be read: {reason}"

    def test_payload(self):
        """What runs before the fault is reported."""
        found = inspect_records(saved(b"\x80\x02" + SYSTEM + b"\xff"))

        assert found.unsafe_globals == (("os", "system"),)

    def test_stack_global(self):
        """A name that a rule by prefix would allow is unsafe."""
        body = short("torch.serialization") + short("os.system") + b"\x93" + short("true") + b"\x85R"
        found = inspect_records(saved(b"\x80\x04" + body + b"."))

        assert found.unsafe_globals == (("torch.serialization", "os.system"),)
        assert found.refusals == ("weights_only does not know the opcodes SHORT_BINUNICODE, STACK_GLOBAL",)
