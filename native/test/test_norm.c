/* Normalizations and their gradients against double references, on awkward shapes; the same bits for any parts. */
#include "check.h"

enum { BATCH, GIVEN, RMS, GROUPS }; /* the first three are modes; GROUPS measures c / 2 groups of every outer index */

struct problem {
    int64_t outer, rows, c, groups;
    int what, relu, residual;
    float *x, *gamma, *beta, *more, *dy, *mean, *variance, *rstd, *y, *dx, *dgamma, *dbeta, *dz;
};

static struct problem problem_of(int what, int64_t outer, int64_t rows, int64_t c, int relu, int residual) {
    struct problem p = {.outer = outer, .rows = rows, .c = c, .what = what, .relu = relu, .residual = residual};
    p.groups = what == RMS ? 1 : what == GROUPS ? (c % 2 ? 1 : c / 2) : c;
    int64_t n = outer * rows * c, g = outer * p.groups;
    p.x = guarded_random(n, 4, -3, 5);
    p.gamma = guarded_random(c, 8, 0.5, 1.5);
    p.beta = guarded_random(c, 12, -1, 1);
    p.more = guarded_random(n, 4, -1, 1);
    p.dy = guarded_random(n, 8, -1, 1);
    p.mean = guarded_random(g, 4, -1, 1);
    p.variance = guarded_random(g, 4, 0.5, 2);
    p.rstd = guarded_floats(g, 4);
    p.y = guarded_floats(n, 12);
    p.dx = guarded_floats(n, 4);
    p.dz = guarded_floats(n, 4);
    p.dgamma = guarded_floats(c, 4);
    p.dbeta = guarded_floats(c, 8);
    return p;
}

static void run(struct problem *p) {
    int64_t mode = p->what == GROUPS ? NORM_MEASURED : p->what;
    RUN(norm, .mode = mode, .x = p->x, .gamma = p->gamma, .beta = p->beta, .residual = p->residual ? p->more : 0, .mean = p->mean,
        .variance = p->variance, .rstd = p->rstd, .y = p->y, .outer = p->outer, .rows = p->rows, .c = p->c, .groups = p->groups,
        .epsilon = 0.1f, .row = p->relu ? UNARY_relu : -1);
    memcpy(p->dz, p->dy, (size_t)(p->outer * p->rows * p->c) * 4);
    RUN(norm_grad, .mode = mode, .x = p->x, .gamma = p->gamma, .beta = p->beta, .mean = p->mean, .variance = p->variance,
        .rstd = p->rstd, .y = p->y, .dy = p->dz, .dx = p->dx, .dgamma = p->dgamma, .dbeta = p->dbeta, .outer = p->outer,
        .rows = p->rows, .c = p->c, .groups = p->groups, .epsilon = 0.1f, .relu = p->relu ? 1 + p->residual : 0);
}

static void check(struct problem *p, int isa) {
    int64_t wide = p->c / p->groups, each = p->rows * p->c, n = p->outer * each, count = p->rows * wide;
    double *mean = calloc((size_t)(p->outer * p->groups) * 4, sizeof *mean), *rstd = mean + p->outer * p->groups;
    double *a = rstd + p->outer * p->groups, *b = a + p->outer * p->groups, *dg = calloc((size_t)p->c * 2, sizeof *dg);
#define GROUP(i) ((i) / each * p->groups + (i) % p->c / wide)
    if (p->what == GIVEN)
        for (int64_t g = 0; g < p->groups; g++) mean[g] = p->mean[g], rstd[g] = 1 / sqrt(p->variance[g] + 0.1f);
    else {
        for (int64_t i = 0; i < n && p->what != RMS; i++) mean[GROUP(i)] += (double)p->x[i] / (double)count;
        for (int64_t i = 0; i < n; i++) rstd[GROUP(i)] += pow(p->x[i] - mean[GROUP(i)], 2) / (double)count;
        for (int64_t g = 0; g < p->outer * p->groups; g++) {
            if (p->what == BATCH && p->rows > 1) CHECK_NEAR(p->variance[g], rstd[g], 1e-5, "variance %lld", (long long)g);
            rstd[g] = 1 / sqrt(rstd[g] + 0.1f);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t c = i % p->c, g = GROUP(i);
        double hat = (p->x[i] - mean[g]) * rstd[g], z = hat * p->gamma[c] + p->beta[c] + (p->residual ? p->more[i] : 0);
        CHECK_NEAR(p->y[i], p->relu && z < 0 ? 0 : z, 1e-5, "isa %d what %d [%lld, %lld, %lld] at %lld", isa, p->what,
                   (long long)p->outer, (long long)p->rows, (long long)p->c, (long long)i);
        double dz = p->relu && p->y[i] <= 0 ? 0 : p->dy[i];
        if (p->relu && p->residual) CHECK(p->dz[i] == (float)dz, "dz at %lld", (long long)i);
        a[g] += p->what == RMS || p->what == GIVEN ? 0 : p->gamma[c] * dz / (double)count;
        b[g] += p->what == GIVEN ? 0 : p->gamma[c] * dz * hat / (double)count;
        dg[c] += dz * hat;
        dg[p->c + c] += dz;
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t c = i % p->c, g = GROUP(i);
        double hat = (p->x[i] - mean[g]) * rstd[g], dz = p->relu && p->y[i] <= 0 ? 0 : p->dy[i];
        CHECK_NEAR(p->dx[i], rstd[g] * (p->gamma[c] * dz - a[g] - hat * b[g]), 2e-5, "dx isa %d what %d [%lld, %lld, %lld]", isa,
                   p->what, (long long)p->outer, (long long)p->rows, (long long)p->c);
    }
    for (int64_t c = 0; c < p->c; c++) {
        CHECK_NEAR(p->dgamma[c], dg[c], 1e-4 + 1e-6 * (double)n, "dgamma what %d c %lld of %lld", p->what, (long long)c,
                   (long long)p->c);
        CHECK_NEAR(p->dbeta[c], dg[p->c + c], 1e-4 + 1e-6 * (double)n, "dbeta what %d c %lld", p->what, (long long)c);
    }
    free(mean);
    free(dg);
}

static void same_bits(int what, int64_t outer, int64_t rows, int64_t c, int relu, int residual) {
    struct problem p = problem_of(what, outer, rows, c, relu, residual);
    int64_t n = outer * rows * c;
    float *first[3] = {guarded_floats(n, 0), guarded_floats(n, 0), guarded_floats(c, 0)};
    int reference = -1;
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts) {
            run(&p);
            if (reference < 0 || (!is_fused(reference) && is_fused(isa))) {
                memcpy(first[0], p.y, (size_t)n * 4);
                memcpy(first[1], p.dx, (size_t)n * 4);
                memcpy(first[2], p.dgamma, (size_t)c * 4);
                reference = isa;
            }
            CHECK_BITS(p.y, first[0], n, "y what %d isa %d parts %d", what, isa, parts);
            CHECK_BITS(p.dx, first[1], n, "dx what %d isa %d parts %d", what, isa, parts);
            CHECK_BITS(p.dgamma, first[2], c, "dgamma what %d isa %d parts %d", what, isa, parts);
        }
    release_guarded();
}

/* x d^-beta and its gradient, whose windows end at the edges of a row */
static void local_response(int64_t rows, int64_t c, int64_t size) {
    float *x = guarded_random(rows * c, 4, -2, 2), *d = guarded_floats(rows * c, 8), *y = guarded_floats(rows * c, 12);
    float *dy = guarded_random(rows * c, 4, -1, 1), *dx = guarded_floats(rows * c, 8);
    FOR_EACH_ISA(isa) {
        RUN(local_response, .x = x, .d = d, .y = y, .rows = rows, .c = c, .size = size, .alpha = 0.5f, .beta = 0.75f, .k = 2);
        RUN(local_response_grad, .x = x, .d = d, .dy = dy, .dx = dx, .rows = rows, .c = c, .size = size, .alpha = 0.5f,
            .beta = 0.75f);
        for (int64_t i = 0; i < rows * c; i++) {
            double sum = 0, back = 0;
            for (int64_t s = 0; s < size; s++) {
                int64_t to = i % c + s - size / 2, from = i % c + s - (size - 1) / 2, row = i / c * c;
                if (to >= 0 && to < c) sum += (double)x[row + to] * x[row + to];
                if (from >= 0 && from < c) back += dy[row + from] * x[row + from] * pow(d[row + from], -1.75);
            }
            double want = 2 + 0.5 / (double)size * sum;
            CHECK_NEAR(y[i], x[i] * pow(want, -0.75), 2e-6, "isa %d [%lld, %lld] size %lld", isa, (long long)rows, (long long)c,
                       (long long)size);
            CHECK_NEAR(dx[i], dy[i] * pow(want, -0.75) - 0.75 / (double)size * x[i] * back, 5e-6, "isa %d [%lld, %lld] size %lld",
                       isa, (long long)rows, (long long)c, (long long)size);
        }
    }
    release_guarded();
}

int main(void) {
    static const int64_t shapes[][3] = {
        {1, 2, 1},  {1, 15, 3},  {1, 16, 3},  {1, 17, 3},   {1, 67, 15},  {1, 40, 16},   {1, 19, 17},  {1, 33, 63},
        {1, 9, 64}, {1, 50, 65}, {1, 20, 96}, {1, 5, 300},  {1, 1100, 64}, {1, 22000, 3}, {1, 4500, 20},
    };
    for (int k = 0; k < COUNT(shapes); k++)
        for (int relu = 0; relu < 2; relu++)
            for (int residual = 0; residual < 2; residual++)
                for (int what = BATCH; what <= GROUPS; what++) {
                    int64_t outer = shapes[k][0], rows = shapes[k][1], c = shapes[k][2];
                    if (what == RMS) outer = rows, rows = 1; /* of rows, as layer norm */
                    if (what == GROUPS && rows < 200) outer = 3;
                    struct problem p = problem_of(what, outer, rows, c, relu, residual);
                    FOR_EACH_ISA(isa) {
                        run(&p);
                        check(&p, isa);
                    }
                    release_guarded();
                }
    for (int relu = 0; relu < 2; relu++) {
        same_bits(BATCH, 1, 30011, 3, relu, 0);
        same_bits(BATCH, 1, 10007, 40, relu, relu);
        same_bits(GROUPS, 50, 101, 34, relu, 0);
        same_bits(RMS, 5003, 1, 77, relu, relu);
        same_bits(GIVEN, 1, 5003, 77, relu, 0);
    }
    for (int64_t c = 1; c < 40; c += 3)
        for (int64_t size = 1; size < 8; size++) local_response(3, c, size);
    local_response(2, 96, 5);
    return DONE();
}
