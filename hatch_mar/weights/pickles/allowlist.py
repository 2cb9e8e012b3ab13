"""What a pickle may do: torch's own allow-lists for `weights_only=True`.

A global is matched exactly, since a rule by prefix can be bypassed: `torch.serialization` imports
`os`, so that `STACK_GLOBAL` of ("torch.serialization", "os.system") runs a command.
"""

from __future__ import annotations

STORAGES = """
    BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage
    DoubleStorage FloatStorage HalfStorage IntStorage LongStorage ShortStorage
"""
TENSORS = """
    BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor
"""

WEIGHTS_ONLY_GLOBALS: frozenset[tuple[str, str]] = frozenset(
    (module, name)
    for module, names in {
        "_codecs": "encode",
        "builtins": "bytearray complex set",
        "collections": "Counter OrderedDict",
        "torch": f"""
            {STORAGES} QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage
            {TENSORS} BoolTensor Size Tensor device
            bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64
            float16 float32 float64 float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz
            float8_e8m0fnu
            int1 int2 int3 int4 int5 int6 int7 int8 int16 int32 int64
            uint1 uint2 uint3 uint4 uint5 uint6 uint7 uint8 uint16 uint32 uint64
            qint32 qint8 quint2x4 quint4x2 quint8
            per_channel_affine per_channel_affine_float_qparams per_channel_symmetric
            per_tensor_affine per_tensor_symmetric
        """,
        "torch._tensor": "_rebuild_from_type_v2",
        "torch._utils": """
            _rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy
            _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter
            _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor
            _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass
        """,
        "torch.cuda": f"{STORAGES} {TENSORS} BoolTensor",
        "torch.cuda.sparse": TENSORS,
        "torch.nn.parameter": "Parameter",
        "torch.serialization": "_get_layout",
        "torch.sparse": TENSORS,
        "torch.storage": "TypedStorage UntypedStorage",
    }.items()
    for name in names.split()
)
"""The 144 of torch 2.13 (torch/_weights_only_unpickler.py, `_get_allowed_globals`)."""

WEIGHTS_ONLY_OPCODES = frozenset(
    name
    for names in (
        "APPEND APPENDS BINFLOAT BINGET BININT BININT1 BININT2 BINPERSID BINPUT BINUNICODE BUILD",
        "EMPTY_DICT EMPTY_LIST EMPTY_SET EMPTY_TUPLE GLOBAL LONG1 LONG_BINGET LONG_BINPUT MARK",
        "NEWFALSE NEWOBJ NEWTRUE NONE PROTO REDUCE SETITEM SETITEMS SHORT_BINSTRING STOP",
        "TUPLE TUPLE1 TUPLE2 TUPLE3",
    )
    for name in names.split()
)
"""The opcodes of torch's own unpickler (torch/_weights_only_unpickler.py, `Unpickler.load`).

They are what protocol 2 writes, without STACK_GLOBAL, INST, OBJ, EXT1 to EXT4, MEMOIZE and FRAME.
"""


def resolve_import(module: str, name: str, protocol: int) -> tuple[str, str]:
    """The module and name that are imported for those in a pickle.

    Below protocol 3 they are Python 2's and are translated (pickle.py, `find_class` with
    `fix_imports`). torch translates in every protocol; from 3 on they are left as they are
    here, and are then outside the allow-list.
    """
    if protocol >= 3:
        return module, name
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name
