/*
 * The rows of unary.def and binary.def in double precision, one line each, with what the tests need of them: values to sample
 * from, parameters, and for functions of one input the largest error over all floats in ulp (the baseline, where a fused multiply-add
 * rounds twice, gets a half more).
 */
#ifndef FATHOM_REFERENCES_H
#define FATHOM_REFERENCES_H

#include <math.h>

struct unary_reference {
    double (*f)(double x, double p, double q);
    float lo, hi, p, q;
    double ulp;
};
#define ROW(name, formula, ...)                                                                                    \
    static double name##_of(double x, double p, double q) { return (void)p, (void)q, formula; }                    \
    static const struct unary_reference name##_reference = {name##_of, __VA_ARGS__};

static inline double sigmoid_at(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

/* name, formula, samples from, to, p, q, ulp */
ROW(relu, x < 0 ? 0 : x, -3, 3, 0, 0, 0)
ROW(sigmoid, sigmoid_at(x), -3, 3, 0, 0, 2.5)
ROW(tanh, tanh(x), -3, 3, 0, 0, 2)
ROW(exp, exp(x), -3, 3, 0, 0, 1)
ROW(log, log(x), 0.05f, 3, 0, 0, 1)
ROW(square, x *x, -3, 3, 0, 0, 0.5)
ROW(sqrt, sqrt(x), 0.05f, 3, 0, 0, 0.5)
ROW(neg, -x, -3, 3, 0, 0, 0)
ROW(gelu, x == -INFINITY ? 0 : x * 0.5 * erfc(-x * sqrt(0.5)), -3, 3, 0, 0, 6.5)
ROW(elu, x > 0 ? x : p * expm1(x), -3, 3, 1.3f, 0, 2)
ROW(clamp, x < p ? p : x > q ? q : x, -3, 3, -0.5f, 0.75f, 0)
ROW(abs, fabs(x), -3, 3, 0, 0, 0)
ROW(rsqrt, 1 / sqrt(x), 0.05f, 3, 0, 0, 1.5)
ROW(reciprocal, 1 / x, 0.3f, 3, 0, 0, 0.5)
ROW(log1p, log1p(x), -0.9f, 3, 0, 0, 1.5)
ROW(expm1, expm1(x), -3, 3, 0, 0, 1.6)
ROW(softplus, isnan(x) ? x : (fmax(p * x, 0) + log1p(exp(-fabs(p * x)))) / p, -3, 3, 1, 0, 2)
ROW(silu, x == -INFINITY ? 0 : x * sigmoid_at(x), -3, 3, 0, 0, 3)
ROW(swish, x == -INFINITY ? 0 : x * sigmoid_at(p * x), -3, 3, 1.5f, 0, 100)
ROW(gelu_tanh, x == -INFINITY ? 0 : x * sigmoid_at(2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)), -3, 3, 0, 0, 200)
ROW(mish, x == -INFINITY ? 0 : x < 0 ? x * expm1(2 * log1p(exp(x))) / (expm1(2 * log1p(exp(x))) + 2)
                                     : x * tanh(x + log1p(exp(-x))), -3, 3, 0, 0, 6)
ROW(selu, 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x)), -3, 3, 0, 0, 3)
ROW(celu, x > 0 ? x : p * expm1(x / p), -3, 3, 1.3f, 0, 3)
ROW(hard_sigmoid, isnan(x) ? x : fmax(0, fmin(6, x + 3)) / 6, -4, 4, -3, 3, 1)
ROW(hard_swish, isnan(x) ? x : x <= -3 ? 0 : x * fmin(6, x + 3) / 6, -4, 4, -3, 3, 2)
ROW(softsign, isinf(x) ? copysign(1, x) : x / (1 + fabs(x)), -3, 3, 0, 0, 1.5)
ROW(step, isnan(x) ? x : x > 0, -3, 3, 0, 0, 0)
ROW(straight_through, isnan(x) ? x : x > 0, -3, 3, 1, 0, 0)
ROW(leaky_relu, x < 0 ? p * x : x, -3, 3, 0.1f, 0, 0.5)
ROW(sin, sin(x), -3, 3, 0, 0, 2)
ROW(cos, cos(x), -3, 3, 0, 0, 2)
ROW(erf, erf(x), -3, 3, 0, 0, 1.5)
ROW(sign, x > 0 ? 1 : x < 0 ? -1 : x, -3, 3, 0, 0, 0)
ROW(floor, floor(x), -3, 3, 0, 0, 0)
ROW(round, nearbyint(x), -3, 3, 0, 0, 0)
ROW(add_scalar, x + p, -3, 3, 0.7f, 0, 0.5)
ROW(mul_scalar, x *p, -3, 3, -1.7f, 0, 0.5)
ROW(div_scalar, x / p, -3, 3, -1.7f, 0, 0.5)
ROW(rsub_scalar, p - x, -3, 3, 0.7f, 0, 0.5)
ROW(huber, fabs(x) > p ? p * (fabs(x) - 0.5 * p) : 0.5 * x * x, -3, 3, 1.25f, 0, 1.5)
ROW(log_cosh, fabs(x) > 4 ? fabs(x) - log(2) + log1p(exp(-2 * fabs(x))) : log1p(expm1(fabs(x)) * expm1(fabs(x)) / (2 * exp(fabs(x)))),
    -3, 3, 0, 0, 5)
ROW(ceil, ceil(x), -3, 3, 0, 0, 0)
ROW(tan, tan(x), -1.2f, 1.2f, 0, 0, 4)
ROW(asin, asin(x), -0.9f, 0.9f, 0, 0, 3)
ROW(acos, acos(x), -0.9f, 0.9f, 0, 0, 3)
ROW(atan, atan(x), -3, 3, 0, 0, 2.5)
ROW(sinh, sinh(x), -3, 3, 0, 0, 2.5)
ROW(cosh, cosh(x), -3, 3, 0, 0, 1.5)
ROW(asinh, asinh(x), -3, 3, 0, 0, 2)
ROW(acosh, acosh(x), 1.1f, 4, 0, 0, 2.5)
ROW(atanh, atanh(x), -0.9f, 0.9f, 0, 0, 2.5)
#undef ROW

typedef double (*binary_reference)(double a, double b, double p, double q);
#define ROW(name, formula) \
    static double name##_pair(double a, double b, double p, double q) { return (void)p, (void)q, formula; }

ROW(add, a + b)
ROW(sub, a - b)
ROW(mul, a *b)
ROW(div, a / b)
ROW(bce_logits, fmax(a, 0) - a * b + log1p(exp(-fabs(a))))
ROW(max, isnan(a) || a > b ? a : b)
ROW(min, isnan(a) || a < b ? a : b)
ROW(pow, pow(a, b))
ROW(mod, a - b * floor(a / b))
ROW(fmod, fmod(a, b))
ROW(prelu, a > 0 ? a : b * a)
ROW(swish, a * sigmoid_at(b * a))
ROW(gt, a > b)
ROW(ge, a >= b)
ROW(lt, a < b)
ROW(le, a <= b)
ROW(eq, a == b)
ROW(ne, a != b)
#undef ROW

/* a row without its reference does not compile */
static const struct {
    const char *name, *reads;
    const struct unary_reference *is;
} unaries[] = {
#define UNARY(name, parameters, f, back, reads) {#name, #reads, &name##_reference},
#include "unary.def"
#undef UNARY
};
static const struct {
    const char *name, *reads;
    binary_reference f;
} binaries[] = {
#define BINARY(name, parameters, f, da, db, reads) {#name, #reads, name##_pair},
#include "binary.def"
#undef BINARY
};

#endif
