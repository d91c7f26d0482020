#!/usr/bin/python3
"""Writes outliers.json: outliers by scikit-learn, and matrix profiles by NumPy. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

rng = numpy.random.default_rng(5)


def floats(x):
    return numpy.asarray(x, dtype=numpy.float32)


def numbers(x):
    return [float(f"{v:.10g}") for v in numpy.asarray(x).ravel()]


learned = floats(numpy.concatenate([rng.normal(0, 1, (50, 3)), rng.normal(4, 0.5, (28, 3)), [[9, 0, 0], [0, -7, 7]]]))
asked = floats(numpy.concatenate([rng.normal(0, 1, (10, 3)), rng.normal(4, 3, (10, 3))]))

# in double precision, since scikit-learn computes distances of float32 in single precision
learned, asked = learned.astype(float), asked.astype(float)
factor = LocalOutlierFactor(n_neighbors=6, novelty=True).fit(learned)
machine = OneClassSVM(nu=0.1, gamma="scale", tol=1e-9).fit(learned)
forest = IsolationForest(n_estimators=4000, max_samples=64, random_state=1).fit(learned)


def profile(a, b, m, apart):
    """The nearest window's distance by definition: all pairs, each column of a window scaled to mean 0 and deviation 1.

    A constant window becomes zeros, so that it is at the distance sqrt(m) from others and 0 from constant ones."""

    def windows(x):
        w = numpy.stack([x[i : i + m] for i in range(len(x) - m + 1)]).astype(float)
        constant = (w == w[:, :1]).all(1, keepdims=True)
        return numpy.where(constant, 0, (w - w.mean(1, keepdims=True)) / numpy.where(constant, 1, w.std(1, keepdims=True)))

    p, q = windows(a), windows(b)
    d = numpy.sqrt(((p[:, None] - q[None]) ** 2).sum(2).mean(2))
    for i in range(len(p)):
        for j in range(len(q)):
            if abs(i - j) < apart:
                d[i, j] = numpy.inf
    return d.min(1)


one = floats(numpy.stack([numpy.sin(numpy.arange(60) / 3), rng.normal(0, 1, 60)], 1))
two = floats(numpy.stack([numpy.sin(numpy.arange(45) / 3 + 1), rng.normal(0, 1, 45)], 1))

stairs = floats(rng.normal(0, 1, 50) * 3 + 1000)  # far from 0, with two steps
stairs[10:20], stairs[30:37] = 1003, 1001
stairs = stairs[:, None]
cloud = floats(numpy.concatenate([rng.normal(0, 1, (150, 4)), rng.normal(5, 0.6, (120, 4)), rng.uniform(-4, 9, (30, 4))]))
outlying = numpy.arange(300) >= 270
areas = [roc_auc_score(outlying, -IsolationForest(random_state=s).fit(cloud).score_samples(cloud)) for s in range(20)]

golden = {
    "scikit-learn": sklearn.__version__,
    "learned": numbers(learned),
    "asked": numbers(asked),
    "factors_own": numbers(-factor.negative_outlier_factor_),
    "factors": numbers(-factor.score_samples(asked)),
    "machine": numbers(-machine.decision_function(asked)),
    "forest": numbers(-forest.score_samples(asked)),
    "one": numbers(one),
    "two": numbers(two),
    "profile_self": numbers(profile(one, one, 8, 4)),
    "profile": numbers(profile(one, two, 8, 0)),
    "stairs": numbers(stairs),
    "profile_stairs": numbers(profile(stairs, stairs, 6, 3)),
    "sizes": [1, 2, 3, 10, 256, 100000],
    "average_paths": _average_path_length(numpy.array([1, 2, 3, 10, 256, 100000])).tolist(),
    "cloud": numbers(cloud),
    "cloud_auc": numpy.mean(areas),
    "cloud_auc_deviation": numpy.std(areas),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "outliers.json"), "w") as out:
    json.dump(golden, out, indent=1)
    out.write("\n")
