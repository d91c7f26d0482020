#!/usr/bin/python3
"""Writes logistic.json: scikit-learn's logistic regression with an L1 penalty. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression

ROWS, COLUMNS = 90, 12
PARTS = [0.6, 0.2, 0.05]  # of the largest lambda

rng = numpy.random.RandomState(5)
x = numpy.round(rng.poisson(0.4, (ROWS, COLUMNS)) * rng.uniform(0.5, 2, (ROWS, COLUMNS)), 2)
x = x.astype("f4").astype(float)
truth = rng.normal(0, 1, COLUMNS) * (rng.uniform(size=COLUMNS) < 0.5)
y = (x @ truth + 0.7 + rng.logistic(size=ROWS) > 0).astype(int)

largest = abs(x.T @ (y.mean() - y)).max() / ROWS
points = []
for part in PARTS:
    c = 1 / (ROWS * part * largest)  # scikit-learn's C multiplies the sum over the rows
    saga = LogisticRegression(penalty="l1", C=c, solver="saga", tol=1e-12, max_iter=200_000, random_state=0).fit(x, y)
    # liblinear penalizes the intercept too, which a large scale makes negligible
    linear = LogisticRegression(
        penalty="l1", C=c, solver="liblinear", tol=1e-6, max_iter=5_000, intercept_scaling=500, random_state=0
    ).fit(x, y)
    points.append(
        {
            "lambda": part * largest,
            "intercept": float(saga.intercept_[0]),
            "coefficients": saga.coef_[0].tolist(),
            "liblinear": linear.coef_[0].tolist(),
            "accuracy": float(saga.score(x, y)),
        }
    )

golden = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
    "columns": COLUMNS,
    "rows": x.ravel().tolist(),
    "labels": y.tolist(),
    "largest": float(largest),
    "points": points,
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "logistic.json"), "w") as out:
    json.dump(golden, out, indent=1)
    out.write("\n")
