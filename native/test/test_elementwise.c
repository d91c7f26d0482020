/*
 * fill, copy, accumulate and every row of unary.def and binary.def through commands: forward against double precision, backward
 * against central differences of the same reference, = and +=, sizes around the vector and the page, unaligned, in place, NaN and
 * infinity, broadcasting in all strides, v3 and v4 bit for bit, any thread count the same bits.
 */
#include "check.h"
#include "references.h"

static const int64_t sizes[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 127, 257, 1023, 1024, 1025, 5003};
enum { SIZES = COUNT(sizes), LARGE = 300007 }; /* LARGE is worth several parts */

static double close_to(double want) { return 1e-6 * fabs(want) + 1e-7; }

/* ---- fill, copy, accumulate ---- */

static void memory(int isa, int64_t n, size_t misaligned) {
    float *x = guarded_random(n, misaligned, -1, 1), *y = guarded_floats(n, misaligned), *z = copied(x, n, 4);
    CHECK(RUN(fill, .y = y, .n = n, .value = 2.5f) == FATHOM_OK, "fill");
    for (int64_t i = 0; i < n; i++) CHECK(y[i] == 2.5f, "fill [%lld] of %lld, isa %d", (long long)i, (long long)n, isa);
    CHECK(RUN(accumulate, .x = y, .y = z, .n = n) == FATHOM_OK, "accumulate");
    for (int64_t i = 0; i < n; i++) CHECK(z[i] == x[i] + 2.5f, "accumulate [%lld] of %lld", (long long)i, (long long)n);
    CHECK(RUN(copy, .x = (uint8_t *)x, .y = (uint8_t *)y, .bytes = n * 4) == FATHOM_OK, "copy");
    CHECK_BITS(y, x, n, "copy of %lld", (long long)n);
    release_guarded();
}

/* ---- one input ---- */

static void unary(int isa, int row, int64_t n, size_t misaligned) {
    const char *name = unaries[row].name;
    const struct unary_reference is = *unaries[row].is;
    const float p = is.p, q = is.q;
    float *x = guarded_random(n, misaligned, is.lo, is.hi), *y = guarded_floats(n, 64 - misaligned - 4);
    CHECK(RUN(unary, .row = row, .x = x, .y = y, .n = n, .p0 = p, .p1 = q) == FATHOM_OK, "%s", name);
    for (int64_t i = 0; i < n; i++) {
        double want = is.f(x[i], p, q);
        CHECK_NEAR(y[i], want, close_to(want), "%s(%g), %lld of %lld, isa %d", name, x[i], (long long)i, (long long)n, isa);
    }
    float *inplace = copied(x, n, misaligned);
    CHECK(RUN(unary, .row = row, .x = inplace, .y = inplace, .n = n, .p0 = p, .p1 = q) == FATHOM_OK, "%s", name);
    CHECK_BITS(inplace, y, n, "%s in place, isa %d", name, isa);

    /* what the row does not read is not passed */
    float *dy = guarded_random(n, misaligned, -2, 2), *dx = guarded_floats(n, 8), *sum = guarded_random(n, 20, -1, 1);
    float *before = copied(sum, n, 0), *given = copied(dy, n, 4);
    float *reads_x = strstr(unaries[row].reads, "INPUT") ? x : NULL, *reads_y = strstr(unaries[row].reads, "OUTPUT") ? y : NULL;
    RUN(unary_grad, .row = row, .x = reads_x, .y = reads_y, .dy = dy, .dx = dx, .n = n, .p0 = p, .p1 = q);
    RUN(unary_grad, .row = row, .x = reads_x, .y = reads_y, .dy = dy, .dx = sum, .n = n, .p0 = p, .p1 = q, .add = 1);
    RUN(unary_grad, .row = row, .x = reads_x, .y = reads_y, .dy = given, .dx = given, .n = n, .p0 = p, .p1 = q);
    const int flat = !strcmp(unaries[row].reads, "FLAT");
    for (int64_t i = 0; i < n; i++) {
        double h = 1e-5, slope = flat ? 0 : (is.f(x[i] + h, p, q) - is.f(x[i] - h, p, q)) / (2 * h);
        if (fabs(x[i]) < 2 * h || fabs(x[i] - p) < 2 * h || fabs(x[i] - q) < 2 * h) continue; /* a kink */
        if (row == UNARY_straight_through) slope = fabs(x[i]) <= p; /* of the identity, by its definition */
        CHECK_NEAR(dx[i], dy[i] * slope, 3e-6 * (1 + fabs(dy[i] * slope)), "slope of %s at %g, isa %d", name, x[i], isa);
        CHECK_NEAR(sum[i], before[i] + dx[i], 1e-6 * (1 + fabs(dx[i])), "slope of %s added, isa %d", name, isa);
    }
    CHECK_BITS(given, dx, n, "slope of %s in place, isa %d", name, isa);
    release_guarded();
}

static void unary_specials(int isa, int row) {
    float x[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-42f, 3e38f}, y[7];
    const char *name = unaries[row].name;
    const struct unary_reference is = *unaries[row].is;
    RUN(unary, .row = row, .x = x, .y = y, .n = 7, .p0 = is.p, .p1 = is.q);
    CHECK(isnan(y[0]), "%s(NaN) is %g, isa %d", name, y[0], isa);
    for (int i = 1; i < 7; i++) {
        double want = is.f(as_read(x[i]), is.p, is.q);
        CHECK_NEAR(y[i], (float)want, close_to(want), "%s(%g), isa %d", name, x[i], isa);
    }
}

/* at a kink PyTorch's slope; and an infinite dy that a selecting row does not pass on is 0, not 0 * Inf */
static void kinks(void) {
    float x[] = {0, -1, 2, NAN}, one[] = {1, 1, 1, 1}, infinite[] = {1, INFINITY, 1, 1}, y[4], dx[4];
    RUN(unary, .row = UNARY_relu, .x = x, .y = y, .n = 4);
    RUN(unary_grad, .row = UNARY_relu, .y = y, .dy = infinite, .dx = dx, .n = 4);
    CHECK(dx[0] == 0 && dx[1] == 0 && dx[2] == 1 && dx[3] == 1, "relu' at 0 is 0: %g %g %g %g", dx[0], dx[1], dx[2], dx[3]);
    RUN(unary, .row = UNARY_elu, .x = x, .y = y, .n = 4, .p0 = 0.5f);
    RUN(unary_grad, .row = UNARY_elu, .y = y, .dy = one, .dx = dx, .n = 4, .p0 = 0.5f);
    CHECK(dx[0] == 0.5f && dx[2] == 1 && isnan(dx[3]), "elu' at 0 is alpha: %g %g %g", dx[0], dx[2], dx[3]);
    RUN(unary_grad, .row = UNARY_clamp, .x = x, .dy = infinite, .dx = dx, .n = 4, .p0 = 0, .p1 = 2);
    CHECK(dx[0] == 1 && dx[1] == 0 && dx[2] == 1 && dx[3] == 0, "clamp' at its ends is 1: %g %g %g", dx[0], dx[1], dx[2]);
    float ends[] = {-3, 3, -4, 4};
    RUN(unary_grad, .row = UNARY_hard_sigmoid, .x = ends, .dy = infinite, .dx = dx, .n = 4);
    CHECK(dx[0] == 0 && dx[1] == 0 && dx[2] == 0 && dx[3] == 0, "hard_sigmoid' at its ends is 0: %g %g", dx[0], dx[1]);
    RUN(unary_grad, .row = UNARY_hard_swish, .x = ends, .dy = one, .dx = dx, .n = 4);
    CHECK(dx[0] == -0.5f && dx[1] == 1.5f && dx[2] == 0 && dx[3] == 1, "hard_swish' at its ends: %g %g", dx[0], dx[1]);
    RUN(unary_grad, .row = UNARY_straight_through, .x = x, .dy = one, .dx = dx, .n = 4, .p0 = 1);
    CHECK(dx[0] == 1 && dx[1] == 1 && dx[2] == 0 && dx[3] == 0, "straight through from -1 to 1: %g %g %g", dx[0], dx[1], dx[2]);
}

/* of equals each gets half; an infinite dy reaches only the larger (or smaller) */
static void selections(void) {
    float a[] = {1, 2, 3, NAN}, b[] = {2, 2, 1, 0}, dy[] = {INFINITY, 1, INFINITY, 1}, da[4], db[4], y[4];
    for (int row = BINARY_max; row <= BINARY_min; row++) {
        for (int which = 0; which < 2; which++) {
            struct binary_grad_args g = {.row = row, .which = which, .a = a, .b = b, .y = y, .dy = dy, .dx = which ? db : da,
                                         .dims = {1, 1, 1, 1, 1, 4}, .sa = {[5] = 1}, .sb = {[5] = 1}};
            run_command(K_binary_grad, &g, sizeof g);
        }
        float *most = row == BINARY_max ? da : db, *least = row == BINARY_max ? db : da;
        CHECK(most[0] == 0 && most[1] == 0.5f && most[2] == INFINITY && da[3] == 1, "%g %g %g", most[0], most[1], most[2]);
        CHECK(least[0] == INFINITY && least[1] == 0.5f && least[2] == 0, "%g %g %g", least[0], least[1], least[2]);
    }
}

/* ---- two inputs ---- */

struct pair {
    int64_t dims[6], sa[6], sb[6];
};

static int64_t volume(const int64_t *dims, const int64_t *strides) {
    int64_t last = 0, count = 1;
    for (int d = 0; d < 6; d++) last += (dims[d] - 1) * strides[d], count *= dims[d];
    return count ? last + 1 : 0;
}

static int64_t offset(int64_t i, const int64_t *dims, const int64_t *strides) {
    int64_t at = 0;
    for (int d = 5; d >= 0; d--) at += i % dims[d] * strides[d], i /= dims[d];
    return at;
}

static void run_binary(int row, const struct pair *s, float *a, float *b, float *y) {
    struct binary_args g = {.row = row, .a = a, .b = b, .y = y};
    memcpy(g.dims, s->dims, sizeof g.dims);
    memcpy(g.sa, s->sa, sizeof g.sa);
    memcpy(g.sb, s->sb, sizeof g.sb);
    CHECK(run_command(K_binary, &g, sizeof g) == FATHOM_OK, "%s", binaries[row].name);
}

static void run_binary_grad(int row, int which, const struct pair *s, float *a, float *b, float *y, float *dy, float *dx,
                            int add) {
    struct binary_grad_args g = {.row = row, .which = which, .a = a, .b = b, .y = y, .dy = dy, .dx = dx, .add = add};
    memcpy(g.dims, s->dims, sizeof g.dims);
    memcpy(g.sa, s->sa, sizeof g.sa);
    memcpy(g.sb, s->sb, sizeof g.sb);
    CHECK(run_command(K_binary_grad, &g, sizeof g) == FATHOM_OK, "slope of %s", binaries[row].name);
}

static int reads(int row, const char *what) {
    char text[32]; /* "A|B" */
    snprintf(text, sizeof text, "%s", binaries[row].reads);
    for (char *word = strtok(text, "|"); word; word = strtok(NULL, "|"))
        if (!strcmp(word, what)) return 1;
    return 0;
}

static void binary(int isa, int row, const struct pair *s, size_t misaligned) {
    const char *name = binaries[row].name;
    binary_reference f = binaries[row].f;
    int64_t n = 1;
    for (int d = 0; d < 6; d++) n *= s->dims[d];
    float *a = guarded_random(volume(s->dims, s->sa), misaligned, -3, 3), *b = guarded_random(volume(s->dims, s->sb), 4, 0.5, 2);
    float *y = guarded_floats(n, misaligned);
    run_binary(row, s, a, b, y);
    for (int64_t i = 0; i < n; i++) {
        double u = a[offset(i, s->dims, s->sa)], w = b[offset(i, s->dims, s->sb)], want = f(u, w, 0, 0);
        CHECK_NEAR(y[i], want, close_to(want) + close_to(u * w), "%s(%g, %g), %lld of %lld, isa %d", name, u, w, (long long)i,
                   (long long)n, isa);
    }
    float *dy = guarded_random(n, 8, -2, 2), *before = guarded_random(n, 0, -1, 1), *dx = guarded_floats(n, misaligned);
    for (int which = 0; which < 2; which++) {
        float *sum = copied(before, n, 12), *given = copied(dy, n, 16);
        float *ra = reads(row, "A") ? a : NULL, *rb = reads(row, "B") ? b : NULL, *ry = reads(row, "OUTPUT") ? y : NULL;
        run_binary_grad(row, which, s, ra, rb, ry, dy, dx, 0);
        run_binary_grad(row, which, s, ra, rb, ry, dy, sum, 1);
        run_binary_grad(row, which, s, a, b, y, given, given, 0);
        for (int64_t i = 0; i < n; i++) {
            double u = a[offset(i, s->dims, s->sa)], w = b[offset(i, s->dims, s->sb)], h = 1e-5;
            double slope = (which ? f(u, w + h, 0, 0) - f(u, w - h, 0, 0) : f(u + h, w, 0, 0) - f(u - h, w, 0, 0)) / (2 * h);
            if (fabs(u - w) < 2 * h || (row == BINARY_pow && fabs(u) < 0.01)) continue; /* where max and min have their kink */
            if ((row == BINARY_mod || row == BINARY_fmod) && fabs(remainder(u, w)) < 4 * h) continue; /* and these jump */
            CHECK_NEAR(dx[i], dy[i] * slope, 3e-6 * (1 + fabs(dy[i] * slope)), "slope %d of %s at %g, %g", which, name, u, w);
            CHECK_NEAR(sum[i], before[i] + dx[i], 1e-6 * (1 + fabs(dx[i])), "slope of %s added, isa %d", name, isa);
        }
        CHECK_BITS(given, dx, n, "slope of %s in place, isa %d", name, isa);
    }
    release_guarded();
}

static const struct pair pairs[] = {
    {{1, 1, 1, 1, 1, 103}, {[5] = 1}, {[5] = 1}}, /* equal shapes */
    {{1, 1, 1, 1, 1, 1025}, {[5] = 1}, {0}}, /* a scalar */
    {{1, 1, 1, 1, 1, 37}, {0}, {[5] = 1}},
    {{1, 1, 1, 1, 1, 5}, {0}, {0}}, /* two */
    {{1, 1, 1, 1, 12, 10}, {[4] = 10, [5] = 1}, {[5] = 1}}, /* a row */
    {{1, 1, 1, 1, 33, 3}, {[5] = 1}, {[4] = 3, [5] = 1}},
    {{1, 1, 1, 1, 7, 130}, {[4] = 130, [5] = 1}, {[4] = 1}}, /* a column */
    {{1, 1, 1, 1, 9, 21}, {[4] = 1}, {[5] = 1}}, /* outer */
    {{1, 1, 1, 1, 11, 19}, {[4] = 1, [5] = 11}, {[4] = 19, [5] = 1}}, /* transposed */
    {{2, 3, 1, 2, 5, 7}, {210, 70, 0, 35, 7, 1}, {[1] = 14, [3] = 7, [5] = 1}}, /* general */
    {{2, 3, 4, 2, 2, 3}, {[0] = 12, [2] = 3, [5] = 1}, {[1] = 4, [3] = 2, [4] = 1}},
    {{1, 1, 1, 1, 0, 3}, {[4] = 3, [5] = 1}, {[5] = 1}}, /* nothing */
};

static void binary_specials(int isa) {
    for (int row = 0; row < BINARY_COUNT; row++) {
        float a[] = {NAN, 2, INFINITY, NAN}, b[] = {0.5f, NAN, 0.25f, NAN}, y[4];
        run_binary(row, &(struct pair){{1, 1, 1, 1, 1, 4}, {[5] = 1}, {[5] = 1}}, a, b, y);
        int all = isnan(y[0]) && isnan(y[1]) && isnan(y[3]);
        if (row == BINARY_prelu) all = isnan(y[0]) && y[1] == 2 && isnan(y[3]); /* on the right the slope does not count */
        if (!strcmp(binaries[row].reads, "FLAT")) all = y[0] == y[1] && y[1] == y[3] && y[0] == (row == BINARY_ne);
        CHECK(all, "%s of NaN: %g %g %g, isa %d", binaries[row].name, y[0], y[1], y[3], isa);
    }
}

/* ---- parts and instruction sets: the same bits ---- */

static void same_bits(void) {
    int64_t regions = fathom_pool_counter(0);
    float *x = guarded_random(LARGE, 4, 0.01, 5), *row = guarded_random(1001, 4, 0.01, 5);
    struct pair s = {{1, 1, 1, 1, LARGE / 1001, 1001}, {[4] = 1001, [5] = 1}, {[5] = 1}};
    for (int op = 0; op < UNARY_COUNT + BINARY_COUNT; op++) {
        float *want[ISA_COUNT][2] = {{0}};
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
            float *y = guarded_floats(LARGE, 4), *dx = guarded_floats(LARGE, 4);
            if (op < UNARY_COUNT) {
                RUN(unary, .row = op, .x = x, .y = y, .n = LARGE, .p0 = 1, .p1 = 2);
                RUN(unary_grad, .row = op, .x = x, .y = x, .dy = x, .dx = dx, .n = LARGE, .p0 = 1, .p1 = 2);
            } else {
                memset(y, 0, LARGE * 4), memset(dx, 0, LARGE * 4); /* the pair is a little smaller */
                run_binary(op - UNARY_COUNT, &s, x, row, y);
                run_binary_grad(op - UNARY_COUNT, 1, &s, x, row, x, x, dx, 0);
            }
            if (parts == 1) want[isa][0] = y, want[isa][1] = dx;
            CHECK_BITS(y, want[isa][0], LARGE, "op %d, %d parts, isa %d", op, parts, isa);
            CHECK_BITS(dx, want[isa][1], LARGE, "slope of op %d, %d parts, isa %d", op, parts, isa);
        }
        if (want[2][0]) {
            CHECK_BITS(want[2][0], want[1][0], LARGE, "op %d, v3 and v4", op);
            CHECK_BITS(want[2][1], want[1][1], LARGE, "slope of op %d, v3 and v4", op);
        }
        for (int i = 2; i < guarded_count; i++) free(guarded_buffers[i].base); /* keeps x and row */
        guarded_count = 2;
    }
    CHECK(fathom_pool_counter(0) > regions, "no second thread took part");
    release_guarded();
}

/* a result so large that it goes past the caches, from an address that allows it and from one that does not */
static void streamed(void) {
    int64_t n = (8 << 20) + 1027;
    float *x = guarded_random(n, 0, -2, 2), *y = guarded_floats(n, 0), *z = guarded_floats(n, 4);
    struct pair s = {{1, 1, 1, 1, 1, n}, {[5] = 1}, {[5] = 1}};
    FOR_EACH_ISA(isa) {
        fathom_set_threads(2);
        RUN(unary, .row = 0, .x = x, .y = y, .n = n);
        RUN(unary, .row = 0, .x = x, .y = z, .n = n);
        CHECK_BITS(y, z, n, "relu, isa %d", isa);
        run_binary(0, &s, x, y, z);
        run_binary(0, &s, y, x, y); /* in place */
        CHECK_BITS(y, z, n, "add, isa %d", isa);
        RUN(fill, .y = y, .n = n, .value = 1);
        CHECK(y[0] == 1 && y[n / 2] == 1 && y[n - 1] == 1, "fill, isa %d", isa);
        fathom_set_threads(1);
    }
    release_guarded();
}

int main(void) {
    FOR_EACH_ISA(isa) {
        for (int i = 0; i < SIZES; i++)
            for (size_t misaligned = 0; misaligned <= 20; misaligned += 20) memory(isa, sizes[i], misaligned);
        for (int row = 0; row < UNARY_COUNT; row++) {
            for (int i = 0; i < SIZES; i++) unary(isa, row, sizes[i], i % 3 * 4);
            unary_specials(isa, row);
        }
        for (int row = 0; row < BINARY_COUNT; row++)
            for (int i = 0; i < COUNT(pairs); i++) binary(isa, row, pairs + i, i % 4 * 4);
        kinks();
        selections();
        binary_specials(isa);
    }
    same_bits();
    streamed();
    return DONE();
}
