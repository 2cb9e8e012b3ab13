"""Files that run code when they are loaded."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from struct import pack
from typing import Any

from tests.e2e.hostile.case import MARKER, PYTHON, SHELL, SYSTEM, Case
from tests.e2e.hostile.numbers import exported, scripted
from tests.e2e.hostile.pickles import (
    STATE_DICT,
    TOUCH,
    binary,
    call,
    call_by_name,
    evil_zip,
    imported,
    imported_by_stack,
    saved,
    text,
    torch_zip,
    zipped,
)

END = TOUCH + b"."
RAW = b"\x80\x02" + END


class Touching:
    """An object that creates the marker when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (SHELL,)


def hostile(torch: Any, numpy: Any) -> Iterator[Case]:
    yield from named()
    yield from reached()
    yield from unheard_of()
    yield from written_otherwise(torch)
    yield from labelled()
    yield from unrecognized()
    yield from within(torch, numpy)
    yield from refused()
    yield from damaged()
    yield from beside(numpy)


def error(file: str, data: bytes, *names: str, ignore: tuple[str, ...] = ()) -> Case:
    return Case(file, data, severity="error", names=names or (SYSTEM,), ignore=ignore)


def named() -> Iterator[Case]:
    """Functions that run what they are given."""
    for name, payload in {
        "posix.system": TOUCH,
        "os.popen": call_by_name("os.popen", SHELL),
        "subprocess.getoutput": call_by_name("subprocess.getoutput", SHELL),
        "builtins.eval": call_by_name("builtins.eval", PYTHON),
        "runpy._run_code": call(imported("runpy._run_code"), text(PYTHON), b"}"),
        "timeit.timeit": call_by_name("timeit.timeit", PYTHON, "pass"),
        "pickle.loads": call(imported("pickle.loads"), binary(RAW)),
        "pkgutil.resolve_name": call(call_by_name("pkgutil.resolve_name", "os:system"), text(SHELL)),
        "importlib.import_module": call(
            call(imported("builtins.getattr"), call_by_name("importlib.import_module", "os"), text("system")),
            text(SHELL),
        ),
    }.items():
        yield error(f"{name}.pt", evil_zip(payload), name)
    python_2 = evil_zip(call_by_name("__builtin__.eval", PYTHON))
    yield error("python-2-eval.pt", python_2, "builtins.eval", "__builtin__.eval")
    partial = call(call(imported("functools.partial"), imported("os.system"), text(SHELL)))
    yield error("partial.pt", evil_zip(partial), "os.system")
    dotted = call(imported_by_stack("torch.serialization", "os.system"), text(SHELL))
    yield error("dotted.pt", evil_zip(dotted), "os.system")


def reached() -> Iterator[Case]:
    """The same functions, by other paths."""
    for module, name, payload in (
        ("tempfile", "_os.system", SHELL),
        ("enum", "bltns.exec", PYTHON),
        ("posix", "getpid.__self__.system", SHELL),
    ):
        data = evil_zip(call(imported_by_stack(module, name), text(payload)))
        yield error(f"{module}.{name}.pt", data, f"{module}.{name}")
    of_dictionary = call(imported_by_stack("os", "__dict__.get"), text("system"))
    yield error("dictionary.pt", evil_zip(call(of_dictionary, text(SHELL))), "os.__dict__.get")
    of_modules = call(imported_by_stack("sys", "modules.get"), text("os"))
    attribute = call(imported("builtins.getattr"), of_modules, text("system"))
    yield error("modules.pt", evil_zip(call(attribute, text(SHELL))), "sys.modules.get")


def unheard_of() -> Iterator[Case]:
    """Functions that do the same, of which not all are on any list."""
    for name, payload in {
        "io.open": call_by_name("io.open", MARKER, "w"),
        "idlelib.calltip.get_entity": call_by_name("idlelib.calltip.get_entity", PYTHON),
        "numpy.f2py.crackfortran.getlincoef": call(
            imported("numpy.f2py.crackfortran.getlincoef"), text(PYTHON), b"}"
        ),
        "torch.utils.collect_env.run": call_by_name("torch.utils.collect_env.run", SHELL),
    }.items():
        yield Case(f"{name}.pt", evil_zip(payload), names=(name,))


def written_otherwise(torch: Any) -> Iterator[Case]:
    """The same import in other operations, pickles and zips."""
    encrypted = bytearray(evil_zip())
    encrypted[6] |= 1  # only in front of the member, where torch does not look
    yield error("bin-suffix.bin", evil_zip())
    yield error("deflated.pt", evil_zip(method=zipfile.ZIP_DEFLATED))
    yield error("encrypted-flag.pt", bytes(encrypted))
    yield error("upper-case.pt", evil_zip().replace(b"data.pkl", b"DATA.PKL"))
    yield error("pickle-before-zip.pt", RAW.ljust(600) + saved(torch, {"w": torch.ones(1)}))
    yield error("protocol-0.pt", END)
    memo = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x9400h\x00h\x01\x93" + text(SHELL) + b"\x85R0}."
    yield error("by-memo.pt", torch_zip(memo))
    yield error("inst.pt", evil_zip(b"(" + text(SHELL) + b"iposix\nsystem\n"))
    five = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {}, [])]
    five[4] = b"\x80\x02" + TOUCH + b"0" + five[4][2:]
    yield error("legacy-keys.pt", b"".join(five))
    yield Case("legacy-tar.pt", legacy_tar())


def legacy_tar() -> bytes:
    """torch.save before 0.2: a tar of four pickles."""
    zero = b"\x80\x02K\x00."
    members = {"storages": zero + b"\x80\x02].", "tensors": zero, "pickle": RAW, "sys_info": zero}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_of_unix_v7(tar: bytes) -> bytes:
    """The same tar without `ustar` in its headers."""
    blocks = [tar[start : start + 512] for start in range(0, len(tar), 512)]
    return b"".join(
        with_checksum(block[:257] + bytes(8) + block[265:]) if block[257:262] == b"ustar" else block
        for block in blocks
    )


def with_checksum(header: bytes) -> bytes:
    return header[:148] + b"%06o\0 " % sum(header[:148] + b" " * 8 + header[156:]) + header[156:]


def labelled() -> Iterator[Case]:
    """What a file calls itself says nothing of what torch.load makes of it."""
    # BINFLOAT takes the eight bytes behind the G, BINBYTES the length that `Zh..` is.
    yield error("gguf.pt", b"GGUF\3\0\0\0\0" + END)
    yield error("bzip2.pt", b"BZh\1\0" + bytes(0x1685A) + END)
    yield error("exported.pt", evil_zip(extra={"archive_format": b"pt2", "models/model.json": b"{}"}))
    yield error("old-torchscript.pt", evil_zip(extra={"model.json": b"{}", "tensors/0": b""}))
    # torch's reader of zips cuts names off at 511 bytes, so that it does not find constants.pkl
    yield error("long-root.pt", evil_zip(root="R" * 500, extra={"constants.pkl": pickle.dumps((), 2)}))


def unrecognized() -> Iterator[Case]:
    """Pickles that a careful reader may give up on."""
    yield Case("memo-index.pt", b"Nr" + pack("<I", 1_000_000) + b"0" + END)
    crossing = b"N0\x95" + pack("<Q", 3) + b"NNX" + pack("<I", 1) + b"a"
    yield Case("frame-crossed.pt", crossing + END)
    size = 65 << 20
    yield Case("string-of-65-mib.pt", b"B" + pack("<I", size) + b"0" + END, hole=(5, size))
    yield Case("tar-of-unix-v7.pt", tar_of_unix_v7(legacy_tar()))
    yield error("line-of-17-mib.pt", b"V\n0" + END)._replace(hole=(1, 17 << 20))
    computed = call_by_name("builtins.str", "posix") + text("system") + b"\x93"
    yield Case("computed", call(computed, text(SHELL)) + b".", load="pickle.load")


def within(torch: Any, numpy: Any) -> Iterator[Case]:
    """Code inside of kinds that are taken for safe."""
    arrays = io.BytesIO()
    numpy.savez(arrays, a=numpy.ones(2), b=numpy.array([Touching()], dtype=object))
    yield Case("objects.npz", arrays.getvalue(), load="numpy.load")
    yield Case("pickle.pkl.gz", gzip.compress(pickle.dumps(Touching(), 4), mtime=0), load="gzip")
    yield Case("pickled-weight.pt2", pickled_weight(torch), load="torch.export.load")
    setstate = scripted(torch, f"torch.save(state[0], {MARKER!r})")
    embedded = b"\x80\x04" + call(imported("torch.storage._load_from_bytes"), binary(RAW)) + b"."
    yield error("embedded.pkl", embedded)._replace(load="pickle.load")
    damaged = zipped({"a.npy": objects(numpy)}) + b"more"
    yield Case("damaged.npz", damaged, load="numpy.load")
    yield Case("labelled.npz", torch_zip(RAW[:2] + b"}.", extra={"a.npy": objects(numpy)}), load="numpy.load")
    tag = f'{{"my key": !!python/object/apply:os.system ["{SHELL}"]}}\n'.encode()
    yield error("settings.json", tag, "os.system")._replace(load="yaml")
    yield error("gguf.yaml", b"GGUF: " + tag, "os.system")._replace(load="yaml")
    yield Case("guards.pt2", guarded(torch), names=("evaluates",), load="module")
    yield Case("setstate.pt", setstate, names=("torch.jit.load",), load="torch.jit.load")


def objects(numpy: Any) -> bytes:
    out = io.BytesIO()
    numpy.save(out, numpy.array([Touching()], dtype=object), allow_pickle=True)
    return out.getvalue()


def guarded(torch: Any) -> bytes:
    """An exported program with a guard of its own, which is Python."""
    with zipfile.ZipFile(io.BytesIO(exported(torch, torch.nn.Linear(2, 2), torch.ones(1, 2)))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    model = next(name for name in members if name.endswith("models/model.json"))
    document = json.loads(members[model])
    document["guards_code"] = [f"__import__('os').system({SHELL!r}) == 0"]
    members[model] = json.dumps(document).encode()
    return zipped(members)


def pickled_weight(torch: Any) -> bytes:
    """An exported program whose configuration says of a weight that it is a pickle."""
    with zipfile.ZipFile(io.BytesIO(exported(torch, torch.nn.Linear(2, 2), torch.ones(1, 2)))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    settings = next(name for name in members if name.endswith("weights_config.json"))
    config = json.loads(members[settings])
    weight = next(iter(config["config"].values()))
    weight["use_pickle"] = True
    members[settings] = json.dumps(config).encode()
    members[str(PurePosixPath(settings).parent / weight["path_name"])] = evil_zip()
    return zipped(members)


def refused() -> Iterator[Case]:
    """Only names of torch's own list, but used as `weights_only` refuses it."""
    state = b"(N}" + text("__init__") + imported("torch.device") + b"st"
    change = imported("collections.Counter") + state + b"b0"
    yield Case("build-on-a-class.pt", torch_zip(b"\x80\x02" + change + STATE_DICT), load="look")


def damaged() -> Iterator[Case]:
    """Damage that torch does not see, or sees when the code has run."""
    wrong_crc = bytearray(evil_zip())
    directory = wrong_crc.find(b"PK\1\2")
    wrong_crc[14:18] = wrong_crc[directory + 16 : directory + 20] = b"\1\2\3\4"
    no_stop = torch_zip(b"\x80\x02" + TOUCH)
    yield error("wrong-crc.pt", bytes(wrong_crc))
    yield error("wrong-crc-ignored.pt", bytes(wrong_crc), ignore=("MAR405",))
    yield error("no-stop.pt", no_stop)
    yield error("no-stop-ignored.pt", no_stop, ignore=("MAR405",))


def beside(numpy: Any) -> Iterator[Case]:
    """Files of an archive other than its serialized file."""
    tokenizer = pickle.dumps({"vocabulary": Touching()}, 4)
    extra = Case("tokenizer.pkl", tokenizer, load="pickle.load", keys='extra-files = ["tokenizer.pkl"]')
    yield extra._replace(severity="error", names=(SYSTEM,))
    yield error("pkg/w.pt", evil_zip())._replace(keys='packages = ["pkg"]')
    forced = 'force-include = { "means.npy" = "data/means.npy" }'
    yield Case("means.npy", objects(numpy), load="numpy.load", keys=forced)
