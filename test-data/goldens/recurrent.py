#!/usr/bin/python3
"""Writes recurrent.safetensors: PyTorch's RNN, LSTM and GRU with all gradients, in float64, rounded once. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch import nn
from torch.nn.utils import rnn

torch.manual_seed(1)
tensors = {}


def keep(name, value):
    tensors[name] = numpy.ascontiguousarray(value.detach().numpy().astype(numpy.float32))


def normal(*dims):
    """Numbers that are floats, in double precision."""
    return torch.randn(*dims).double()


def case(name, kind, n, steps, size, hidden, layers=1, bidirectional=False, bias=True, lengths=None, states=True, **options):
    net = kind(size, hidden, layers, bias=bias, batch_first=True, bidirectional=bidirectional, **options).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.float().double())
    x = normal(n, steps, size).requires_grad_()
    shape = (layers * (2 if bidirectional else 1), n, hidden)
    h0 = normal(*shape).requires_grad_()
    c0 = normal(*shape).requires_grad_()
    lstm = kind is nn.LSTM
    initial = ((h0, c0) if lstm else h0) if states else None
    if lengths:
        packed = rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        y, last = net(packed, initial)
        y, _ = rnn.pad_packed_sequence(y, batch_first=True, total_length=steps)
        keep(f"{name}/lengths", torch.tensor(lengths))
    else:
        y, last = net(x, initial)
    hn, cn = last if lstm else (last, None)
    dy, dhn, dcn = normal(*y.shape), normal(*hn.shape), normal(*hn.shape)
    loss = (y * dy).sum() + (hn * dhn).sum()
    if lstm:
        loss = loss + (cn * dcn).sum()
    loss.backward()
    values = dict(x=x, y=y, hn=hn, dy=dy, dhn=dhn, dx=x.grad)
    if states:
        values.update(h0=h0, dh0=h0.grad)
    if lstm:
        values.update(cn=cn, dcn=dcn)
        if states:
            values.update(c0=c0, dc0=c0.grad)
    for key, value in values.items():
        keep(f"{name}/{key}", value)
    for key, parameter in net.named_parameters():
        keep(f"{name}/w/{key}", parameter)
        keep(f"{name}/dw/{key}", parameter.grad)


case("lstm/plain", nn.LSTM, 3, 7, 5, 6)
case("lstm/packed", nn.LSTM, 4, 6, 3, 17, lengths=[2, 6, 1, 4])
case("lstm/deep", nn.LSTM, 3, 5, 4, 5, layers=2, bidirectional=True, lengths=[5, 2, 3])
case("lstm/no_bias", nn.LSTM, 2, 4, 3, 3, bias=False, states=False)
case("gru/plain", nn.GRU, 3, 7, 5, 6)
case("gru/packed", nn.GRU, 4, 6, 3, 17, lengths=[2, 6, 1, 4])
case("gru/deep", nn.GRU, 3, 5, 4, 5, layers=2, bidirectional=True, lengths=[5, 2, 3])
case("gru/no_bias", nn.GRU, 2, 4, 3, 3, bias=False, states=False)
case("rnn_tanh/deep", nn.RNN, 3, 6, 4, 5, layers=3, bidirectional=True, lengths=[6, 2, 3])
case("rnn_relu/plain", nn.RNN, 2, 6, 4, 7, nonlinearity="relu")

header, data = {}, b""
for name, value in tensors.items():
    header[name] = dict(dtype="F32", shape=list(value.shape), data_offsets=[len(data), len(data) + value.nbytes])
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(__file__), "recurrent.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
