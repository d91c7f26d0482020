#!/usr/bin/python3
"""Writes functions.safetensors: functions of angles, remainders, bits, products, scattering and gathering, in float64, rounded once. See README.md."""

import json
import os
import struct

import numpy
import torch

torch.manual_seed(2)
tensors = {}
counts = {}


def real(low, high, *dims):
    """Floats that are uniform in [low, high), in double precision."""
    return (low + (high - low) * torch.rand(dims)).float().double()


def whole(low, high, *dims):
    return torch.randint(low, high, dims)


def keep(name, value):
    tensors[name] = numpy.array(value.detach().numpy(), dtype=numpy.float32, order="C")


def case(op, f, *inputs, gradient=True):
    """Whole numbers are i0, i1 .., and floats x0, x1 .., or c0, c1 .. where no gradient is asked for."""
    counts[op] = counts.get(op, -1) + 1
    name = f"{op}#{counts[op]}"
    inputs = [x if x.dtype == torch.int64 else x.clone().requires_grad_(gradient) for x in inputs]
    y = f(*inputs)
    for i, x in enumerate(inputs):
        kind = "i" if x.dtype == torch.int64 else "x" if gradient else "c"
        keep(f"{name}/{kind}{i}", x)
    keep(f"{name}/y", y.double())
    if not gradient:
        return
    if y.requires_grad:
        dy = torch.randn(y.shape).double()
        y.backward(dy)
        keep(f"{name}/dy", dy)
        for i, x in enumerate(inputs):
            if x.dtype != torch.int64:
                keep(f"{name}/dx{i}", x.grad)


def unary(op, f, low, high, *special):
    for dims in [(13,), (3, 1, 7), ()]:
        case(op, f, real(low, high, *dims))
    case(op, f, torch.tensor(special).float().double(), gradient=False)


inf, nan = float("inf"), float("nan")
unary("tan", torch.tan, -1.5, 1.5, 0, -0.0, 1e-6, 3, -100, nan)
unary("asin", torch.asin, -0.95, 0.95, 0, -0.0, 1e-6, 1, -1, 0.5, 1.5, nan)
unary("acos", torch.acos, -0.95, 0.95, 0, -0.0, 1e-6, 1, -1, 0.5, 1.5, nan)
unary("atan", torch.atan, -5, 5, 0, -0.0, 1e-6, 1, 1e10, inf, -inf, nan)
unary("sinh", torch.sinh, -4, 4, 0, -0.0, 1e-6, 88, -88, inf, -inf, nan)
unary("cosh", torch.cosh, -4, 4, 0, -0.0, 1e-6, 88, -88, inf, -inf, nan)
unary("asinh", torch.asinh, -9, 9, 0, -0.0, 1e-6, 1e10, -1e10, inf, -inf, nan)
unary("acosh", torch.acosh, 1.1, 9, 1, 1.5, 1e10, inf, 0.5, nan)
unary("atanh", torch.atanh, -0.95, 0.95, 0, -0.0, 1e-6, 1, -1, 1.5, nan)
unary("ceil", torch.ceil, -9, 9, 0, -0.0, 1, 1.5, -1.5, 1e10, inf, -inf, nan)
for op, f in [("isNan", torch.isnan), ("isInf", torch.isinf)]:
    case(op, f, torch.tensor([0, -0.0, 1, 3e38, inf, -inf, nan]).double(), gradient=False)

for op, f in [("mod", torch.remainder), ("fmod", torch.fmod)]:
    for a, b in [((13,), (13,)), ((3, 7), (7,)), ((3, 1), (3, 7))]:
        case(op, f, real(-3, 3, *a), real(0.3, 3, *b) * torch.randint(0, 2, b).mul(2).sub(1))
for a, b in [((13,), (13,)), ((3, 7), (7,))]:
    x, y = whole(-40, 40, *a), whole(1, 9, *b)
    case("mod(int)", torch.remainder, x, y - 10)
    case("fmod(int)", torch.fmod, x, y - 10)
    case("pow(int)", torch.pow, whole(-5, 6, *a), y)
    case("bitAnd", torch.bitwise_and, x, y)
    case("bitOr", torch.bitwise_or, x, y)
    case("bitXor", torch.bitwise_xor, x, y)
    case("shiftLeft", torch.bitwise_left_shift, x, y)
    case("shiftRight", torch.bitwise_right_shift, x, y)
    case("bitNot", torch.bitwise_not, x)

for dims in [(13,), (2, 3, 5)]:
    case("prod()", torch.prod, real(-2, 2, *dims))
case("prod()", torch.prod, torch.tensor([2.0, 0, 3]).double())
case("prod()", torch.prod, torch.tensor([0.0, 2, 0]).double())
for d in [0, 1]:
    case(f"prod({d})", lambda x: torch.prod(x, d), real(-2, 2, 4, 3, 5))

x, updates = real(-3, 3, 4, 5, 3), real(-3, 3, 4, 2, 3)
case("scatter(1,SET)", lambda x, i, u: x.index_copy(1, i, u), x, torch.tensor([3, 0]), updates)
case("scatter(1,ADD)", lambda x, i, u: x.index_add(1, i, u), x, torch.tensor([2, 2]), updates)
for how, torchs in [("MUL", "prod"), ("MAX", "amax"), ("MIN", "amin")]:
    case(f"scatter(1,{how})", lambda x, i, u: x.index_reduce(1, i, u, torchs), x, torch.tensor([2, 2]), updates, gradient=False)
    case(
        f"scatterElements(1,{how})",
        lambda x, i, u: x.scatter_reduce(1, i, u, torchs),
        x,
        whole(0, 5, 4, 2, 3),
        updates,
        gradient=False,
    )
for d in [0, 1, 2]:
    case(f"gatherElements({d})", lambda x, i: x.gather(d, i), x, whole(0, 3, 3, 4, 2))
    case(f"scatterElements({d},ADD)", lambda x, i, u: x.scatter_add(d, i, u), x, whole(0, 3, 3, 4, 2), real(-3, 3, 3, 4, 2))
places = torch.stack([torch.randperm(5)[:2] for _ in range(12)]).reshape(4, 3, 2).movedim(2, 1)
case("scatterElements(1,SET)", lambda x, i, u: x.scatter(1, i, u), x, places, updates)

header, data = {}, b""
for name, value in tensors.items():
    header[name] = dict(dtype="F32", shape=list(value.shape), data_offsets=[len(data), len(data) + value.nbytes])
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(__file__), "functions.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
