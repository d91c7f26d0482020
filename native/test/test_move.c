/* gather, scatter_add, scatter, bags of rows, permute and copy_rows against plain loops. */
#include "check.h"

/* norm[2][16][channels]: channel c is value * (c + 1) / 255 - c / 2 */
static float *norm_of(int64_t channels) {
    float *norm = guarded_floats(32 * channels, 4);
    for (int64_t i = 0; i < 16 * channels; i++) {
        norm[i] = (float)(i % channels + 1) / 255;
        norm[16 * channels + i] = -(float)(i % channels) / 2;
    }
    return norm;
}

static void gather(void) {
    static const int64_t sizes[][3] = {{1, 1, 1},   {1, 3, 15},    {2, 5, 16},  {3, 4, 17},     {1, 7, 31},
                                       {1, 128, 784}, {7, 1000, 3}, {5, 0, 3}, {1, 1001, 997}, {300, 41, 1}};
    const int64_t srcrows = 53;
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < COUNT(sizes); k++)
                for (int code = 0; code < 5; code++) {
                    int kind = code < 3 ? GATHER_ELEMENTS : code == 3 ? GATHER_BYTES_TO_FLOATS : GATHER_BYTES_TO_INTS;
                    int64_t outer = sizes[k][0], rows = sizes[k][1], cols = sizes[k][2], bytes = code == 0 ? 4 : code == 1 ? 2 : 1;
                    int64_t n = outer * rows * cols, wrong = 0, channels = cols % 3 == 0 ? 3 : cols % 17 == 0 ? 17 : 1;
                    float *norm = norm_of(channels);
                    uint8_t *src = guarded((size_t)(outer * srcrows * cols * bytes), bytes == 1 ? 3 : (size_t)bytes);
                    int32_t *index = guarded((size_t)rows * 4, 4);
                    float *y = guarded_floats(n, 8);
                    for (int64_t i = 0; i < outer * srcrows * cols * bytes; i++) src[i] = (uint8_t)random_bits();
                    const int64_t negative = k % 2;
                    for (int64_t i = 0; i < rows; i++)
                        index[i] = (int32_t)(negative ? random_below(2 * srcrows) - srcrows : random_below(srcrows));
                    CHECK(RUN(gather, .kind = kind, .width = bytes, .src = src, .srcrows = srcrows, .index = index, .negative = negative,
                              .y = (uint8_t *)y, .outer = outer, .rows = rows, .cols = cols, .norm = norm, .channels = channels)
                              == FATHOM_OK,
                          "status");
                    for (int64_t i = 0; i < n; i++) {
                        int64_t row = (index[i / cols % rows] + srcrows) % srcrows; /* counted from the end where it is negative */
                        int64_t at = (i / cols / rows * srcrows + row) * cols + i % cols;
                        int64_t c = i % cols % channels;
                        double want = src[at] * (double)((float)(c + 1) / 255) - (double)c / 2;
                        if (kind == GATHER_BYTES_TO_FLOATS) wrong += !near(y[i], want, 1e-6);
                        else if (kind == GATHER_BYTES_TO_INTS) wrong += ((int32_t *)y)[i] != src[at];
                        else wrong += memcmp((uint8_t *)y + bytes * i, src + bytes * at, (size_t)bytes) != 0;
                    }
                    CHECK(wrong == 0, "isa %d parts %d kind %d shape %d: %lld wrong", isa, parts, code, k, (long long)wrong);
                    if (rows > 0) {
                        memset(y, 0xff, (size_t)n * 4);
                        index[rows - 1] = rows % 2 ? (int32_t)(negative ? -srcrows - 1 : -1) : (int32_t)srcrows;
                        CHECK(RUN(gather, .kind = kind, .width = bytes, .src = src, .srcrows = srcrows, .index = index,
                                  .negative = negative, .y = (uint8_t *)y, .outer = outer, .rows = rows, .cols = cols)
                                  == FATHOM_BAD_INDEX,
                              "isa %d", isa);
                        CHECK(run_words[1] == rows - 1 && run_words[2] == index[rows - 1] && run_words[3] == srcrows,
                              "detail %lld %lld %lld", (long long)run_words[1], (long long)run_words[2], (long long)run_words[3]);
                        for (int64_t i = 0; i < n; i++) wrong += ((int32_t *)y)[i] != -1;
                        CHECK(wrong == 0, "isa %d kind %d: %lld values written before the check", isa, kind, (long long)wrong);
                    }
                    release_guarded();
                }
}

/* Gives the bits of adding in order, whatever the parts, although places are hit many times. */
static void scatter_add(void) {
    static const int64_t sizes[][4] = {{1, 1, 1, 1},   {2, 7, 5, 3},       {1, 50, 17, 300},  {3, 900, 16, 4},
                                       {1, 20000, 3, 64}, {40, 31, 33, 29}, {1, 64, 2000, 5}, {1, 0, 4, 5}};
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < COUNT(sizes); k++) {
                int64_t outer = sizes[k][0], rows = sizes[k][1], cols = sizes[k][2], yrows = sizes[k][3];
                int64_t ny = outer * yrows * cols;
                float *x = guarded_random(outer * rows * cols, 4, -1, 1), *y = guarded_random(ny, 8, -1, 1);
                float *want = guarded_floats(ny, 0);
                int32_t *index = guarded((size_t)rows * 4, 4);
                for (int64_t i = 0; i < rows; i++) index[i] = (int32_t)random_below(yrows);
                memcpy(want, y, (size_t)ny * 4);
                for (int64_t i = 0; i < outer * rows * cols; i++)
                    want[(i / cols / rows * yrows + index[i / cols % rows]) * cols + i % cols] += x[i];
                RUN(scatter_add, .x = x, .index = index, .y = y, .outer = outer, .rows = rows, .most = 1, .cols = cols,
                    .yrows = yrows, .padding = NO_PADDING);
                CHECK_BITS(y, want, ny, "isa %d parts %d shape %d", isa, parts, k);
                int32_t *ints = (int32_t *)x, *sums = (int32_t *)y, *expected = (int32_t *)want; /* integers wrap around */
                for (int64_t i = 0; i < outer * rows * cols; i++) ints[i] = (int32_t)random_bits();
                for (int64_t i = 0; i < ny; i++) expected[i] = sums[i] = (int32_t)random_bits();
                for (int64_t i = 0; i < outer * rows * cols; i++) {
                    int32_t *to = expected + (i / cols / rows * yrows + index[i / cols % rows]) * cols + i % cols;
                    *to = (int32_t)((uint32_t)*to + (uint32_t)ints[i]);
                }
                for (int64_t i = 0; i < rows; i += 2) index[i] -= (int32_t)yrows;
                RUN(scatter_add, .integers = 1, .x = x, .index = index, .negative = 1, .y = y, .outer = outer, .rows = rows, .most = 1,
                    .cols = cols, .yrows = yrows, .padding = NO_PADDING);
                CHECK(!memcmp(sums, expected, (size_t)ny * 4), "integers, isa %d parts %d shape %d", isa, parts, k);
                if (rows > 0) {
                    index[0] = (int32_t)yrows;
                    CHECK(RUN(scatter_add, .x = x, .index = index, .y = y, .outer = outer, .rows = rows, .most = 1, .cols = cols,
                              .yrows = yrows, .padding = NO_PADDING)
                              == FATHOM_BAD_INDEX,
                          "isa %d", isa);
                }
                release_guarded();
            }
}

/* Weighted sums of rows and both of their gradients, with every combination of what may be left out, in the order of the indices. */
static float joined(int kind, float y, float x) {
    switch (kind) {
    case JOIN_SET: return x;
    case JOIN_ADD: return y + x;
    case JOIN_MUL: return y * x;
    case JOIN_MAX: return y > x ? y : x;
    default: return y < x ? y : x;
    }
}

/* x[o][i][c] joined to y[o][n][cols], whose index is [o][i][c] or [i]; whole numbers, so that int32 and floats agree */
static void scatters(void) {
    static const int64_t shapes[][4] = {{1, 900, 1, 5}, {1, 40, 1, 2000}, {3, 7, 5, 4}, {2, 50, 70, 9}, {700, 6, 1, 3}, {1, 5, 3000, 2}};
    for (int k = 0; k < COUNT(shapes); k++)
        for (int kind = 0; kind < JOIN_KINDS; kind++)
            for (int own = 0; own < 2; own++) { /* every element has a number of its own */
                const int64_t outer = shapes[k][0], rows = shapes[k][1], cols = shapes[k][2], n = shapes[k][3];
                const int64_t all = outer * rows * cols, numbers = own ? all : rows, places = outer * n * cols;
                float *x = guarded_floats(all, 4), *y = guarded_floats(places, 8), *start = guarded_floats(places, 0);
                float *want_x = guarded_floats(all, 0), *want = guarded_floats(places, 0), *found = guarded_floats(all, 0);
                int32_t *index = guarded((size_t)numbers * 4, 4);
                for (int64_t i = 0; i < all; i++) want_x[i] = (float)random_below(3) + 1 - 4 * (float)random_below(2);
                for (int64_t i = 0; i < places; i++) start[i] = (float)random_below(9) - 4;
                for (int64_t i = 0; i < numbers; i++) index[i] = (int32_t)(random_below(2 * n) - n);
                memcpy(found, want_x, (size_t)all * 4);
                memcpy(want, start, (size_t)places * 4);
                const int back = kind == JOIN_TAKE || kind == JOIN_READ;
                for (int64_t j = 0; j < all; j++) {
                    const int64_t i = kind == JOIN_TAKE ? all - 1 - j : j, place = index[own ? i : i / cols % rows];
                    float *at = want + (i / cols / rows * n + (place < 0 ? place + n : place)) * cols + i % cols;
                    if (back) want_x[i] = *at;
                    else *at = joined(kind, *at, want_x[i]);
                    if (kind == JOIN_TAKE) *at = 0;
                }
                struct scatter_args g = {.kind = kind, .x = x, .index = index, .y = y, .dims = {1, 1, 1, outer, rows, cols}, .axis = 4,
                                         .sy = {[3] = n * cols, [5] = 1}, .step = cols, .bound = n};
                if (own) g.si[3] = rows * cols, g.si[4] = cols, g.si[5] = 1;
                else g.si[4] = 1;
                FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int integers = 0; integers < 2; integers++) {
                    if (kind == JOIN_MUL && rows > 10) continue; /* products leave the range in which both are exact */
                    for (int64_t i = 0; i < all; i++) integers ? ((int32_t *)x)[i] = (int32_t)found[i] : (x[i] = found[i]);
                    for (int64_t i = 0; i < places; i++) integers ? ((int32_t *)y)[i] = (int32_t)start[i] : (y[i] = start[i]);
                    g.integers = integers;
                    CHECK(run_command(K_scatter, &g, sizeof g) == FATHOM_OK, "scatter");
                    for (int64_t i = 0; i < places + all; i++) {
                        const float *at = i < places ? y + i : x + i - places;
                        const float value = integers ? (float)*(const int32_t *)at : *at, w = i < places ? want[i] : want_x[i - places];
                        if (value != w)
                            CHECK(0, "shape %d kind %d own %d integers %d isa %d parts %d: [%lld] %g, not %g", (int)k, kind, own, integers,
                                  isa, parts, (long long)i, value, w);
                    }
                }
                index[numbers - 1] = (int32_t)n;
                CHECK(run_command(K_scatter, &g, sizeof g) == FATHOM_BAD_INDEX && run_words[1] == numbers - 1 && run_words[2] == n,
                      "a place that does not exist");
                release_guarded();
            }
}

static void bags(void) {
    static const int64_t sizes[][4] = {{1, 1, 1, 1}, {7, 3, 5, 9}, {50, 6, 17, 300}, {300, 5, 64, 4}, {9, 4, 700, 5}, {3, 0, 8, 2},
                                       {0, 3, 8, 2}};
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < COUNT(sizes) * 16; k++) {
                int64_t rows = sizes[k / 16][0], most = sizes[k / 16][1], cols = sizes[k / 16][2], srcrows = sizes[k / 16][3];
                int64_t n = rows * most, padding = k & 1 ? srcrows / 2 : NO_PADDING;
                float *src = guarded_random(srcrows * cols, 4, -1, 1), *dy = guarded_random(rows * cols, 8, -1, 1);
                float *weights = k & 2 ? guarded_random(n, 4, -2, 2) : NULL, *bias = k & 4 ? guarded_random(cols, 4, -1, 1) : NULL;
                float *y = guarded_floats(rows * cols, 4), *dw = guarded_random(n, 8, -1, 1), *before = guarded_floats(n, 0);
                float *dsrc = guarded_random(srcrows * cols, 4, -1, 1), *sum = guarded_floats(srcrows * cols, 0);
                int32_t *index = guarded((size_t)n * 4, 4), *lengths = k & 8 ? guarded((size_t)rows * 4, 4) : NULL;
                memcpy(before, dw, (size_t)n * 4);
                memcpy(sum, dsrc, (size_t)(srcrows * cols) * 4);
                for (int64_t i = 0; i < rows && lengths; i++) lengths[i] = (int32_t)random_below(most + 1);
                for (int64_t i = 0; i < n; i++) {
                    int counts = !lengths || i % most < lengths[i / most];
                    index[i] = counts ? (int32_t)random_below(srcrows) : -7;
                }
                CHECK(RUN(bag, .src = src, .srcrows = srcrows, .index = index, .lengths = lengths, .weights = weights, .bias = bias,
                          .y = y, .rows = rows, .most = most, .cols = cols, .padding = padding)
                          == FATHOM_OK,
                      "bag");
                CHECK(RUN(scatter_add, .x = dy, .index = index, .lengths = lengths, .weights = weights, .y = dsrc, .outer = 1,
                          .rows = rows, .most = most, .cols = cols, .yrows = srcrows, .padding = padding)
                          == FATHOM_OK,
                      "its gradient");
                CHECK(RUN(bag_weights, .src = src, .srcrows = srcrows, .index = index, .lengths = lengths, .dy = dy, .dweights = dw,
                          .rows = rows, .most = most, .cols = cols, .padding = padding, .add = 1)
                          == FATHOM_OK,
                      "the gradient of its weights");
                for (int64_t i = 0; i < rows; i++)
                    for (int64_t c = 0; c < cols; c++) {
                        double want = bias ? bias[c] : 0;
                        for (int64_t j = i * most; j < i * most + (lengths ? lengths[i] : most); j++) {
                            if (index[j] == padding) continue;
                            want += (weights ? weights[j] : 1.0) * src[index[j] * cols + c];
                            sum[index[j] * cols + c] = fmaf(weights ? weights[j] : 1, dy[i * cols + c], sum[index[j] * cols + c]);
                        }
                        CHECK_NEAR(y[i * cols + c], want, 3e-6, "isa %d parts %d case %d at %lld", isa, parts, k,
                                   (long long)(i * cols + c));
                    }
                for (int64_t i = 0; i < srcrows * cols; i++)
                    CHECK_NEAR(dsrc[i], sum[i], isa ? 0 : 1e-4, "isa %d parts %d case %d: gradient at %lld", isa, parts, k, (long long)i);
                for (int64_t j = 0; j < n; j++) {
                    double want = before[j];
                    int counts = (!lengths || j % most < lengths[j / most]) && index[j] != padding;
                    for (int64_t c = 0; c < cols && counts; c++) want += (double)dy[j / most * cols + c] * src[index[j] * cols + c];
                    CHECK_NEAR(dw[j], want, 2e-5, "isa %d parts %d case %d: weight %lld", isa, parts, k, (long long)j);
                }
                if (n && (!lengths || lengths[0] > 0)) {
                    index[0] = (int32_t)srcrows;
                    memset(y, 0xff, (size_t)(rows * cols) * 4);
                    CHECK(RUN(bag, .src = src, .srcrows = srcrows, .index = index, .lengths = lengths, .y = y, .rows = rows,
                              .most = most, .cols = cols, .padding = padding)
                              == FATHOM_BAD_INDEX,
                          "isa %d", isa);
                    CHECK(run_words[1] == 0 && run_words[2] == srcrows && run_words[3] == srcrows && isnan(y[0]), "detail, or y written");
                }
                if (lengths && rows) {
                    lengths[rows - 1] = (int32_t)most + 1;
                    CHECK(RUN(bag, .src = src, .srcrows = srcrows, .index = index, .lengths = lengths, .y = y, .rows = rows,
                              .most = most, .cols = cols, .padding = padding)
                              == FATHOM_BAD_LENGTH,
                          "isa %d", isa);
                    CHECK(run_words[1] == rows - 1 && run_words[2] == most + 1 && run_words[3] == most, "detail");
                }
                release_guarded();
            }
}

/* x of these dimensions in every order of them */
static void permute(const int64_t *shape, int rank) {
    int64_t n = 1, strides[6] = {0};
    for (int d = rank - 1; d >= 0; n *= shape[d--]) strides[d] = n;
    float *x = guarded_floats(n, 4), *y = guarded_floats(n, 12);
    uint8_t *bytes = guarded((size_t)n, 1), *permuted = guarded((size_t)n, 3);
    uint16_t *shorts = guarded((size_t)n * 2, 2), *turned = guarded((size_t)n * 2, 6);
    for (int64_t i = 0; i < n; i++) ((int32_t *)x)[i] = (int32_t)i, bytes[i] = (uint8_t)(i % 251), shorts[i] = (uint16_t)(i % 65521);
    int64_t orders = 1;
    for (int d = 0; d < rank; d++) orders *= rank;
    for (int64_t code = 0; code < orders; code++) {
        int order[6], seen = 0;
        int64_t rest = code;
        for (int d = 0; d < rank; rest /= rank, d++) seen |= 1 << (order[d] = (int)(rest % rank));
        if (seen != (1 << rank) - 1) continue;
        struct permute_args a = {.width = 4, .x = (uint8_t *)x, .y = (uint8_t *)y, .dims = {1, 1, 1, 1, 1, 1}};
        for (int d = 0; d < rank; d++) {
            a.dims[6 - rank + d] = shape[order[d]];
            a.strides[6 - rank + d] = strides[order[d]];
        }
        memset(y, 0xff, (size_t)n * 4);
        CHECK(run_command(K_permute, &a, sizeof a) == FATHOM_OK, "status");
        a.width = 1, a.x = bytes, a.y = permuted;
        CHECK(run_command(K_permute, &a, sizeof a) == FATHOM_OK, "status");
        a.width = 2, a.x = (uint8_t *)shorts, a.y = (uint8_t *)turned;
        CHECK(run_command(K_permute, &a, sizeof a) == FATHOM_OK, "status");
        int64_t wrong = 0;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = 0, left = i;
            for (int d = 5; d >= 0; left /= a.dims[d--]) at += left % a.dims[d] * a.strides[d];
            wrong += ((int32_t *)y)[i] != at || permuted[i] != at % 251 || turned[i] != at % 65521;
        }
        CHECK(wrong == 0, "rank %d order %lld: %lld wrong", rank, (long long)code, (long long)wrong);
    }
    release_guarded();
}

static void permutes(void) {
    static const int64_t shapes[][6] = {{7},           {1, 5},        {65, 130},   {16, 64},         {3, 333},
                                        {3, 5, 7},     {2, 1, 70},    {4, 67, 33}, {2, 3, 4, 5},     {1, 8, 1, 64},
                                        {2, 3, 2, 3, 5}, {2, 1, 3, 2, 1, 4}, {0, 3}, {300, 401}};
    static const int ranks[] = {1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 2, 2};
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int k = 0; k < COUNT(ranks); k++) permute(shapes[k], ranks[k]);
}

/* outer, ox and oy beyond the rows of one o, rows, cols, sx, sy */
static void copy_rows(void) {
    static const int64_t sizes[][7] = {{1, 0, 0, 1, 1, 1, 1},         {1, 0, 0, 7, 3, 5, 9},        {1, 0, 0, 30, 17, 17, 40},
                                       {1, 0, 0, 2, 70000, 70001, 70000}, {1, 0, 0, 9000, 15, 16, 20}, {3, 5, 2, 7, 1, 2, 1},
                                       {40, 11, 0, 500, 4, 9, 4},     {2, 0, 3, 0, 5, 5, 5}};
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < COUNT(sizes); k++)
                for (int add = 0; add < 2; add++) {
                    int64_t outer = sizes[k][0], rows = sizes[k][3], cols = sizes[k][4], sx = sizes[k][5], sy = sizes[k][6];
                    int64_t ox = rows * sx + sizes[k][1], oy = rows * sy + sizes[k][2], nx = outer * ox, ny = outer * oy;
                    float *x = guarded_random(nx, 4, -1, 1), *y = guarded_random(ny, 8, -1, 1), *want = guarded_floats(ny, 0);
                    memcpy(want, y, (size_t)ny * 4);
                    for (int64_t o = 0; o < outer; o++)
                        for (int64_t i = 0; i < rows; i++)
                            for (int64_t c = 0; c < cols; c++) {
                                float *to = want + o * oy + i * sy + c;
                                *to = (add ? *to : 0) + x[o * ox + i * sx + c];
                            }
                    RUN(copy_rows, .width = 4, .x = (uint8_t *)x, .ox = ox, .sx = sx, .y = (uint8_t *)y, .oy = oy, .sy = sy,
                        .outer = outer, .rows = rows, .cols = cols, .add = add);
                    CHECK_BITS(y, want, ny, "isa %d parts %d shape %d add %d", isa, parts, k, add);
                    for (int64_t width = 1; width < 3 && !add; width++) { /* narrow elements go where floats go */
                        uint8_t *from = guarded((size_t)(nx * width), (size_t)width),
                            *to = guarded((size_t)(ny * width), 3 * (size_t)width);
                        int64_t wrong = 0;
                        for (int64_t i = 0; i < nx * width; i++) from[i] = (uint8_t)random_bits();
                        memset(to, 7, (size_t)(ny * width));
                        RUN(copy_rows, .width = width, .x = from, .ox = ox, .sx = sx, .y = to, .oy = oy, .sy = sy, .outer = outer,
                            .rows = rows, .cols = cols);
                        for (int64_t o = 0; o < outer; o++)
                            for (int64_t i = 0; i < rows * sy * width; i++) {
                                int64_t row = i / width / sy, c = i / width % sy, at = (o * ox + row * sx + c) * width + i % width;
                                wrong += to[o * oy * width + i] != (c < cols ? from[at] : 7);
                            }
                        CHECK(wrong == 0, "isa %d parts %d shape %d: %lld bytes", isa, parts, k, (long long)wrong);
                    }
                    release_guarded();
                }
}

int main(void) {
    gather();
    scatter_add();
    scatters();
    bags();
    permutes();
    copy_rows();
    return DONE();
}
