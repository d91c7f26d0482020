#!/usr/bin/env python3
"""Makes small models of well-known architectures with random weights, and what ONNX Runtime computes of them.

    make.py            makes all models
    make.py NAME...    makes these

Each model is NAME.onnx; NAME.npz has its cases: CASE.in.INPUT as it goes in, CASE.shape.OUTPUT, CASE.out.OUTPUT with at
most 512 of its numbers that are a fixed stride apart, and CASE.sums.OUTPUT with the sum of all numbers and that of
their magnitudes. models.csv has a row for each; its columns `run` and `plan` are kept.
"""

import collections
import csv
import io
import logging
import os
import sys
import tempfile
import warnings

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))
F = torch.nn.functional
ALL = collections.OrderedDict()
MOST = 512


def model(name, what, exporter, within=1e-4, threads=0):
    """Registers a function that returns the model (as onnx.ModelProto) and its cases (dictionaries of arrays).

    ONNX Runtime computes it with so many threads, or with as many as it likes.
    """

    def register(function):
        ALL[name] = (what, exporter, within, threads, function)
        return function

    return register


# ---- weights, inputs and exporters


def seeded(net, seed, gain=1.0):
    """Random weights that keep the size of what flows through the net."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in list(net.named_parameters()) + list(net.named_buffers()):
            if not p.dtype.is_floating_point or p.numel() == 0:
                continue
            if name.endswith(("running_var", "original0")):
                p.copy_(torch.rand(p.shape, generator=g) + 0.5)
            elif name.endswith(("inv_freq", "position_ids", "original_inv_freq")) or "anchors" in name:
                pass
            elif p.dim() >= 2:
                fan = p[0].numel()
                scale = 0.5 if "embed" in name and p.dim() == 2 else gain / fan**0.5
                p.copy_(torch.randn(p.shape, generator=g) * scale)
            elif name.endswith("weight") or name.endswith("layer_scale"):
                p.copy_(1 + 0.1 * torch.randn(p.shape, generator=g))
            else:
                p.copy_(0.1 * torch.randn(p.shape, generator=g))
    return net.eval()


def script(net, args, inputs, outputs, axes=None, opset=14, **more):
    """The exporter that traces or compiles TorchScript."""
    buffer = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            net, tuple(args), buffer, input_names=inputs, output_names=outputs, dynamic_axes=axes or {},
            opset_version=opset, dynamo=False, **more)
    return onnx.load_from_string(buffer.getvalue())


def dynamo(net, args, inputs, outputs, shapes=None, opset=18):
    """The exporter that captures a graph by torch.export."""
    with torch.no_grad():
        program = torch.onnx.export(
            net, tuple(args), input_names=inputs, output_names=outputs, dynamic_shapes=shapes, opset_version=opset,
            dynamo=True, verbose=False)
    proto = program.model_proto
    for node in proto.graph.node:  # the lines of Python that it came from
        del node.metadata_props[:]
        node.doc_string = ""
    for f in proto.functions:
        for node in f.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for v in list(proto.graph.value_info) + list(proto.graph.input) + list(proto.graph.output):
        del v.metadata_props[:]
    return proto


def tokens(rng, vocabulary, batch, length, lengths=None, low=3, pad=0, types=False):
    """Numbers of tokens with their mask; rows are padded on the right."""
    ids = rng.integers(low, vocabulary, (batch, length))
    mask = np.ones((batch, length), np.int64)
    for row, n in enumerate(lengths or [length] * batch):
        ids[row, n:] = pad
        mask[row, n:] = 0
    case = {"input_ids": ids, "attention_mask": mask}
    if types:
        case["token_type_ids"] = np.cumsum(rng.random((batch, length)) < 0.15, 1).clip(0, 1).astype(np.int64)
    return case


def two_texts(seed, vocabulary, **more):
    rng = np.random.default_rng(seed)
    return [tokens(rng, vocabulary, 2, 9, [9, 5], **more), tokens(rng, vocabulary, 3, 6, [4, 6, 1], **more)]


def two_images(seed, name, *dims, batches=(1, 2)):
    rng = np.random.default_rng(seed)
    return [{name: normal(rng, b, *dims)} for b in batches]


def normal(rng, *dims):
    """Multiples of 1/16, which take little in a file."""
    return (np.round(rng.standard_normal(dims) * 16) / 16).astype(np.float32)


def first(cases):
    return [torch.from_numpy(v) for v in cases[0].values()]


def free(*names, **others):
    """The dynamic axes of texts: batch and sequence."""
    axes = {n: {0: "batch", 1: "sequence"} for n in names}
    axes.update(others)
    return axes


BATCH = {0: "batch"}


class Wrap(nn.Module):
    """A net and what is to be done with it, so that inputs and outputs have an order."""

    def __init__(self, net, forward):
        super().__init__()
        self.net = net
        self.way = forward

    def forward(self, *x):
        return self.way(self.net, *x)


def embedding(net, ids, mask, types):
    """What sentence-transformers adds: the mean over the tokens, of length 1."""
    h = net(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
    m = mask.unsqueeze(-1).expand(h.size()).float()
    return F.normalize((h * m).sum(1) / m.sum(1).clamp(min=1e-9), p=2, dim=1)


# ---- encoders of texts

TEXT = ["input_ids", "attention_mask", "token_type_ids"]
SMALL = dict(vocab_size=64, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
             max_position_embeddings=40)


def bert_config(**more):
    from transformers import BertConfig

    return BertConfig(**{**SMALL, "type_vocab_size": 2, **more})


def minilm_net(attention):
    from transformers import BertModel

    return seeded(BertModel(bert_config(attn_implementation=attention), add_pooling_layer=False), 1)


def minilm_proto(attention="eager", opset=14):
    cases = two_texts(1, 64, types=True)
    proto = script(Wrap(minilm_net(attention), embedding), first(cases), TEXT, ["sentence_embedding"],
                   free(*TEXT, sentence_embedding=BATCH), opset)
    return proto, cases


@model("minilm", "all-MiniLM-L6-v2: BERT, mean of tokens, normalized", "TorchScript")
def minilm():
    return minilm_proto("sdpa")


@model("bert-classifier", "BERT for classifying texts", "TorchScript")
def bert_classifier():
    from transformers import BertForSequenceClassification

    net = seeded(BertForSequenceClassification(bert_config(num_labels=5, attn_implementation="eager")), 2)
    cases = two_texts(2, 64, types=True)
    way = lambda n, i, m, t: n(input_ids=i, attention_mask=m, token_type_ids=t).logits
    return script(Wrap(net, way), first(cases), TEXT, ["logits"], free(*TEXT, logits=BATCH), 11), cases


@model("reranker", "ms-marco-MiniLM: BERT as a cross-encoder with a sigmoid", "dynamo")
def reranker():
    from transformers import BertForSequenceClassification

    net = seeded(BertForSequenceClassification(bert_config(num_labels=1, attn_implementation="sdpa")), 3)
    cases = two_texts(3, 64, types=True)
    way = lambda n, i, m, t: n(input_ids=i, attention_mask=m, token_type_ids=t).logits.sigmoid().squeeze(1)
    return dynamo(TextWrap(net, way), first(cases), TEXT, ["score"], text_shapes(3), 18), cases


class TextWrap(Wrap):
    """With named arguments, as torch.export wants them."""

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.way(self.net, input_ids, attention_mask, token_type_ids)


class MaskWrap(Wrap):
    def forward(self, input_ids, attention_mask):
        return self.way(self.net, input_ids, attention_mask)


class OneWrap(Wrap):
    def forward(self, x):
        return self.way(self.net, x)


def text_shapes(n):
    b, s = torch.export.Dim("batch", max=64), torch.export.Dim("sequence", max=40)
    return tuple({0: b, 1: s} for _ in range(n))


def batch_shapes(n=1):
    b = torch.export.Dim("batch", max=64)
    return tuple({0: b} for _ in range(n))


@model("xlm-roberta", "XLM-RoBERTa, positions counted from the tokens", "TorchScript")
def xlm_roberta():
    from transformers import XLMRobertaConfig, XLMRobertaModel

    net = XLMRobertaModel(XLMRobertaConfig(**SMALL, pad_token_id=1, type_vocab_size=1, attn_implementation="sdpa"),
                          add_pooling_layer=False)
    cases = two_texts(4, 64, pad=1)
    way = lambda n, i, m: n(input_ids=i, attention_mask=m).last_hidden_state
    return script(Wrap(seeded(net, 4), way), first(cases), TEXT[:2], ["last_hidden_state"],
                  free(*TEXT[:2], "last_hidden_state"), 17), cases


@model("distilbert", "DistilBERT for naming tokens", "TorchScript")
def distilbert():
    from transformers import DistilBertConfig, DistilBertForTokenClassification

    net = DistilBertForTokenClassification(DistilBertConfig(
        vocab_size=64, dim=24, n_layers=2, n_heads=3, hidden_dim=40, max_position_embeddings=40, num_labels=7,
        attn_implementation="eager"))
    cases = two_texts(5, 64)
    way = lambda n, i, m: n(input_ids=i, attention_mask=m).logits
    return script(Wrap(seeded(net, 5), way), first(cases), TEXT[:2], ["logits"], free(*TEXT[:2], "logits"), 13), cases


@model("deberta-v3", "DeBERTa-v3: attention to content and distance apart", "TorchScript")
def deberta():
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    net = DebertaV2ForSequenceClassification(DebertaV2Config(
        **SMALL, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True,
        pos_att_type=["p2c", "c2p"], position_biased_input=False, type_vocab_size=0, num_labels=3, pooler_hidden_size=24,
        max_relative_positions=-1))
    cases = two_texts(6, 64)
    way = lambda n, i, m: n(input_ids=i, attention_mask=m).logits
    return script(Wrap(seeded(net, 6), way), first(cases), TEXT[:2], ["logits"],
                  free(*TEXT[:2], logits=BATCH), 17), cases


@model("albert", "ALBERT: one layer's weights many times, GELU by tanh", "TorchScript")
def albert():
    from transformers import AlbertConfig, AlbertModel

    net = AlbertModel(AlbertConfig(**{**SMALL, "num_hidden_layers": 3}, embedding_size=16, attn_implementation="eager"))
    cases = two_texts(7, 64, types=True)

    def way(n, i, m, t):
        y = n(input_ids=i, attention_mask=m, token_type_ids=t)
        return y.last_hidden_state, y.pooler_output

    outputs = ["last_hidden_state", "pooler_output"]
    return script(Wrap(seeded(net, 7), way), first(cases), TEXT, outputs,
                  free(*TEXT, outputs[0], pooler_output=BATCH), 12), cases


@model("modernbert", "ModernBERT: rotary positions, windows, gated units", "dynamo")
def modernbert():
    from transformers import ModernBertConfig, ModernBertModel

    net = ModernBertModel(ModernBertConfig(
        **SMALL, global_attn_every_n_layers=2, local_attention=6, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        cls_token_id=1, sep_token_id=2, attn_implementation="sdpa"))
    cases = two_texts(8, 64)
    way = lambda n, i, m: n(input_ids=i, attention_mask=m).last_hidden_state
    return dynamo(MaskWrap(seeded(net, 8), way), first(cases), TEXT[:2], ["last_hidden_state"], text_shapes(2),
                  20), cases


# ---- writers of texts


def t5():
    from transformers import T5Config, T5ForConditionalGeneration

    return seeded(T5ForConditionalGeneration(T5Config(
        vocab_size=64, d_model=24, d_kv=8, d_ff=40, num_layers=2, num_heads=3, relative_attention_num_buckets=8,
        relative_attention_max_distance=16, decoder_start_token_id=0,
        attn_implementation="eager")), 10, 0.7)


@model("t5-encoder", "T5's encoder: distances in buckets, no means in its norms", "TorchScript")
def t5_encoder():
    cases = two_texts(10, 64)
    way = lambda n, i, m: n.encoder(input_ids=i, attention_mask=m).last_hidden_state
    return script(Wrap(t5(), way), first(cases), TEXT[:2], ["last_hidden_state"],
                  free(*TEXT[:2], "last_hidden_state"), 13), cases


def pasts(layers, parts, present=False):
    head = "present" if present else "past_key_values"
    return [f"{head}.{i}.{p}" for i in range(layers) for p in parts]


T5_PARTS = ["decoder.key", "decoder.value", "encoder.key", "encoder.value"]


@model("t5-decoder", "T5's decoder with what it computed before", "TorchScript")
def t5_decoder():
    from transformers.cache_utils import DynamicCache, EncoderDecoderCache

    def way(n, ids, mask, hidden, *past):
        own, cross = DynamicCache(), DynamicCache()
        for i in range(2):
            own.update(past[4 * i], past[4 * i + 1], i)
            cross.update(past[4 * i + 2], past[4 * i + 3], i)
        cache = EncoderDecoderCache(own, cross)
        cache.is_updated = {0: True, 1: True}
        y = n(decoder_input_ids=ids, encoder_outputs=(hidden,), attention_mask=mask, past_key_values=cache,
              use_cache=True)
        out = [y.logits]
        for i in range(2):
            layer = y.past_key_values.self_attention_cache.layers[i]
            out += [layer.keys, layer.values]
        return tuple(out)

    rng = np.random.default_rng(11)
    cases = []
    for batch, length, before, lengths in [(2, 7, 3, [7, 4]), (1, 5, 6, [5])]:
        mask = tokens(rng, 64, batch, length, lengths)["attention_mask"]
        case = {"input_ids": rng.integers(3, 64, (batch, 1)), "encoder_attention_mask": mask,
                "encoder_hidden_states": normal(rng, batch, length, 24)}
        for name in pasts(2, T5_PARTS):
            n = length if "encoder" in name else before
            case[name] = normal(rng, batch, 3, n, 8)
        cases.append(case)
    inputs = list(cases[0])
    outputs = ["logits"] + pasts(2, T5_PARTS[:2], True)
    axes = {"input_ids": BATCH, "logits": BATCH}
    for n in inputs[1:3]:
        axes[n] = {0: "batch", 1: "encoder_sequence"}
    for n in inputs[3:] + outputs[1:]:
        axes[n] = {0: "batch", 2: "encoder_sequence" if "encoder" in n else "past_sequence"}
        if n.startswith("present"):
            axes[n][2] = "past_sequence + 1"
    return script(Wrap(t5(), way), first(cases), inputs, outputs, axes, 17), cases


def whisper():
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    return seeded(WhisperForConditionalGeneration(WhisperConfig(
        vocab_size=64, num_mel_bins=8, encoder_layers=2, encoder_attention_heads=3, decoder_layers=2,
        decoder_attention_heads=3, d_model=24, encoder_ffn_dim=40, decoder_ffn_dim=40, max_source_positions=20,
        max_target_positions=24, decoder_start_token_id=1, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        attn_implementation="eager")), 12)


@model("whisper-encoder", "Whisper's encoder of spectra", "dynamo")
def whisper_encoder():
    cases = two_images(12, "input_features", 8, 40, batches=(2, 3))
    way = lambda n, x: n.model.encoder(x).last_hidden_state
    return dynamo(OneWrap(whisper(), way), first(cases), ["input_features"], ["last_hidden_state"], batch_shapes(),
                  18), cases


@model("whisper-decoder", "Whisper's decoder without a cache", "TorchScript")
def whisper_decoder():
    rng = np.random.default_rng(13)
    cases = [{"input_ids": rng.integers(3, 64, (b, n)),
              "encoder_hidden_states": normal(rng, b, 20, 24)} for b, n in [(2, 5), (1, 8)]]
    way = lambda n, i, h: n(
        decoder_input_ids=i, decoder_attention_mask=torch.ones_like(i), encoder_outputs=(h,), use_cache=False).logits
    return script(Wrap(whisper(), way), first(cases), list(cases[0]), ["logits"],
                  free("input_ids", "logits", encoder_hidden_states=BATCH), 17), cases


def gpt2(layers=2):
    from transformers import GPT2Config, GPT2LMHeadModel

    return seeded(GPT2LMHeadModel(GPT2Config(
        vocab_size=64, n_positions=40, n_embd=24, n_layer=layers, n_head=3, bos_token_id=1, eos_token_id=2,
        attn_implementation="eager")), 14)


KEYS = ["key", "value"]


def cached(layers=2):
    """Runs a decoder after what was computed before, and gives what it has now."""
    from transformers.cache_utils import DynamicCache

    def way(n, ids, mask, positions, *past):
        cache = None
        if past:
            cache = DynamicCache()
            for i in range(layers):
                cache.update(past[2 * i], past[2 * i + 1], i)
        y = n(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
        out = [y.logits]
        for layer in y.past_key_values.layers:
            out += [layer.keys, layer.values]
        return tuple(out)

    return way


def steps(seed, heads, size, of, layers=2, padded=True):
    """Cases of decoders: tokens behind a past, the first row padded on the left."""
    rng = np.random.default_rng(seed)
    cases = []
    for batch, length, before in of:
        mask = np.ones((batch, before + length), np.int64)
        if padded and batch > 1:
            mask[0, :2] = 0
        positions = (mask.cumsum(1) - 1).clip(0)[:, before:]
        case = {"input_ids": rng.integers(3, 64, (batch, length)), "attention_mask": mask, "position_ids": positions}
        for name in pasts(layers, KEYS) if before else []:
            case[name] = normal(rng, batch, heads, before, size)
        cases.append(case)
    return cases


def decoder_axes(inputs, outputs):
    axes = free("input_ids", "position_ids", "logits", attention_mask={0: "batch", 1: "total_sequence"})
    for n in inputs[3:]:
        axes[n] = {0: "batch", 2: "past_sequence"}
    for n in outputs[1:]:
        axes[n] = {0: "batch", 2: "total_sequence"}
    return axes


def decoder(net, cases, opset):
    inputs, outputs = list(cases[0]), ["logits"] + pasts(2, KEYS, True)
    return script(Wrap(net, cached()), first(cases), inputs, outputs, decoder_axes(inputs, outputs), opset)


@model("gpt2", "GPT-2 with what it computed before", "TorchScript")
def gpt2_past():
    cases = steps(14, 3, 8, [(2, 3, 4), (1, 1, 6)])
    return decoder(gpt2(), cases, 14), cases


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    return seeded(LlamaForCausalLM(LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=40, bos_token_id=1, eos_token_id=2,
        attn_implementation="sdpa")), 15)


@model("llama", "LLaMA: RMS norms, rotary positions, grouped queries, with what it computed before", "TorchScript")
def llama_past():
    cases = steps(15, 2, 8, [(2, 3, 4), (1, 1, 6)])
    return decoder(llama(), cases, 17), cases


@model("llama-dynamo", "LLaMA without a past", "dynamo")
def llama_dynamo():
    cases = two_texts(16, 64)
    way = lambda n, i, m: n(input_ids=i, attention_mask=m, use_cache=False).logits
    return dynamo(MaskWrap(llama(), way), first(cases), TEXT[:2], ["logits"], text_shapes(2), 20), cases


# ---- images


def clip():
    from transformers import CLIPConfig, CLIPModel

    return seeded(CLIPModel(CLIPConfig(
        text_config=dict(vocab_size=64, hidden_size=24, intermediate_size=40, num_hidden_layers=2,
                         num_attention_heads=3, max_position_embeddings=16, projection_dim=16, bos_token_id=62,
                         eos_token_id=63, pad_token_id=63),
        vision_config=dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
                           image_size=24, patch_size=8, projection_dim=16),
        projection_dim=16, attn_implementation="eager")), 20)


@model("clip-text", "CLIP's tower of texts: the token of the end, found by its number", "TorchScript")
def clip_text():
    cases = two_texts(20, 63)
    for case in cases:
        ends = case["attention_mask"].sum(1) - 1
        case["input_ids"][np.arange(len(ends)), ends] = 63

    def way(n, i, m):
        y = n.text_model(input_ids=i, attention_mask=m)
        return F.normalize(n.text_projection(y.pooler_output), dim=-1)

    return script(Wrap(clip(), way), first(cases), TEXT[:2], ["text_embeds"],
                  free(*TEXT[:2], text_embeds=BATCH), 14), cases


@model("clip-image", "CLIP's tower of images", "dynamo")
def clip_image():
    cases = two_images(21, "pixel_values", 3, 24, 24, batches=(2, 3))
    way = lambda n, x: F.normalize(n.visual_projection(n.vision_model(x).pooler_output), dim=-1)
    return dynamo(OneWrap(clip(), way), first(cases), ["pixel_values"], ["image_embeds"], batch_shapes(), 18), cases


def picture(net, seed, opset, dims=(3, 32, 32), outputs=("logits",), name="pixel_values", way=None, axes=None):
    """A net of images, traced, for any number of them."""
    cases = two_images(seed, name, *dims)
    seeded(net, seed)
    axes = axes or {n: BATCH for n in (name, *outputs)}
    return script(Wrap(net, way) if way else net, first(cases), [name], list(outputs), axes, opset), cases


def captured(net, seed, opset, dims=(3, 32, 32), outputs=("logits",), name="pixel_values", way=lambda n, x: n(x)):
    cases = two_images(seed, name, *dims, batches=(2, 3))
    return dynamo(OneWrap(seeded(net, seed), way), first(cases), [name], list(outputs), batch_shapes(), opset), cases


@model("vit", "Vision Transformer for classifying images", "TorchScript")
def vit():
    from transformers import ViTConfig, ViTForImageClassification

    net = ViTForImageClassification(ViTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40, image_size=32, patch_size=8,
        num_labels=10, attn_implementation="sdpa"))
    return picture(net, 22, 17, way=lambda n, x: n(x).logits)


def resnet():
    from transformers import ResNetConfig, ResNetForImageClassification

    return ResNetForImageClassification(ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 12, 12], depths=[2, 2, 2, 2], layer_type="basic", num_labels=10))


@model("resnet18", "ResNet-18", "TorchScript")
def resnet18():
    return picture(resnet(), 23, 11, way=lambda n, x: n(x).logits)


@model("mobilenetv3", "MobileNetV3: squeezing, hard swishes", "TorchScript")
def mobilenetv3():
    from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3

    c = lambda i, k, e, o, se, act, s: InvertedResidualConfig(i, k, e, o, se, act, s, 1, 1.0)
    net = MobileNetV3([c(8, 3, 8, 8, True, "RE", 2), c(8, 3, 24, 8, False, "RE", 1), c(8, 5, 32, 16, True, "HS", 2),
                       c(16, 5, 40, 16, True, "HS", 1)], 64, num_classes=10)
    return picture(net, 24, 14, name="input")


@model("efficientnet-b0", "EfficientNet-B0: squeezing, swishes", "dynamo")
def efficientnet():
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig

    net = EfficientNet([MBConvConfig(1, 3, 1, 8, 8, 1), MBConvConfig(6, 3, 2, 8, 8, 2), MBConvConfig(6, 5, 2, 8, 16, 1)],
                       dropout=0.2, num_classes=10, last_channel=64)
    return captured(net, 25, 18)


@model("convnext", "ConvNeXt: norms over channels, large kernels for each", "TorchScript")
def convnext():
    from transformers import ConvNextConfig, ConvNextForImageClassification

    net = ConvNextForImageClassification(ConvNextConfig(
        hidden_sizes=[8, 16, 24], depths=[1, 2, 1], num_stages=3, patch_size=4, num_labels=10))
    return picture(net, 26, 16, way=lambda n, x: n(x).logits)


@model("densenet", "DenseNet: all maps of channels before", "TorchScript")
def densenet():
    from torchvision.models import DenseNet

    net = DenseNet(growth_rate=4, block_config=(2, 3, 2), num_init_features=8, bn_size=2, num_classes=10)
    return picture(net, 27, 9, name="input")


@model("swin", "Swin: windows that move", "dynamo")
def swin():
    from transformers import SwinConfig, SwinForImageClassification

    net = SwinForImageClassification(SwinConfig(
        image_size=32, patch_size=4, embed_dim=8, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=10,
        attn_implementation="eager"))
    return captured(net, 28, 18, way=lambda n, x: n(x).logits)


def conv(i, o, k=3, s=1, d=1, g=1, act=nn.ReLU):
    return nn.Sequential(nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o), act())


class C2f(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.a, self.b = conv(i, o, 1, act=nn.SiLU), conv(3 * o // 2, o, 1, act=nn.SiLU)
        self.m = nn.Sequential(conv(o // 2, o // 2, act=nn.SiLU), conv(o // 2, o // 2, act=nn.SiLU))

    def forward(self, x):
        y = list(self.a(x).chunk(2, 1))
        y.append(y[1] + self.m(y[1]))
        return self.b(torch.cat(y, 1))


class Yolo(nn.Module):
    """After Ultralytics' YOLOv8: blocks with parts apart, pools of pools, boxes as expected distances to their sides."""

    def __init__(self, classes=4, bins=8):
        super().__init__()
        s = nn.SiLU
        self.stem = nn.Sequential(conv(3, 8, 3, 2, act=s), conv(8, 12, 3, 2, act=s), C2f(12, 12))
        self.p3 = nn.Sequential(conv(12, 12, 3, 2, act=s), C2f(12, 12))
        self.p4 = nn.Sequential(conv(12, 12, 3, 2, act=s), C2f(12, 12))
        self.a, self.b = conv(12, 6, 1, act=s), conv(24, 12, 1, act=s)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.n3, self.d3, self.n4 = C2f(24, 12), conv(12, 12, 3, 2, act=s), C2f(24, 12)
        self.box = nn.ModuleList(nn.Conv2d(12, 4 * bins, 1) for _ in range(2))
        self.cls = nn.ModuleList(nn.Conv2d(12, classes, 1) for _ in range(2))
        self.dfl = nn.Conv2d(bins, 1, 1, bias=False)
        self.classes, self.bins = classes, bins

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        y = [self.a(self.p4(p3))]
        for _ in range(3):
            y.append(self.pool(y[-1]))
        p4 = self.b(torch.cat(y, 1))
        n3 = self.n3(torch.cat([self.up(p4), p3], 1))
        n4 = self.n4(torch.cat([self.d3(n3), p4], 1))
        boxes, scores, centers, strides = [], [], [], []
        for i, (f, stride) in enumerate([(n3, 8), (n4, 16)]):
            b, _, h, w = f.shape
            boxes.append(self.box[i](f).view(b, 4 * self.bins, -1))
            scores.append(self.cls[i](f).view(b, self.classes, -1))
            gy, gx = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
            centers.append(torch.stack((gx, gy), -1).view(-1, 2))
            strides.append(torch.full((h * w, 1), float(stride)))
        box, cls = torch.cat(boxes, 2), torch.cat(scores, 2)
        b, _, n = box.shape
        sides = self.dfl(box.view(b, 4, self.bins, n).transpose(2, 1).softmax(1)).view(b, 4, n)
        anchors, strides = torch.cat(centers).transpose(0, 1).unsqueeze(0), torch.cat(strides).transpose(0, 1)
        lt, rb = sides.chunk(2, 1)
        x1, x2 = anchors - lt, anchors + rb
        return torch.cat([torch.cat([(x1 + x2) / 2, x2 - x1], 1) * strides, cls.sigmoid()], 1)


def yolo():
    net = seeded(Yolo(), 30)
    with torch.no_grad():
        net.dfl.weight.copy_(torch.arange(8.0).view(1, 8, 1, 1))
    return net


@model("yolov8", "YOLOv8: boxes and classes of each place", "TorchScript")
def yolov8():
    cases = two_images(30, "images", 3, 32, 32)
    return script(yolo(), first(cases), ["images"], ["output0"], {"images": BATCH, "output0": BATCH}, 17), cases


@model("yolov8-free", "YOLOv8 of images of any size", "TorchScript")
def yolov8_free():
    rng = np.random.default_rng(31)
    cases = [{"images": normal(rng, b, 3, h, w)} for b, h, w in [(1, 32, 64), (2, 48, 32)]]
    axes = {"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "anchors"}}
    return script(yolo(), first(cases), ["images"], ["output0"], axes, 13), cases


@model("yolov8-nms", "YOLOv8 with the suppression of boxes in its graph", "TorchScript and by hand")
def yolov8_nms():
    """As many tools add it: NonMaxSuppression of all boxes, then the boxes, scores and classes that it names."""
    proto, _ = yolov8()
    cases = two_images(32, "images", 3, 32, 32, batches=(1, 1))
    g = proto.graph
    c = lambda n, v, t=np.int64: g.initializer.append(numpy_helper.from_array(np.array(v, t), n))
    c("nms.four", [4, 4]), c("nms.most", [5]), c("nms.iou", [0.5], np.float32), c("nms.score", [0.6], np.float32)
    c("nms.image", [0, 2]), c("nms.class", 1), c("nms.one", [-1])
    n = helper.make_node
    del g.output[:]
    g.node.extend([
        n("Split", ["output0", "nms.four"], ["nms.boxes", "nms.scores"], axis=1),
        n("Transpose", ["nms.boxes"], ["nms.rows"], perm=[0, 2, 1]),
        n("NonMaxSuppression", ["nms.rows", "nms.scores", "nms.most", "nms.iou", "nms.score"], ["selected"],
          center_point_box=1),
        n("Gather", ["selected", "nms.image"], ["nms.rowsof"], axis=1),
        n("GatherND", ["nms.rows", "nms.rowsof"], ["boxes"]),
        n("Transpose", ["nms.scores"], ["nms.byplace"], perm=[0, 2, 1]),
        n("Gather", ["selected", "nms.class"], ["classes"], axis=1),
        n("Unsqueeze", ["classes", "nms.one"], ["nms.classcolumn"]),
        n("Concat", ["nms.rowsof", "nms.classcolumn"], ["nms.places"], axis=1),
        n("GatherND", ["nms.byplace", "nms.places"], ["scores"]),
    ])
    v = helper.make_tensor_value_info
    g.output.extend([v("boxes", 1, ["found", 4]), v("scores", 1, ["found"]), v("classes", 7, ["found"])])
    return proto, cases


class UltraFace(nn.Module):
    """After Ultra-Light-Fast-Generic-Face-Detector: anchors in the graph, scores and boxes of several maps."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(conv(3, 8, 3, 2), conv(8, 8, 3, 1, g=8), conv(8, 16, 1))
        self.b = nn.Sequential(conv(16, 16, 3, 2, g=16), conv(16, 16, 1), conv(16, 16, 3, 1, 2))
        self.heads = nn.ModuleList(nn.Conv2d(16, 2 * n, 3, 1, 1) for n in (2, 4, 2, 4))
        priors = []
        for side in (16, 8):
            for y in range(side):
                for x in range(side):
                    for size in (0.2, 0.4):
                        priors.append([(x + 0.5) / side, (y + 0.5) / side, size, size])
        self.register_buffer("anchors", torch.tensor(priors))

    def forward(self, x):
        x = (x - 127) / 128
        scores, boxes = [], []
        for i, part in enumerate((self.a, self.b)):
            x = part(x)
            scores.append(self.heads[2 * i](x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 2))
            boxes.append(self.heads[2 * i + 1](x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4))
        s, b = torch.cat(scores, 1).softmax(2), torch.cat(boxes, 1)
        p = self.anchors.unsqueeze(0)
        center, size = b[..., :2] * 0.1 * p[..., 2:] + p[..., :2], torch.exp(b[..., 2:] * 0.2) * p[..., 2:]
        return s, torch.cat([center - size / 2, center + size / 2], 2)


@model("ultraface", "UltraFace: scores and boxes of faces at anchors", "TorchScript")
def ultraface():
    net = seeded(UltraFace(), 33)
    rng = np.random.default_rng(33)
    cases = [{"input": rng.integers(0, 256, (b, 3, 32, 32)).astype(np.float32)} for b in (1, 2)]
    return script(net, first(cases), ["input"], ["scores", "boxes"],
                  {n: BATCH for n in ("input", "scores", "boxes")}, 11), cases


class Ssd(nn.Module):
    """Boxes whose overlaps with better ones are suppressed by products of matrices (YOLACT's way), after a TopK."""

    def __init__(self):
        super().__init__()
        self.net = UltraFace()

    def forward(self, x):
        s, b = self.net(x)
        top, at = s[..., 1].topk(20, 1)
        b = torch.gather(b, 1, at.unsqueeze(2).expand(-1, -1, 4))
        lt = torch.maximum(b[:, :, None, :2], b[:, None, :, :2])
        rb = torch.minimum(b[:, :, None, 2:], b[:, None, :, 2:])
        inter = (rb - lt).clamp(min=0).prod(3)
        area = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
        iou = (inter / (area[:, :, None] + area[:, None] - inter)).triu(1)
        keep = (iou.amax(1) <= 0.5) & (top > 0.5)
        return torch.where(keep, top, torch.zeros_like(top)), b, keep.sum(1)


@model("ssd-fast-nms", "SSD with a fast suppression of boxes made of plain operators", "TorchScript")
def ssd():
    net = seeded(Ssd(), 34)
    rng = np.random.default_rng(34)
    cases = [{"input": rng.integers(0, 256, (b, 3, 32, 32)).astype(np.float32)} for b in (1, 2)]
    outputs = ["scores", "boxes", "found"]
    return script(net, first(cases), ["input"], outputs, {n: BATCH for n in ["input"] + outputs}, 18), cases


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = conv(1, 8), conv(8, 12), conv(12, 16)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.up = nn.ConvTranspose2d(16, 12, 2, 2)
        self.d, self.e, self.f = conv(24, 12), conv(20, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(self.pool(a))
        c = self.c(self.pool(b))
        u = self.up(c)
        dy, dx = b.shape[2] - u.shape[2], b.shape[3] - u.shape[3]
        u = F.pad(u, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        d = self.d(torch.cat([b, u], 1))
        d = F.interpolate(d, size=a.shape[2:], mode="bilinear", align_corners=True)
        return self.f(self.e(torch.cat([a, d], 1)))


@model("unet", "U-Net of images of any size: transposed convolutions, resizing, padding", "TorchScript")
def unet():
    net = seeded(UNet(), 35)
    rng = np.random.default_rng(35)
    cases = [{"image": normal(rng, b, 1, h, w)} for b, h, w in [(1, 24, 20), (2, 16, 32)]]
    axes = {n: {0: "batch", 2: "height", 3: "width"} for n in ("image", "mask")}
    return script(net, first(cases), ["image"], ["mask"], axes, 16), cases


@model("deeplab", "DeepLabV3: dilated convolutions, resized bilinearly", "TorchScript")
def deeplab():
    from torchvision.models.segmentation.deeplabv3 import ASPP

    body = nn.Sequential(conv(3, 8, 3, 2), conv(8, 16, 3, 2), conv(16, 16, 3, 1, 2), ASPP(16, [2, 4], 8), conv(8, 8),
                         nn.Conv2d(8, 5, 1))
    way = lambda n, x: F.interpolate(n(x), size=x.shape[-2:], mode="bilinear", align_corners=False)
    return picture(body, 36, 13, name="input", outputs=("out",), way=way)


class Pixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 16, 5, 1, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1), nn.PReLU(16),
                                 nn.Conv2d(16, 9, 3, 1, 1), nn.PixelShuffle(3))

    def forward(self, x):
        return (self.net(x) + F.interpolate(x, scale_factor=3, mode="bicubic")).clamp(0, 1)


@model("super-resolution", "ESPCN: depth to space, beside the image resized bicubically", "TorchScript")
def super_resolution():
    return picture(Pixels(), 37, 14, dims=(1, 12, 10), name="input", outputs=("output",))


class Style(nn.Module):
    def __init__(self):
        super().__init__()
        n = lambda c: nn.InstanceNorm2d(c, affine=True)
        self.net = nn.Sequential(
            nn.ReflectionPad2d(4), nn.Conv2d(3, 8, 9), n(8), nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(8, 12, 3, 2),
            n(12), nn.ReLU(), nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(12, 8, 3), n(8),
            nn.LeakyReLU(0.1), nn.GroupNorm(2, 8), nn.Conv2d(8, 3, 1))

    def forward(self, x):
        return self.net(x)


@model("style", "Fast neural style: norms of each image, reflected borders", "TorchScript")
def style():
    return picture(Style(), 38, 18, dims=(3, 20, 24), name="input1", outputs=("output1",))


# ---- sound, sequences and others


class Tagger(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.embed = nn.Embedding(60, 12)
        self.rnn = cell(12, 10, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(20, 5)

    def forward(self, words):
        return self.out(self.rnn(self.embed(words))[0]).log_softmax(2)


def tagger(cell, seed, opset):
    rng = np.random.default_rng(seed)
    cases = [{"words": rng.integers(0, 60, dims)} for dims in [(2, 7), (3, 4)]]
    return script(seeded(Tagger(cell), seed), first(cases), ["words"], ["tags"], free("words", "tags"), opset), cases


@model("lstm-tagger", "LSTM in both directions, for naming words", "TorchScript")
def lstm_tagger():
    return tagger(nn.LSTM, 40, 14)


@model("gru-tagger", "GRU in both directions, for naming words", "TorchScript")
def gru_tagger():
    return tagger(nn.GRU, 41, 11)


class Crnn(nn.Module):
    """After CRNN and PaddleOCR: columns of a line's image, read in both directions."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(conv(1, 8, act=nn.Hardswish), nn.MaxPool2d(2, 2), conv(8, 16, act=nn.Hardsigmoid),
                                 nn.MaxPool2d((2, 1)), nn.Conv2d(16, 16, (4, 1)), nn.ELU())
        self.rnn = nn.LSTM(16, 12, bidirectional=True)
        self.out = nn.Linear(24, 11)

    def forward(self, x):
        y = self.net(x).squeeze(2).permute(2, 0, 1)
        y = self.out(self.rnn(y)[0])
        return y.softmax(2), y.argmax(2)


@model("crnn", "CRNN for reading lines of text", "TorchScript")
def crnn():
    rng = np.random.default_rng(42)
    cases = [{"image": normal(rng, b, 1, 16, w)} for b, w in [(2, 24), (1, 40)]]
    axes = {"image": {0: "batch", 3: "width"}, "probabilities": {0: "columns", 1: "batch"},
            "best": {0: "columns", 1: "batch"}}
    return script(seeded(Crnn(), 42), first(cases), ["image"], ["probabilities", "best"], axes, 15), cases


@model("wav2vec2", "wav2vec 2.0: letters of sound", "TorchScript")
def wav2vec2():
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    net = Wav2Vec2ForCTC(Wav2Vec2Config(
        vocab_size=20, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        conv_dim=(16, 16, 16), conv_stride=(5, 2, 2), conv_kernel=(10, 3, 3), num_feat_extract_layers=3,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=3, attn_implementation="eager"))
    rng = np.random.default_rng(43)
    cases = [{"input_values": normal(rng, *dims)} for dims in [(1, 400), (2, 300)]]
    return script(Wrap(seeded(net, 43), lambda n, x: n(x).logits), first(cases), ["input_values"], ["logits"],
                  free("input_values", "logits"), 14), cases


class Band(nn.Module):
    def __init__(self, window: int):
        super().__init__()
        self.basis = nn.Conv1d(1, 18, window, window // 2, bias=False)
        self.a = nn.Conv1d(9, 12, 3, 1, 1)
        self.rnn = nn.LSTMCell(12, 12)
        self.out = nn.Conv1d(12, 1, 1)

    def forward(self, x, state):
        x = F.pad(x.unsqueeze(1), [16, 16], mode="reflect")
        y = self.basis(x)
        y = torch.sqrt(y[:, :9] ** 2 + y[:, 9:] ** 2)
        y = F.relu(self.a(y)).mean(2)
        h, c = self.rnn(y, (state[0], state[1]))
        return torch.sigmoid(self.out(F.relu(h.unsqueeze(-1)))).squeeze(-1), torch.stack([h, c])


class Vad(nn.Module):
    """After Silero VAD: two nets, of which the rate says which one."""

    def __init__(self):
        super().__init__()
        self.a, self.b = Band(32), Band(16)

    def forward(self, input, state, sr):
        if sr == 16000:
            p, s = self.a(input, state)
        else:
            p, s = self.b(input, state)
        return p, s


@model("vad", "Silero VAD: an If on the rate, a state that goes in and out", "TorchScript, compiled")
def vad():
    rng = np.random.default_rng(44)
    cases = [{"input": normal(rng, b, n),
              "state": normal(rng, 2, b, 12), "sr": np.array(rate)}
             for b, n, rate in [(1, 128, 16000), (2, 64, 8000)]]
    net = torch.jit.script(seeded(Vad(), 44))
    axes = {"input": {0: "batch", 1: "sequence"}, "state": {1: "batch"}, "output": BATCH, "stateN": {1: "batch"}}
    return script(net, first(cases), ["input", "state", "sr"], ["output", "stateN"], axes, 16), cases


class Voice(nn.Module):
    """After VITS and HiFi-GAN: durations that say how often each sound is repeated, then transposed convolutions."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(40, 16)
        self.text = nn.Conv1d(16, 16, 3, 1, 1)
        self.duration = nn.Conv1d(16, 1, 3, 1, 1)
        self.up = nn.ModuleList([nn.ConvTranspose1d(16, 12, 8, 4, 2), nn.ConvTranspose1d(12, 8, 4, 2, 1)])
        self.dilated = nn.ModuleList([nn.Conv1d(12, 12, 3, 1, 3, 3), nn.Conv1d(8, 8, 3, 1, 1)])
        self.out = nn.Conv1d(8, 1, 7, 1, 3)

    def forward(self, ids, lengths, scale):
        n = ids.shape[1]
        mask = (torch.arange(n).unsqueeze(0) < lengths.unsqueeze(1)).unsqueeze(1).float()
        h = F.leaky_relu(self.text(self.embed(ids).transpose(1, 2)), 0.1) * mask
        d = torch.ceil(torch.exp(self.duration(h)) * mask * scale)
        end = torch.cumsum(d, 2)
        total = torch.clamp_min(d.sum([1, 2]), 1).long()
        frames = torch.arange(total.max()).to(end.dtype).view(1, -1, 1)
        path = ((frames < end) & (frames >= end - d)).float()
        y = torch.matmul(path, h.transpose(1, 2)).transpose(1, 2)
        for up, dilated in zip(self.up, self.dilated):
            y = up(F.leaky_relu(y, 0.1))
            y = y + dilated(F.leaky_relu(y, 0.1))
        return torch.tanh(self.out(F.leaky_relu(y)))


@model("tts", "VITS: sounds repeated by their durations, waves by transposed convolutions", "TorchScript")
def tts():
    rng = np.random.default_rng(45)
    cases = [{"input": rng.integers(0, 40, (b, n)), "input_lengths": np.array(ls),
              "scale": np.array([1.3], np.float32)} for b, n, ls in [(1, 6, [6]), (2, 5, [5, 3])]]
    axes = {"input": {0: "batch", 1: "phonemes"}, "input_lengths": BATCH, "output": {0: "batch", 2: "time"}}
    return script(seeded(Voice(), 45), first(cases), list(cases[0]), ["output"], axes, 15), cases


@model("mlp", "A classifier of rows with norms and several activations", "dynamo")
def mlp():
    net = nn.Sequential(nn.Linear(9, 24), nn.BatchNorm1d(24), nn.SELU(), nn.Linear(24, 16), nn.LayerNorm(16),
                        nn.Mish(), nn.Linear(16, 16), nn.Softplus(), nn.Linear(16, 3), nn.Softmax(1))
    return captured(net, 46, 18, dims=(9,), name="rows", outputs=("probabilities",))


# ---- what ONNX Runtime's tools make of such models


class Sum(nn.Module):
    """Two branches, each with a norm before it."""

    def __init__(self, size, wide):
        super().__init__()
        self.heads = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 3 * size))
        self.wide = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, wide), nn.GELU(), nn.Linear(wide, size))

    def forward(self, x):
        q, k, v = self.heads(x).chunk(3, -1)
        x = x + (q @ k.transpose(1, 2) * x.shape[-1] ** -0.5).softmax(-1) @ v
        return x + self.wide(x)


@model("modules", "Transformer's layers whose modules are functions of the file, within each other",
       "TorchScript, modules as functions")
def modules():
    net = seeded(nn.Sequential(Sum(16, 24), Sum(16, 24), nn.Linear(16, 5)), 69)
    rng = np.random.default_rng(69)
    cases = [{"x": normal(rng, *dims)} for dims in ((2, 5, 16), (1, 7, 16))]
    return script(net, first(cases), ["x"], ["y"], free("x", "y"), 15, export_modules_as_functions=True), cases


def on_disk(proto, change):
    """Tools of ONNX Runtime read a file and write another."""
    with tempfile.TemporaryDirectory() as folder:
        a, b = os.path.join(folder, "a.onnx"), os.path.join(folder, "b.onnx")
        onnx.save(proto, a)
        return change(a, b) or onnx.load(b)


def fused(proto, kind, heads, size, options=None):
    from onnxruntime.transformers import optimizer

    def change(a, b):
        optimizer.optimize_model(a, model_type=kind, num_heads=heads, hidden_size=size, opt_level=0,
                                 optimization_options=options).save_model_to_file(b)

    return on_disk(proto, change)


def extended(proto):
    """As a session of ONNX Runtime saves what it runs, before what only this processor has."""
    def change(a, b):
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = b
        ort.InferenceSession(a, options, providers=["CPUExecutionProvider"])

    return on_disk(proto, change)


class Old(nn.Module):
    """BERT as PyTorch modules of its first years wrote it, which ONNX Runtime's optimizer knows."""

    def __init__(self, size=24, heads=3, wide=40):
        super().__init__()
        self.word, self.position = nn.Embedding(64, size), nn.Embedding(40, size)
        self.kind, self.norm = nn.Embedding(2, size), nn.LayerNorm(size)
        part = lambda: nn.ModuleDict(dict(
            q=nn.Linear(size, size), k=nn.Linear(size, size), v=nn.Linear(size, size), o=nn.Linear(size, size),
            n=nn.LayerNorm(size), a=nn.Linear(size, wide), b=nn.Linear(wide, size), m=nn.LayerNorm(size)))
        self.layers = nn.ModuleList(part() for _ in range(2))
        self.register_buffer("positions", torch.arange(40).unsqueeze(0))
        self.heads, self.size = heads, size

    def forward(self, ids, mask, types):
        m = (1.0 - mask.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
        x = self.norm(self.word(ids) + self.kind(types) + self.position(self.positions[:, : ids.shape[1]]))

        def apart(y):
            return y.view(y.size()[:-1] + (self.heads, self.size // self.heads)).permute(0, 2, 1, 3)

        for l in self.layers:
            q, k, v = apart(l["q"](x)), apart(l["k"](x)), apart(l["v"](x))
            s = torch.matmul(q, k.transpose(-1, -2)) / (self.size // self.heads) ** 0.5
            y = torch.matmul((s + m).softmax(-1), v).permute(0, 2, 1, 3).contiguous()
            x = l["n"](l["o"](y.view(y.size()[:-2] + (self.size,))) + x)
            x = l["m"](l["b"](F.gelu(l["a"](x))) + x)
        return x


def bert_old():
    cases = two_texts(50, 64, types=True)
    return script(seeded(Old(), 50), first(cases), TEXT, ["last_hidden_state"], free(*TEXT, "last_hidden_state"),
                  14), cases


@model("bert-fused", "BERT after ONNX Runtime's optimizer: Attention, EmbedLayerNormalization and others",
       "TorchScript, onnxruntime.transformers")
def bert_fused():
    proto, cases = bert_old()
    return fused(proto, "bert", 3, 24), cases


@model("bert-fused-heads", "BERT after ONNX Runtime's optimizer, with MultiHeadAttention",
       "TorchScript, onnxruntime.transformers")
def bert_fused_heads():
    from onnxruntime.transformers.fusion_options import FusionOptions

    proto, cases = bert_old()
    options = FusionOptions("bert")
    options.use_multi_head_attention = True
    options.enable_embed_layer_norm = False
    options.enable_gelu_approximation = True
    return fused(proto, "bert", 3, 24, options), cases


@model("vit-fused", "Vision Transformer after a session of ONNX Runtime", "TorchScript, onnxruntime")
def vit_fused():
    proto, cases = vit()
    return extended(proto), cases


def dynamic(proto, **more):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    return on_disk(proto, lambda a, b: quantize_dynamic(a, b, weight_type=QuantType.QInt8, **more))


@model("bert-int8", "BERT with weights of 8 bits, quantized as it runs", "TorchScript, quantize_dynamic", 2e-2)
def bert_int8():
    proto, cases = bert_old()
    return dynamic(proto), cases


@model("bert-int8-fused", "BERT with weights of 8 bits after a session: DynamicQuantizeMatMul and others",
       "TorchScript, quantize_dynamic, onnxruntime", 2e-2)
def bert_int8_fused():
    proto, cases = bert_old()
    return extended(dynamic(fused(proto, "bert", 3, 24), extra_options={"DefaultTensorType": TensorProto.FLOAT})), cases


@model("lstm-int8", "LSTM with weights of 8 bits: DynamicQuantizeLSTM", "TorchScript, quantize_dynamic", 1e-4,
       threads=1)  # of several each rounds the states of its rows by itself
def lstm_int8():
    proto, cases = lstm_tagger()
    return dynamic(proto), cases


def static(proto, cases, format, **more):
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(cases)

        def get_next(self):
            return next(self.rest, None)

    prepared = on_disk(proto, lambda a, b: quant_pre_process(a, b, skip_symbolic_shape=True))
    return on_disk(prepared, lambda a, b: quantize_static(a, b, Reader(), quant_format=format, **more))


def small_net():
    net = nn.Sequential(conv(3, 8, 3, 2), conv(8, 8, 3, g=8), conv(8, 16, 1), nn.MaxPool2d(2), conv(16, 16),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    return picture(net, 51, 13, name="input")


@model("cnn-qdq", "A convolutional net of 8 bits, with QuantizeLinear and DequantizeLinear",
       "TorchScript, quantize_static", 2e-2)
def cnn_qdq():
    from onnxruntime.quantization import QuantFormat, QuantType

    proto, cases = small_net()
    return static(proto, cases, QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                  weight_type=QuantType.QInt8), cases


@model("cnn-qlinear", "A convolutional net of 8 bits, with QLinearConv and QLinearMatMul",
       "TorchScript, quantize_static", 2e-2)
def cnn_qlinear():
    from onnxruntime.quantization import QuantFormat, QuantType

    proto, cases = small_net()
    return static(proto, cases, QuantFormat.QOperator, activation_type=QuantType.QUInt8,
                  weight_type=QuantType.QUInt8), cases


@model("bert-fp16", "BERT in half precision, with floats going in and out", "TorchScript, onnxruntime.transformers", 5e-3)
def bert_half():
    from onnxruntime.transformers.float16 import convert_float_to_float16

    proto, cases = bert_old()
    return convert_float_to_float16(onnx.shape_inference.infer_shapes(proto), keep_io_types=True), cases


# ---- written by hand, as programs write them that make a graph without an exporter


class Graph:
    """Nodes and weights, one after another."""

    def __init__(self, seed):
        self.rng, self.nodes, self.weights = np.random.default_rng(seed), [], []

    def weight(self, name, *dims, one=False):
        w = self.rng.standard_normal(dims) / dims[0] ** 0.5 if not one else 1 + 0.1 * self.rng.standard_normal(dims)
        return self.constant(name, w.astype(np.float32))

    def constant(self, name, value):
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, outputs, domain="", **attributes):
        outputs = outputs if isinstance(outputs, list) else [outputs]
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]


def genai(**more):
    """A LLaMA as ONNX Runtime GenAI's builder writes it: 4 heads for queries, 2 for keys, of 16 numbers."""
    ms, g = "com.microsoft", Graph(60)
    g.weight("model.embed_tokens.weight", 64, 32)
    angles = np.arange(40)[:, None] / 10000 ** (np.arange(8) / 8)
    g.constant("cos_cache", np.cos(angles).astype(np.float32)), g.constant("sin_cache", np.sin(angles).astype(np.float32))
    x = g.node("Gather", ["model.embed_tokens.weight", "input_ids"], "embed")
    one, zero = g.constant("one", np.array([1], np.int64)), g.constant("zero", np.array(1, np.int64))
    sums = g.node("ReduceSum", ["attention_mask", one], "mask.sums", keepdims=1)
    last = g.node("Sub", [sums, one], "mask.last")
    seqlens = g.node("Cast", [last], "seqlens_k", to=TensorProto.INT32)
    total = g.node("Gather", [g.node("Shape", ["attention_mask"], "mask.shape"), zero], "mask.total", axis=0)
    total = g.node("Cast", [total], "total_seq_len", to=TensorProto.INT32)

    def product(x, name, i, o):
        return g.node("MatMul", [x, g.weight(name + ".weight", i, o)], name)

    out, skip = [], None
    for i in range(2):
        at = f"layers.{i}."
        w = g.weight(at + "input_layernorm.weight", 32, one=True)
        if skip is None:
            h, skip = g.node("SimplifiedLayerNormalization", [x, w], at + "norm", axis=-1, epsilon=1e-5, stash_type=1), x
        else:
            h = g.node("SkipSimplifiedLayerNormalization", [skip, x, w], [at + "norm", "", "", at + "skip"], ms,
                       epsilon=1e-5)
            skip = at + "skip"
        q, k, v = (product(h, at + n, 32, o) for n, o in (("q_proj", 64), ("k_proj", 32), ("v_proj", 32)))
        rotary = i == 0
        if not rotary:  # the older way, with an operator of its own
            q = g.node("RotaryEmbedding", [q, "position_ids", "cos_cache", "sin_cache"], at + "q_rotary", ms, num_heads=4,
                       rotary_embedding_dim=0)
            k = g.node("RotaryEmbedding", [k, "position_ids", "cos_cache", "sin_cache"], at + "k_rotary", ms, num_heads=2,
                       rotary_embedding_dim=0)
        past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        present = [f"present.{i}.key", f"present.{i}.value"]
        out += present
        y = g.node("GroupQueryAttention", [q, k, v, *past, seqlens, total] + (["cos_cache", "sin_cache"] if rotary else []),
                   [at + "attention", *present], ms, num_heads=4, kv_num_heads=2, do_rotary=int(rotary), **more)
        y = product(y, at + "o_proj", 64, 32)
        h = g.node("SkipSimplifiedLayerNormalization", [skip, y, g.weight(at + "post.weight", 32, one=True)],
                   [at + "post", "", "", at + "middle"], ms, epsilon=1e-5)
        skip = at + "middle"
        a, b = product(h, at + "gate_proj", 32, 48), product(h, at + "up_proj", 32, 48)
        a = g.node("Mul", [a, g.node("Sigmoid", [a], at + "sigmoid")], at + "silu")
        x = product(g.node("Mul", [a, b], at + "gated"), at + "down_proj", 48, 32)
    h = g.node("SkipSimplifiedLayerNormalization", [skip, x, g.weight("norm.weight", 32, one=True)], "norm", ms, epsilon=1e-5)
    g.node("MatMul", [h, g.weight("lm_head.weight", 32, 64)], "logits")
    v = helper.make_tensor_value_info
    inputs = [v("input_ids", 7, ["batch", "sequence"]), v("attention_mask", 7, ["batch", "total_sequence"]),
              v("position_ids", 7, ["batch", "sequence"])]
    inputs += [v(n, 1, ["batch", 2, "past_sequence", 16]) for n in pasts(2, KEYS)]
    outputs = [v("logits", 1, ["batch", "sequence", 64])] + [v(n, 1, ["batch", 2, "total_sequence", 16]) for n in out]
    graph = helper.make_graph(g.nodes, "main", inputs, outputs, g.weights)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(ms, 1)], ir_version=10)
    return proto, steps(60, 2, 16, [(2, 1, 5), (1, 3, 4)], padded=False)


@model("llama-genai", "LLaMA with GroupQueryAttention and its caches", "by hand, after ONNX Runtime GenAI")
def llama_genai():
    return genai()


@model("llama-int4", "LLaMA with weights of 4 bits: MatMulNBits", "by hand, matmul_nbits_quantizer", 1e-3)
def llama_int4(symmetric=False):
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    proto, cases = genai()
    tool = MatMulNBitsQuantizer(proto, block_size=16, is_symmetric=symmetric)
    tool.process()
    return tool.model.model, cases


@model("mistral-genai", "Mistral: queries see only the last keys", "by hand, after ONNX Runtime GenAI")
def mistral_genai():
    return genai(local_window_size=3)


@model("llama-gptq", "LLaMA with weights of 4 bits, whose columns GPTQ put into blocks in an order of its own",
       "by hand, matmul_nbits_quantizer", 1e-3)
def llama_gptq():
    proto, cases = llama_int4(symmetric=True)  # with an order, ONNX Runtime 1.30 does not read zero points
    rng = np.random.default_rng(62)
    for n in proto.graph.node:
        if n.op_type == "MatMulNBits":
            k = next(a.i for a in n.attribute if a.name == "K")
            name = n.input[1] + ".g_idx"
            order = rng.permutation(np.arange(k) // 16).astype(np.int32)
            proto.graph.initializer.append(numpy_helper.from_array(order, name))
            n.input.extend(["", name])
    return proto, cases


@model("gpt2-merged", "GPT-2 with and without a past in one file: an If whose branches share weights",
       "TorchScript, merged by hand as Optimum does")
def gpt2_merged():
    cases = steps(61, 3, 8, [(2, 3, 4), (1, 4, 1)], layers=1, padded=False)
    cases[1]["attention_mask"] = cases[1]["attention_mask"][:, 1:]
    cases[1]["position_ids"] = cases[1]["position_ids"] - 1
    for case, use in zip(cases, (True, False)):
        case["use_cache_branch"] = np.array([use])
    inputs, outputs = list(cases[0])[:-1], ["logits"] + pasts(1, KEYS, True)
    axes = decoder_axes(inputs, outputs)
    net = gpt2(1)
    some = first(cases)[:-1]
    a = script(Wrap(net, cached(1)), some, inputs, outputs, axes, 14)
    again = [t[:, :3] if i == 1 else t for i, t in enumerate(some[:3])]
    b = script(Wrap(net, cached(1)), again, inputs[:3], outputs, {k: v for k, v in axes.items() if k not in inputs[3:]}, 14)
    shared, branches = {}, []
    for proto, name in ((a, "then"), (b, "else")):
        g, renamed = proto.graph, {}
        for w in g.initializer:
            key = (tuple(w.dims), w.data_type, numpy_helper.to_array(w).tobytes())
            if key not in shared:
                shared[key] = numpy_helper.from_array(numpy_helper.to_array(w), f"w{len(shared)}." + w.name.split(".")[-1])
            renamed[w.name] = shared[key].name
        for n in g.node:
            n.name = ""
            for names in (n.input, n.output):
                for i, x in enumerate(names):
                    if x in renamed or x in inputs or not x:
                        names[i] = renamed.get(x, x)
                    else:
                        names[i] = f"{name}.{x}"
        ends = [helper.make_tensor_value_info(f"{name}.{o.name}", 1, None) for o in g.output]
        branches.append(helper.make_graph(g.node, name, [], ends))
    node = helper.make_node("If", ["use_cache_branch"], outputs, then_branch=branches[0], else_branch=branches[1])
    ins = list(a.graph.input) + [helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])]
    graph = helper.make_graph([node], "merged", ins, a.graph.output, list(shared.values()))
    return helper.make_model(graph, opset_imports=a.opset_import, ir_version=a.ir_version), cases


# ---- what is stored


def operators(graph, found):
    for n in graph.node:
        found.add(n.op_type if n.domain in ("", "ai.onnx") else f"{n.domain}.{n.op_type}")
        for a in n.attribute:
            for g in [a.g] if a.type == onnx.AttributeProto.GRAPH else a.graphs:
                operators(g, found)
    return found


def expected(proto, cases, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    arrays = {}
    names = [o.name for o in session.get_outputs()]
    for i, case in enumerate(cases):
        for name in [v.name for v in session.get_inputs()]:
            x = case[name]
            arrays[f"{i}.in.{name}"] = x.astype(np.int32) if x.dtype in (np.int64, np.bool_) else x
        for name, y in zip(names, session.run(None, {v.name: case[v.name] for v in session.get_inputs()})):
            y = np.asarray(y)
            flat = y.astype(np.float64).ravel()
            if not np.isfinite(flat).all():
                raise ValueError(f"{name} of case {i} is not finite")
            stride = 1
            while len(flat[::stride]) > MOST:
                stride += 2
            arrays[f"{i}.shape.{name}"] = np.array(y.shape, np.int32)
            arrays[f"{i}.out.{name}"] = flat[::stride].astype(np.float32)
            arrays[f"{i}.sums.{name}"] = np.array([flat.sum(), np.abs(flat).sum()], np.float32)
    return arrays


COLUMNS = ["name", "architecture", "exporter", "opset", "operators", "within", "run", "plan"]


def write(name, table):
    what, exporter, within, threads, function = ALL[name]
    proto, cases = function()
    proto.graph.doc_string = ""
    for node in proto.graph.node:
        node.doc_string = node.name = ""
    if "onnxruntime" not in exporter and "hand" not in exporter:  # which have operators that onnx does not know
        onnx.checker.check_model(proto)
    data = proto.SerializeToString()
    arrays = expected(proto, cases, threads)
    with open(os.path.join(FOLDER, name + ".onnx"), "wb") as f:
        f.write(data)
    np.savez_compressed(os.path.join(FOLDER, name + ".npz"), **arrays)
    found = sorted(set().union(operators(proto.graph, set()), *(operators(f, set()) for f in proto.functions)))
    opset = next(o.version for o in proto.opset_import if o.domain in ("", "ai.onnx"))
    old = table.get(name, {})
    table[name] = dict(zip(COLUMNS, [name, what, exporter, str(opset), " ".join(found), f"{within:g}",
                                     old.get("run", "pass"), old.get("plan", "pass")]))
    if len(data) > 250 * 1024:
        raise ValueError(f"{name} has {len(data)} bytes")
    return f"{name}: {len(data)} bytes, {len(proto.graph.node)} nodes"


def main():
    path = os.path.join(FOLDER, "models.csv")
    table = {}
    if os.path.exists(path):
        with open(path, newline="") as f:
            table = {row["name"]: row for row in csv.DictReader(f)}
    failed = 0
    for name in sys.argv[1:] or list(ALL):
        try:
            print(write(name, table), flush=True)
        except Exception as e:
            failed += 1
            print(f"{name}: FAILED {type(e).__name__}: {str(e)[:600]}", flush=True)
            if len(sys.argv) == 2:
                raise
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table[n] for n in ALL if n in table)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
