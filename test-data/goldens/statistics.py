#!/usr/bin/python3
"""Writes statistics.json: least squares, lasso paths and shuffled splits by NumPy, SciPy and scikit-learn. See README.md."""

import csv
import json
import os

import numpy
import scipy
import sklearn
from scipy.stats import t as student
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

HERE = os.path.dirname(os.path.abspath(__file__))


def least_squares(x, y):
    """Coefficients, the intercept first, with standard errors, t, p and R2, by the normal equations."""
    n, k = x.shape
    design = numpy.hstack([numpy.ones((n, 1)), x])
    fit = LinearRegression().fit(x, y)
    b = numpy.concatenate([[fit.intercept_], fit.coef_])
    noise = ((y - design @ b) ** 2).sum() / (n - k - 1)
    error = numpy.sqrt(noise * numpy.diag(numpy.linalg.inv(design.T @ design)))
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "value": b.tolist(),
        "standardError": error.tolist(),
        "t": (b / error).tolist(),
        "p": (2 * student.sf(abs(b / error), n - k - 1)).tolist(),
        "r2": fit.score(x, y),
        "predicted": fit.predict(2 * x[:3] + 1).tolist(),
    }


def autocorrelation(x, most):
    """Of the lags 0 to most, by numpy.correlate of the centered series."""
    centered = x - x.mean()
    products = numpy.correlate(centered, centered, "full")[len(x) - 1:]
    return {"x": x.tolist(), "value": (products / products[0])[:most + 1].tolist()}


def hitters():
    """The 263 players with a salary: 19 features, three of them dummies of the second level, and the salary."""
    with open(os.path.join(HERE, "..", "hitters", "Hitters.csv")) as file:
        rows = [r for r in csv.DictReader(file) if r["Salary"]]
    names = [n for n in rows[0] if n != "Salary"]
    second = {"League": "N", "Division": "W", "NewLeague": "N"}
    x = [[float(r[n] == second[n]) if n in second else float(r[n]) for n in names] for r in rows]
    return numpy.array(x), numpy.array([float(r["Salary"]) for r in rows])


def lasso(x, y, x_test, y_test, folds):
    """A path of 100 penalties, each fitted to convergence on standardized columns, and its errors over folds."""
    def fit(rows, penalty):
        scale = StandardScaler().fit(x[rows])
        model = Lasso(alpha=penalty, tol=1e-13, max_iter=10_000_000).fit(scale.transform(x[rows]), y[rows])
        return scale, model

    every = numpy.arange(len(y))
    z = StandardScaler().fit_transform(x)
    most = abs(z.T @ (y - y.mean())).max() / len(y)
    penalties = numpy.logspace(numpy.log10(most), numpy.log10(most / 100), 100)
    errors = []
    for penalty in penalties:
        of_folds = []
        for train, held in folds:
            scale, model = fit(train, penalty)
            of_folds.append(abs(model.predict(scale.transform(x[held])) - y[held]).mean())
        errors.append(numpy.mean(of_folds))
    best = int(numpy.argmin(errors))
    chosen = {}
    for i in (10, 40, best, 99):
        scale, model = fit(every, penalties[i])
        b = model.coef_ / scale.scale_
        chosen[str(i)] = {
            "intercept": float(model.intercept_ - scale.mean_ @ b),
            "coefficients": b.tolist(),
            "testMae": float(abs(model.predict(scale.transform(x_test)) - y_test).mean()),
        }
    return {"penalties": penalties.tolist(), "cvMae": errors, "best": best, "fits": chosen}


random = numpy.random.RandomState(7)
small = random.normal(size=(12, 3)) * [1, 100, .01] + [5, 1000, 0]
large = random.normal(size=(31, 4))
x, y = hitters()
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=1 / 3, random_state=1)
kfold = list(KFold(10, shuffle=True, random_state=1).split(x_train))
ols = LinearRegression().fit(x_train, y_train)
golden = {
    "made by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}",
    "least squares": {
        "8 degrees of freedom": least_squares(small, small @ [1, .02, -30] + random.normal(size=12)),
        "26 degrees of freedom": least_squares(large, large @ [1, 0, .2, -1] + 3 + random.normal(size=31)),
        "1 degree of freedom": least_squares(small[:3, :1], numpy.array([1., 2, 4])),
        "3 degrees of freedom": least_squares(small[:5, :1], numpy.array([1., 2, 4, 3, 9])),
    },
    "autocorrelation": autocorrelation(numpy.cumsum(random.normal(size=60)), 12),
    "permutations": {f"{seed} {n}": numpy.random.RandomState(seed).permutation(n).tolist()
                     for seed, n in ((1, 263), (13, 8), (2147483647, 33), (0, 2))},
    "folds of 175": [held.tolist() for _, held in kfold],
    "hitters": {
        "test": numpy.random.RandomState(1).permutation(263)[:88].tolist(),
        "mae": float(abs(ols.predict(x_test) - y_test).mean()),
        **lasso(x_train, y_train, x_test, y_test, kfold),
    },
}
with open(os.path.join(HERE, "statistics.json"), "w") as out:
    out.write("{\n%s\n}\n" % ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()))
