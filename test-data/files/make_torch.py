"""Makes the files of PyTorch, NumPy and safetensors here and what they hold, by the programs themselves.

    /usr/bin/python3 make_torch.py        # Debian's PyTorch 1.13 and NumPy 1.24

torch2.pt is written by hand, as PyTorch 2 does (torch/_utils.py and torch/serialization.py of 2.1): 1.13 cannot.
"""
import argparse
import collections
import io
import json
import pickle
import struct
import zipfile

import numpy as np
import torch
from torch import nn

torch.manual_seed(5)
expected = open("expected.tsv", "w")


def expect(file, name, t, kind=None):
    """One line: file, tensor, type, shape, values."""
    t = torch.as_tensor(t).detach()
    kind = kind or str(t.dtype).replace("torch.", "")
    values = [] if kind in ("complex64", "qint8") else [repr(v) for v in t.double().reshape(-1).tolist()]
    expected.write("\t".join([file, name, kind, ",".join(map(str, t.shape)), " ".join(values)]) + "\n")


def walk(file, value, name=""):
    if isinstance(value, torch.Tensor):
        expect(file, name or "tensor", value)
    elif isinstance(value, dict):
        for k, v in value.items():
            walk(file, v, f"{name}.{k}" if name else str(k))
    elif isinstance(value, (list, tuple)):
        for i, v in enumerate(value):
            walk(file, v, f"{name}.{i}" if name else str(i))


def safetensors(path, tensors):
    header, data = {}, b""
    for k, v in tensors.items():
        raw = v.detach().contiguous().numpy().tobytes()
        header[k] = {"dtype": "F32", "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


# ---- the weights of a net in each way to save them

net = nn.Sequential(collections.OrderedDict(fc1=nn.Linear(4, 3), act=nn.ReLU(), fc2=nn.Linear(3, 2)))
x = torch.linspace(-1, 1, 8).reshape(2, 4)
expect("net", "output", net(x))
torch.save(net.state_dict(), "state.pt")
walk("state.pt", net.state_dict())
safetensors("state.safetensors", net.state_dict())
torch.save(net, "module.pt")
walk("module.pt", net.state_dict())
torch.save(net.state_dict(), "legacy.pt", _use_new_zipfile_serialization=False)
walk("legacy.pt", net.state_dict())
torch.save(net.state_dict(), "protocol4.pt", pickle_protocol=4)
walk("protocol4.pt", net.state_dict())
torch.save(net.state_dict(), "protocol1.pt", pickle_protocol=1)
walk("protocol1.pt", net.state_dict())
torch.jit.save(torch.jit.script(net), "script.pt")
walk("script.pt", net.state_dict())
torch.save(torch.arange(6).reshape(2, 3), "tensor.pt")
walk("tensor.pt", torch.arange(6).reshape(2, 3))

# ---- types, views and what lies beside the tensors

types = {str(d).replace("torch.", ""): torch.tensor([0, 1, 3, 100], dtype=d)
         for d in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32,
                   torch.int64, torch.uint8, torch.bool, torch.complex64)}
types["float32"] = torch.tensor([1e-40, -2.5, float("inf"), 3e38])
types["quantized"] = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.1, 0, torch.qint8)
torch.save(types, "types.pt")
for k, v in types.items():
    expect("types.pt", k, torch.zeros(2) if k == "quantized" else v, "qint8" if k == "quantized" else None)

base = torch.arange(48.0).reshape(6, 8)
views = {"base": base, "transposed": base.t(), "rows": base[2:4], "columns": base[:, 1:6], "steps": base[1:6:2, ::3],
         "expanded": base[2:3].expand(4, 8), "column": base[:, 5], "permuted": base.reshape(2, 3, 8).permute(2, 0, 1),
         "scalar": base[3, 3], "none": base[:0], "again": base, "windows": base.reshape(-1).unfold(0, 5, 3),
         "single": base[1:2, 2:3]}
torch.save(views, "views.pt")
walk("views.pt", views)
torch.save(views, "legacy-views.pt", _use_new_zipfile_serialization=False)
walk("legacy-views.pt", views)
with zipfile.ZipFile("views.pt") as old, zipfile.ZipFile("deflated.pt", "w", zipfile.ZIP_DEFLATED) as new:
    for name in sorted(old.namelist(), reverse=True):
        new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
walk("deflated.pt", views)

model = nn.Linear(2, 2)
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(1, 2)).sum().backward()
optimizer.step()
weird = nn.Parameter(torch.ones(2))
weird.note = "an attribute"
checkpoint = {"epoch": 3, "best": np.float64(0.25), "loss": [0.5, 0.25], "name": "n\u00e4me", "args":
              argparse.Namespace(lr=0.1, layers=[1, 2]), "state_dict": model.state_dict(),
              "optimizer": optimizer.state_dict(), "device": torch.device("cuda", 1), "dtype": torch.float16,
              "size": torch.Size([2, 3]), "big": 2 ** 70, "none": None, "pair": (torch.ones(1), 2), "weird": weird,
              "set": {1}, "rng": torch.tensor([1, 2], dtype=torch.uint8), (0, 1): torch.zeros(1)}
torch.save(checkpoint, "checkpoint.pt")
for k in ("state_dict", "optimizer"):
    walk("checkpoint.pt", checkpoint[k], k)
for k, n in ((("pair"), "pair.0"), ("weird", "weird"), ("rng", "rng"), ((0, 1), "(0, 1)")):
    expect("checkpoint.pt", n, checkpoint[k][0] if k == "pair" else checkpoint[k])


# ---- PyTorch 2: a storage of bytes, and types that are told beside it

def made(name):
    def function(*args):
        raise NotImplementedError
    function.__module__, function.__qualname__, function.__name__ = "torch._utils", name, name
    setattr(torch._utils, name, function)
    return function


class Reduced:
    def __init__(self, *r):
        self.r = r

    def __reduce__(self):
        return self.r


class Stored:
    def __init__(self, *pid):
        self.pid = pid


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.pid if isinstance(obj, Stored) else None


rebuild3, rebuild2 = made("_rebuild_tensor_v3"), torch._utils._rebuild_tensor_v2
parameter = torch._utils._rebuild_parameter
buffer = io.BytesIO()
untyped = Stored("storage", torch.storage.UntypedStorage, "0", "cpu", 16)
typed = Stored("storage", torch.FloatStorage, "1", "cuda:0", 4)
torch.float8_e4m3fn = Reduced(getattr, (torch, "float8_e4m3fn"))
Pickler(buffer, 2).dump(collections.OrderedDict(
    small=Reduced(rebuild3, (untyped, 2, (2, 2), (2, 1), False, collections.OrderedDict(), torch.int16)),
    wide=Reduced(rebuild3, (untyped, 1, (3,), (1,), False, collections.OrderedDict(), torch.float32, {})),
    fc=Reduced(parameter, (Reduced(rebuild2, (typed, 0, (2, 2), (1, 2), True, collections.OrderedDict(), {})), True,
                           collections.OrderedDict()))))
raw, numbers = np.arange(1, 5, dtype=">f4"), np.arange(5, 9, dtype=">f4")
with zipfile.ZipFile("torch2.pt", "w") as z:  # from a machine that writes the highest byte first
    z.writestr(zipfile.ZipInfo("m/data.pkl"), buffer.getvalue())
    z.writestr(zipfile.ZipInfo("m/.format_version"), "1")
    z.writestr(zipfile.ZipInfo("m/byteorder"), "big")
    z.writestr(zipfile.ZipInfo("m/data/0"), raw.tobytes())
    z.writestr(zipfile.ZipInfo("m/data/1"), numbers.tobytes())
    z.writestr(zipfile.ZipInfo("m/.data/serialization_id"), "0" * 40)
expect("torch2.pt", "small", raw.view(">i2")[2:6].reshape(2, 2).astype(np.int16))
expect("torch2.pt", "wide", raw[1:].astype(np.float32))
expect("torch2.pt", "fc", numbers.reshape(2, 2).T.astype(np.float32))

# ---- several files

state = net.state_dict()
parts = [dict(list(state.items())[:2]), dict(list(state.items())[2:])]
for kind, save in (("model.safetensors", lambda p, t: safetensors(p, t)), ("pytorch_model.bin", lambda p, t: torch.save(t, p))):
    stem, suffix = kind.split(".")
    weights = {}
    for i, part in enumerate(parts):
        name = f"{stem}-{i + 1:05}-of-00002.{suffix}"
        save(name, part)
        weights.update({k: name for k in part})
    json.dump({"metadata": {"total_size": 92}, "weight_map": weights}, open(kind + ".index.json", "w"), indent=2)
    walk(kind + ".index.json", state)

# ---- NumPy

arrays = dict(f4=np.arange(6, dtype="<f4").reshape(2, 3), big=np.arange(4, dtype=">f8") / 4,
              fortran=np.asfortranarray(np.arange(24, dtype="<i8").reshape(2, 3, 4)), flags=np.array([True, False]),
              half=np.arange(3, dtype="<f2"), scalar=np.float32(2.5), none=np.zeros((0, 3), "<f4"),
              words=np.array(["a", "bc"]))
np.savez("arrays.npz", **arrays)
np.savez_compressed("arrays-deflated.npz", **arrays)
for file in ("arrays.npz", "arrays-deflated.npz"):
    for k, v in arrays.items():
        if k == "words":
            expected.write(f"{file}\twords\t<U2\t2\t\n")
        else:
            expect(file, k, np.ascontiguousarray(v).reshape(v.shape).astype(v.dtype.newbyteorder("=")),
 v.dtype.str)
expected.close()
