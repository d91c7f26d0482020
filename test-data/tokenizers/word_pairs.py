"""Writes what Hugging Face's tokenizers (pip install tokenizers numpy; 0.23.2) make of each two lists of words that follow each other in words.jsonl.gz.

python3 word_pairs.py MODELS, from this folder; MODELS has the folders all-MiniLM-L6-v2 and gpt2. A line has the name of the tokenizer, the two lists,
and of each token its number, where it begins and ends in its word in UTF-16 units, its word and its type.
"""
import gzip
import json
import os
import sys

import tokenizers


def units(text):
    return len(text.encode("utf-16-le")) // 2


def read(name):
    file = "parts/" + name if name.endswith(".json") else os.path.join(sys.argv[1], name, "tokenizer.json")
    tokenizer = tokenizers.Tokenizer.from_file(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


lines = [json.loads(line) for line in gzip.open("words.jsonl.gz", "rt", encoding="utf-8")]
known = {}
with gzip.GzipFile("word-pairs.jsonl.gz", "wb", mtime=0) as out:
    for (name, words, *_), (other, second, *_) in zip(lines, lines[1:]):
        if name != other:
            continue
        tokenizer = known.get(name) or known.setdefault(name, read(name))
        tokens = tokenizer.encode(words, second, is_pretokenized=True)
        starts, ends = [], []
        for (start, end), word, sequence in zip(tokens.offsets, tokens.word_ids, tokens.sequence_ids):
            text = "" if sequence is None else (words, second)[sequence][word]
            starts.append(units(text[:start]))
            ends.append(units(text[:end]))
        places = [-1 if word is None else word for word in tokens.word_ids]
        line = [name, words, second, tokens.ids, starts, ends, places, tokens.type_ids]
        out.write((json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
