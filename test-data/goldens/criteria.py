#!/usr/bin/python3
"""Writes criteria.safetensors: values, mean, sum and gradient of PyTorch's losses, in float64, rounded once. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch.nn import functional as f

torch.manual_seed(1)
tensors = {}


def keep(name, value):
    tensors[name] = numpy.ascontiguousarray(value.detach().numpy().astype(numpy.float32))


def floats(x):
    """Numbers that are floats, in double precision."""
    return x.float().double()


def case(name, loss, *inputs, gradients=1):
    """Of so many inputs the gradient of the mean is kept."""
    leaves = [x.clone().requires_grad_(number < gradients) for number, x in enumerate(inputs)]
    mean = loss(*leaves, reduction="mean")
    mean.backward()
    keep(f"{name}/values", loss(*leaves, reduction="none"))
    keep(f"{name}/mean", mean)
    keep(f"{name}/sum", loss(*leaves, reduction="sum"))
    for number, leaf in enumerate(leaves):
        keep(f"{name}/x{number}", leaf)
        if leaf.requires_grad:
            keep(f"{name}/dx{number}", leaf.grad)


def at(loss, **settings):
    return lambda *x, **reduction: loss(*x, **settings, **reduction)


n, classes = 7, 5
scores = floats(3 * torch.randn(n, classes))
logs = floats(scores.log_softmax(1))
labels = torch.randint(0, classes, (n,))
holes = labels.clone()
holes[2] = holes[5] = -100
weights = torch.tensor([0.5, 2, 1, 0.25, 1.5]).double()
signs = floats(torch.where(torch.rand(n, classes) < 0.5, -1.0, 1.0))
shares = floats(torch.rand(n, classes))
numbers = floats(2 * torch.randn(n, classes))
counts = torch.randint(0, 9, (n, classes)).double()
counts[0, 0], counts[0, 1] = 0, 1

case("ignored", f.cross_entropy, scores, holes)
case("ignored class", at(f.cross_entropy, ignore_index=int(labels[0])), scores, labels)
case("ignored class, smoothed", at(f.cross_entropy, ignore_index=int(labels[0]), label_smoothing=0.1), scores, labels)
case("ignored, weighted", at(f.cross_entropy, weight=weights), scores, holes)
case("ignored, weighted, smoothed", at(f.cross_entropy, weight=weights, label_smoothing=0.2), scores, holes)
case("nll", f.nll_loss, logs, labels)
case("nll, ignored, weighted", at(f.nll_loss, weight=weights), logs, holes)
case("multiMargin(1, 1)", f.multi_margin_loss, scores, labels)
case("multiMargin(2, 0.5)", at(f.multi_margin_loss, p=2, margin=0.5), scores, labels)
case("logistic", f.soft_margin_loss, scores, signs)
probabilities = shares.clone()
probabilities[0, 0], probabilities[0, 1] = 0, 1
ends = floats(torch.rand(n, classes))
ends[0, 0], ends[0, 1] = 1, 0
case("bce", f.binary_cross_entropy, probabilities, ends)
for full in (False, True):
    case(f"poisson, full {full}", at(f.poisson_nll_loss, log_input=True, full=full), scores, counts)
    case(f"poisson of rates, full {full}", at(f.poisson_nll_loss, log_input=False, full=full), floats(4 * shares), counts)


def gaussian(y, t, full, reduction):
    return f.gaussian_nll_loss(y[:, :classes], t, y[:, classes:], full=full, reduction=reduction)


variances = shares.clone()
variances[0, 0] = 0
variances[0, 1] = 1e-8
for full in (False, True):
    case(f"gaussian, full {full}", at(gaussian, full=full), floats(torch.cat([numbers / 100, variances], 1)), floats(numbers / 80))


def by_row(values, reduction):
    rows = values.sum(1)
    return rows if reduction == "none" else rows.mean() if reduction == "mean" else rows.sum()


target = floats(torch.randn(n, classes).softmax(1))
hard = target.clone()
hard[0] = torch.tensor([0, 1, 0, 0, 0.0])
for name, t, gradients in ("kl", target, 2), ("kl of certainty", hard, 1):
    case(name, lambda x, t, reduction: by_row(f.kl_div(x, t, reduction="none"), reduction), logs, t, gradients=gradients)
case("distillation(3)",
     lambda x, t, reduction: by_row(9 * f.kl_div((x / 3).log_softmax(1), (t / 3).softmax(1), reduction="none"), reduction),
     scores, numbers, gradients=2)
pair_signs = signs[:, 0].clone()
pairs = floats(torch.randn(n, 2, classes))
case("cosine(0.1)",
     lambda x, t, reduction: f.cosine_embedding_loss(x[:, 0], x[:, 1], t, margin=0.1, reduction=reduction), pairs, pair_signs)
case("triplet(1)", at(f.triplet_margin_loss, margin=1, eps=0), floats(torch.randn(n, 3)), floats(torch.randn(n, 3)),
     floats(torch.randn(n, 3)), gradients=3)
case("infoNce(0.2)",
     lambda x, t, reduction: f.cross_entropy(f.normalize(x) @ f.normalize(t).T / 0.2, torch.arange(n), reduction=reduction),
     numbers, scores, gradients=2)

header, offset = {}, 0
for name, value in tensors.items():
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
    offset += value.nbytes
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "criteria.safetensors"), "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + b"".join(value.tobytes() for value in tensors.values()))
