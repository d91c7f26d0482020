#!/usr/bin/python3
"""Writes layers.safetensors: activations with parameters, bilinear products, and normalized weights, in float64, rounded once. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch import nn

torch.manual_seed(1)
tensors = {}


def keep(name, value):
    tensors[name] = numpy.ascontiguousarray(value.detach().numpy().astype(numpy.float32))


def normal(*dims):
    """Numbers that are floats, in double precision."""
    return torch.randn(*dims).double()


def rounded(layer):
    """The layer in double precision, with parameters and buffers that are floats."""
    layer = layer.double()
    with torch.no_grad():
        for value in [*layer.parameters(), *layer.buffers()]:
            value.copy_(value.float().double())
    return layer


def case(name, layer, *inputs):
    """Channels are last in the file, and second in PyTorch."""
    inputs = [x.requires_grad_() for x in inputs]
    y = layer(*(x.movedim(-1, 1) for x in inputs)).movedim(1, -1)
    dy = normal(*y.shape)
    y.backward(dy)
    for i, x in enumerate(inputs):
        keep(f"{name}/x{i}", x)
        keep(f"{name}/dx{i}", x.grad)
    keep(f"{name}/y", y)
    keep(f"{name}/dy", dy)
    for key, parameter in layer.named_parameters():
        keep(f"{name}/{key}", parameter)
        keep(f"{name}/d/{key}", parameter.grad)


prelu = nn.PReLU(3)
with torch.no_grad():
    prelu.weight.copy_(torch.tensor([0.25, -0.5, 1.5]))
case("prelu/shared", rounded(nn.PReLU()), normal(2, 4, 3))
case("prelu/channels", rounded(prelu), normal(2, 5, 4, 3))
case("rrelu/evaluation", nn.RReLU().eval(), normal(3, 4))
case("rrelu/given", nn.RReLU(0.1, 0.9).eval(), normal(3, 4))
case("softmin", nn.Softmin(1), normal(4, 5))
case("bilinear/bias", rounded(nn.Bilinear(3, 4, 5)), normal(6, 3), normal(6, 4))
case("bilinear/plain", rounded(nn.Bilinear(5, 2, 3, bias=False)), normal(4, 5), normal(4, 2))

# both values that an element of 0.3 may become
for p in (0.05, 0.1, 0.5, 0.9):
    x = torch.full((1000,), 0.3, dtype=torch.float64)
    keep(f"alpha_dropout/{p}", nn.AlphaDropout(p)(x).unique())


def weight_norm(name, layer, *x):
    case(name, rounded(nn.utils.weight_norm(rounded(layer))), normal(*x))


weight_norm("weight_norm/linear", nn.Linear(4, 3), 5, 4)
weight_norm("weight_norm/conv", nn.Conv2d(2, 3, 3, padding=1), 2, 5, 4, 2)


def spectral_norm(name, layer, iterations, *x):
    """Three training passes with a step of plain descent, rate 0.1, after each."""
    layer = rounded(nn.utils.spectral_norm(rounded(layer), n_power_iterations=iterations))
    keep(f"{name}/weight", layer.weight_orig)
    keep(f"{name}/bias", layer.bias)
    keep(f"{name}/weight_u", layer.weight_u)
    for step in range(3):
        for parameter in layer.parameters():
            parameter.grad = None
        inputs = normal(*x)
        y = layer(inputs.movedim(-1, 1)).movedim(1, -1)
        dy = normal(*y.shape)
        y.backward(dy)
        for key, value in dict(x=inputs, y=y, dy=dy, dweight=layer.weight_orig.grad, weight_u=layer.weight_u).items():
            keep(f"{name}/{step}/{key}", value)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= 0.1 * parameter.grad


spectral_norm("spectral_norm/linear", nn.Linear(4, 3), 1, 5, 4)
spectral_norm("spectral_norm/conv", nn.Conv2d(2, 3, 3, padding=1), 2, 2, 5, 4, 2)

header, data = {}, b""
for name, value in tensors.items():
    header[name] = dict(dtype="F32", shape=list(value.shape), data_offsets=[len(data), len(data) + value.nbytes])
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(__file__), "layers.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
