#!/usr/bin/python3
"""Writes metrics.json: what scikit-learn and SciPy make of some classifiers' answers. See README.md."""

import json
import os

import numpy
import scipy
import sklearn
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn import metrics


def case(logits, labels):
    """Everything about float32 logits [n, classes] and labels [n], in float64; null where a quotient is 0 / 0."""
    classes = logits.shape[1]
    every = list(range(classes))
    p = softmax(logits.astype(numpy.float64), axis=1)
    predicted = logits.argmax(axis=1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0)
    counts = metrics.confusion_matrix(labels, predicted, labels=every)
    right = int((labels == predicted).sum())
    interval = binomtest(right, len(labels)).proportion_ci(0.95, method="wilson")
    return {
        "classes": classes,
        "logits": [float(v) for v in logits.ravel()],
        "labels": labels.tolist(),
        "predicted": predicted.tolist(),
        "probability": p.max(axis=1).tolist(),
        "crossEntropy": metrics.log_loss(labels, p, labels=every),
        "accuracy": metrics.accuracy_score(labels, predicted),
        "wilson95": [interval.low, interval.high],
        "confusion": counts.tolist(),
        # scikit-learn gives 0 where Fathom gives NaN
        "precision": [float(v) if n else None for v, n in zip(precision, counts.sum(axis=0))],
        "recall": [float(v) if n else None for v, n in zip(recall, counts.sum(axis=1))],
        "f1": [float(v) if n else None for v, n in zip(f1, counts.sum(axis=0) + counts.sum(axis=1))],
    }


def answers(random, n, classes, skill, unseen=()):
    """Logits that favour the right class by so much; some classes have no example, or are never answered."""
    labels = random.choice([c for c in range(classes) if c not in unseen], n)
    logits = random.normal(size=(n, classes))
    logits[numpy.arange(n), labels] += skill
    for c in unseen:
        logits[:, c] -= 20
    return logits.astype(numpy.float32), labels


random = numpy.random.RandomState(1)
cases = {
    "two classes": answers(random, 37, 2, 0.5),
    "ten classes": answers(random, 101, 10, 2),
    "a class without examples or answers": answers(random, 23, 4, 1, unseen=(2,)),
    "all right": answers(random, 7, 3, 50),
    "one example": answers(random, 1, 5, 0),
}
never = answers(random, 31, 3, 1)
never[0][:, 1] -= 20
cases["a class that is never answered"] = never
made_by = f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {numpy.__version__}"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json"), "w") as out:
    lines = [f"{json.dumps(name)}: {json.dumps(case(*given))}" for name, given in cases.items()]
    out.write('{"made by": %s, "cases": {\n%s\n}}\n' % (json.dumps(made_by), ",\n".join(lines)))
