"""Makes deberta/spm.model, the tokenizer of Microsoft's folders of DeBERTa-v3, and the tokens that SentencePiece finds with it.

Run with SentencePiece (0.1.97): python3 spm.py. Its pieces are [PAD], [CLS], [SEP] and [UNK], then those that it trains; [MASK] comes
behind all, as in their added_tokens.json. A text is [CLS] text [SEP], and two are [CLS] first [SEP] second [SEP].
"""
import io
import json
import os

import sentencepiece

HERE = os.path.dirname(os.path.abspath(__file__))
LINES = ("the cat sees a dog near the river", "anna lives in paris and bob lives in berlin", "who is singing in the old house",
         "the dogs are walking to the red house", "what is near the river and where is anna")
TEXTS = ["anna lives in paris", "", "a", "the [MASK] sees  a dog", "[MASK]", "Zebra dogs!", "[CLS] the [SEP]", " who is\tsinging "]


def main():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES * 20), model_writer=model, vocab_size=44, model_type="unigram", pad_id=0, bos_id=1, eos_id=2,
        unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]", normalization_rule_name="identity",
        num_threads=1, hard_vocab_limit=True)
    with open(os.path.join(HERE, "deberta", "spm.model"), "wb") as out:
        out.write(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    special = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "[MASK]": len(processor)}

    def ids(text):
        cuts = sorted((text.find(s), s) for s in special if s in text)
        if not cuts:
            return processor.encode(text)
        at, first = cuts[0]
        return processor.encode(text[:at]) + [special[first]] + ids(text[at + len(first):])

    cases = [{"text": t, "ids": [1] + ids(t) + [2]} for t in TEXTS]
    pair = [1] + ids("who is anna") + [2]
    second = ids("anna sees bob") + [2]
    cases.append({"text": "who is anna", "second": "anna sees bob", "ids": pair + second, "types": [0] * len(pair) + [1] * len(second)})
    with open(os.path.join(HERE, "deberta", "tokens.json"), "w") as out:
        json.dump(cases, out, indent=1)
    with open(os.path.join(HERE, "deberta", "tokenizer_config.json"), "w") as out:
        json.dump({"do_lower_case": False, "vocab_type": "spm"}, out)


main()
