#!/usr/bin/python3
"""Writes forecasts.json: errors of forecasts, some of whose truths are unknown, by NumPy and scikit-learn. See README.md."""

import json
import os

import numpy
import sklearn
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error, mean_squared_error

HERE = os.path.dirname(os.path.abspath(__file__))

random = numpy.random.RandomState(7)
truths = random.uniform(1, 9, (12, 3)).round(3)
forecasts = (truths + random.normal(0, 1, truths.shape)).round(3)
known = random.uniform(size=truths.shape) < 0.8
t, f = truths[known], forecasts[known]
with open(os.path.join(HERE, "forecasts.json"), "w") as out:
    json.dump(
        {
            "versions": f"numpy {numpy.__version__}, scikit-learn {sklearn.__version__}",
            "truths": truths.tolist(),
            "forecasts": forecasts.tolist(),
            "known": known.tolist(),
            "mae": mean_absolute_error(t, f),
            "rmse": numpy.sqrt(mean_squared_error(t, f)),
            "mape": mean_absolute_percentage_error(t, f),
            "rse": numpy.sqrt(((f - t) ** 2).sum() / ((t - t.mean()) ** 2).sum()),
            "correlation": numpy.mean(
                [numpy.corrcoef(truths[k, c], forecasts[k, c])[0, 1] for c, k in enumerate(known.T)]
            ),
        },
        out,
    )
    out.write("\n")
