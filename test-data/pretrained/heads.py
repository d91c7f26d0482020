"""Makes tiny folders of encoders with heads, and what PyTorch 1.13.1 computes with them.

    python3 heads.py

The graphs are those of BertFor*, XLMRobertaFor*, DistilBertFor*, DebertaV2For* and ModernBertFor* of transformers and
of Nomic's own NomicBertFor*, written by hand in float64 (the encoders of the last three in families.py) on random weights that are rounded to float16 as the files hold them. Spans of tokens and answers follow transformers'
TokenClassificationPipeline (aggregation_strategy "simple") and QuestionAnsweringPipeline. A folder holds the tensors
of all heads; the tests set the architecture in config.json.
"""

import json
import os
import re
import struct

import numpy as np
import torch
import torch.nn.functional as F

import families

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HIDDEN, HEADS, LAYERS, PLACES = 32, 48, 4, 2, 48
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
WORDS = ("the a cat dog house river paris berlin anna bob lives in near sees of is was and to where who what . , ? "
         "un ##known ##s ##ing ##er walk sing talk red old").split()


def write(path, tensors):
    """The format of safetensors: the length of a JSON header, the header, the bytes."""
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.to(torch.float16).numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Weights(dict):
    """Random weights, made in the order in which they are asked for and rounded as they are stored."""

    def make(self, name, *shape, scale=0.4, middle=0.0):
        self[name] = (torch.randn(*shape, dtype=torch.float32) * scale + middle).to(torch.float16).double()

    def linear(self, name, inputs, outputs, scale=0.4):
        self.make(name + ".weight", outputs, inputs, scale=scale)
        self.make(name + ".bias", outputs)

    def norm(self, name):
        self.make(name + ".weight", WIDTH, scale=0.1, middle=1.0)
        self.make(name + ".bias", WIDTH, scale=0.1)


class Kind:
    def __init__(self, folder, model_type, name, prefix, tokens, specials):
        self.folder, self.model_type, self.name, self.prefix = folder, model_type, name, prefix
        self.tokens, self.ids = tokens, {t: i for i, t in enumerate(tokens)}
        self.begin, self.between, self.end, self.mask, self.unknown = specials
        self.distil = model_type == "distilbert"
        self.roberta = model_type == "xlm-roberta"
        self.eps = 1e-5 if self.roberta else 1e-12
        self.w = Weights()

    # ---- names of the parts

    def layer(self, i):
        p = self.prefix
        if self.distil:
            p += f"transformer.layer.{i}."
            return [p + s for s in ("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
                                    "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm")]
        p += f"encoder.layer.{i}."
        return [p + s for s in ("attention.self.query", "attention.self.key", "attention.self.value",
                                "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
                                "output.dense", "output.LayerNorm")]

    def texts_head(self):
        if self.distil:
            return "pre_classifier", "classifier", torch.relu
        if self.roberta:
            return "classifier.dense", "classifier.out_proj", torch.tanh
        return "bert.pooler.dense", "classifier", torch.tanh

    def words_head(self):
        if self.distil:
            return "vocab_transform", "vocab_layer_norm", "vocab_projector.bias"
        if self.roberta:
            return "lm_head.dense", "lm_head.layer_norm", "lm_head.bias"
        return "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"

    def make(self):
        w, e = self.w, self.prefix + "embeddings."
        w.make(e + "word_embeddings.weight", len(self.tokens), WIDTH, scale=1.0)
        w.make(e + "position_embeddings.weight", PLACES + (2 if self.roberta else 0), WIDTH, scale=0.5)
        if not self.distil:
            w.make(e + "token_type_embeddings.weight", 1 if self.roberta else 2, WIDTH, scale=0.5)
        w.norm(e + "LayerNorm")
        for i in range(LAYERS):
            q, k, v, o, n1, l1, l2, n2 = self.layer(i)
            for name in (q, k, v, o):
                w.linear(name, WIDTH, WIDTH)
            w.norm(n1)
            w.linear(l1, WIDTH, HIDDEN)
            w.linear(l2, HIDDEN, WIDTH)
            w.norm(n2)
        dense, out, _ = self.texts_head()
        w.linear(dense, WIDTH, WIDTH, scale=0.2)
        w.linear(out, WIDTH, len(LABELS))
        if self.roberta:
            w.linear("classifier", WIDTH, len(LABELS))
        w["classifier.bias"][0] = 2  # so that some tokens are outside of all spans
        w.linear("qa_outputs", WIDTH, 2)
        dense, norm, bias = self.words_head()
        w.linear(dense, WIDTH, WIDTH)
        w.norm(norm)
        w.make(bias, len(self.tokens))

    # ---- the graph

    def lin(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, name, x):
        return F.layer_norm(x, (WIDTH,), self.w[name + ".weight"], self.w[name + ".bias"], self.eps)

    def encode(self, ids, types):
        e = self.prefix + "embeddings."
        n = len(ids)
        x = self.w[e + "word_embeddings.weight"][ids]
        x = x + self.w[e + "position_embeddings.weight"][torch.arange(n) + (2 if self.roberta else 0)]
        if not self.distil:
            x = x + self.w[e + "token_type_embeddings.weight"][types]
        x = self.norm(e + "LayerNorm", x)
        for i in range(LAYERS):
            q, k, v, o, n1, l1, l2, n2 = self.layer(i)
            split = lambda name: self.lin(name, x).view(n, HEADS, -1).transpose(0, 1)
            a = torch.softmax(split(q) @ split(k).transpose(1, 2) / (WIDTH // HEADS) ** 0.5, -1) @ split(v)
            x = self.norm(n1, x + self.lin(o, a.transpose(0, 1).reshape(n, WIDTH)))
            x = self.norm(n2, x + self.lin(l2, F.gelu(self.lin(l1, x))))
        return x

    def texts(self, ids, types):
        dense, out, act = self.texts_head()
        return self.lin(out, act(self.lin(dense, self.encode(ids, types)[0])))

    def of_tokens(self, name, ids, types):
        return self.lin(name, self.encode(ids, types))

    def words(self, ids, types):
        dense, norm, bias = self.words_head()
        x = self.norm(norm, F.gelu(self.lin(dense, self.encode(ids, types))))
        return F.linear(x, self.w[self.prefix + "embeddings.word_embeddings.weight"], self.w[bias])

    def sizes(self):
        if self.distil:
            return {"dim": WIDTH, "hidden_dim": HIDDEN, "n_heads": HEADS, "n_layers": LAYERS, "activation": "gelu"}
        return {"hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": HEADS,
                "num_hidden_layers": LAYERS, "hidden_act": "gelu", "layer_norm_eps": self.eps,
                "type_vocab_size": 1 if self.roberta else 2}

    # ---- tokens

    def pieces(self, text):
        """(id, begin, end, word) of each token."""
        found = []
        special = re.escape(self.mask)
        for word, m in enumerate(re.finditer(special + r"|\w+|[^\w\s]", text)):
            at, whole = m.start(), m.group()
            if self.roberta or whole == self.mask:
                found.append((self.ids.get(whole, self.ids[self.unknown]), at, m.end(), word))
                continue
            parts, rest = [], whole.lower()
            while rest:
                n = next((n for n in range(len(rest), 0, -1)
                          if ("##" if parts else "") + rest[:n] in self.ids), None)
                if n is None:
                    parts = [(self.ids[self.unknown], m.start(), m.end(), word)]
                    break
                parts.append((self.ids[("##" if parts else "") + rest[:n]], at, at + n, word))
                at, rest = at + n, rest[n:]
            found += parts
        return found

    def whole(self, first, second=None):
        """ids, types and pieces (None for special tokens; the text's number in front) of a text or a pair."""
        special = lambda names: [(self.ids[t], None) for t in names]
        row = special([self.begin]) + [(p[0], (0,) + p) for p in first] + special([self.end])
        types = [0] * len(row)
        if second is not None:
            tail = special(self.between) + [(p[0], (1,) + p) for p in second] + special([self.end])
            row += tail
            types += [0 if self.roberta else 1] * len(tail)
        return [r[0] for r in row], types, [r[1] for r in row]


def of_families(kind, weights):
    kind.w.update({kind.prefix + n: x.to(torch.float16).double() for n, x in weights.items()})


class Deberta(Kind):
    eps = 1e-7
    scores = ["p2c", "c2p"]

    def texts_head(self):
        return "pooler.dense", "classifier", F.gelu

    def make(self):
        self.eps = Deberta.eps
        of_families(self, families.deberta_weights(0, WIDTH, 16, True, True, self.scores))
        self.w.linear("pooler.dense", WIDTH, WIDTH, scale=0.2)
        self.w.linear("classifier", WIDTH, len(LABELS))
        self.w.linear("qa_outputs", WIDTH, 2)
        dense, norm, bias = self.words_head()
        self.w.linear(dense, WIDTH, WIDTH)
        self.w.norm(norm)
        self.w.make(bias, len(self.tokens))

    def encode(self, ids, types):
        return families.deberta(self.w, ids, types, 8, PLACES, self.scores, prefix=self.prefix)

    def sizes(self):
        return {"hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
                "hidden_act": "gelu", "layer_norm_eps": self.eps, "type_vocab_size": 0, "relative_attention": True,
                "position_biased_input": False, "pos_att_type": "p2c|c2p", "position_buckets": 8, "share_att_key": True,
                "norm_rel_ebd": "layer_norm", "max_relative_positions": -1, "pooler_hidden_act": "gelu", "pooler_dropout": 0}


class Modern(Kind):
    def make(self):
        of_families(self, families.modern_weights())
        self.w.make("head.dense.weight", WIDTH, WIDTH)
        self.w.make("head.norm.weight", WIDTH, scale=0.1, middle=1.0)
        self.w.linear("classifier", WIDTH, len(LABELS))
        self.w.linear("qa_outputs", WIDTH, 2)  # which the tests call classifier, too
        self.w.make("decoder.bias", len(self.tokens))

    def head(self, x):
        return F.layer_norm(F.gelu(F.linear(x, self.w["head.dense.weight"])), (WIDTH,), self.w["head.norm.weight"], None, 1e-5)

    def encode(self, ids, types):
        bare = {n[len(self.prefix):]: x for n, x in self.w.items() if n.startswith(self.prefix)}
        return families.modern(bare, ids, 5, 5000.0, 300.0)

    def texts(self, ids, types, mean=False):
        x = self.encode(ids, types)
        return self.lin("classifier", self.head(x.mean(0) if mean else x[0]))

    def of_tokens(self, name, ids, types):
        return self.lin(name, self.head(self.encode(ids, types)))

    def words(self, ids, types):
        x = self.head(self.encode(ids, types))
        return F.linear(x, self.w["model.embeddings.tok_embeddings.weight"], self.w["decoder.bias"])

    def sizes(self):
        return {"hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": families.DEPTH,
                "hidden_activation": "gelu", "norm_eps": 1e-5, "local_attention": 10, "global_attn_every_n_layers": 3,
                "global_rope_theta": 5000.0, "local_rope_theta": 300.0, "norm_bias": False, "attention_bias": False,
                "mlp_bias": False, "classifier_activation": "gelu", "classifier_bias": False, "classifier_pooling": "cls",
                "decoder_bias": True}


class Nomic(Kind):
    only = ("texts", "pairs", "words")

    def make(self):
        of_families(self, families.nomic_weights())
        self.w.linear("bert.pooler.dense", WIDTH, WIDTH, scale=0.2)
        self.w.linear("classifier", WIDTH, len(LABELS))
        self.w.make("cls.predictions.transform.dense.weight", WIDTH, WIDTH)
        self.w.norm("cls.predictions.transform.layer_norm")

    def encode(self, ids, types):
        bare = {n[len(self.prefix):]: x for n, x in self.w.items() if n.startswith(self.prefix)}
        return families.nomic(bare, ids, types, 1000.0)

    def words(self, ids, types):
        x = F.silu(F.linear(self.encode(ids, types), self.w["cls.predictions.transform.dense.weight"]))
        x = self.norm("cls.predictions.transform.layer_norm", x)
        return F.linear(x, self.w["bert.embeddings.word_embeddings.weight"])

    def sizes(self):
        return {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_inner": HIDDEN, "n_positions": PLACES, "type_vocab_size": 2,
                "layer_norm_epsilon": 1e-12, "activation_function": "swiglu", "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0,
                "rotary_emb_interleaved": False, "prenorm": False, "qkv_proj_bias": False, "mlp_fc1_bias": False}


def numbers(t):
    return [float("%.9g" % x) for x in t.reshape(-1).tolist()]


def spans(kind, text):
    ids, types, pieces = kind.whole(kind.pieces(text))
    scores = torch.softmax(kind.of_tokens("classifier", ids, types), -1).numpy()
    tag = lambda label: (label[0], label[2:]) if label[:2] in ("B-", "I-") else ("I", label)
    groups = []
    for piece, score in zip(pieces, scores):
        if piece is None:
            continue
        e = {"entity": LABELS[score.argmax()], "score": score.max(), "start": piece[2], "end": piece[3]}
        bi, name = tag(e["entity"])
        if groups and name == tag(groups[-1][-1]["entity"])[1] and bi != "B":
            groups[-1].append(e)
        else:
            groups.append([e])
    return [{"label": g[0]["entity"].split("-", 1)[-1], "score": float(np.mean([e["score"] for e in g])),
             "begin": g[0]["start"], "end": g[-1]["end"]} for g in groups if g[0]["entity"] != "O"]


def answer(kind, question, context, longest=15):
    q, c = kind.pieces(question), kind.pieces(context)
    most, stride = min(PLACES, 384), min(min(PLACES, 384) // 2, 128)
    room = most - len(kind.whole(q, [])[0])
    windows, at = [], 0
    while True:
        windows.append(c[at:at + room])
        if at + room >= len(c):
            break
        at += room - stride
    best = None
    for window in windows:
        ids, types, pieces = kind.whole(q, window)
        logits = kind.of_tokens("qa_outputs", ids, types).numpy()
        allowed = np.array([p is not None and p[0] == 1 for p in pieces])
        kept = allowed | (np.arange(len(ids)) == 0)
        p = np.where(kept[:, None], logits, -10000.0)
        p = np.exp(p - p.max(0))
        p = p / p.sum(0)
        p[0] = 0
        outer = np.tril(np.triu(p[:, :1] * p[:, 1][None]), longest - 1)
        s, e = np.unravel_index(outer.argmax(), outer.shape)
        assert allowed[s] and allowed[e]
        if best is None or outer[s, e] > best["score"]:
            same = lambda t: [x for x in pieces if x is not None and x[0] == 1 and x[4] == pieces[t][4]]
            best = {"begin": same(s)[0][2], "end": same(e)[-1][3], "score": float(outer[s, e])}
    return dict(best, windows=len(windows))


def main():
    torch.manual_seed(5)
    families.WIDTH, families.HEADS, families.HIDDEN, families.VOCABULARY = WIDTH, HEADS, HIDDEN, 5 + len(WORDS)
    bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
    roberta = ["<s>", "<pad>", "</s>", "<unk>"] + [t for t in WORDS if t[:2] != "##"] + ["<mask>"]
    kinds = [
        Kind("bert", "bert", "Bert", "bert.", bert, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]")),
        Kind("xlm-roberta", "xlm-roberta", "XLMRoberta", "roberta.", roberta, ("<s>", ["</s>"], "</s>", "<mask>", "<unk>")),
        Kind("distilbert", "distilbert", "DistilBert", "distilbert.", bert, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]")),
        Deberta("deberta", "deberta-v2", "DebertaV2", "deberta.", bert, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]")),
        Modern("modernbert", "modernbert", "ModernBert", "model.", bert, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]")),
        Nomic("nomic", "nomic_bert", "NomicBert", "bert.", bert, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]")),
    ]
    texts = ["anna lives in paris .", "Bob sees the old dogs near the river, and walks to Berlin", "who is singing ?", "cat"]
    pairs = [["where is anna ?", "anna lives in paris ."], ["who ?", "bob was in the red house near berlin ."]]
    rng = np.random.RandomState(3)
    plain = [t for t in WORDS if t[:2] != "##"]
    long = " ".join(plain[i] for i in rng.randint(0, len(plain), 100)) + " talking talkers"
    questions = [["where is anna ?", "anna lives in paris ."], ["who walks ?", "the old dog walks, and bob is singing ."],
                 ["what is near the river ?", long], ["who ?", "unknowns walkers talking dogs singers unknown"],
                 ["what is singing ?", "the talkers . singers near walkers"]]
    for kind in kinds:
        kind.make()
        folder = os.path.join(HERE, "heads-" + kind.folder)
        os.makedirs(folder, exist_ok=True)
        write(os.path.join(folder, "model.safetensors"), kind.w)
        config = {"architectures": [kind.name + "ForSequenceClassification"], "model_type": kind.model_type,
                  "vocab_size": len(kind.tokens), "max_position_embeddings": PLACES + (2 if kind.roberta else 0),
                  "id2label": {str(i): l for i, l in enumerate(LABELS)}, "pad_token_id": kind.roberta * 1, **kind.sizes()}
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(config, f, indent=1)
        if kind.roberta:
            special = lambda t, i: {"id": i, "content": t, "single_word": False, "lstrip": t == "<mask>", "rstrip": False,
                                    "normalized": False, "special": True}
            tokenizer = {"version": "1.0", "truncation": None, "padding": None,
                         "added_tokens": [special(t, i) for t, i in kind.ids.items() if t[0] == "<"],
                         "normalizer": None, "pre_tokenizer": {"type": "Whitespace"},
                         "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                                            "trim_offsets": False, "add_prefix_space": False},
                         "decoder": None,
                         "model": {"type": "WordLevel", "vocab": kind.ids, "unk_token": "<unk>"}}
            with open(os.path.join(folder, "tokenizer.json"), "w") as f:
                json.dump(tokenizer, f, indent=1)
        else:
            with open(os.path.join(folder, "vocab.txt"), "w") as f:
                f.write("\n".join(kind.tokens) + "\n")
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
            json.dump({"mask_token": {"content": kind.mask} if kind.roberta else kind.mask, "model_max_length": int(1e30)
                       if kind.distil else PLACES}, f)
        whole = not hasattr(kind, "only")
        expected = {name: [] for name in (("texts", "pairs", "spans", "answers", "words") if whole else kind.only)}
        for t in texts:
            expected["texts"].append({"text": t, "logits": numbers(kind.texts(*kind.whole(kind.pieces(t))[:2]))})
            if isinstance(kind, Modern):
                ids, types, _ = kind.whole(kind.pieces(t))
                expected.setdefault("means", []).append({"text": t, "logits": numbers(kind.texts(ids, types, mean=True))})
            if whole:
                expected["spans"].append({"text": t, "spans": spans(kind, t)})
        for a, b in pairs:
            ids, types, _ = kind.whole(kind.pieces(a), kind.pieces(b))
            expected["pairs"].append({"pair": [a, b], "logits": numbers(kind.texts(ids, types))})
        for q, c in questions if whole else []:
            expected["answers"].append({"question": q, "context": c, **answer(kind, q, c)})
        for t in ["anna lives in %s .", "%s", "the %s sees a dog ."]:
            ids, types, _ = kind.whole(kind.pieces(t % kind.mask))
            p = torch.softmax(kind.words(ids, types)[ids.index(kind.ids[kind.mask])], -1)
            order = torch.argsort(p, descending=True)[:5].tolist()
            expected["words"].append({"text": t % kind.mask, "tokens": [kind.tokens[i] for i in order],
                                      "probabilities": numbers(p[order])})
        with open(os.path.join(folder, "expected.json"), "w") as f:
            json.dump(expected, f, indent=1)


if __name__ == "__main__":
    with torch.no_grad():
        main()
