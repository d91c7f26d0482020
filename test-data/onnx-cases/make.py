#!/usr/bin/env python3
"""Packs ONNX's own cases for its operators that Debian's package libonnx-testdata (version 1.12) does not have.

    make.py     writes cases.pb.gz and prints its sha256

These are the cases of the installed package onnx of which the package has none of this name, or whose operators are of
a version after 17, but for those of more than 50 kB. The file is

    message Cases { repeated Case case = 1; }
    message Case { string name = 1; bytes model = 2; repeated bytes input = 3; repeated bytes output = 4; }
"""

import gzip
import hashlib
import os
import warnings

warnings.simplefilter("ignore")

from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

BEFORE = "/usr/share/libonnx-testdata/data/node"
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.pb.gz")
MOST = 50_000


def value(v, of):
    kind = of.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(v, of.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(v, of.name)
    return v if isinstance(v, TensorProto) else numpy_helper.from_array(v, of.name)


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def packed(case):
    inputs, outputs = case.data_sets[0]
    parts = field(1, case.name.encode()) + field(2, case.model.SerializeToString(deterministic=True))
    for number, values, of in (3, inputs, case.model.graph.input), (4, outputs, case.model.graph.output):
        parts += b"".join(field(number, value(v, t).SerializeToString(deterministic=True)) for v, t in zip(values, of))
    return parts


def main():
    before = set(os.listdir(BEFORE))
    parts = []
    for case in sorted(collect_testcases(), key=lambda c: c.name):
        late = any(o.version > 17 for o in case.model.opset_import if o.domain in ("", "ai.onnx"))
        part = packed(case)
        if (late or case.name not in before) and len(part) <= MOST:
            parts.append(field(1, part))
    data = gzip.compress(b"".join(parts), mtime=0)
    with open(FILE, "wb") as f:
        f.write(data)
    print(len(parts), "cases,", len(data), "bytes,", hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
