"""Findings about what loading the files of an archive would import and do."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.budget import FILES, Budget, Exhausted
from hatch_mar.checks import check as check_all
from hatch_mar.checks.loading import check, check_member
from hatch_mar.checks.pickled_classes import PickledNames
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding
from hatch_mar.inspection import contents
from hatch_mar.inspection.contents import inspect_contents
from hatch_mar.torchserve.handlers import ALL_BUILT_INS, BuiltIn
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.loading import NOT_OF_TORCH, Loading
from hatch_mar.weights.weights import Weights
from tests.budgets import enough_for
from tests.checks import BASE, HANDLER, NET, subject
from tests.weights.files import dictionary, protocol2, saved, state_dict, tensor, text, zipped

GOOD = zipped(saved(state_dict("weight"), {"0": 8}))
EVIL = zipped(saved(protocol2(b"cos\nsystem\n" + text("echo") + b"\x85R"), {}))
OTHER = zipped(saved(protocol2(b"cdigits.net\nNet\n)R"), {}))
PICKLED = protocol2(b"cdigits.net\nNet\n)R")
NOT_FOLLOWED = zipped(
    saved(protocol2(dictionary({"weight": tensor(), "other": b"\x82\x01"})), {"0": 8})  # EXT1
)
DIGITS = {"digits/__init__.py": NET, "digits/net.py": NET}
"""What the pickles import."""
OWN = {"h.py": HANDLER, **DIGITS}
BASED = {"h.py": BASE, "net.py": NET, **DIGITS}


def own(weights: bytes, name: str = "w.pt", **files: bytes) -> Subject:
    """An archive whose handler loads the weights in any way."""
    return subject({**OWN, name: weights, **files}, serialized_file=name)


def based(weights: bytes, name: str = "w.pt") -> Subject:
    """An archive whose weights TorchServe's own code gives to `torch.load`."""
    return subject({**BASED, name: weights}, serialized_file=name, model_file="net.py")


def codes(of: Subject) -> list[tuple[str, str]]:
    return [(found.code, found.severity) for found in check(of)]


def allow(of: Subject, *names: str) -> Subject:
    of.allow_globals = names
    return of


class TestCode:
    """An import that runs what it is given is an error, whoever loads the file."""

    def test_own_handler(self):
        [found] = check(own(EVIL))

        assert str(found) == (
            "digits.mar/w.pt: MAR413 `torch.load` of `w.pt` imports `os.system`, which runs what it is given;"
            " do not load it anywhere; get the file from a source that you trust"
        )
        assert found.severity == "error"

    def test_base_handler(self):
        """TorchServe refuses to load it beside, so that ignoring the one leaves the other."""
        assert codes(based(EVIL)) == [("MAR413", "error"), ("MAR411", "error")]

    def test_and_refused(self):
        """That torch would refuse the file besides says nothing to a handler that trusts it."""
        data = zipped(saved(protocol2(b"I1\n0cos\nsystem\n" + text("echo") + b"\x85R"), {}))

        assert codes(own(data)) == [("MAR413", "error")]

    def test_content(self):
        """TorchServe does not unpack what it loads, and so does not load what is compressed."""
        assert codes(based(gzip.compress(PICKLED))) == [("MAR412", "warning")]

    def test_several(self):
        """One message names all that run code, and another what is merely not on torch's list."""
        pickle = b"cos\nsystem\n0cbuiltins\neval\n0cdigits.net\nNet\n"
        found = [each.message for each in check(own(zipped(saved(protocol2(pickle), {}))))]

        assert found == [
            "`torch.load` of `w.pt` imports `os.system`, `builtins.eval`, which run what they are given",
            "`torch.load` of `w.pt` imports `digits.net.Net`",
        ]

    def test_allowed(self):
        """`allow-globals` opens what it names, and nothing else."""
        assert codes(allow(own(EVIL), "os.system")) == []
        assert codes(allow(own(EVIL), "os")) == [("MAR413", "error")]
        assert codes(allow(based(EVIL), "os.system")) == []

    def test_damaged(self):
        """Damage does not hide it: torch looks at no CRC."""
        damaged = EVIL.replace(b"\x85R.", b"\x85R0")
        found = {each.code for each in check_all(own(damaged))}

        assert {"MAR405", "MAR413"} <= found


class TestImports:
    """Another import that torch's list lacks fails, or needs a handler that trusts the file."""

    def test_own_handler(self):
        [found] = check(own(OTHER))

        assert (found.code, found.severity) == ("MAR412", "warning")
        assert found.message == "`torch.load` of `w.pt` imports `digits.net.Net`"

    def test_base_handler(self):
        assert codes(based(OTHER)) == [("MAR411", "error")]

    def test_allowed(self):
        assert codes(allow(own(OTHER), "digits.net.Net")) == []

    def test_text(self):
        """A string in a pickle is not an import."""
        data = zipped(saved(protocol2(dictionary({"weight": tensor(), "os": text("system")})), {"0": 8}))

        assert codes(own(data)) == []

    def test_state_dict(self):
        assert [codes(own(GOOD)), codes(based(GOOD))] == [[], []]


class TestUnknown:
    """What cannot be followed to its end is not taken for harmless."""

    def test_own_handler(self):
        found = list(check(own(NOT_FOLLOWED)))[-1]

        assert (found.code, found.severity) == ("MAR414", "warning")
        assert found.message == (
            "What `torch.load` of `w.pt` does cannot be determined:"
            " it imports by extension code 1, which only the loader's copyreg knows"
        )

    def test_base_handler(self):
        assert ("MAR414", "error") in codes(based(NOT_FOLLOWED))

    def test_allowed(self):
        """No name opens what has none."""
        assert ("MAR414", "warning") in codes(allow(own(NOT_FOLLOWED), "os.system"))


def messages_of(*loadings: Loading, by_torchserve: bool = False) -> list[tuple[str, str]]:
    return [(found.severity, found.message) for found in findings_of(*loadings, by_torchserve=by_torchserve)]


def findings_of(*loadings: Loading, by_torchserve: bool = False) -> list[Finding]:
    """What is found of a file that does this when it is loaded."""
    of = own(b"")
    member = of.members["w.pt"]
    of.weights = lambda _: Weights(Kind.PICKLE, loadings=loadings)  # type: ignore[method-assign]
    return list(check_member(of, member, PickledNames(of), by_torchserve=by_torchserve))


class TestOthers:
    def test_refusal(self):
        """What torch refuses for another reason than an import is a warning for a handler that trusts."""
        loading = Loading("torch.load", refusals=("it sets the state of something that is not an object",))
        message = f"`torch.load(weights_only=True)` refuses `w.pt`: {loading.refusals[0]}"

        assert messages_of(loading) == [("warning", message)]
        assert messages_of(loading, by_torchserve=True) == [("error", message)]

    def test_refusal_of_what_is_not_for_torch(self):
        """A pickle that torch did not write is for a loader that refuses nothing."""
        assert messages_of(Loading("torch.load", refusals=(NOT_OF_TORCH,))) == []
        assert messages_of(Loading("pickle.load", refusals=("it sets the state of a dictionary",))) == []
        assert len(messages_of(Loading("torch.load", refusals=(NOT_OF_TORCH,)), by_torchserve=True)) == 1

    def test_effect(self):
        """What a file does without an import is a warning."""
        loading = Loading("torch.jit.load", effects=("writes a file", "reads a file"))

        assert messages_of(loading) == [("warning", "`torch.jit.load` of `w.pt` writes a file and 1 more")]

    def test_parts(self):
        """A message names the loaders and the parts that it is about, and no others."""
        system = (("os", "system"),)
        loadings = (
            Loading("numpy.load(allow_pickle=True)", "record `a.npy`"),
            Loading("numpy.load(allow_pickle=True)", "record `b.npy`", system),
            Loading("torch.load", "record `c.npy`", system),
        )

        loaders = "`numpy.load(allow_pickle=True)` or `torch.load` of `w.pt` (record `b.npy` and 1 more)"
        assert messages_of(*loadings) == [
            ("error", f"{loaders} imports `os.system`, which runs what it is given")
        ]

    def test_each(self):
        """Nothing that is said of a file keeps another thing from being said."""
        loading = Loading(
            "torch.load", "", (("os", "system"), ("digits", "Net")), "it has a limit", ("no",), ("writes",)
        )

        assert [found.code for found in findings_of(loading)] == ["MAR413", "MAR412", "MAR414", "MAR415"]

    def test_many(self, monkeypatch: pytest.MonkeyPatch):
        """Time grows with the number of imports, not with its square."""
        asked: list[str] = []
        monkeypatch.setattr("hatch_mar.weights.loading.runs_code", lambda module, _: asked.append(module))

        findings_of(Loading("pickle.load", globals=tuple((f"m{number}", "x") for number in range(100))))

        assert len(asked) < 1000


class TestLoader:
    """Of the weights, the message names the loader that TorchServe's own code uses, if that is known."""

    @pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".joblib", ".bin", ""])
    @pytest.mark.parametrize(
        "handler", [each for each in ALL_BUILT_INS if each.loading], ids=lambda x: x.name
    )
    def test_model_file(self, handler: BuiltIn, suffix: str):
        """With a model file it is `torch.load`, whatever the suffix."""
        files = {**DIGITS, "net.py": NET, f"w{suffix}": PICKLED}
        of = subject(files, handler.name, serialized_file=f"w{suffix}", model_file="net.py")

        assert [(found.code, found.message) for found in check(of)] == [
            ("MAR411", f"`torch.load` of `w{suffix}` imports `digits.net.Net`")
        ]

    @pytest.mark.parametrize("handler", [each.name for each in ALL_BUILT_INS if each.reads_vocabulary])
    @pytest.mark.parametrize(
        ("name", "model"), [("source_vocab.pt", {}), ("v.pkl", {"sourceVocab": "v.pkl"})]
    )
    def test_vocabulary(self, handler: str, name: str, model: dict[str, str]):
        """TorchServe's text handlers load their vocabulary by it as well."""
        of = subject({**DIGITS, name: PICKLED, "other.pkl": PICKLED}, handler, model=model)

        assert [(found.code, found.message) for found in check(of)] == [
            ("MAR411", f"`torch.load` of `{name}` imports `digits.net.Net`"),
            ("MAR412", "`pickle.load` of `other.pkl` imports `digits.net.Net`"),
        ]

    @pytest.mark.parametrize(("suffix", "loader"), [(".pt", "torch.load"), (".pkl", "pickle.load")])
    @pytest.mark.parametrize(
        ("handler", "model_file"), [("base_handler", None), ("vllm_handler", "net.py"), ("h.py", "net.py")]
    )
    def test_others(self, handler: str, model_file: str | None, suffix: str, loader: str):
        """Where nothing of TorchServe would unpickle the file, it is who most likely does elsewhere."""
        files = {**BASED, "h.py": HANDLER, f"w{suffix}": PICKLED}
        keys = {"model_file": model_file} if model_file else {}
        of = subject(files, handler, serialized_file=f"w{suffix}", **keys)

        assert [(found.code, found.message) for found in check(of)] == [
            ("MAR412", f"`{loader}` of `w{suffix}` imports `digits.net.Net`")
        ]

    def test_parts(self):
        """What torch.load does not read is loaded by others, who may have been told to trust it."""
        net = (("digits", "Net"),)
        loadings = (Loading("pickle.load", "", net), Loading("numpy.load", "record `a.npy`", net))

        assert messages_of(*loadings, by_torchserve=True) == [
            ("error", "`torch.load` of `w.pt` imports `digits.Net`"),
            ("warning", "`numpy.load` of `w.pt` (record `a.npy`) imports `digits.Net`"),
        ]


class TestMembers:
    """Every member is looked at, whatever the manifest and its name say."""

    @pytest.mark.parametrize(
        "name", ["tokenizer.pkl", "pkg/w.pt", "data/notes.txt", "index_to_name.json", "x"]
    )
    def test_any(self, name: str):
        found = list(check(own(GOOD, **{name: EVIL})))

        assert [(each.code, each.place.file) for each in found] == [("MAR413", f"digits.mar/{name}")]

    def test_beside_base_handler(self):
        """TorchServe loads the weights only, so that any other file may be trusted by who loads it."""
        of = subject({**BASED, "w.pt": GOOD, "b.pt": OTHER}, serialized_file="w.pt", model_file="net.py")

        assert codes(of) == [("MAR412", "warning")]

    def test_honest(self):
        """Text, pictures, numbers and bytes of no known kind are no reason to warn."""
        files = {
            "labels.txt": b"dog\ncat\n",
            "cat.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "net.py": b"import os\nos.system\n",
            "vocabulary.pkl": protocol2(dictionary({"the": b"K\x00", "of": b"K\x01"})),
            "random": bytes(range(255, 100, -1)),
            "empty": b"",
        }

        assert list(check(own(GOOD, **files))) == []

    def test_many(self):
        """Beyond a number of findings, files are counted; the weights are always among the first."""
        files: Mapping[str, bytes] = {f"a{number:02}.pt": EVIL for number in range(MOST_FINDINGS + 2)}
        found = list(check(own(EVIL, **files)))

        assert found[0].place.file == "digits.mar/w.pt"
        assert len(found) == MOST_FINDINGS + 1
        assert found[-1].message == "The same is true of 3 more files: `a19.pt`, `a20.pt`, `a21.pt`"
        assert {each.severity for each in found} == {"error"}

    def test_workflow(self):
        """A workflow archive is looked at as well."""
        of = subject({"h.py": HANDLER, "w.pt": EVIL})
        war = Subject(
            Archive(of.manifest._replace(name="WAR-INF/MANIFEST.json"), of.archive.members), "w.war"
        )

        assert "MAR413" in [found.code for found in check_all(war)]


class CountingSource:
    """Bytes that note what is read of them, with a hole behind them that takes no memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0

    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> object:
        raise AssertionError("a check reads no file as a whole")

    def open(self) -> io.FileIO:
        source = self

        class Counting(io.FileIO):
            def readinto(self, buffer: object) -> int | None:
                count = super().readinto(buffer)  # type: ignore[arg-type]
                source.read += count or 0
                return count

            def read(self, size: int = -1) -> bytes:
                data = super().read(size)
                source.read += len(data)
                return data

        return Counting(self.path)


class TestBounds:
    @pytest.mark.parametrize("name", ["tokenizer.model", "w.pt", "w.safetensors", "picture.png"])
    def test_heads(self, name: str, tmp_path: Path):
        """Of a large file little more than its beginning is read, whatever it is called."""
        path = tmp_path / name
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
        os.truncate(path, 5 << 30)
        source = CountingSource(path)
        of = own(GOOD)
        member = Member(name, source)  # type: ignore[arg-type]

        assert list(check(Subject(Archive(of.manifest, (*of.archive.members, member)), "m.mar"))) == []
        assert 0 < source.read < 1 << 20

    def test_weights(self, tmp_path: Path):
        """Of a gigabyte of honest weights in 200 files, a fiftieth is read."""
        tensors = {f"layer{number}": tensor(str(number), 1 << 15) for number in range(40)}
        data = zipped(saved(protocol2(dictionary(tensors)), dict.fromkeys(map(str, range(40)), 4 << 15)))
        (tmp_path / "w.pt").write_bytes(data)
        of = own(GOOD)
        sources = [CountingSource(tmp_path / "w.pt") for _ in range(200)]
        members = [Member(f"{number}.pt", each) for number, each in enumerate(sources)]  # type: ignore[arg-type]

        assert sum(each.size() for each in sources) > 1_000_000_000
        assert list(check(Subject(Archive(of.manifest, members), "m.mar"))) == []
        assert 0 < sum(each.read for each in sources) < 20_000_000

    def test_operations(self):
        """Where the operations that may be followed end, the archive is not passed."""
        of = own(GOOD, **{"a.pt": GOOD, "b.pt": GOOD})
        of.budget = enough_for(FILES, 6)

        assert ("MAR131", "error") in [(each.code, each.severity) for each in check_all(of)]

    def test_links(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that has several names in the archive is read once."""
        (tmp_path / "a.pt").write_bytes(EVIL)
        (tmp_path / "b.pt").symlink_to("a.pt")
        os.link(tmp_path / "a.pt", tmp_path / "c.pt")
        of = own(GOOD)
        members = tuple(Member(name, FileSource(tmp_path / name)) for name in ("a.pt", "b.pt", "c.pt"))
        looked: list[Member] = []

        def look(member: Member, budget: Budget) -> Weights:
            looked.append(member)
            return inspect_contents(member, budget)

        monkeypatch.setattr(contents, "inspect_contents", look)
        found = list(check(Subject(Archive(of.manifest, (*of.archive.members, *members)), "m.mar")))

        assert [each.code for each in found] == ["MAR413"] * 3
        assert [each for each in looked if each in members] == [members[0]]

    def test_long_handler(self):
        """Python that is too long to be read hides no pickle."""
        of = subject({"h.py": HANDLER + "a;" * 400_000, "w.pt": EVIL}, serialized_file="w.pt")

        assert [(each.code, each.severity) for each in check_all(of)] == [
            ("MAR413", "error"),
            ("MAR131", "note"),
        ]

    def test_exhausted(self):
        """When no more files may be looked at, the rest is not passed."""
        of = own(GOOD, **{f"a{number}.pt": GOOD for number in range(5)})
        of.budget = enough_for(FILES, 4)

        with pytest.raises(Exhausted):
            list(check(of))
        of.budget = Budget(0)
        of.inspected.clear()
        [found] = check_all(of)
        assert (found.code, found.severity) == ("MAR131", "error")

    def test_duplicates(self):
        """Of two members of one name, both are looked at."""
        of = own(GOOD)
        twice = (Member("a.pt", BytesSource(EVIL)), Member("a.pt", BytesSource(GOOD)))

        assert [found.code for found in check(Subject(Archive(of.manifest, twice), "m.mar"))] == ["MAR413"]
