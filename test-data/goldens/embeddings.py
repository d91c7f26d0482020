#!/usr/bin/python3
"""Writes embeddings.json: the affinities, gradient and result of t-SNE, and trustworthiness, by scikit-learn. See README.md."""

import json
import os

import numpy
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities_nn, _kl_divergence
from sklearn.neighbors import NearestNeighbors
from scipy.spatial.distance import squareform

rng = numpy.random.default_rng(7)

x = numpy.float32(rng.normal(size=(40, 4))).astype(numpy.float64)
y = numpy.float32(rng.normal(size=(40, 2))).astype(numpy.float64)
near = NearestNeighbors(n_neighbors=16).fit(x).kneighbors_graph(mode="distance")  # 3 * perplexity + 1
near.data **= 2
p = _joint_probabilities_nn(near, 5, 0).toarray()
divergence, gradient = _kl_divergence(y.ravel(), squareform(p, checks=False), 1, len(y), 2)

digits = load_digits().data[:240]
fit = TSNE(init="pca", learning_rate="auto", perplexity=20, random_state=1)
places = fit.fit_transform(digits)

golden = {
    "x": x.tolist(),
    "y": y.tolist(),
    "perplexity": 5,
    "p": p.ravel().tolist(),
    "divergence": float(divergence),
    "gradient": gradient.tolist(),
    "trustworthiness": [trustworthiness(x, y, n_neighbors=k) for k in (1, 5, 12)],
    "digits": digits.astype(int).tolist(),
    "labels": load_digits().target[:240].tolist(),
    "digitsPerplexity": 20,
    "digitsDivergence": float(fit.kl_divergence_),
    "digitsTrustworthiness": trustworthiness(digits, places, n_neighbors=10),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "embeddings.json")
with open(path, "w") as out:
    json.dump(golden, out, separators=(",", ":"))
    out.write("\n")
