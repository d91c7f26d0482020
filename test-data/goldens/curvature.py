#!/usr/bin/python3
"""Writes curvature.safetensors: gradient penalties and products with Hessians of PyTorch, by double backward. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch import nn

tensors = {}


def put(name, value):
    array = value.detach().numpy()
    tensors[name] = array.astype(numpy.int32 if array.dtype == numpy.int64 else numpy.float32)


def rounded(*shape):
    """Random numbers that are float32, held as float64."""
    return torch.randn(*shape, dtype=torch.float32).double()


def net(*layers):
    module = nn.Sequential(*layers).double()
    for p in module.parameters():
        p.data = rounded(*p.shape) * 0.5
    return module


def put_parameters(name, module, what, values):
    for (key, _), value in zip(module.named_parameters(), values):
        put(f"{name}/{what}/{key}", value)


PENALTIES = {
    "two_sided": lambda norm: 10 * (norm - 1) ** 2,
    "one_sided": lambda norm: 10 * (norm - 1).clamp(min=0) ** 2,
    "r1": lambda norm: 10 / 2 * norm**2,
}


def critic(name, module, *shape):
    x = rounded(*shape).requires_grad_()
    put(name + "/x", x if len(shape) == 2 else x.permute(0, 2, 3, 1).contiguous())
    put_parameters(name, module, "param", module.parameters())
    for kind, of in PENALTIES.items():
        y = module(x)
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        penalty = of(g.flatten(1).norm(dim=1)).mean()
        module.zero_grad()
        (y.mean() + penalty).backward()  # as a critic's step has it: a loss and a penalty
        put(f"{name}/{kind}", penalty)
        put_parameters(name, module, kind, [p.grad for p in module.parameters()])


def hessian(name, module, loss, x):
    put(name + "/x", x)
    put_parameters(name, module, "param", module.parameters())
    parameters = list(module.parameters())
    v = [rounded(*p.shape) for p in parameters]
    gradients = torch.autograd.grad(loss(module(x)), parameters, create_graph=True)
    products = torch.autograd.grad(sum((g * d).sum() for g, d in zip(gradients, v)), parameters)
    put_parameters(name, module, "v", v)
    put_parameters(name, module, "hv", products)


torch.manual_seed(1)
critic("mlp", net(nn.Linear(5, 8), nn.LeakyReLU(0.2), nn.LayerNorm(8), nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 1)), 6, 5)
critic("relu", net(nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 1)), 6, 5)
critic(
    "conv",
    net(
        nn.Conv2d(3, 4, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.Tanh(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(6), nn.Linear(6, 1),
    ),
    4, 3, 6, 6,
)  # fmt: skip
critic(
    "smooth",
    net(nn.Conv2d(2, 5, 3), nn.GELU(), nn.MaxPool2d(2), nn.GroupNorm(1, 5), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 1)),
    4, 2, 6, 6,
)  # fmt: skip

labels = torch.tensor([0, 2, 1, 1, 3, 0])
put("classifier/labels", labels)
hessian(
    "classifier",
    net(nn.Linear(5, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 6), nn.Softplus(), nn.Linear(6, 4)),
    lambda y: nn.CrossEntropyLoss(label_smoothing=0.1)(y, labels),
    rounded(6, 5),
)
encoder = nn.TransformerEncoderLayer(12, 3, 20, 0, batch_first=True).double()
for p in encoder.parameters():
    p.data = rounded(*p.shape) * 0.5
hessian("encoder", encoder, lambda y: (y.tanh() ** 2).mean(), rounded(2, 4, 12))

header, data = {}, b""
for name, array in tensors.items():
    start = len(data)
    data += array.tobytes()
    header[name] = {"dtype": "I32" if array.dtype == numpy.int32 else "F32", "shape": list(array.shape),
                    "data_offsets": [start, len(data)]}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "curvature.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
