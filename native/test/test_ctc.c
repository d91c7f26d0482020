/* The loss of connectionist temporal classification: against a sum over all alignments, and its gradient against a double reference. */
#include "check.h"

enum { MOST_STATES = 2 * 200 + 1, MOST_STEPS = 400 };

static double softmax_of(const float *x, int64_t classes, int64_t c) {
    double max = -INFINITY, sum = 0;
    for (int64_t k = 0; k < classes; k++) max = x[k] > max ? x[k] : max;
    for (int64_t k = 0; k < classes; k++) sum += exp((double)x[k] - max);
    return exp((double)x[c] - max) / sum;
}

/* the sum over every path of `steps` symbols that becomes the labels when repeats and then blanks are taken out */
static double brute_force(const float *x, int64_t steps, int64_t classes, const int32_t *labels, int64_t count, int64_t blank) {
    int64_t paths = 1;
    double all = 0;
    for (int64_t t = 0; t < steps; t++) paths *= classes;
    for (int64_t path = 0; path < paths; path++) {
        int64_t rest = path, last = -1, found = 0;
        double p = 1;
        int same = 1;
        for (int64_t t = 0; t < steps; t++, rest /= classes) {
            int64_t symbol = rest % classes;
            p *= softmax_of(x + t * classes, classes, symbol);
            if (symbol != blank && symbol != last) same &= found < count && labels[found] == symbol, found++;
            last = symbol;
        }
        if (same && found == count) all += p;
    }
    return -log(all);
}

static double log_add(double a, double b) {
    double m = a > b ? a : b;
    return m == -INFINITY ? m : m + log(exp(a - m) + exp(b - m));
}

static double alpha[MOST_STEPS][MOST_STATES], beta[MOST_STEPS][MOST_STATES];

/* in double, state by state (Graves et al. 2006, equations 6 to 16); grad[steps][classes] */
static double reference(const float *x, int64_t steps, int64_t classes, const int32_t *labels, int64_t count, int64_t blank, double *grad) {
    int64_t states = 2 * count + 1;
    double all = -INFINITY;
    if (steps == 0) return count ? INFINITY : 0;
#define SYMBOL(s) ((s) % 2 ? labels[(s) / 2] : blank)
#define LOG_P(t, s) log(softmax_of(x + (t) * classes, classes, SYMBOL(s)))
#define SKIPS(s) ((s) >= 2 && (s) % 2 && labels[(s) / 2] != labels[(s) / 2 - 1])
    for (int64_t t = 0; t < steps; t++)
        for (int64_t s = 0; s < states; s++) {
            double from = t == 0 ? (s < 2 ? 0 : -INFINITY) : alpha[t - 1][s];
            if (t > 0 && s > 0) from = log_add(from, alpha[t - 1][s - 1]);
            if (t > 0 && SKIPS(s)) from = log_add(from, alpha[t - 1][s - 2]);
            alpha[t][s] = from + LOG_P(t, s);
        }
    for (int64_t t = steps - 1; t >= 0; t--)
        for (int64_t s = 0; s < states; s++) {
            double to = t == steps - 1 ? (s >= states - 2 ? 0 : -INFINITY) : beta[t + 1][s] + LOG_P(t + 1, s);
            if (t < steps - 1 && s + 1 < states) to = log_add(to, beta[t + 1][s + 1] + LOG_P(t + 1, s + 1));
            if (t < steps - 1 && s + 2 < states && SKIPS(s + 2)) to = log_add(to, beta[t + 1][s + 2] + LOG_P(t + 1, s + 2));
            beta[t][s] = to;
        }
    all = log_add(alpha[steps - 1][states - 1], states > 1 ? alpha[steps - 1][states - 2] : -INFINITY);
    for (int64_t t = 0; t < steps; t++) {
        for (int64_t c = 0; c < classes; c++) grad[t * classes + c] = all == -INFINITY ? 0 : softmax_of(x + t * classes, classes, c);
        for (int64_t s = 0; s < states && all != -INFINITY; s++) grad[t * classes + SYMBOL(s)] -= exp(alpha[t][s] + beta[t][s] - all);
    }
    return -all;
}

static void tiny(void) {
    FOR_EACH_ISA(isa)
        for (int round = 0; round < 60; round++) {
            int64_t steps = random_below(6), classes = 1 + random_below(4), most = random_below(4), blank = random_below(classes);
            int64_t labels = classes == 1 ? 0 : random_below(most + 1);
            float *x = guarded_random(steps * classes, 4, -3, 3), *loss = guarded_floats(1, 8);
            int32_t *targets = guarded((size_t)most * 4, 4), *lengths = guarded(4, 4);
            for (int64_t i = 0; i < most; i++) {
                targets[i] = i < labels ? (int32_t)random_below(classes - 1) : 99;
                targets[i] += i < labels && targets[i] >= blank;
            }
            lengths[0] = (int32_t)labels;
            CHECK(RUN(ctc, .x = x, .targets = targets, .targetlengths = lengths, .loss = loss, .n = 1, .steps = steps,
                      .classes = classes, .most = most, .blank = blank)
                      == FATHOM_OK,
                  "status");
            CHECK_NEAR(loss[0], brute_force(x, steps, classes, targets, labels, blank), 2e-5, "isa %d: %lld steps, %lld of %lld labels",
                       isa, (long long)steps, (long long)labels, (long long)classes);
            release_guarded();
        }
}

/* what: 0 moderate, 1 far apart, so that for a while only impossible paths arrive, 2 some -Inf */
static void random_case(int64_t n, int64_t steps, int64_t classes, int64_t most, int what) {
    int64_t count = n * steps * classes, blank = random_below(classes);
    float *x = guarded_random(count, 4, -3, 3), *grad = guarded_floats(count, 8), *loss = guarded_floats(n, 12),
          *again = guarded_floats(n, 0);
    double *want = malloc((size_t)(steps * classes) * sizeof(double));
    int32_t *targets = guarded((size_t)(n * most) * 4, 4), *lengths = guarded((size_t)n * 4, 4), *labels = guarded((size_t)n * 4, 8);
    for (int64_t i = 0; i < count; i++) {
        if (what == 1) x[i] *= 60;
        if (what == 2 && random_below(9) == 0) x[i] = -INFINITY;
    }
    for (int64_t i = 0; i < n * most; i++) {
        targets[i] = (int32_t)random_below(classes - 1);
        targets[i] += targets[i] >= blank;
        if (i % most && random_below(3) == 0) targets[i] = targets[i - 1];
    }
    for (int64_t i = 0; i < n; i++) {
        lengths[i] = (int32_t)(i == 0 ? steps : random_below(steps + 1));
        labels[i] = (int32_t)(i == 0 ? most : random_below(most + 1));
    }
    FOR_EACH_ISA(isa) {
        CHECK(RUN(ctc, .x = x, .targets = targets, .lengths = lengths, .targetlengths = labels, .grad = grad, .loss = loss, .n = n,
                  .steps = steps, .classes = classes, .most = most, .blank = blank)
                  == FATHOM_OK,
              "status");
        for (int64_t i = 0; i < n; i++) {
            const float *x_i = x + i * steps * classes;
            double sum = reference(x_i, lengths[i], classes, targets + i * most, labels[i], blank, want);
            CHECK_NEAR(loss[i], sum, 1e-6 * fabs(sum) + 1e-5, "isa %d what %d %lld x %lld, %d of %d", isa, what, (long long)steps,
                       (long long)classes, labels[i], lengths[i]);
            for (int64_t k = 0; k < steps * classes; k++)
                CHECK_NEAR(grad[i * steps * classes + k], k < lengths[i] * classes ? want[k] : 0, what == 1 ? 2e-3 : 2e-5,
                           "isa %d what %d: gradient of example %lld at %lld", isa, what, (long long)i, (long long)k);
        }
        RUN(ctc, .x = x, .targets = targets, .lengths = lengths, .targetlengths = labels, .loss = again, .n = n, .steps = steps,
            .classes = classes, .most = most, .blank = blank);
        CHECK_BITS(again, loss, n, "isa %d without a gradient", isa);
        for (int64_t i = 0; i < n; i++) { /* alone, without its padding */
            float *alone = guarded_floats(lengths[i] * classes, 4);
            RUN(ctc, .x = x + i * steps * classes, .targets = targets + i * most, .grad = alone, .loss = again, .n = 1,
                .steps = lengths[i], .classes = classes, .most = labels[i], .blank = blank);
            CHECK_BITS(again, loss + i, 1, "isa %d: example %lld alone", isa, (long long)i);
            CHECK_BITS(alone, grad + i * steps * classes, lengths[i] * classes, "isa %d: gradient of example %lld alone", isa,
                       (long long)i);
        }
    }
    free(want);
    release_guarded();
}

static void bad(void) {
    float *x = guarded_random(2 * 3 * 4, 4, -1, 1), *loss = guarded_floats(2, 4), *grad = guarded_floats(24, 4);
    int32_t *targets = guarded(16, 4), *lengths = guarded(8, 4), *labels = guarded(8, 4);
#define RUN_BAD(status, row, found, bound)                                                                                       \
    do {                                                                                                                         \
        CHECK(RUN(ctc, .x = x, .targets = targets, .lengths = lengths, .targetlengths = labels, .grad = grad, .loss = loss, .n = 2, \
                  .steps = 3, .classes = 4, .most = 2, .blank = 1)                                                               \
                  == status,                                                                                                     \
              "isa %d", isa);                                                                                                    \
        CHECK(run_words[1] == row && run_words[2] == found && run_words[3] == bound, "detail %lld %lld %lld",                    \
              (long long)run_words[1], (long long)run_words[2], (long long)run_words[3]);                                        \
        for (int i = 0; i < 24; i++) CHECK(isnan(grad[i]), "grad[%d] written", i);                                               \
        for (int i = 0; i < 2; i++) CHECK(isnan(loss[i]), "loss[%d] written", i);                                                \
    } while (0)
    FOR_EACH_ISA(isa) {
        targets[0] = 0, targets[1] = 2, targets[2] = 3, targets[3] = 3;
        lengths[0] = 3, lengths[1] = 4, labels[0] = 2, labels[1] = 2;
        RUN_BAD(FATHOM_BAD_LENGTH, 1, 4, 3);
        lengths[1] = -1;
        RUN_BAD(FATHOM_BAD_LENGTH, 1, -1, 3);
        lengths[1] = 3, labels[0] = 3;
        RUN_BAD(FATHOM_BAD_LENGTH, 0, 3, 2);
        labels[0] = 2, targets[3] = 4;
        RUN_BAD(FATHOM_BAD_LABEL, 3, 4, 4);
        targets[3] = 1;
        RUN_BAD(FATHOM_BAD_BLANK, 1, 1, 1);
    }
    release_guarded();
}

/* a NaN is the loss and the gradient of its example, and of no other */
static void nan_in_one(void) {
    float *x = guarded_random(3 * 5 * 4, 4, -1, 1), *loss = guarded_floats(3, 4), *grad = guarded_floats(60, 4);
    int32_t *targets = guarded(24, 4);
    for (int i = 0; i < 6; i++) targets[i] = 1 + i % 3;
    x[20 + 7] = NAN;
    FOR_EACH_ISA(isa) {
        RUN(ctc, .x = x, .targets = targets, .grad = grad, .loss = loss, .n = 3, .steps = 5, .classes = 4, .most = 2, .blank = 0);
        for (int i = 0; i < 3; i++) CHECK(isnan(loss[i]) == (i == 1), "loss %d is %g", i, loss[i]);
        for (int i = 0; i < 60; i++)
            if (i / 20 != 1 || i % 4 != 2) /* class 2 is no symbol of that example, and has the softmax of the other steps */
                CHECK(isnan(grad[i]) == (i / 20 == 1), "isa %d: grad[%d] is %g", isa, i, grad[i]);
    }
    release_guarded();
}

static void same_bits(void) {
    enum { N = 37, STEPS = 60, CLASSES = 29, MOST = 21 };
    float *x = guarded_random(N * STEPS * CLASSES, 4, -9, 9), *loss = guarded_floats(N, 4), *grad = guarded_floats(N * STEPS * CLASSES, 4);
    float *first = guarded_floats(N * STEPS * CLASSES, 0), *first_loss = guarded_floats(N, 0);
    int32_t *targets = guarded(N * MOST * 4, 4);
    int reference_isa = -1;
    for (int i = 0; i < N * MOST; i++) targets[i] = 1 + (int32_t)random_below(CLASSES - 1);
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts) {
            RUN(ctc, .x = x, .targets = targets, .grad = grad, .loss = loss, .n = N, .steps = STEPS, .classes = CLASSES, .most = MOST,
                .blank = 0);
            if (reference_isa < 0 || (!is_fused(reference_isa) && is_fused(isa))) {
                memcpy(first, grad, N * STEPS * CLASSES * 4);
                memcpy(first_loss, loss, N * 4);
                reference_isa = isa;
            }
            CHECK_BITS(grad, first, N * STEPS * CLASSES, "gradient, isa %d parts %d", isa, parts);
            CHECK_BITS(loss, first_loss, N, "loss, isa %d parts %d", isa, parts);
        }
    release_guarded();
}

int main(void) {
    static const int64_t shapes[][4] = {{1, 1, 2, 1}, {3, 7, 3, 4}, {4, 33, 20, 15}, {4, 40, 5, 16}, {2, 50, 30, 17}, {1, 300, 40, 120}};
    tiny();
    for (int what = 0; what < 3; what++)
        for (int k = 0; k < COUNT(shapes); k++) random_case(shapes[k][0], shapes[k][1], shapes[k][2], shapes[k][3], what);
    bad();
    nan_in_one();
    same_bits();
    return DONE();
}
