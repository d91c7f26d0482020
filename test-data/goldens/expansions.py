#!/usr/bin/python3
"""Writes expansions.json: scikit-learn's polynomial features, and natural splines made with SciPy's B-splines. See README.md."""

import json
import os

import numpy
import scipy
import sklearn
from scipy.interpolate import BSpline, CubicSpline
from sklearn.preprocessing import PolynomialFeatures

random = numpy.random.default_rng(1)


def polynomial(features, degree, interactions):
    x = random.normal(size=(4, features)).round(3)
    y = PolynomialFeatures(degree, interaction_only=interactions, include_bias=False).fit_transform(x)
    return dict(degree=degree, interactions=interactions, x=x.tolist(), y=y.tolist())


def spline(*knots):
    """R's ns(x, intercept = TRUE): B-splines, of which the QR decomposition of their second derivatives at both ends takes two away."""
    low, high = knots[0], knots[-1]
    t = numpy.r_[[low] * 3, knots, [high] * 3]
    each = [BSpline(t, row, 3) for row in numpy.eye(len(knots) + 2)]
    ends = numpy.array([[b.derivative(2)(low), b.derivative(2)(high)] for b in each])
    kept = numpy.linalg.qr(ends, mode="complete")[0][:, 2:]
    x = numpy.linspace(low, high, 23)
    return dict(
        knots=knots,
        x=x.tolist(),
        b_splines=(numpy.array([b(x) for b in each]).T @ kept).tolist(),
        cardinal=CubicSpline(knots, numpy.eye(len(knots)), bc_type="natural")(x).tolist(),
    )


json.dump(
    dict(
        versions=dict(numpy=numpy.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
        polynomials=[polynomial(1, 4, False), polynomial(2, 2, False), polynomial(3, 4, False), polynomial(4, 3, True)],
        splines=[spline(-1.0, 2.0), spline(-1.0, 0.5, 2.0), spline(0.0, 1.0, 3.0, 3.5), spline(-5.0, -3.1, -1.0, 0.2, 1.0, 2.5, 5.0)],
    ),
    open(os.path.join(os.path.dirname(__file__), "expansions.json"), "w"),
)
