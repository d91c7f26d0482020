#!/usr/bin/python3
"""Writes dtypes.safetensors: floats and what PyTorch makes of them as float16 and bfloat16, and whole numbers of a byte. See README.md."""

import torch
from safetensors.torch import save_file

torch.manual_seed(7)
tie = 2.0**-11
edges = [
    0.0, -0.0, 1.0, -2.5, 1 / 3, float("inf"), float("-inf"), 7.0,
    65504.0, 65519.99, 65520.0, -65520.0, 1e6,  # what float16 has at the top
    2.0**-14, 2.0**-14 - 2.0**-25, 2.0**-24, 2.0**-25, 2.0**-25 + 2.0**-40, 3 * 2.0**-25, 2.0**-26, 1e-7,  # and at the bottom
    1 + tie, 1 + 3 * tie, 1 + tie + 2.0**-23, 1 - tie / 2, -1 - tie,  # halfway between two of float16
    1 + 8 * tie, 1 + 24 * tie, 1 + 8 * tie + 2.0**-23, -1 - 24 * tie,  # of bfloat16
    3.3895314e38, 3.4e38, 2.0**-126, 2.0**-133, 2.0**-134, 3 * 2.0**-134, 1e-40,
]
x = torch.cat([torch.tensor(edges, dtype=torch.float32), torch.randn(27) * 10 ** (torch.rand(27) * 8 - 4)])
bytes_ = torch.tensor([[-128, -127, -1], [0, 1, 127]], dtype=torch.int8)
save_file(
    {
        "x": x,
        "float16": x.half(),
        "bfloat16": x.bfloat16(),
        "int8": bytes_,
        "uint8": bytes_.view(torch.uint8).clone(),
        "bool": bytes_ > 0,
    },
    "dtypes.safetensors",
)
