#!/usr/bin/python3
"""Writes assess.json: divisions of rows, and figures of classifiers and regressions, by scikit-learn and SciPy. See README.md."""

import json
import os
import warnings

import numpy
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, chi2
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.model_selection import GroupKFold, KFold, LeavePOut, StratifiedKFold, TimeSeriesSplit

warnings.simplefilter("ignore")
random = numpy.random.RandomState(17)


def numbers(values):
    """As JSON, null for NaN."""
    return [None if numpy.isnan(v) else float(v) for v in numpy.asarray(values, numpy.float64).ravel()]


def number(value):
    return numbers([value])[0]


# ---- divisions

def tests(split, n, **by):
    return [held.tolist() for _, held in split.split(numpy.zeros(n), **by)]


def both(split, n):
    return [[train.tolist(), held.tolist()] for train, held in split.split(numpy.zeros(n))]


def folds():
    cases = {
        "plain": [{"n": n, "k": k, "test": tests(KFold(k), n)} for n, k in ((10, 5), (11, 4), (7, 7), (2, 2))],
        "stratified": [],
        "grouped": [],
        "leavePOut": [{"n": n, "p": p, "test": tests(LeavePOut(p), n)} for n, p in ((6, 1), (6, 2), (7, 4), (5, 4))],
        "expanding": [{"n": n, "k": k, "gap": gap, "rows": both(TimeSeriesSplit(k, gap=gap), n)}
                      for n, k, gap in ((10, 4, 0), (11, 3, 0), (12, 3, 2), (9, 2, 2))],
        "rolling": [{"n": n, "k": k, "window": w, "gap": gap, "rows": both(TimeSeriesSplit(k, max_train_size=w, gap=gap), n)}
                    for n, k, w, gap in ((10, 4, 3, 0), (12, 3, 2, 1), (12, 5, 100, 0))],
    }
    for n, k, classes in ((30, 5, 3), (31, 4, 2), (23, 3, 4)):
        # scikit-learn numbers classes by their first appearance, so they appear in ascending order here
        labels = numpy.concatenate([numpy.arange(classes), random.randint(0, classes, n - classes)])
        cases["stratified"].append(
            {"labels": labels.tolist(), "k": k, "test": tests(StratifiedKFold(k), n, y=labels)})
    for k, sizes in ((3, (7, 1, 4, 2, 9)), (4, (1, 2, 3, 4, 5, 6, 8)), (2, (3, 5))):
        groups = numpy.repeat(numpy.arange(len(sizes)), sizes)
        random.shuffle(groups)
        cases["grouped"].append(
            {"groups": (10 * groups - 3).tolist(), "k": k, "test": tests(GroupKFold(k), len(groups), groups=groups)})
    return cases


# ---- figures of predicted classes

def confusion(labels, predicted, classes):
    every = list(range(classes))
    counts = metrics.confusion_matrix(labels, predicted, labels=every)
    n = counts.sum()
    specificity = [(n - counts[k].sum() - counts[:, k].sum() + counts[k, k]) / (n - counts[k].sum()) for k in every]
    one = len(set(labels)) == 1 or len(set(predicted)) == 1
    return {
        "classes": classes,
        "labels": labels.tolist(),
        "predicted": predicted.tolist(),
        "specificity": numbers(specificity),
        "balanced": metrics.balanced_accuracy_score(labels, predicted),
        # scikit-learn gives 0 where Fathom gives NaN
        "mcc": None if one else metrics.matthews_corrcoef(labels, predicted),
        "kappa": number(metrics.cohen_kappa_score(labels, predicted)),
    }


def guesses(n, classes, right, unseen=()):
    labels = random.choice([c for c in range(classes) if c not in unseen], n)
    predicted = numpy.where(random.uniform(size=n) < right, labels, random.randint(0, classes, n))
    return labels, predicted, classes


# ---- rankings

def ranking(labels, scores):
    fpr, tpr, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    return {
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "thresholds": thresholds[1:].tolist(),
        "fpr": fpr.tolist(),
        "tpr": tpr.tolist(),
        "rocAuc": metrics.roc_auc_score(labels, scores),
        "precision": precision[::-1].tolist(),
        "recall": recall[::-1].tolist(),
        "averagePrecision": metrics.average_precision_score(labels, scores),
        "prAuc": metrics.auc(recall, precision),
    }


def rank(n, positive, decimals):
    labels = numpy.zeros(n, int)
    labels[random.permutation(n)[:positive]] = 1
    return labels, numpy.round(random.normal(size=n) + labels, decimals)


# ---- probabilities

def bins(p, happened, edges):
    """Predicted, observed and counts of the bins that have examples, and the two errors."""
    where = numpy.searchsorted(edges[1:-1], p)
    found = [(p[where == b].mean(), happened[where == b].mean(), int((where == b).sum()))
             for b in range(len(edges) - 1) if (where == b).any()]
    gaps = [abs(a - o) for a, o, _ in found]
    return found, sum(g * c for g, (_, _, c) in zip(gaps, found)) / len(p), max(gaps)


def calibration(p, happened, count):
    case = {"p": p.tolist(), "happened": happened.tolist(), "bins": count}
    for name, strategy, edges in (("width", "uniform", numpy.linspace(0, 1, count + 1)),
                                  ("count", "quantile", numpy.percentile(p, numpy.linspace(0, 100, count + 1)))):
        observed, predicted = calibration_curve(happened, p, n_bins=count, strategy=strategy)
        found, ece, mce = bins(p, happened, edges)
        assert numpy.allclose(predicted, [f[0] for f in found]) and numpy.allclose(observed, [f[1] for f in found])
        case[name] = {"predicted": predicted.tolist(), "observed": observed.tolist(),
                      "examples": [f[2] for f in found], "ece": ece, "mce": mce}
    return case


def classification(logits, labels):
    n, classes = logits.shape
    every = list(range(classes))
    z = logits.astype(numpy.float64)
    p = softmax(z, axis=1)
    onehot = numpy.eye(classes)[labels]
    ties = numpy.round(p, 13)  # the same logits in another order are ties, whatever the order of sums
    fit = minimize_scalar(lambda t: metrics.log_loss(labels, softmax(z / numpy.exp(t), axis=1), labels=every),
                          bounds=(-6, 6), method="bounded", options={"xatol": 1e-12})
    case = {
        "classes": classes,
        "logits": [float(v) for v in logits.ravel()],
        "labels": labels.tolist(),
        "logLoss": float(-log_softmax(z, axis=1)[numpy.arange(n), labels].mean()),
        "brier": float(((p - onehot) ** 2).sum(axis=1).mean()),
        "brierOf": [metrics.brier_score_loss(labels == k, p[:, k]) for k in every],
        "rocAuc": metrics.roc_auc_score(labels, ties[:, 1]) if classes == 2
        else metrics.roc_auc_score(labels, ties, multi_class="ovr"),
        "temperature": float(numpy.exp(fit.x)),
        "scaledLoss": fit.fun,
        # the last of equal scores comes first there, so the columns are reversed
        "top": [1.0 if k == classes else
                metrics.top_k_accuracy_score(classes - 1 - labels, z[:, ::-1] if classes > 2 else z[:, 0] - z[:, 1],
                                             k=k, labels=every) for k in range(1, classes + 1)],
    }
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    case["ece"] = bins(confidence, right, numpy.linspace(0, 1, 16))[1]
    assert abs(metrics.log_loss(labels, p, labels=every) - case["logLoss"]) < 1e-12
    return case


def answers(n, classes, skill, decimals):
    labels = numpy.concatenate([numpy.arange(classes), random.randint(0, classes, n - classes)])
    logits = random.normal(size=(n, classes))
    logits[numpy.arange(n), labels] += skill
    return numpy.round(3 * logits, decimals).astype(numpy.float32), labels


# ---- numbers

def regression(truth, predicted):
    return {
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "r2": metrics.r2_score(truth, predicted),
        "mae": metrics.mean_absolute_error(truth, predicted),
        "mse": metrics.mean_squared_error(truth, predicted),
        "rmse": metrics.mean_squared_error(truth, predicted, squared=False),
        "mape": metrics.mean_absolute_percentage_error(truth, predicted),
    }


def mcnemar(b, c):
    statistic = max(0, abs(b - c) - 1) ** 2 / (b + c) if b + c else 0
    return {"b": b, "c": c, "exact": binomtest(b, b + c, 0.5).pvalue if b + c else 1.0,
            "statistic": statistic, "corrected": chi2.sf(statistic, 1)}


y = random.normal(5, 2, 40)
golden = {
    "made by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}",
    "folds": folds(),
    "confusion": [confusion(*c) for c in (
        guesses(40, 2, .6), guesses(60, 5, .4), guesses(30, 4, .5, unseen=(1,)), guesses(25, 3, 0),
        (numpy.array([1, 1, 1]), numpy.array([1, 0, 1]), 2), (numpy.array([0, 1, 1]), numpy.array([1, 1, 1]), 2),
        (numpy.array([2, 2]), numpy.array([2, 2]), 3), (numpy.array([0, 1]), numpy.array([1, 0]), 2))],
    "ranking": [ranking(*c) for c in (
        rank(50, 20, 6), rank(60, 7, 1), rank(40, 25, 0), rank(2, 1, 3), (numpy.array([0, 1, 1]), numpy.zeros(3)),
        (numpy.array([1, 0, 1, 0]), numpy.array([3., 1, 2, -4])), (numpy.array([0, 0, 1, 1]), numpy.array([.1, .4, .35, .8])))],
    "classification": [classification(*c) for c in (
        answers(40, 2, .5, 4), answers(50, 3, .3, 0), answers(80, 6, 1, 3), answers(30, 4, 0.1, 2))],
    "calibration": [calibration(*c) for c in (
        (random.uniform(size=70), random.uniform(size=70) < .4, 10),
        (numpy.round(random.uniform(size=90), 2), random.uniform(size=90) < .6, 10),
        (numpy.round(random.beta(.3, .3, size=60), 1), random.uniform(size=60) < .5, 7),
        (numpy.array([0., 1]), numpy.array([False, False]), 3))],
    "regression": [regression(*c) for c in (
        (y, y + random.normal(size=40)), (y, random.normal(size=40)), (1e6 + y, 1e6 + y[::-1]), (y[:2], y[:2]))],
    "mcnemar": [mcnemar(b, c) for b, c in (
        (0, 0), (1, 0), (5, 5), (2, 9), (30, 12), (5, 6), (6, 4), (400, 520), (0, 70), (100_000, 101_000))],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "assess.json"), "w") as out:
    out.write("{\n%s\n}\n" % ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()))
