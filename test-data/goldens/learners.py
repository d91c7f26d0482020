#!/usr/bin/python3
"""Writes learners.json: projections, clusters, machines, neighbors and ensembles by scikit-learn. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

rng = numpy.random.default_rng(7)


def floats(x):
    """The numbers as float32 in double precision, and as a list."""
    return numpy.asarray(x, numpy.float32).astype(numpy.float64)


def positive(rows):
    """The sign that makes the largest number of each row positive."""
    largest = rows[numpy.arange(len(rows)), abs(rows).argmax(axis=1)]
    return numpy.sign(largest)[:, None]


def pca(n, columns, width):
    x = floats(rng.normal(size=(n, columns)) @ rng.normal(size=(columns, columns)) + 3 * rng.normal(size=columns))
    fit = PCA(width, svd_solver="full").fit(x)
    sign = positive(fit.components_)
    z = fit.transform(x) * sign.T
    return {
        "x": x.tolist(),
        "components": (fit.components_ * sign).ravel().tolist(),
        "variances": fit.explained_variance_.tolist(),
        "share": fit.explained_variance_ratio_.sum(),
        "z": z.tolist(),
        "inverse": fit.inverse_transform(z * sign.T).tolist(),
    }


def lda(degenerate):
    labels = rng.integers(0, 3, 40)
    x = rng.normal(size=(40, 5)) * [1, 10, 0.1, 1, 1] + numpy.array([[0, 3, 0, 1, 2], [1, 0, 0.1, 0, 0], [2, 9, 0, 0, 5]])[labels]
    if degenerate:
        x[:, 3] = x[:, 0] - x[:, 1]  # columns that depend on each other
        x[:, 4] = 2.5  # and one that says nothing
    x = floats(x)
    fit = LinearDiscriminantAnalysis().fit(x, labels)
    directions = fit.scalings_.T[: fit._max_components]
    sign = positive(directions)
    scores = fit.decision_function(x)
    return {
        "x": x.tolist(),
        "labels": labels.tolist(),
        "directions": (directions * sign).ravel().tolist(),
        "z": (fit.transform(x) * sign.T).tolist(),
        "shares": fit.explained_variance_ratio_.tolist(),
        "log_probabilities": fit.predict_log_proba(x).tolist(),
        "predicted": fit.predict(x).tolist(),
    }


def kmeans():
    x = floats(rng.normal(size=(60, 2)) + 3 * rng.integers(0, 3, (60, 2)))
    start = x[:4]
    fit = KMeans(4, init=start, n_init=1, algorithm="lloyd", tol=0, random_state=0).fit(x)
    return {
        "x": x.tolist(),
        "centers": fit.cluster_centers_.tolist(),
        "labels": fit.labels_.tolist(),
        "inertia": fit.inertia_,
    }


def svm(classes, loss, cost, scale, weighted):
    labels = rng.integers(0, classes, 45)
    x = floats(rng.normal(size=(45, 3)) + rng.normal(size=(classes, 3))[labels])
    weights = rng.integers(0, 4, 45).astype(float) if weighted else numpy.ones(45)
    fit = LinearSVC(
        C=cost, loss=loss, intercept_scaling=scale or 1, fit_intercept=scale > 0, tol=1e-10, max_iter=10000000, random_state=0
    ).fit(x, labels, weights)
    return {
        "x": x.tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "squared": loss == "squared_hinge",
        "cost": cost,
        "scale": scale,
        "scores": fit.decision_function(x).reshape(45, -1).tolist(),
        "predicted": fit.predict(x).tolist(),
    }


def neighbors(k):
    x = floats(rng.permutation(numpy.array([(i, j) for i in range(7) for j in range(7)])))  # a grid, so that many are equally near
    labels = rng.integers(0, 3, 49)
    targets = floats(rng.normal(size=(49, 2)))
    queries = floats(numpy.concatenate([rng.random((30, 2)) * 6, x[:10]]))

    def result(weights):
        few = KNeighborsClassifier(k, weights=weights, algorithm="brute").fit(x, labels)
        return {
            "shares": few.predict_proba(queries).tolist(),
            "classes": few.predict(queries).tolist(),
            "numbers": KNeighborsRegressor(k, weights=weights, algorithm="brute").fit(x, targets).predict(queries).tolist(),
        }

    distances = numpy.sort(((queries[:, None] - x[None]) ** 2).sum(-1), axis=1)
    return {
        "k": k,
        "x": x.tolist(),
        "labels": labels.tolist(),
        "targets": targets.tolist(),
        "queries": queries.tolist(),
        "unique": (distances[:, k - 1] < distances[:, k]).tolist(),  # scikit-learn does not say which of equally near ones it takes
        "uniform": result("uniform"),
        "distance": result("distance"),
    }


class Fixed(ClassifierMixin, BaseEstimator):
    """Answers that are known before: the weak learner of each round in turn."""

    def __init__(self, answers=None, turn=None):
        self.answers = answers
        self.turn = turn

    def fit(self, x, y, sample_weight=None):
        self.classes_ = numpy.unique(y)
        self.mine = self.answers[self.turn[0]]
        self.turn[0] += 1
        return self

    def predict(self, x):
        return self.mine[x[:, 0].astype(int)]

    def get_params(self, deep=True):
        return {"answers": self.answers, "turn": self.turn}


class Turn(list):
    """A counter that every copy shares."""

    def __deepcopy__(self, memo):
        return self


def adaboost(classes, rate):
    n, rounds = 40, 6
    labels = rng.integers(0, classes, n)
    answers = numpy.where(rng.random((rounds, n)) < 0.6, labels, rng.integers(0, classes, (rounds, n)))
    x = numpy.arange(n, dtype=float)[:, None]
    fit = AdaBoostClassifier(Fixed(answers, Turn([0])), n_estimators=rounds, learning_rate=rate, algorithm="SAMME").fit(x, labels)
    return {
        "classes": classes,
        "rate": rate,
        "labels": labels.tolist(),
        "answers": answers.tolist(),
        "alphas": fit.estimator_weights_.tolist(),
        "errors": fit.estimator_errors_.tolist(),
        "predicted": fit.predict(x).tolist(),
    }


def stumps():
    x = floats(rng.normal(size=(60, 4)))
    labels = (x[:, 0] > 0.2).astype(int) + (x[:, 2] > x[:, 1]).astype(int)
    weights = rng.random(60)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, labels, weights)
    boost = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1, random_state=0), n_estimators=8, algorithm="SAMME", random_state=0).fit(x, labels)
    y = floats(numpy.sin(2 * x[:, 0]) + x[:, 1] ** 2)
    residual = GradientBoostingRegressor(
        loss="squared_error", criterion="squared_error", max_depth=1, n_estimators=25, learning_rate=0.3, random_state=0
    ).fit(x, y)
    return {
        "x": x.tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "column": int(tree.tree_.feature[0]),
        "threshold": float(tree.tree_.threshold[0]),
        "probabilities": tree.predict_proba(x).tolist(),
        "boosted": boost.predict(x).tolist(),
        "alphas": boost.estimator_weights_.tolist(),
        "y": y.tolist(),
        "residual": residual.predict(x).tolist(),
    }


golden = {
    "made by": "scikit-learn " + sklearn.__version__ + ", NumPy " + numpy.__version__,
    "pca": [pca(20, 4, 3), pca(5, 9, 3), pca(6, 6, 6)],
    "lda": [lda(False), lda(True)],
    "kmeans": kmeans(),
    "svm": [
        svm(2, "squared_hinge", 1.0, 1, False),
        svm(2, "hinge", 0.5, 1, False),
        svm(4, "squared_hinge", 10.0, 2, False),
        svm(3, "hinge", 1.0, 0, True),
        svm(2, "squared_hinge", 0.1, 1, True),
    ],
    "neighbors": [neighbors(1), neighbors(4), neighbors(7)],
    "adaboost": [adaboost(2, 1.0), adaboost(4, 0.5)],
    "stumps": stumps(),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "learners.json"), "w", encoding="utf-8") as out:
    json.dump(golden, out)
    out.write("\n")
