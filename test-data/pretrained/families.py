"""Makes the folders of encoders beside this file, with tiny random weights, and what the published graphs make of them.

The graphs are written here in PyTorch (1.13.1, float64) by their papers and their published code: BERT (Devlin et al. 2019),
RoBERTa (Liu et al. 2019), DistilBERT (Sanh et al. 2019), NomicBERT (Nussbaum et al. 2024), MPNet (Song et al. 2020) and ModernBERT
(Warner et al. 2024); of the decoders GPT-2 (Radford et al. 2019), by its logits, and Llama (Touvron et al. 2023). Run: python3 families.py
"""
import json
import math
import os
import struct

import torch

torch.manual_seed(20261125)
torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY, WIDTH, HEADS, HIDDEN, LAYERS, POSITIONS = 61, 24, 3, 40, 2, 48
TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def random(*shape):
    return torch.randn(*shape) * 0.3


def rounded(weights, kind):
    return {name: w.to(TYPES[kind]) for name, w in weights.items()}


def save(file, weights, kind):
    header, data = {}, b""
    for name, w in weights.items():
        raw = w.contiguous().view(torch.int32 if kind == "F32" else torch.int16).numpy().tobytes()
        header[name] = {"dtype": kind, "shape": list(w.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def norm(x, w, name, epsilon):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], epsilon)


def linear(x, w, name):
    return torch.nn.functional.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def attend(q, k, v, bias=0):
    """[tokens, width] each; heads side by side."""
    n = q.shape[0]
    split = lambda x: x.view(n, HEADS, -1).transpose(0, 1)
    scores = split(q) @ split(k).transpose(1, 2) / math.sqrt(WIDTH // HEADS) + bias
    return (scores.softmax(-1) @ split(v)).transpose(0, 1).reshape(n, -1)


def affine(names, out, width, weights, bias=True):
    weights[names + ".weight"] = random(out, width)
    if bias:
        weights[names + ".bias"] = random(out)


def layer_norm(name, weights):
    weights[name + ".weight"] = 1 + random(WIDTH)
    weights[name + ".bias"] = random(WIDTH)


def tables(weights, positions, types):
    weights["embeddings.word_embeddings.weight"] = random(VOCABULARY, WIDTH)
    if positions:
        weights["embeddings.position_embeddings.weight"] = random(positions, WIDTH)
    if types:
        weights["embeddings.token_type_embeddings.weight"] = random(types, WIDTH)


# ---- BERT and RoBERTa


def bert_weights(types):
    w = {}
    tables(w, POSITIONS, types)
    layer_norm("embeddings.LayerNorm", w)
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            affine(at + name, WIDTH, WIDTH, w)
        layer_norm(at + "attention.output.LayerNorm", w)
        affine(at + "intermediate.dense", HIDDEN, WIDTH, w)
        affine(at + "output.dense", WIDTH, HIDDEN, w)
        layer_norm(at + "output.LayerNorm", w)
    return w


def bert(w, ids, types, epsilon, first):
    places = torch.arange(first, first + len(ids))
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][places]
    x = x + w["embeddings.token_type_embeddings.weight"][types]
    x = norm(x, w, "embeddings.LayerNorm", epsilon)
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        q, k, v = (linear(x, w, at + "attention.self." + n) for n in ("query", "key", "value"))
        x = norm(x + linear(attend(q, k, v), w, at + "attention.output.dense"), w, at + "attention.output.LayerNorm", epsilon)
        inner = torch.nn.functional.gelu(linear(x, w, at + "intermediate.dense"))
        x = norm(x + linear(inner, w, at + "output.dense"), w, at + "output.LayerNorm", epsilon)
    return x


# ---- DistilBERT


def distilbert_weights():
    w = {}
    tables(w, POSITIONS, 0)
    layer_norm("embeddings.LayerNorm", w)
    for i in range(LAYERS):
        at = f"transformer.layer.{i}."
        for name in ("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"):
            affine(at + name, WIDTH, WIDTH, w)
        layer_norm(at + "sa_layer_norm", w)
        affine(at + "ffn.lin1", HIDDEN, WIDTH, w)
        affine(at + "ffn.lin2", WIDTH, HIDDEN, w)
        layer_norm(at + "output_layer_norm", w)
    return w


def distilbert(w, ids):
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x, w, "embeddings.LayerNorm", 1e-12)
    for i in range(LAYERS):
        at = f"transformer.layer.{i}."
        q, k, v = (linear(x, w, at + "attention." + n) for n in ("q_lin", "k_lin", "v_lin"))
        x = norm(x + linear(attend(q, k, v), w, at + "attention.out_lin"), w, at + "sa_layer_norm", 1e-12)
        inner = torch.nn.functional.gelu(linear(x, w, at + "ffn.lin1"))
        x = norm(x + linear(inner, w, at + "ffn.lin2"), w, at + "output_layer_norm", 1e-12)
    return x


# ---- NomicBERT


def nomic_weights():
    w = {}
    tables(w, 0, 2)
    layer_norm("emb_ln", w)
    for i in range(LAYERS):
        at = f"encoder.layers.{i}."
        affine(at + "attn.Wqkv", 3 * WIDTH, WIDTH, w, False)
        affine(at + "attn.out_proj", WIDTH, WIDTH, w, False)
        layer_norm(at + "norm1", w)
        affine(at + "mlp.fc11", HIDDEN, WIDTH, w, False)
        affine(at + "mlp.fc12", HIDDEN, WIDTH, w, False)
        affine(at + "mlp.fc2", WIDTH, HIDDEN, w, False)
        layer_norm(at + "norm2", w)
    return w


def turned(x, base):
    """Rotates the halves of each head by the place (GPT-NeoX's pairs)."""
    n, d = x.shape[0], WIDTH // HEADS
    angles = torch.arange(n)[:, None] / base ** (torch.arange(0, d, 2) / d)[None, :]
    cos, sin = angles.cos()[:, None, :], angles.sin()[:, None, :]
    a, b = x.view(n, HEADS, d).chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1).reshape(n, -1)


def nomic(w, ids, types, base):
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][types]
    x = norm(x, w, "emb_ln", 1e-12)
    for i in range(LAYERS):
        at = f"encoder.layers.{i}."
        q, k, v = linear(x, w, at + "attn.Wqkv").chunk(3, dim=-1)
        x = norm(x + linear(attend(turned(q, base), turned(k, base), v), w, at + "attn.out_proj"), w, at + "norm1", 1e-12)
        inner = linear(x, w, at + "mlp.fc11") * torch.nn.functional.silu(linear(x, w, at + "mlp.fc12"))
        x = norm(x + linear(inner, w, at + "mlp.fc2"), w, at + "norm2", 1e-12)
    return x


# ---- MPNet


def mpnet_weights():
    w = {}
    tables(w, POSITIONS, 0)
    layer_norm("embeddings.LayerNorm", w)
    w["encoder.relative_attention_bias.weight"] = random(32, HEADS) * 4
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        for name in ("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o"):
            affine(at + name, WIDTH, WIDTH, w)
        layer_norm(at + "attention.LayerNorm", w)
        affine(at + "intermediate.dense", HIDDEN, WIDTH, w)
        affine(at + "output.dense", WIDTH, HIDDEN, w)
        layer_norm(at + "output.LayerNorm", w)
    return w


def buckets(n):
    """T5's buckets of the distances key - query, for 32 buckets and a largest distance of 128."""
    distance = torch.arange(n)[None, :] - torch.arange(n)[:, None]
    result = (distance > 0).long() * 16
    size = distance.abs()
    large = 8 + (torch.log(size.clamp(min=1).float() / 8) / math.log(128 / 8) * 8).long()
    return result + torch.where(size < 8, size, torch.minimum(large, torch.full_like(large, 15)))


def mpnet(w, ids):
    n = len(ids)
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][2 : 2 + n]
    x = norm(x, w, "embeddings.LayerNorm", 1e-5)
    bias = w["encoder.relative_attention_bias.weight"][buckets(n)].permute(2, 0, 1)
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        q, k, v = (linear(x, w, at + "attention.attn." + name) for name in ("q", "k", "v"))
        x = norm(x + linear(attend(q, k, v, bias), w, at + "attention.attn.o"), w, at + "attention.LayerNorm", 1e-5)
        inner = torch.nn.functional.gelu(linear(x, w, at + "intermediate.dense"))
        x = norm(x + linear(inner, w, at + "output.dense"), w, at + "output.LayerNorm", 1e-5)
    return x


# ---- ModernBERT

DEPTH = 4


def modern_weights():
    w = {"embeddings.tok_embeddings.weight": random(VOCABULARY, WIDTH), "embeddings.norm.weight": 1 + random(WIDTH)}
    for i in range(DEPTH):
        at = f"layers.{i}."
        if i > 0:
            w[at + "attn_norm.weight"] = 1 + random(WIDTH)
        affine(at + "attn.Wqkv", 3 * WIDTH, WIDTH, w, False)
        affine(at + "attn.Wo", WIDTH, WIDTH, w, False)
        w[at + "mlp_norm.weight"] = 1 + random(WIDTH)
        affine(at + "mlp.Wi", 2 * HIDDEN, WIDTH, w, False)
        affine(at + "mlp.Wo", WIDTH, HIDDEN, w, False)
    w["final_norm.weight"] = 1 + random(WIDTH)
    return w


def modern(w, ids, side, far, near):
    scaled = lambda x, name: torch.nn.functional.layer_norm(x, x.shape[-1:], w[name + ".weight"], None, 1e-5)
    distance = (torch.arange(len(ids))[None, :] - torch.arange(len(ids))[:, None]).abs()
    window = torch.where(distance <= side, 0.0, -math.inf)
    x = scaled(w["embeddings.tok_embeddings.weight"][ids], "embeddings.norm")
    for i in range(DEPTH):
        at, whole = f"layers.{i}.", i % 3 == 0
        q, k, v = linear(x if i == 0 else scaled(x, at + "attn_norm"), w, at + "attn.Wqkv").chunk(3, dim=-1)
        base = far if whole else near
        x = x + linear(attend(turned(q, base), turned(k, base), v, 0 if whole else window), w, at + "attn.Wo")
        inner, gate = linear(scaled(x, at + "mlp_norm"), w, at + "mlp.Wi").chunk(2, dim=-1)
        x = x + linear(torch.nn.functional.gelu(inner) * gate, w, at + "mlp.Wo")
    return scaled(x, "final_norm")


# ---- GPT-2, whose linear layers have their matrices turned


def gpt2_weights():
    w = {"wte.weight": random(VOCABULARY, WIDTH), "wpe.weight": random(POSITIONS, WIDTH)}
    for i in range(LAYERS):
        at = f"h.{i}."
        for name, here, to in (("attn.c_attn", WIDTH, 3 * WIDTH), ("attn.c_proj", WIDTH, WIDTH),
                               ("mlp.c_fc", WIDTH, 4 * WIDTH), ("mlp.c_proj", 4 * WIDTH, WIDTH)):
            w[at + name + ".weight"], w[at + name + ".bias"] = random(here, to), random(to)
        layer_norm(at + "ln_1", w)
        layer_norm(at + "ln_2", w)
    layer_norm("ln_f", w)
    return w


def causal(n):
    return torch.where(torch.arange(n)[None, :] > torch.arange(n)[:, None], -math.inf, 0.0)


def gpt2(w, ids):
    n = len(ids)
    turned_linear = lambda x, name: x @ w[name + ".weight"] + w[name + ".bias"]
    x = w["wte.weight"][ids] + w["wpe.weight"][:n]
    for i in range(LAYERS):
        at = f"h.{i}."
        q, k, v = turned_linear(norm(x, w, at + "ln_1", 1e-5), at + "attn.c_attn").chunk(3, dim=-1)
        x = x + turned_linear(attend(q, k, v, causal(n)), at + "attn.c_proj")
        inner = turned_linear(norm(x, w, at + "ln_2", 1e-5), at + "mlp.c_fc")
        inner = 0.5 * inner * (1 + torch.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
        x = x + turned_linear(inner, at + "mlp.c_proj")
    return norm(x, w, "ln_f", 1e-5) @ w["wte.weight"].T


# ---- Llama, with one head of keys for all three of queries

def llama_weights():
    d = WIDTH // HEADS
    w = {"model.embed_tokens.weight": random(VOCABULARY, WIDTH), "model.norm.weight": 1 + random(WIDTH)}
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        w[at + "input_layernorm.weight"] = 1 + random(WIDTH)
        w[at + "post_attention_layernorm.weight"] = 1 + random(WIDTH)
        for name, out, width in (("self_attn.q_proj", WIDTH, WIDTH), ("self_attn.k_proj", d, WIDTH), ("self_attn.v_proj", d, WIDTH),
                                 ("self_attn.o_proj", WIDTH, WIDTH), ("mlp.gate_proj", HIDDEN, WIDTH),
                                 ("mlp.up_proj", HIDDEN, WIDTH), ("mlp.down_proj", WIDTH, HIDDEN)):
            w[at + name + ".weight"] = random(out, width)
    w["lm_head.weight"] = random(VOCABULARY, WIDTH)
    return w


def llama(w, ids, base, epsilon):
    n, d = len(ids), WIDTH // HEADS
    rms = lambda x, name: x * (x.square().mean(-1, keepdim=True) + epsilon).rsqrt() * w[name + ".weight"]
    x = w["model.embed_tokens.weight"][ids]
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        h = rms(x, at + "input_layernorm")
        q = turned(linear(h, w, at + "self_attn.q_proj"), base)
        k = turned(linear(h, w, at + "self_attn.k_proj").repeat(1, HEADS), base)
        v = linear(h, w, at + "self_attn.v_proj").repeat(1, HEADS)
        x = x + linear(attend(q, k, v, causal(n)), w, at + "self_attn.o_proj")
        h = rms(x, at + "post_attention_layernorm")
        inner = torch.nn.functional.silu(linear(h, w, at + "mlp.gate_proj")) * linear(h, w, at + "mlp.up_proj")
        x = x + linear(inner, w, at + "mlp.down_proj")
    return rms(x, "model.norm") @ w["lm_head.weight"].T


# ---- folders


def folder(name, config, weights, kind, graph, prefix="", shards=1, pairs=True):
    path = os.path.join(HERE, name)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "config.json"), "w") as out:
        json.dump(config, out, indent=1)
    small = rounded(weights, kind)
    named = {prefix + n: w for n, w in small.items()}
    if shards == 1:
        save(os.path.join(path, "model.safetensors"), named, kind)
    else:
        names = list(named)
        places = {}
        for i in range(shards):
            part = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            mine = names[i::shards]
            save(os.path.join(path, part), {n: named[n] for n in mine}, kind)
            places.update({n: part for n in mine})
        with open(os.path.join(path, "model.safetensors.index.json"), "w") as out:
            json.dump({"metadata": {"total_size": 0}, "weight_map": places}, out, indent=1)
    exact = {n: w.to(torch.float64) for n, w in small.items()}
    cases = []
    for n, split in ((1, 1), (7, 4), (19, 11), (40, 40)):
        ids = torch.randint(3, VOCABULARY, (n,))
        types = (torch.arange(n) >= split).long() * int(pairs)
        y = graph(exact, ids, types)
        cases.append({"ids": ids.tolist(), "types": types.tolist(), "vectors": [[round(v, 7) for v in row] for row in y.tolist()]})
    with open(os.path.join(path, "expected.json"), "w") as out:
        json.dump({"cases": cases}, out)


def letters(name):
    """A tokenizer of letters, of as many tokens as there are."""
    tokens = ["<end>", "\u0120"] + [chr(ord("a") + i) for i in range(26)] + [chr(ord("A") + i) for i in range(26)] + list(".,!?'-:")
    parts = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [{"id": 0, "content": "<end>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                          "special": True}],
        "pre_tokenizer": parts, "decoder": parts,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": []},
    }
    with open(os.path.join(HERE, name, "tokenizer.json"), "w") as out:
        json.dump(tokenizer, out)


def main():
    sizes = {
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": HIDDEN,
        "vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, "hidden_act": "gelu",
    }
    folder("bert", {"model_type": "bert", "type_vocab_size": 2, "layer_norm_eps": 1e-12, **sizes}, bert_weights(2), "F32",
           lambda w, ids, types: bert(w, ids, types, 1e-12, 0), "bert.", shards=3)
    folder("roberta", {"model_type": "roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, **sizes},
           bert_weights(1), "F16", lambda w, ids, types: bert(w, ids, types, 1e-5, 2), "roberta.", pairs=False)
    folder("distilbert", {"model_type": "distilbert", "dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": HIDDEN,
                          "vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, "activation": "gelu"},
           distilbert_weights(), "BF16", lambda w, ids, types: distilbert(w, ids))
    folder("nomic_bert", {"model_type": "nomic_bert", "n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_inner": HIDDEN,
                          "vocab_size": VOCABULARY, "n_positions": 64, "type_vocab_size": 2, "layer_norm_epsilon": 1e-12,
                          "activation_function": "swiglu", "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0,
                          "rotary_emb_interleaved": False, "prenorm": False, "qkv_proj_bias": False, "mlp_fc1_bias": False},
           nomic_weights(), "F32", lambda w, ids, types: nomic(w, ids, types, 1000.0))
    folder("mpnet", {"model_type": "mpnet", "layer_norm_eps": 1e-5, "relative_attention_num_buckets": 32, **sizes},
           mpnet_weights(), "F16", lambda w, ids, types: mpnet(w, ids), "mpnet.")
    folder("modernbert", {"model_type": "modernbert", "norm_eps": 1e-5, "local_attention": 10, "global_attn_every_n_layers": 3,
                          "global_rope_theta": 5000.0, "local_rope_theta": 300.0, "hidden_activation": "gelu",
                          "norm_bias": False, "attention_bias": False, "mlp_bias": False, **sizes, "num_hidden_layers": DEPTH},
           modern_weights(), "F16", lambda w, ids, types: modern(w, ids, 5, 5000.0, 300.0), "model.")
    folder("gpt2", {"model_type": "gpt2", "n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "vocab_size": VOCABULARY,
                    "n_positions": POSITIONS, "activation_function": "gelu_new", "eos_token_id": 0, "layer_norm_epsilon": 1e-5},
           gpt2_weights(), "F16", lambda w, ids, types: gpt2(w, ids), "transformer.")
    folder("llama", {"model_type": "llama", **sizes, "num_key_value_heads": 1, "hidden_act": "silu", "rms_norm_eps": 1e-5,
                     "rope_theta": 2000.0, "tie_word_embeddings": False, "eos_token_id": [0, 60]},
           llama_weights(), "BF16", lambda w, ids, types: llama(w, ids, 2000.0, 1e-5))
    letters("gpt2")
    letters("llama")


main()
