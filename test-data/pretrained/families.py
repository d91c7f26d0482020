"""Makes the folders of encoders beside this file, with tiny random weights, and what the published graphs make of them.

The graphs are written here in PyTorch (1.13.1, float64) by their papers and their published code: BERT (Devlin et al. 2019),
RoBERTa (Liu et al. 2019), DistilBERT (Sanh et al. 2019), NomicBERT (Nussbaum et al. 2024), MPNet (Song et al. 2020), ModernBERT
(Warner et al. 2024) and DeBERTa (He et al. 2021, 2023); of the decoders GPT-2 (Radford et al. 2019), by its logits, and Llama (Touvron et al. 2023). Run: python3 families.py
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


# ---- DeBERTa's second and third version


def deberta_weights(types, inner, rows, norms, shared, scores):
    w = {"embeddings.word_embeddings.weight": random(VOCABULARY, inner)}
    if types:
        w["embeddings.token_type_embeddings.weight"] = random(types, inner)
    if inner != WIDTH:
        affine("embeddings.embed_proj", WIDTH, inner, w, False)
    layer_norm("embeddings.LayerNorm", w)
    w["encoder.rel_embeddings.weight"] = random(rows, WIDTH) * 3
    if norms:
        layer_norm("encoder.LayerNorm", w)
    own = [] if shared else [n for n, of in (("pos_key_proj", "c2p"), ("pos_query_proj", "p2c")) if of in scores]
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        for name in ["query_proj", "key_proj", "value_proj"] + own:
            affine(at + "attention.self." + name, WIDTH, WIDTH, w)
        affine(at + "attention.output.dense", WIDTH, WIDTH, w)
        layer_norm(at + "attention.output.LayerNorm", w)
        affine(at + "intermediate.dense", HIDDEN, WIDTH, w)
        affine(at + "output.dense", WIDTH, HIDDEN, w)
        layer_norm(at + "output.LayerNorm", w)
    return w


def log_buckets(distance, buckets, farthest):
    """Distances up to half of the buckets are their own; larger ones share the other half, on a scale of logarithms."""
    if buckets <= 0:
        return distance
    middle = buckets // 2
    size = distance.abs()
    part = torch.log(size.clamp(min=1).float() / middle) / torch.log(torch.tensor((farthest - 1) / middle, dtype=torch.float32))
    far = torch.ceil(part * (middle - 1)).long() + middle
    return torch.where(size <= middle, distance, far * distance.sign())


def deberta(w, ids, types, buckets, farthest, scores, epsilon=1e-7, prefix=""):
    w = {n[len(prefix):] if n.startswith(prefix) else n: x for n, x in w.items()}
    n, d = len(ids), WIDTH // HEADS
    x = w["embeddings.word_embeddings.weight"][ids]
    if "embeddings.token_type_embeddings.weight" in w:
        x = x + w["embeddings.token_type_embeddings.weight"][types]
    if "embeddings.embed_proj.weight" in w:
        x = linear(x, w, "embeddings.embed_proj")
    x = norm(x, w, "embeddings.LayerNorm", epsilon)
    r = w["encoder.rel_embeddings.weight"]
    if "encoder.LayerNorm.weight" in w:
        r = norm(r, w, "encoder.LayerNorm", epsilon)
    distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]  # query - key
    row = (log_buckets(distance, buckets, farthest) + len(r) // 2).clamp(0, len(r) - 1)
    split = lambda x: x.view(len(x), HEADS, d).transpose(0, 1)
    for i in range(LAYERS):
        at = f"encoder.layer.{i}.attention.self."
        q, k, v = (split(linear(x, w, at + name)) for name in ("query_proj", "key_proj", "value_proj"))
        s = q @ k.transpose(1, 2)
        if "c2p" in scores:
            own = "pos_key_proj" if at + "pos_key_proj.weight" in w else "key_proj"
            s = s + (q[:, :, None, :] * split(linear(r, w, at + own))[:, row, :]).sum(-1)
        if "p2c" in scores:
            own = "pos_query_proj" if at + "pos_query_proj.weight" in w else "query_proj"
            s = s + (k[:, None, :, :] * split(linear(r, w, at + own))[:, row, :]).sum(-1)
        a = (s / math.sqrt(d * (1 + len(scores)))).softmax(-1) @ v
        at = f"encoder.layer.{i}."
        x = norm(x + linear(a.transpose(0, 1).reshape(n, -1), w, at + "attention.output.dense"), w,
                 at + "attention.output.LayerNorm", epsilon)
        inner = torch.nn.functional.gelu(linear(x, w, at + "intermediate.dense"))
        x = norm(x + linear(inner, w, at + "output.dense"), w, at + "output.LayerNorm", epsilon)
    return x


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


def speeds(base):
    return 1 / base ** (torch.arange(0, WIDTH // HEADS, 2) / (WIDTH // HEADS))


def llama3(speed, factor, low, high, places):
    """Llama 3.1's: waves that are long beside the first texts are stretched, short ones are not, and others in part."""
    wave = 2 * math.pi / speed
    part = (places / wave - low) / (high - low)
    between = (1 - part) * speed / factor + part * speed
    return torch.where(wave > places / low, speed / factor, torch.where(wave < places / high, speed, between))


def yarn(speed, base, factor, fast, slow, places):
    d = WIDTH // HEADS
    pair = lambda turns: d * math.log(places / (turns * 2 * math.pi)) / (2 * math.log(base))
    low, high = max(math.floor(pair(fast)), 0), min(math.ceil(pair(slow)), d - 1)
    ramp = ((torch.arange(d // 2) - low) / (high - low)).clamp(0, 1)
    return speed / factor * ramp + speed * (1 - ramp)


def turned_by(x, speed, scale):
    """As turned, by any speeds, and with cosines and sines times a factor."""
    n, d = x.shape[0], WIDTH // HEADS
    angles = torch.arange(n)[:, None] * speed[None, :]
    cos, sin = scale * angles.cos()[:, None, :], scale * angles.sin()[:, None, :]
    a, b = x.view(n, HEADS, d).chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1).reshape(n, -1)


def gguf(path, w, base, factors):
    """The file of llama.cpp's converter: its names, pairs of turned numbers as neighbors, and the factors of the speeds."""
    d = WIDTH // HEADS
    near = lambda x: x.view(-1, 2, d // 2, WIDTH).transpose(1, 2).reshape(-1, WIDTH)
    tensors = {"rope_freqs.weight": factors}
    names = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
             "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}
    for name, x in w.items():
        if name in whole:
            tensors[whole[name]] = x
        else:
            _, _, layer, rest = name.split(".", 3)
            rest = rest[: -len(".weight")]
            tensors[f"blk.{layer}.{names[rest]}.weight"] = near(x) if rest[-6:] in ("q_proj", "k_proj") else x
    text = lambda t: struct.pack("<Q", len(t)) + t.encode()
    values = [("general.architecture", 8, text("llama"))]
    values += [("llama." + k, 4, struct.pack("<I", v)) for k, v in
               (("context_length", POSITIONS), ("embedding_length", WIDTH), ("block_count", LAYERS), ("feed_forward_length", HIDDEN),
                ("attention.head_count", HEADS), ("attention.head_count_kv", 1), ("rope.dimension_count", d))]
    values += [("llama." + k, 6, struct.pack("<f", v)) for k, v in
               (("attention.layer_norm_rms_epsilon", 1e-5), ("rope.freq_base", base))]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, kind, raw in values:
        head += text(key) + struct.pack("<I", kind) + raw
    data = b""
    for name, x in tensors.items():
        head += text(name) + struct.pack("<I", x.dim()) + struct.pack(f"<{x.dim()}Q", *reversed(x.shape)) + struct.pack("<IQ", 0, len(data))
        raw = x.to(torch.float32).contiguous().numpy().tobytes()
        data += raw + b"\0" * (-len(raw) % 32)
    with open(path, "wb") as out:
        out.write(head + b"\0" * (-len(head) % 32) + data)


def llama(w, ids, base, epsilon, turned=turned):
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


def folder(name, config, weights, kind, graph, prefix="", shards=1, pairs=True,
           lengths=((1, 1), (7, 4), (19, 11), (40, 40))):
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
    for n, split in lengths:
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
    both = ["p2c", "c2p"]
    lengths = ((1, 1), (2, 1), (3, 3), (19, 11), (40, 40))
    newer = {"model_type": "deberta-v2", "relative_attention": True, "position_biased_input": False, "layer_norm_eps": 1e-7,
             "max_relative_positions": -1, "attention_probs_dropout_prob": 0.1, "hidden_dropout_prob": 0.1, "pad_token_id": 0,
             "pooler_hidden_act": "gelu", "pooler_dropout": 0, "type_vocab_size": 0, **sizes}
    # as the third version has it, but for fewer buckets, so that the texts are longer than they
    folder("deberta", {**newer, "pos_att_type": "p2c|c2p", "position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True},
           deberta_weights(0, WIDTH, 16, True, True, both), "F16",
           lambda w, ids, types: deberta(w, ids, types, 8, POSITIONS, both), "deberta.", lengths=lengths)
    # with all that others may have: matrices for distances, no buckets, types, and words of another width
    folder("deberta-apart", {**newer, "pos_att_type": both, "max_relative_positions": 12, "type_vocab_size": 2, "embedding_size": 16},
           deberta_weights(2, 16, 24, False, False, both), "F32",
           lambda w, ids, types: deberta(w, ids, types, -1, 12, both), lengths=lengths)
    folder("deberta-c2p", {**newer, "pos_att_type": ["c2p"], "position_buckets": 16, "max_relative_positions": 20, "norm_rel_ebd": "none"},
           deberta_weights(0, WIDTH, 32, False, False, ["c2p"]), "BF16",
           lambda w, ids, types: deberta(w, ids, types, 16, 20, ["c2p"]), lengths=lengths)
    second = {"model_type": "llama", **sizes, "num_key_value_heads": 1, "hidden_act": "silu", "rms_norm_eps": 1e-5,
              "tie_word_embeddings": False}
    stretched = lambda speed, scale=1.0: lambda w, ids, types: llama(w, ids, 0, 1e-5, lambda x, base: turned_by(x, speed, scale))
    speed = speeds(500.0)
    third = llama3(speed, 8.0, 1.0, 4.0, 64)
    weights = llama_weights()
    folder("llama-3", {**second, "rope_theta": 500.0, "rope_scaling": {
        "factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 64, "rope_type": "llama3"}},
        weights, "BF16", stretched(third))
    exact = {n: w.to(torch.float64) for n, w in rounded(weights, "BF16").items()}
    gguf(os.path.join(HERE, "llama-3", "model.gguf"), exact, 500.0, speed / third)
    folder("llama-linear", {**second, "rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 2.5}},
           llama_weights(), "BF16", stretched(speed / 2.5))
    folder("llama-yarn", {**second, "rope_parameters": {
        "rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "original_max_position_embeddings": 12, "beta_fast": 1.5,
        "beta_slow": 0.02}}, llama_weights(), "BF16", stretched(yarn(speed, 500.0, 4.0, 1.5, 0.02, 12), 0.1 * math.log(4.0) + 1))
    letters("gpt2")
    letters("llama")


if __name__ == "__main__":
    main()
