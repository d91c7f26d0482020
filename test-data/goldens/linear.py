#!/usr/bin/python3
"""Writes linear.json: ridge and logistic regression by scikit-learn, and solutions of least norm by NumPy. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

rng = numpy.random.default_rng(11)


def floats(x):
    """The numbers as float32 in double precision."""
    return numpy.asarray(x, numpy.float32).astype(numpy.float64)


def ridge(n, columns, targets, penalty, weighted, dependent):
    x = floats(rng.normal(size=(n, columns)) * rng.uniform(0.2, 5, columns) + rng.normal(size=columns))
    if dependent:
        x[:, 1] = 2 * x[:, 0]  # of the many solutions least squares takes that of least norm
    y = floats(x @ rng.normal(size=(columns, targets)) + 3 + rng.normal(size=(n, targets)))
    weights = rng.integers(0, 4, n).astype(float) if weighted else numpy.ones(n)
    if penalty:
        fit = Ridge(alpha=penalty, solver="cholesky").fit(x, y, sample_weight=weights)
    else:
        fit = LinearRegression().fit(x, y, sample_weight=weights)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "weights": weights.tolist(),
        "penalty": penalty,
        "intercepts": fit.intercept_.tolist(),
        "coefficients": fit.coef_.T.tolist(),
    }


def logistic(n, columns, classes, weighted):
    x = floats(rng.normal(size=(n, columns)) * rng.uniform(0.3, 3, columns))
    labels = (x @ rng.normal(size=(columns, classes)) + rng.gumbel(size=(n, classes))).argmax(axis=1)
    weights = rng.integers(0, 4, n).astype(float) if weighted else numpy.ones(n)
    fits = []
    for penalty in (1.0, 0.03, 1e-3):
        fit = LogisticRegression(
            C=1 / (weights.sum() * penalty), solver="newton-cg", tol=2e-8, max_iter=10_000
        ).fit(x, labels, sample_weight=weights)
        fits.append(
            {
                "penalty": penalty,
                "intercepts": fit.intercept_.tolist(),
                "coefficients": fit.coef_.tolist(),
                "probabilities": fit.predict_proba(x).tolist(),
            }
        )
    return {"x": x.tolist(), "labels": labels.tolist(), "weights": weights.tolist(), "fits": fits}


def least_norm(n, columns, targets, rank):
    x = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, columns))
    y = rng.normal(size=(n, targets))
    b, _, found, _ = numpy.linalg.lstsq(x, y, rcond=None)
    assert found == rank
    return {"x": x.tolist(), "y": y.tolist(), "b": b.tolist()}


golden = {
    "made by": f"scikit-learn {sklearn.__version__}, NumPy {numpy.__version__}",
    "ridge": [
        ridge(20, 4, 1, 1.5, False, False),
        ridge(15, 3, 2, 0.1, True, False),
        ridge(5, 8, 1, 2.0, False, False),
        ridge(20, 4, 2, 0.0, True, False),
        ridge(12, 4, 1, 0.0, False, True),
        ridge(5, 8, 1, 0.0, False, False),
    ],
    "logistic": [logistic(60, 4, 2, False), logistic(60, 3, 2, True), logistic(80, 3, 4, True)],
    "least norm": [least_norm(9, 4, 2, 4), least_norm(4, 9, 1, 4), least_norm(8, 6, 3, 3)],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "linear.json"), "w", encoding="utf-8") as out:
    json.dump(golden, out)
    out.write("\n")
