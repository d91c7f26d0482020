"""Makes the files of llama2.c here and what they hold, by its own export.py and model.py.

    PYTHONPATH=<a clone of github.com/karpathy/llama2.c> /usr/bin/python3 make_llama2c.py
"""
import numpy as np
import torch
from export import legacy_export, quantize_q80, version1_export, version2_export
from model import ModelArgs, Transformer

torch.manual_seed(5)
expected = open("expected-llama2c.tsv", "w")


def expect(file, name, t, kind="F32"):
    values = " ".join(repr(float(v)) for v in t.detach().reshape(-1)[:16])  # the first ones
    expected.write("\t".join([file, name, kind, ",".join(map(str, t.shape)), values]) + "\n")


def model(tied):
    net = Transformer(ModelArgs(dim=8, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=10, hidden_dim=12, multiple_of=4,
                                max_seq_len=5))
    for p in net.parameters():
        torch.nn.init.normal_(p)
    if not tied:
        net.output.weight = torch.nn.Parameter(torch.randn(10, 8))
    return net


for tied in (True, False):
    net = model(tied)
    weights = {k: v for k, v in net.state_dict().items() if k.endswith("weight") and not (tied and k == "output.weight")}
    file = "llama-v0-tied.bin" if tied else "llama-v0.bin"
    for k, v in weights.items():
        expect(file, k, v)
    expect(file, "freqs_cos", net.freqs_cos[:5])
    expect(file, "freqs_sin", net.freqs_sin[:5])
    legacy_export(net, file)
    net.params.vocab_size = 10  # which legacy_export makes negative
    if not tied:
        version1_export(net, "llama-v1.bin")
        version2_export(net, "llama-v2.bin", group_size=8)
        for k, v in weights.items():
            expect("llama-v1.bin", k, v)
            if "norm" not in k:
                q, s, _ = quantize_q80(v, 8)
                expect("llama-v2.bin", k, (q.float() * s[:, None]).view(v.shape), "Q8_0, groups of 8")
            else:
                expect("llama-v2.bin", k, v)
expected.close()
