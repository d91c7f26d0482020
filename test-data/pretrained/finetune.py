"""Writes finetune/expected.json: losses and gradients of training the tiny encoders beside this file, by PyTorch.

The losses are written here as sentence-transformers publishes them (MultipleNegativesRankingLoss, MultipleNegativesSymmetricRankingLoss and
CosineSimilarityLoss), and the graph of the encoder is that of heads.py. LoRA is W + alpha / rank B A, as in peft, on queries and values.
PyTorch 1.13.1, float64. Run: python3 finetune.py
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

from heads import HERE, WORDS, Kind, numbers


def weights(folder):
    with open(os.path.join(HERE, folder, "model.safetensors"), "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    found = {}
    for name, e in header.items():
        begin, end = e["data_offsets"]
        array = np.frombuffer(data[begin:end], dtype=np.float16).reshape(e["shape"])
        found[name] = torch.tensor(array.astype(np.float64), requires_grad=True)
    return found


def bert():
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
    kind = Kind("bert", "bert", "Bert", "bert.", tokens, ("[CLS]", [], "[SEP]", "[MASK]", "[UNK]"))
    kind.w = weights("heads-bert")
    return kind


def multiple_negatives(anchors, positives, negatives=None, scale=20.0, symmetric=False):
    candidates = positives if negatives is None else torch.cat([positives, negatives])
    scores = F.normalize(anchors, dim=-1) @ F.normalize(candidates, dim=-1).T * scale
    own = torch.arange(len(anchors))
    loss = F.cross_entropy(scores, own)
    if symmetric:
        loss = (loss + F.cross_entropy(scores[:, :len(anchors)].T, own)) / 2
    return loss


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64).float().double().requires_grad_()


def case(loss, tensors, **what):
    """The loss, and the gradient with respect to each of these tensors, which are written down with it."""
    gradients = torch.autograd.grad(loss, list(tensors.values()))
    return {**what, "loss": loss.item(),
            "tensors": {name: {"shape": list(t.shape), "values": numbers(t)} for name, t in tensors.items()},
            "gradients": {name: numbers(g) for name, g in zip(tensors, gradients)}}


def gradients(loss, kind, *names):
    return {"loss": loss.item(),
            "gradients": {n: numbers(g) for n, g in zip(names, torch.autograd.grad(loss, [kind.w[n] for n in names]))}}


def main():
    torch.manual_seed(11)
    a, p, n = random(4, 6), random(4, 6), random(8, 6)
    expected = {"multipleNegatives": [
        case(multiple_negatives(a, p), {"anchors": a, "positives": p}, scale=20, symmetric=False),
        case(multiple_negatives(a, p, n, 5), {"anchors": a, "positives": p, "negatives": n}, scale=5, symmetric=False),
        case(multiple_negatives(a, p, symmetric=True), {"anchors": a, "positives": p}, scale=20, symmetric=True),
        case(multiple_negatives(a, p, n, symmetric=True), {"anchors": a, "positives": p, "negatives": n}, scale=20,
             symmetric=True)]}
    y = torch.tensor([1, -0.5, 0, 0.25], dtype=torch.float64)
    expected["cosine"] = case(F.mse_loss(F.cosine_similarity(a, p), y), {"a": a, "b": p}, labels=y.tolist())

    kind = bert()
    query, value = (f"bert.encoder.layer.0.attention.self.{n}.weight" for n in ("query", "value"))
    texts = [["anna lives in paris .", "who is near the river ?"], ["bob sees a dog", "the old dogs and cats"],
             ["cat", "the red house in berlin"]]
    pool = lambda t: kind.encode(*kind.whole(kind.pieces(t))[:2]).mean(0)
    left, right = (torch.stack([pool(pair[i]) for pair in texts]) for i in (0, 1))
    expected["vectors"] = {"texts": texts, **gradients(
        multiple_negatives(left, right), kind, query, "bert.embeddings.word_embeddings.weight",
        "bert.encoder.layer.1.output.dense.bias")}

    classes = torch.tensor([3, 0, 1])
    logits = torch.stack([kind.texts(*kind.whole(kind.pieces(pair[0]))[:2]) for pair in texts])
    expected["classifier"] = {"texts": [pair[0] for pair in texts], "classes": classes.tolist(), **gradients(
        F.cross_entropy(logits, classes), kind, query, "bert.pooler.dense.weight", "classifier.weight", "classifier.bias")}
    ids, types, _ = kind.whole(kind.pieces("anna lives in paris ."))
    tags = torch.tensor([0, 1, 0, 0, 3, 0, 0])
    expected["tokens"] = {"text": "anna lives in paris .", "classes": tags.tolist(), **gradients(
        F.cross_entropy(kind.of_tokens("classifier", ids, types), tags), kind, query, "classifier.weight")}
    masked = ids.copy()
    masked[2], masked[4] = kind.ids["[MASK]"], kind.ids["dog"]
    places = [2, 4]
    expected["words"] = {"ids": masked, "places": places, "targets": [ids[i] for i in places], **gradients(
        F.cross_entropy(kind.words(masked, types)[places], torch.tensor([ids[i] for i in places])), kind, query,
        "bert.embeddings.word_embeddings.weight", "cls.predictions.transform.dense.weight", "cls.predictions.bias")}

    rank, alpha, factors = 2, 6, {}
    for name in [w for w in kind.w if w.endswith(("self.query.weight", "self.value.weight"))]:
        factors[name + ".A"], factors[name + ".B"] = (
            (random(*shape) * 0.3).detach().float().double().requires_grad_() for shape in ((rank, 32), (32, rank)))
        kind.w[name] = kind.w[name].detach() + alpha / rank * factors[name + ".B"] @ factors[name + ".A"]
    logits = torch.stack([kind.texts(*kind.whole(kind.pieces(pair[0]))[:2]) for pair in texts])
    expected["lora"] = {"texts": [pair[0] for pair in texts], "classes": classes.tolist(), "rank": rank, "alpha": alpha,
                        "logits": numbers(logits), **case(F.cross_entropy(logits, classes), factors)}
    os.makedirs(os.path.join(HERE, "finetune"), exist_ok=True)
    with open(os.path.join(HERE, "finetune", "expected.json"), "w") as f:
        json.dump(expected, f, indent=1)


if __name__ == "__main__":
    main()
