/* rotary against the turn of a pair in double, its way back, and rows put behind those of a cache. */
#include "check.h"

static const int64_t shapes[][6] = {
    /* n, l, heads, turned, d, r */
    {1, 1, 1, 1, 2, 2}, {2, 3, 3, 2, 10, 6}, {3, 5, 2, 2, 64, 64}, {2, 17, 6, 4, 34, 34}, {1, 70, 5, 5, 48, 24}, {2, 3, 2, 0, 8, 8},
    {0, 3, 2, 2, 8, 8},
};
enum { MORE = 9 };

static void turns(int isa, const int64_t *shape, int beside, int past, int add) {
    int64_t n = shape[0], l = shape[1], heads = shape[2], turned = shape[3], d = shape[4], r = shape[5], all = n * l * heads * d;
    float *x = guarded_random(all, 4, -2, 2), *y = guarded_floats(all, 8), *back = guarded_floats(all, 0);
    float *table = guarded_floats((l + MORE) * r, 4);
    int32_t *before = guarded((size_t)n * 4, 0);
    for (int64_t b = 0; b < n; b++) before[b] = (int32_t)random_below(MORE + 1);
    for (int64_t p = 0; p < l + MORE; p++)
        for (int64_t i = 0; i < r / 2; i++) {
            double angle = (double)p * pow(100, -(double)i / (double)r);
            table[p * r + i] = (float)cos(angle);
            table[p * r + r / 2 + i] = (float)sin(angle);
        }
    for (int64_t i = 0; add && i < all; i++) y[i] = (float)(i % 3);
    CHECK(RUN(rotary, .x = x, .table = table, .past = past ? before : 0, .y = y, .n = n, .l = l, .heads = heads, .turned = turned, .d = d,
              .r = r, .positions = l + MORE, .beside = beside, .add = add) == FATHOM_OK, "rotary fails");
    for (int64_t at = 0; at < all; at++) {
        int64_t c = at % d, h = at / d % heads, token = at / d / heads, p = token % l + (past ? before[token / l] : 0);
        int64_t pair = beside ? c / 2 : c % (r / 2), second = beside ? c % 2 : c >= r / 2, step = beside ? 1 : r / 2;
        double angle = (double)p * pow(100, -(double)pair / (double)r), want = x[at];
        if (h < turned && c < r) want = want * cos(angle) + (second ? x[at - step] : -(double)x[at + step]) * sin(angle);
        CHECK_NEAR(y[at], want + (add ? (double)(at % 3) : 0), 1e-6, "isa %d beside %d past %d at %lld", isa, beside, past, (long long)at);
    }
    if (!add) {
        RUN(rotary, .x = y, .table = table, .past = past ? before : 0, .y = back, .n = n, .l = l, .heads = heads, .turned = turned, .d = d,
            .r = r, .positions = l + MORE, .beside = beside, .back = 1);
        for (int64_t i = 0; i < all; i++) CHECK_NEAR(back[i], x[i], 1e-6, "isa %d: there and back", isa);
    }
    if (n > 1 && past) {
        before[1] = MORE + 1;
        CHECK(RUN(rotary, .x = x, .table = table, .past = before, .y = y, .n = n, .l = l, .heads = heads, .turned = turned, .d = d, .r = r,
                  .positions = l + MORE) == FATHOM_BAD_INDEX, "a position that the table lacks");
        CHECK(run_words[1] == 1 && run_words[2] == MORE + 1 && run_words[3] == MORE + 1, "details");
    }
    release_guarded();
}

static void rotary_bits(void) {
    const int64_t n = 3, l = 400, heads = 5, d = 40, r = 24, all = n * l * heads * d;
    float *x = guarded_random(all, 4, -2, 2), *table = guarded_random(l * r, 4, -1, 1), *y = guarded_floats(all, 0);
    for (int beside = 0; beside < 2; beside++) {
        int reference = -1;
        float *first = guarded_floats(all, 0);
        FOR_EACH_ISA(isa)
            FOR_EACH_PARTS(parts) {
                RUN(rotary, .x = x, .table = table, .y = y, .n = n, .l = l, .heads = heads, .turned = 3, .d = d, .r = r, .positions = l,
                    .beside = beside);
                if (reference < 0 || (!is_fused(reference) && is_fused(isa))) memcpy(first, y, (size_t)all * 4), reference = isa;
                CHECK_BITS(y, first, all, "rotary isa %d parts %d", isa, parts);
            }
    }
    release_guarded();
}

static void rows_put(int64_t n, int64_t to, int64_t rows, int64_t cols) {
    float *x = guarded_random(n * to * cols, 4, -2, 2), *added = guarded_random(n * rows * cols, 4, -2, 2);
    float *y = guarded_floats(n * to * cols, 8), *want = guarded_floats(n * to * cols, 0);
    int32_t *past = guarded((size_t)n * 4, 0);
    memcpy(want, x, (size_t)(n * to * cols) * 4);
    for (int64_t b = 0; b < n; b++) {
        past[b] = (int32_t)random_below(to - rows + 1);
        memcpy(want + (b * to + past[b]) * cols, added + b * rows * cols, (size_t)(rows * cols) * 4);
    }
    FOR_EACH_PARTS(parts) {
        RUN(put_rows, .x = x, .added = added, .past = past, .y = y, .n = n, .to = to, .rows = rows, .cols = cols);
        CHECK_BITS(y, want, n * to * cols, "put_rows, parts %d", parts);
    }
    past[n - 1] = (int32_t)(to - rows + 1);
    CHECK(RUN(put_rows, .x = x, .added = added, .past = past, .y = y, .n = n, .to = to, .rows = rows, .cols = cols) == FATHOM_BAD_INDEX,
          "a full cache");
    CHECK(run_words[1] == n - 1 && run_words[3] == to - rows + 1, "details");
    release_guarded();
}

static void in_place(void) {
    float x[6] = {1, 2, 3, 4, 5, 6}, added[2] = {8, 9};
    int32_t past[1] = {1};
    RUN(put_rows, .x = x, .added = added, .past = past, .y = x, .n = 1, .to = 3, .rows = 1, .cols = 2);
    CHECK(x[0] == 1 && x[1] == 2 && x[2] == 8 && x[3] == 9 && x[4] == 5 && x[5] == 6, "in place: %g %g", x[2], x[3]);
}

int main(void) {
    FOR_EACH_ISA(isa)
        for (int k = 0; k < COUNT(shapes); k++)
            for (int form = 0; form < 8; form++) turns(isa, shapes[k], form & 1, form >> 1 & 1, form >> 2);
    rotary_bits();
    rows_put(1, 1, 1, 1);
    rows_put(3, 7, 2, 5);
    rows_put(4, 9, 9, 33);
    rows_put(2, 600, 3, 129);
    in_place();
    return DONE();
}
