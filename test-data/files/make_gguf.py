"""Makes the GGUF files here and what they hold, by llama.cpp's own Python package.

    pip install gguf && python3 make_gguf.py        # gguf 0.19, NumPy

Blocks of Q4_K, Q5_K and Q6_K, which the package reads but does not write, are random bytes with small scales.
"""
import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

rng = np.random.default_rng(5)
expected = open("expected-gguf.tsv", "w")


def write(path, endian):
    big = endian == gguf.GGUFEndian.BIG
    w = gguf.GGUFWriter(path, "llama", endianess=endian)
    w.add_uint8("t.u8", 200)
    w.add_int8("t.i8", -3)
    w.add_uint16("t.u16", 60000)
    w.add_int16("t.i16", -300)
    w.add_uint32("t.u32", 4000000000)
    w.add_int32("t.i32", -70000)
    w.add_uint64("t.u64", 1 << 40)
    w.add_int64("t.i64", -(1 << 40))
    w.add_float32("t.f32", 0.5)
    w.add_float64("t.f64", 0.1)
    w.add_bool("t.bool", True)
    w.add_string("t.text", "n\u00e4me")
    w.add_array("t.words", ["a", "b\u00e4", ""])
    w.add_array("t.numbers", list(range(20)))

    def add(name, values, kind=None, raw=None):
        if raw is None:
            w.add_tensor(name, values)
        else:
            w.add_tensor(name, raw, raw_dtype=kind)
        kind = kind or {"float32": "F32", "float16": "F16", "float64": "F64"}.get(str(values.dtype), "I" + str(values.itemsize * 8))
        kind = kind if isinstance(kind, str) else kind.name
        numbers = [] if kind == "Q2_K" else [repr(float(v)) for v in values.reshape(-1)]
        expected.write("\t".join([path, name, kind, ",".join(map(str, values.shape)), " ".join(numbers)]) + "\n")

    for dtype in ("float32", "float16", "float64", "int8", "int16", "int32", "int64"):
        add(dtype, (np.arange(6).reshape(2, 3) - 2).astype(dtype))
    add("cube", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    if not big:
        x = rng.normal(size=(2, 64)).astype(np.float32)
        for kind in (T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0):
            raw = quantize(x, kind)
            add(kind.name, dequantize(raw, kind).reshape(2, 64), kind, raw)
        for kind, at in ((T.Q4_K, 0), (T.Q5_K, 0), (T.Q6_K, 208), (T.Q2_K, 80)):
            size = gguf.GGML_QUANT_SIZES[kind][1]
            raw = rng.integers(0, 256, (2, size), dtype=np.uint8)
            raw[:, at:at + 2] = np.array([0.01], "<f2").view(np.uint8)
            if kind in (T.Q4_K, T.Q5_K):
                raw[:, 2:4] = np.array([-0.02], "<f2").view(np.uint8)
            values = np.zeros((2, 256)) if kind == T.Q2_K else dequantize(raw, kind).reshape(2, 256)
            add(kind.name, values, kind, raw)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


write("types.gguf", gguf.GGUFEndian.LITTLE)
write("big.gguf", gguf.GGUFEndian.BIG)
expected.close()
