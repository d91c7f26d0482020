#!/usr/bin/python3
"""Writes pca.json: scikit-learn's principal components, and co-occurrences and their information by NumPy. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.decomposition import PCA

WINDOW = 2
VOCABULARY = 9


def components(x, width):
    """Principal components of rows, and where the rows lie along them."""
    pca = PCA(width, svd_solver="full").fit(x)
    # the sign is that of scikit-learn from 1.5 on: the greatest number of a component is positive
    greatest = pca.components_[numpy.arange(width), abs(pca.components_).argmax(axis=1)]
    pca.components_ *= numpy.sign(greatest)[:, None]
    return {
        "columns": x.shape[1],
        "rows": [float(v) for v in x.ravel()],
        "mean": pca.mean_.tolist(),
        "components": pca.components_.ravel().tolist(),
        "variances": pca.explained_variance_.tolist(),
        "scores": pca.transform(x).ravel().tolist(),
    }


def near(documents):
    """Counts of pairs at most WINDOW places apart, as NumPy's definition says it; token 0 is no word."""
    counts = numpy.zeros((VOCABULARY, VOCABULARY))
    for d in documents:
        for i, a in enumerate(d):
            for j, b in enumerate(d):
                if i != j and abs(i - j) <= WINDOW and a and b:
                    counts[a, b] += 1
    return counts


rng = numpy.random.default_rng(1)
sparse = (rng.normal(size=(40, 25)) * (rng.random((40, 25)) < 0.2) * (1 + numpy.arange(25))).astype(numpy.float32)
dense = (rng.normal(size=(12, 3)) @ rng.normal(size=(3, 3)) + [5, -7, 0]).astype(numpy.float32)
documents = [rng.integers(0, VOCABULARY, n).tolist() for n in (7, 1, 12, 20)]
counts = near(documents)
smoothed = counts.sum(0) ** 0.75
with numpy.errstate(divide="ignore", invalid="ignore"):
    information = numpy.log(counts / counts.sum(1, keepdims=True) / (smoothed / smoothed.sum()))
information = numpy.where(counts > 0, numpy.maximum(information, 0), 0)
golden = {
    "made by": "scikit-learn " + sklearn.__version__ + ", NumPy " + numpy.__version__,
    "sparse": components(sparse.astype(numpy.float64), 4),
    "dense": components(dense.astype(numpy.float64), 3),
    "window": WINDOW,
    "vocabulary": VOCABULARY,
    "documents": documents,
    "counts": counts.ravel().tolist(),
    "information": information.ravel().tolist(),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pca.json"), "w", encoding="utf-8") as out:
    json.dump(golden, out, indent=1)
    out.write("\n")
