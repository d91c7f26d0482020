#!/usr/bin/python3
"""Writes decode.safetensors: PyTorch's CTC loss, embeddings and causal convolutions, in float64, rounded once. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch.nn import functional

torch.manual_seed(1)
tensors = {}


def keep(name, value):
    tensors[name] = numpy.ascontiguousarray(value.detach().numpy().astype(numpy.float32))


def normal(*dims):
    """Numbers that are floats, in double precision."""
    return torch.randn(*dims).double()


def ctc(name, n, steps, classes, most, blank, reduction, zero_infinity, ragged):
    x = normal(n, steps, classes).requires_grad_()
    targets = torch.randint(0, classes - 1, (n, most))
    targets += (targets >= blank).long()
    lengths = torch.randint(1, steps + 1, (n,)) if ragged else torch.full((n,), steps)
    target_lengths = torch.randint(0, most + 1, (n,)) if ragged else torch.full((n,), most)
    if zero_infinity:
        lengths[0] = 1
        target_lengths[0] = most
    else:  # what an alignment needs: a step for each label, and one between equal ones
        for i in range(n):
            row = targets[i, : target_lengths[i]]
            lengths[i] = max(lengths[i], len(row) + (row[1:] == row[:-1]).sum())
    loss = functional.ctc_loss(
        x.transpose(0, 1).log_softmax(2), targets, lengths, target_lengths, blank, reduction, zero_infinity)
    loss.sum().backward()
    for key, value in dict(x=x, targets=targets, lengths=lengths, target_lengths=target_lengths, loss=loss, dx=x.grad,
                           blank=torch.tensor(blank)).items():
        keep(f"{name}/{key}", value)


ctc("ctc_mean", 5, 12, 6, 4, 0, "mean", False, True)
ctc("ctc_sum", 4, 30, 20, 9, 19, "sum", False, True)
ctc("ctc_none", 3, 9, 4, 3, 2, "none", False, False)
ctc("ctc_zero_infinity", 4, 10, 5, 4, 1, "mean", True, True)


def embedding(name, padding, most, norm_type):
    """Two steps of plain descent, rate 0.5, of sum(c y y): what the limit does to the weights is in them."""
    weight = torch.nn.Parameter(normal(7, 3))
    keep(f"{name}/weight", weight)
    for step in range(2):
        tokens = torch.randint(0, 7, (2, 3))
        c = normal(2, 3, 3)
        y = functional.embedding(tokens, weight, padding, most, norm_type)
        weight.grad = None
        (c * y * y).sum().backward()
        for key, value in dict(tokens=tokens, c=c, y=y, dweight=weight.grad).items():
            keep(f"{name}/{step}/{key}", value)
        with torch.no_grad():
            weight -= 0.5 * weight.grad
        keep(f"{name}/{step}/after", weight)


embedding("embedding", None, None, 2.0)
embedding("embedding_padding", 4, None, 2.0)
embedding("embedding_limit", None, 1.0, 2.0)
embedding("embedding_limit_1", 2, 0.8, 1.0)
embedding("embedding_limit_3", None, 0.9, 3.0)
embedding("embedding_limit_inf", None, 0.5, float("inf"))


def bag():
    weight, w, dy = normal(9, 4).requires_grad_(), normal(3, 5).requires_grad_(), normal(3, 4)
    ids = torch.randint(0, 9, (3, 5))
    y = functional.embedding_bag(ids, weight, mode="sum", per_sample_weights=w, padding_idx=2)
    (y * dy).sum().backward()
    for key, value in dict(weight=weight, w=w, dy=dy, ids=ids, y=y, dweight=weight.grad, dw=w.grad).items():
        keep(f"bag/{key}", value)


bag()


def conv1d(x, w, b, dilation):
    """Causal: x [n, c, l] with zeros in front."""
    return functional.conv1d(functional.pad(x, (dilation * (w.shape[2] - 1), 0)), w, b, dilation=dilation)


def block(name, parameters, f, n, l, c):
    """Names and shapes of parameters, a function of x [n, c, l] and them, and x [n, l, c]."""
    values = {key: (0.5 * normal(*shape)).float().double().requires_grad_() for key, shape in parameters.items()}
    x = normal(n, l, c).requires_grad_()
    results = [y.transpose(1, 2) for y in f(x.transpose(1, 2), values)]
    loss = 0
    for i, y in enumerate(results):
        dy = normal(*y.shape)
        loss = loss + (y * dy).sum()
        keep(f"{name}/y{i}", y)
        keep(f"{name}/dy{i}", dy)
    loss.backward()
    keep(f"{name}/x", x)
    keep(f"{name}/dx", x.grad)
    for key, value in values.items():
        keep(f"{name}/{key}", value)
        keep(f"{name}/d/{key}", value.grad)


def temporal(x, p):
    y = conv1d(x, p["conv1.weight"], p["conv1.bias"], 4).relu()
    y = conv1d(y, p["conv2.weight"], p["conv2.bias"], 4).relu()
    return [(y + functional.conv1d(x, p["downsample.weight"], p["downsample.bias"])).relu()]


block("temporal", {"conv1.weight": (5, 3, 3), "conv1.bias": (5,), "conv2.weight": (5, 5, 3), "conv2.bias": (5,),
                   "downsample.weight": (5, 3, 1), "downsample.bias": (5,)}, temporal, 2, 21, 3)


def wavenet(x, p):
    z = conv1d(x, p["filter.weight"], p["filter.bias"], 2).tanh() * conv1d(x, p["gate.weight"], p["gate.bias"], 2).sigmoid()
    return [x + functional.conv1d(z, p["residual.weight"], p["residual.bias"]),
            functional.conv1d(z, p["skip.weight"], p["skip.bias"])]


block("wavenet", {"filter.weight": (4, 4, 2), "filter.bias": (4,), "gate.weight": (4, 4, 2), "gate.bias": (4,),
                  "residual.weight": (4, 4, 1), "residual.bias": (4,), "skip.weight": (6, 4, 1), "skip.bias": (6,)},
      wavenet, 2, 13, 4)

header, offset = {}, 0
for name, value in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
    offset += value.nbytes
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "decode.safetensors"), "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + b"".join(value.tobytes() for value in tensors.values()))
