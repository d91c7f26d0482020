/*
 * integer, reduce_integers, where and one_hot on every instruction set: equal to one line of C each, broadcast or not, for sizes
 * around the vector, bit for bit with any number of parts; labels that do not exist and divisors that are 0 are told.
 */
#include "check.h"

static int32_t *random_ints(int64_t n, size_t misaligned) {
    int32_t *x = guarded((size_t)n * 4, misaligned);
    for (int64_t i = 0; i < n; i++) x[i] = random_below(4) ? (int32_t)random_below(9) - 4 : (int32_t)random_bits();
    return x;
}

/* ---- integer ---- */

static uint32_t mask_bits(int holds) { return holds ? 0x3f800000 : 0; }
static uint32_t integer_of(int row, int32_t a, int32_t b) {
    switch (row) {
    case INTEGER_add: return (uint32_t)a + (uint32_t)b;
    case INTEGER_sub: return (uint32_t)a - (uint32_t)b;
    case INTEGER_mul: return (uint32_t)a * (uint32_t)b;
    case INTEGER_div: return (uint32_t)((int64_t)a / b);
    case INTEGER_max: return (uint32_t)(a > b ? a : b);
    case INTEGER_min: return (uint32_t)(a < b ? a : b);
    case INTEGER_pow: {
        uint32_t y = 1;
        if (b < 0) return a == 1 || (a == -1 && b % 2 == 0) ? 1 : a == -1 ? UINT32_MAX : 0;
        for (int bit = 30; bit >= 0; bit--) y = y * y * (b >> bit & 1 ? (uint32_t)a : 1);
        return y;
    }
    case INTEGER_mod: return (uint32_t)(((int64_t)a % b + b) % b);
    case INTEGER_fmod: return (uint32_t)((int64_t)a % b);
    case INTEGER_bit_and: return (uint32_t)(a & b);
    case INTEGER_bit_or: return (uint32_t)(a | b);
    case INTEGER_bit_xor: return (uint32_t)(a ^ b);
    case INTEGER_shift_left: return b < 0 || b > 31 ? 0 : (uint32_t)a << b;
    case INTEGER_shift_right: return (uint32_t)((int64_t)a >> (b < 0 || b > 31 ? 32 : b));
    case INTEGER_gt: return mask_bits(a > b);
    case INTEGER_ge: return mask_bits(a >= b);
    case INTEGER_lt: return mask_bits(a < b);
    case INTEGER_le: return mask_bits(a <= b);
    case INTEGER_eq: return mask_bits(a == b);
    default: return mask_bits(a != b);
    }
}

/* a result [rows, cols]; sa and sb are the operands' strides */
static void integer(int isa, int row, int64_t rows, int64_t cols, const int64_t *sa, const int64_t *sb) {
    int32_t *a = random_ints(rows * cols, 4), *b = random_ints(rows * cols, 8);
    const int divides = row == INTEGER_div || row == INTEGER_mod || row == INTEGER_fmod;
    for (int64_t i = 0; i < rows * cols && divides; i++) b[i] = b[i] == 0 ? 1 : b[i];
    if (divides && cols > 0) a[0] = INT32_MIN, b[0] = -1;
    uint32_t *y = guarded((size_t)(rows * cols) * 4, 12);
    struct integer_args g = {.row = row, .a = a, .b = b, .y = (float *)y, .dims = {1, 1, 1, 1, rows, cols},
                             .sa = {0, 0, 0, 0, sa[0], sa[1]}, .sb = {0, 0, 0, 0, sb[0], sb[1]}};
    CHECK(run_command(K_integer, &g, sizeof g) == FATHOM_OK, "row %d", row);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int32_t u = a[i * sa[0] + j * sa[1]], w = b[i * sb[0] + j * sb[1]];
            uint32_t found = y[i * cols + j], want = integer_of(row, u, w);
            CHECK(found == want, "row %d of %d and %d is %x, not %x, isa %d", row, u, w, found, want, isa);
        }
    if (divides && rows * cols > 0) {
        int64_t last = (sb[0] ? rows : 1) * (sb[1] ? cols : 1) - 1; /* elements of b are counted without those that broadcasting repeats */
        b[(sb[0] ? rows - 1 : 0) * sb[0] + (sb[1] ? cols - 1 : 0) * sb[1]] = 0;
        memset(y, 0xff, (size_t)(rows * cols) * 4);
        CHECK(run_command(K_integer, &g, sizeof g) == FATHOM_BAD_DIVISOR && run_words[1] == last && y[0] == UINT32_MAX,
              "0 at %lld is told at %lld, isa %d", (long long)last, (long long)run_words[1], isa);
    }
    release_guarded();
}

/* ---- reduce_integers ---- */

static void reduce(int isa, int kind, int64_t outer, int64_t r, int64_t inner) {
    int32_t *x = random_ints(outer * r * inner, 4), *y = guarded((size_t)(outer * inner) * 4, 8);
    struct reduce_integers_args g = {.kind = kind, .x = x, .y = y, .outer = outer, .r = r, .inner = inner};
    CHECK(run_command(K_reduce_integers, &g, sizeof g) == FATHOM_OK, "kind %d", kind);
    for (int64_t i = 0; i < outer * inner; i++) {
        const int32_t *line = x + i / inner * r * inner + i % inner;
        uint32_t sum = 0, product = 1;
        int64_t largest = 0, smallest = 0;
        for (int64_t j = 0; j < r; j++) {
            sum += (uint32_t)line[j * inner];
            product *= (uint32_t)line[j * inner];
            if (line[j * inner] > line[largest * inner]) largest = j;
            if (line[j * inner] < line[smallest * inner]) smallest = j;
        }
        int32_t want = kind == INTEGER_SUM      ? (int32_t)sum
                       : kind == INTEGER_PROD   ? (int32_t)product
                       : kind == INTEGER_MAX    ? line[largest * inner]
                       : kind == INTEGER_MIN    ? line[smallest * inner]
                       : kind == INTEGER_ARGMAX ? (int32_t)largest
                                                : (int32_t)smallest;
        CHECK(y[i] == want, "kind %d of %lld x %lld x %lld is %d, not %d, isa %d", kind, (long long)outer, (long long)r,
              (long long)inner, y[i], want, isa);
    }
    release_guarded();
}

/* ---- where ---- */

static void where(int isa, int64_t rows, int64_t cols, const int64_t *sm, const int64_t *sa, int add) {
    int64_t n = rows * cols;
    float *mask = guarded_random(n, 4, -1, 1), *a = guarded_random(n, 8, -1, 1), *y = guarded_random(n, 12, -1, 1);
    float *before = guarded_floats(n, 0);
    if (n) memcpy(before, y, (size_t)n * 4);
    for (int64_t i = 0; i < n; i++) mask[i] = mask[i] < 0 ? (i % 5 ? 0.0f : -0.0f) : i % 3 ? mask[i] : NAN;
    for (int64_t i = 0; i < n; i += 7) a[i] = INFINITY; /* what is not chosen leaves nothing behind */
    struct where_args g = {.mask = mask, .a = a, .y = y, .add = add, .dims = {1, 1, 1, 1, rows, cols},
                           .sm = {0, 0, 0, 0, sm[0], sm[1]}, .sa = {0, 0, 0, 0, sa[0], sa[1]}, .sb = {0, 0, 0, 0, cols, 1}};
    CHECK(run_command(K_where, &g, sizeof g) == FATHOM_OK, "where"); /* no b: zeros */
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            float want = mask[i * sm[0] + j * sm[1]] != 0 ? a[i * sa[0] + j * sa[1]] : 0;
            if (add) want = before[i * cols + j] + want;
            CHECK_NEAR(y[i * cols + j], want, 0, "where of %lld x %lld, isa %d", (long long)rows, (long long)cols, isa);
        }
    release_guarded();
}

/* ---- one_hot ---- */

static void one_hot(int64_t rows, int64_t classes) {
    int32_t *labels = guarded((size_t)rows * 4, 4);
    float *y = guarded_floats(rows * classes, 8);
    for (int64_t i = 0; i < rows; i++) labels[i] = (int32_t)random_below(classes);
    CHECK(RUN(one_hot, .labels = labels, .y = y, .rows = rows, .classes = classes) == FATHOM_OK, "one_hot");
    for (int64_t i = 0; i < rows * classes; i++)
        CHECK(y[i] == (labels[i / classes] == i % classes), "[%lld] of %lld classes", (long long)i, (long long)classes);
    if (rows > 2) {
        labels[2] = (int32_t)classes;
        CHECK(RUN(one_hot, .labels = labels, .y = y, .rows = rows, .classes = classes) == FATHOM_BAD_LABEL, "one_hot");
        CHECK(run_words[1] == 2 && run_words[2] == classes && run_words[3] == classes, "row %lld", (long long)run_words[1]);
    }
    release_guarded();
}

/* ---- parts ---- */

static void same_bits(void) {
    enum { N = 3000017 };
    float *x = guarded_random(N, 4, -1e5, 1e5), *want[3] = {0}, *y[3];
    for (int k = 0; k < 3; k++) y[k] = guarded_floats(N, 0);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        RUN(integer, .row = INTEGER_add, .a = (int32_t *)x, .b = (int32_t *)x, .y = y[0], .dims = {1, 1, 1, 1, 1, N},
            .sa = {[5] = 1}, .sb = {[5] = 1});
        RUN(where, .mask = x, .a = x, .y = y[1], .dims = {1, 1, 1, 1, 1, N}, .sm = {[5] = 1}, .sa = {[5] = 1});
        RUN(reduce_integers, .kind = INTEGER_SUM, .x = (int32_t *)x, .y = (int32_t *)y[2], .outer = 17, .r = 173, .inner = N / 17 / 173);
        for (int k = 0; k < 3; k++) {
            if (!want[k]) {
                want[k] = guarded_floats(N, 0);
                memcpy(want[k], y[k], N * 4);
            }
            CHECK(!memcmp(y[k], want[k], N * 4), "kernel %d, %d parts, isa %d", k, parts, isa);
        }
    }
    release_guarded();
}

int main(void) {
    static const int64_t sizes[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67, 257};
    FOR_EACH_ISA(isa) {
        for (int i = 0; i < COUNT(sizes); i++) {
            int64_t n = sizes[i];
            const int64_t dense[] = {n, 1}, line[] = {0, 1}, column[] = {1, 0}, one[] = {0, 0}, turned[] = {1, 3};
            for (int row = 0; row < INTEGER_COUNT; row++) {
                integer(isa, row, 3, n, dense, dense);
                integer(isa, row, 3, n, dense, line);
                integer(isa, row, 3, n, column, dense);
                integer(isa, row, 3, n, one, dense);
                integer(isa, row, 3, n, turned, dense);
            }
            for (int add = 0; add < 2; add++) {
                where(isa, 3, n, dense, dense, add);
                where(isa, 3, n, line, dense, add);
                where(isa, 3, n, column, one, add);
                where(isa, 3, n, turned, column, add);
            }
            if (n) one_hot(n, 1 + n / 2);
            for (int kind = 0; kind < INTEGER_REDUCE_KINDS; kind++) {
                reduce(isa, kind, 3, n + (kind != INTEGER_SUM && kind != INTEGER_PROD), 1);
                reduce(isa, kind, 2, 1 + n % 5, n);
            }
        }
    }
    same_bits();
    return DONE();
}
