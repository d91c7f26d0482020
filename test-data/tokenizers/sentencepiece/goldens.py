#!/usr/bin/python3
"""Trains small models of SentencePiece, and writes what its own library (Debian's python3-sentencepiece 0.1.97) makes of hostile texts.

goldens.py train TEXT           trains the models of this folder on a text (FATHOM_DATA/tinyshakespeare/input.txt)
goldens.py store MODEL OUT N    writes N lines of JSON: a text, its numbers, what these are decoded to, some numbers by chance, and what these are
"""
import gzip
import json
import os
import random
import sys

import sentencepiece

SYMBOLS = ["<sep>", "->", "Romeo", "▁of▁", "日本"]
RULES = "61 300\tE0\n41\t61\n42\t62\n66 69\tFB01\n20AC\t45 55 52\n2126\t3A9\n200D\t\n3000\t20\n1F600\t3A 29\n65 301 327\t65\n65\t65\n"
MODELS = {
    "unigram-bytes": dict(model_type="unigram", vocab_size=700, byte_fallback=True, normalization_rule_name="identity", split_digits=True),
    "unigram-rules": dict(model_type="unigram", vocab_size=400, normalization_rule_tsv=True, user_defined_symbols=SYMBOLS, add_dummy_prefix=False),
    "unigram-suffix": dict(model_type="unigram", vocab_size=300, normalization_rule_name="identity", treat_whitespace_as_suffix=True),
    # its model has 145 KB, so that it is not stored
    "unigram-folded": dict(model_type="unigram", vocab_size=300, normalization_rule_name="nfkc_cf", control_symbols=["<mask>"]),
    "bpe-bytes": dict(model_type="bpe", vocab_size=900, byte_fallback=True, normalization_rule_name="identity", user_defined_symbols=SYMBOLS),
    "bpe-blanks": dict(
        model_type="bpe",
        vocab_size=500,
        normalization_rule_name="identity",
        split_digits=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_whitespace=False,
    ),
    "bpe-rules": dict(model_type="bpe", vocab_size=400, normalization_rule_tsv=True, user_defined_symbols=SYMBOLS, treat_whitespace_as_suffix=True),
}

RANGES = [
    (0x20, 0x7E), (0x61, 0x7A), (0x61, 0x7A), (0x30, 0x39), (0x09, 0x0D), (0x20, 0x20), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x4FF), (0x590, 0x6FF),
    (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2460, 0x24FF), (0x3000, 0x30FF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFFEF), (0x1F1E6, 0x1F6FF), (0x10000, 0x103FF), (0x1D400, 0x1D7FF), (0x20000, 0x2A6DF),
    (0xE0000, 0xE007F), (0x0, 0x1F), (0x7F, 0x9F), (0xE000, 0xE0FF), (0x10FF00, 0x10FFFF),
]  # fmt: skip
WORDS = [
    "the", "Hello", "don't", "123", "3.14", "  ", "\n", "\r\n", "\t", "<s>", "</s>", "<unk>", "<mask>", "<sep>", "->", "Romeo", "▁of▁", " of ", "日本", "日本語",
    "▁", "▁▁", "<0x41>", "<0xE6>", "<pad>", "été", "e\u0301", "a\u0300", "e\u0301\u0327", "fi", "ﬁ", "Ǆ", "İ", "ß", "€", "Ω", "안녕", "👩\u200d👩\u200d👧", "😀",
    "🇩🇪", "…", "'", "\u3000", "\u200b", "\ufeff", "\ufffd", "ROMEO:", "shall", "thou art", "aaaaaaaa", "\0",
]  # fmt: skip


def hostile(rng):
    text = ""
    mode = rng.randrange(4)
    for _ in range(1 + rng.randrange(12)):
        if mode == 0 or rng.randrange(3) == 0:
            text += rng.choice(WORDS) + (" " if rng.randrange(2) else "")
            continue
        first, last = rng.choice(RANGES[:7] if mode == 1 else RANGES)
        text += "".join(chr(rng.randint(first, last)) for _ in range(1 + rng.randrange(6)))
    return text


def train(source):
    with open("/tmp/rules.tsv", "w") as rules:
        rules.write(RULES)
    for name, settings in MODELS.items():
        if settings.pop("normalization_rule_tsv", False):
            settings["normalization_rule_tsv"] = "/tmp/rules.tsv"
        sentencepiece.SentencePieceTrainer.train(
            input=source, model_prefix=name, num_threads=1, minloglevel=2, hard_vocab_limit=False, max_sentence_length=2000, **settings
        )
        os.remove(name + ".vocab")
        with open(name + ".model", "rb") as model, gzip.GzipFile(name + ".model.gz", "wb", mtime=0) as out:
            out.write(model.read())
        os.remove(name + ".model")


def store(model, out, count):
    raw = gzip.open(model).read() if model.endswith(".gz") else open(model, "rb").read()
    processor = sentencepiece.SentencePieceProcessor(model_proto=raw)
    rng = random.Random(7)
    with gzip.GzipFile(out, "wb", mtime=0) as to:
        for _ in range(count):
            text = hostile(rng)
            ids = processor.encode(text)
            chance = [rng.randrange(len(processor)) for _ in range(rng.randrange(9))]
            line = [text, ids, processor.decode(ids), chance, processor.decode(chance)]
            line = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            to.write((line + "\n").encode())


if sys.argv[1] == "train":
    train(sys.argv[2])
else:
    store(sys.argv[2], sys.argv[3], int(sys.argv[4]))
