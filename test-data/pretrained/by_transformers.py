"""Makes the folders under by-transformers, as transformers 5.17.0 and sentence-transformers 6.0.1 write them.

    python3 by_transformers.py FOLDER

Each has tiny random weights in F32, the tokenizer of one of the folders beside this file, and in expected.json what the
library's own classes answer in float64 (PyTorch 2.11.0). They test that what is saved today is read, and right.
"""

import json
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, StaticEmbedding, Transformer
from tokenizers import Tokenizer
from transformers import (AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForQuestionAnswering,
                          AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer,
                          PreTrainedTokenizerFast)

HERE = os.path.dirname(os.path.abspath(__file__))
TO = sys.argv[1]
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
TEXTS = ["anna lives in paris .", "the red dog sees a cat and was walking to the river , where bob talks", "who ?"]
PAIR = ["where is anna ?", "anna is in berlin"]
PAIRS = [PAIR, ["who ?", TEXTS[1]], ["a cat", "a dog"]]
PROMPTS = ["a cat", "the dog sees the river", "b"]

torch.manual_seed(20261126)


def beside(folder, **specials):
    return PreTrainedTokenizerFast(tokenizer_file=f"{HERE}/{folder}/tokenizer.json", model_max_length=48, **specials)


WORDS = AutoTokenizer.from_pretrained(f"{HERE}/heads-bert")
WHOLE = beside("heads-xlm-roberta", mask_token="<mask>", pad_token="<pad>", bos_token="<s>", eos_token="</s>",
               unk_token="<unk>")
LETTERS = beside("gpt2")

SIZES = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=48)
BERT = dict(SIZES, vocab_size=len(WORDS), pad_token_id=0)
ROBERTA = dict(SIZES, vocab_size=len(WHOLE), max_position_embeddings=50, type_vocab_size=1, pad_token_id=1, bos_token_id=0,
               eos_token_id=2)
ENCODERS = {
    "bert": (WORDS, BERT),
    "distilbert": (WORDS, dict(vocab_size=len(WORDS), dim=16, hidden_dim=24, n_heads=2, n_layers=2, max_position_embeddings=48)),
    "roberta": (WHOLE, ROBERTA),
    "xlm-roberta": (WHOLE, ROBERTA),
    "mpnet": (WORDS, dict(BERT, max_position_embeddings=50)),
    "deberta-v2": (WORDS, dict(BERT, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True,
                               pos_att_type=["p2c", "c2p"], position_biased_input=False, type_vocab_size=0,
                               pooler_hidden_size=16, layer_norm_eps=1e-7)),
    "modernbert": (WORDS, dict(BERT, num_hidden_layers=4, local_attention=10, bos_token_id=2, cls_token_id=2, eos_token_id=3,
                               sep_token_id=3)),
    "nomic_bert": (WORDS, BERT),
}
LLAMA = dict(SIZES, vocab_size=len(LETTERS), num_key_value_heads=1)
DECODERS = {
    "gpt2": ("gpt2", dict(vocab_size=len(LETTERS), n_embd=16, n_layer=2, n_head=2, n_positions=48)),
    "llama-tied": ("llama", dict(LLAMA, tie_word_embeddings=True)),
    "llama-3": ("llama", dict(LLAMA, tie_word_embeddings=False, rope_parameters=dict(
        rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=24))),
    "llama-dynamic": ("llama", dict(LLAMA, rope_parameters=dict(rope_type="dynamic", rope_theta=500.0, factor=2.0))),
}


def drawn(model):
    for name, p in model.named_parameters():
        scale = "norm" in name.lower() or ".ln_" in name or "_ln" in name
        torch.nn.init.normal_(p, 1 if scale and name.endswith("weight") else 0, 0.3 if p.dim() > 1 else 0.2)
    return model.eval()


def numbers(values):
    return [[float("%.7g" % x) for x in row] for row in values.tolist()]


def save(model, tokenizer, name):
    model.save_pretrained(f"{TO}/{name}")
    tokenizer.save_pretrained(f"{TO}/{name}")
    return model.double()


def tell(name, expected):
    with open(f"{TO}/{name}/expected.json", "w") as file:
        json.dump(expected, file)


def encoder(kind, cls, name, *texts, **settings):
    tokenizer, sizes = ENCODERS[kind]
    model = drawn(cls.from_config(AutoConfig.for_model(kind, **sizes, **settings), attn_implementation="eager"))
    model = save(model, tokenizer, name)
    cases = []
    for text in texts or [[t] for t in TEXTS]:
        tokens = tokenizer(*text)
        given = {k: torch.tensor([v]) for k, v in tokens.items() if k in ("input_ids", "token_type_ids")}
        with torch.no_grad():
            answer = model(**given)
        if hasattr(answer, "start_logits"):
            values = torch.stack([answer.start_logits[0], answer.end_logits[0]], -1)
        else:
            values = answer[0][0] if cls is not AutoModelForSequenceClassification else answer.logits
        cases.append({"texts": text, "ids": tokens["input_ids"], "values": numbers(values)})
    tell(name, {"cases": cases})


def decoder(name):
    kind, sizes = DECODERS[name]
    config = AutoConfig.for_model(kind, **sizes, bos_token_id=None, eos_token_id=0, pad_token_id=0)
    model = save(drawn(AutoModelForCausalLM.from_config(config, attn_implementation="eager")), LETTERS, name)
    cases = []
    for text in PROMPTS:
        ids = torch.tensor([LETTERS(text)["input_ids"]])
        with torch.no_grad():
            logits = model(ids).logits[0]
            written = [LETTERS.decode(model.generate(ids, max_new_tokens=20, do_sample=False, repetition_penalty=penalty)[0],
                                      skip_special_tokens=True, clean_up_tokenization_spaces=False)
                       for penalty in (1.0, 1.3)]
        cases.append({"text": text, "ids": ids[0].tolist(), "values": numbers(logits), "greedy": written[0], "penalized": written[1]})
    tell(name, {"cases": cases})


def sentences(name, mode, *more):
    modules = [Transformer(f"{TO}/bert", max_seq_length=10), Pooling(16, pooling_mode=mode), *more]
    model = SentenceTransformer(modules=modules, device="cpu", prompts={"query": "who is ", "document": ""})
    model.save(f"{TO}/{name}")
    os.remove(f"{TO}/{name}/README.md")
    answer = lambda **how: numbers(torch.tensor(model.double().encode(TEXTS, **how)))
    tell(name, {"texts": TEXTS, "values": answer(), "query": answer(prompt_name="query")})


def reranker(name, activation):
    model = CrossEncoder(f"{TO}/bert", num_labels=1, max_length=12, device="cpu", activation_fn=activation)
    for key, p in model.model.named_parameters():
        if "classifier" in key or "pooler" in key:
            torch.nn.init.normal_(p, 0, 0.5)
    model.save_pretrained(f"{TO}/{name}")
    os.remove(f"{TO}/{name}/README.md")
    model.model.double()
    tell(name, {"pairs": PAIRS, "values": numbers(torch.tensor(model.predict(PAIRS))[None])[0]})


def static(name):
    words = Tokenizer.from_file(f"{TO}/bert/tokenizer.json")
    model = SentenceTransformer(modules=[StaticEmbedding(words, embedding_weights=torch.randn(40, 8).numpy())], device="cpu")
    model.save(f"{TO}/{name}")
    os.remove(f"{TO}/{name}/README.md")
    tell(name, {"texts": TEXTS, "values": numbers(torch.tensor(model.encode(TEXTS)))})


named = dict(id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
encoder("bert", AutoModel, "bert")
for each in ENCODERS:
    encoder(each, AutoModelForMaskedLM, each + "-words")
    encoder(each, AutoModelForSequenceClassification, each + "-classes", TEXTS[:1], PAIR, **named)
for each in ("roberta", "modernbert", "nomic_bert"):
    encoder(each, AutoModelForTokenClassification, each + "-tokens", TEXTS[:1], **named)
for each in ("distilbert", "modernbert"):
    encoder(each, AutoModelForQuestionAnswering, each + "-answers", PAIR)
encoder("modernbert", AutoModelForSequenceClassification, "modernbert-mean", TEXTS[:1], classifier_pooling="mean", **named)
for each in DECODERS:
    decoder(each)
for mode in ("cls", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"):
    sentences("sentences-" + mode, mode)
sentences("sentences-mean", "mean", Normalize())
sentences("sentences-dense", "mean", Dense(16, 8), Normalize())
sentences("sentences-linear", "cls", Dense(16, 24, bias=False, activation_function=torch.nn.Identity()))
reranker("reranker-sigmoid", None)
reranker("reranker-identity", torch.nn.Identity())
static("static")
