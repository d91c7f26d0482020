#!/usr/bin/python3
"""Writes attention.safetensors: attention and Transformer layers of PyTorch, with all gradients. See README.md."""

import json
import os
import struct

import numpy
import torch
from torch import nn

WIDTH, HEADS, HIDDEN, TOKENS, KEYS = 12, 3, 20, 7, 9
LENGTHS, MEMORY_LENGTHS = [7, 4, 1], [3, 9, 5]
tensors = {}


def put(name, value):
    array = value.detach().numpy()
    tensors[name] = array.astype(numpy.int32 if array.dtype == numpy.int64 else numpy.float32)


def rounded(*shape):
    """Random numbers that are float32, held as float64."""
    return torch.randn(*shape, dtype=torch.float32).double()


def padding(lengths, size):
    """True where there is padding, as PyTorch wants it."""
    return torch.arange(size)[None, :] >= torch.tensor(lengths)[:, None]


def case(name, module, run, tokens, lengths, memory=None, memory_lengths=None):
    for p in module.parameters():
        p.data = (rounded(*p.shape) * 0.4).float().double()
    x = rounded(3, tokens, WIDTH).requires_grad_()
    inputs = {"x": x}
    if memory:
        inputs["memory"] = rounded(3, memory, WIDTH).requires_grad_()
    y = run(module, *inputs.values())
    dy = rounded(*y.shape)
    if lengths:
        put(name + "/lengths", torch.tensor(lengths))
        dy[padding(lengths, tokens)] = 0  # what PyTorch makes of padding is nobody's business
        y = y.masked_fill(padding(lengths, tokens)[:, :, None], 0)
    if memory_lengths:
        put(name + "/memory_lengths", torch.tensor(memory_lengths))
    y.backward(dy)
    put(name + "/y", y)
    put(name + "/dy", dy)
    for key, value in inputs.items():
        put(name + "/" + key, value)
        put(name + "/d" + key, value.grad)
    for key, value in module.named_parameters():
        put(name + "/param/" + key, value)
        put(name + "/grad/" + key, value.grad)


def causal(size):
    return torch.triu(torch.ones(size, size, dtype=torch.bool), diagonal=1)


def attention():
    return nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()


def encoder(**options):
    return nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, 0, batch_first=True, **options).double()


def decoder(**options):
    return nn.TransformerDecoderLayer(WIDTH, HEADS, HIDDEN, 0, batch_first=True, **options).double()


torch.manual_seed(1)
pad, memory_pad = padding(LENGTHS, TOKENS), padding(MEMORY_LENGTHS, KEYS)
case("self", attention(), lambda m, x: m(x, x, x)[0], TOKENS, None)
case("padded", attention(), lambda m, x: m(x, x, x, key_padding_mask=pad)[0], TOKENS, LENGTHS)
case("causal", attention(), lambda m, x: m(x, x, x, attn_mask=causal(TOKENS))[0], TOKENS, None)
case("cross", attention(), lambda m, x, c: m(x, c, c, key_padding_mask=memory_pad)[0], TOKENS, None, KEYS, MEMORY_LENGTHS)
case("encoder", encoder(activation="relu"), lambda m, x: m(x, src_key_padding_mask=pad), TOKENS, LENGTHS)
case("encoder_first", encoder(activation="gelu", norm_first=True), lambda m, x: m(x, src_mask=causal(TOKENS)), TOKENS, None)
case("decoder", decoder(activation="gelu"),
     lambda m, x, c: m(x, c, tgt_mask=causal(TOKENS), tgt_key_padding_mask=pad, memory_key_padding_mask=memory_pad),
     TOKENS, LENGTHS, KEYS, MEMORY_LENGTHS)
case("decoder_first", decoder(activation="relu", norm_first=True),
     lambda m, x, c: m(x, c, tgt_mask=causal(TOKENS)), TOKENS, None, KEYS)

header, data = {}, b""
for name, array in tensors.items():
    start = len(data)
    data += array.tobytes()
    header[name] = {"dtype": "I32" if array.dtype == numpy.int32 else "F32", "shape": list(array.shape),
                    "data_offsets": [start, len(data)]}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "attention.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
