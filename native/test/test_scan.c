/* Cumulative sums and sorting against plain references, for every instruction set and number of parts. */
#include "check.h"

/* outer, r, inner */
static const int64_t shapes[][3] = {
    {1, 0, 1}, {1, 1, 1}, {3, 7, 1}, {2, 48, 1}, {2, 49, 3}, {1, 5, 64}, {3, 13, 65}, {1, 1021, 2}, {40, 301, 1}, {1, 3, 131},
    {1, 70001, 1},
};

static void cumsum(int64_t outer, int64_t r, int64_t inner) {
    int64_t n = outer * r * inner;
    float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        for (int64_t reverse = 0; reverse < 2; reverse++)
            for (int64_t add = 0; add < 2; add++) {
                for (int64_t i = 0; i < n; i++) y[i] = (float)(i % 7);
                CHECK(RUN(cumsum, .x = x, .y = y, .outer = outer, .r = r, .inner = inner, .reverse = reverse, .add = add)
                          == FATHOM_OK,
                      "status");
                for (int64_t o = 0; o < outer; o++)
                    for (int64_t i = 0; i < inner; i++) {
                        double sum = 0;
                        for (int64_t j = 0; j < r; j++) {
                            int64_t at = (o * r + (reverse ? r - 1 - j : j)) * inner + i;
                            sum += x[at];
                            float want = add ? (float)(at % 7) + (float)sum : (float)sum;
                            CHECK(y[at] == want, "isa %d parts %d [%lld, %lld, %lld] reverse %lld at %lld", isa, parts,
                                  (long long)outer, (long long)r, (long long)inner, (long long)reverse, (long long)at);
                        }
                    }
            }
    }
    release_guarded();
}

/* whether place a comes before place b in a line of values */
static int before(float a, float b, int64_t at_a, int64_t at_b, int descending) {
    int greater = (isnan(a) && !isnan(b)) || a > b, less = (isnan(b) && !isnan(a)) || a < b;
    if (greater || less) return descending ? greater : less;
    return at_a < at_b;
}

/* what: 0 plain, 1 NaN, infinities and zeros of both signs, 2 many equal values */
static void sort(int64_t outer, int64_t r, int64_t inner, int what) {
    int64_t n = outer * r * inner, lines = outer * inner;
    float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8);
    int32_t *index = (int32_t *)guarded_floats(n, 12);
    static const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-40f};
    for (int64_t i = 0; i < n; i++) {
        if (what == 1 && random_below(3) == 0) x[i] = special[random_below(6)];
        if (what == 2) x[i] = (float)random_below(5);
    }
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        for (int descending = 0; descending < 2; descending++)
            for (int64_t k = r; k >= 0; k = k > 3 ? 3 : k - 2) {
                CHECK(RUN(sort, .x = x, .y = y, .index = index, .outer = outer, .r = r, .inner = inner, .k = k,
                          .descending = descending)
                          == FATHOM_OK,
                      "status");
                for (int64_t line = 0; line < lines; line++) {
                    const float *from = x + line / inner * r * inner + line % inner;
                    int64_t to = line / inner * k * inner + line % inner;
                    for (int64_t j = 0; j < k; j++) {
                        int64_t at = to + j * inner, place = index[at];
                        CHECK(place >= 0 && place < r && memcmp(&y[at], &from[place * inner], 4) == 0
                                  && (j == 0
                                      || before(y[at - inner], y[at], index[at - inner], place, descending)),
                              "isa %d parts %d [%lld, %lld, %lld] what %d descending %d line %lld at %lld", isa, parts,
                              (long long)outer, (long long)r, (long long)inner, what, descending, (long long)line, (long long)j);
                    }
                    for (int64_t j = 0; j < r && k > 0 && k < r && r < 2000; j++) { /* nothing better was left out */
                        int64_t last = to + (k - 1) * inner;
                        int taken = 0;
                        for (int64_t i = 0; i < k; i++) taken |= index[to + i * inner] == j;
                        CHECK(taken || before(y[last], from[j * inner], index[last], j, descending), "left out %lld", (long long)j);
                    }
                }
            }
    }
    release_guarded();
}

static void integers(void) {
    enum { N = 1000 };
    int32_t x[N], y[N], index[N];
    for (int i = 0; i < N; i++) x[i] = (int32_t)(random_below(65536) << 16 | random_below(65536));
    x[3] = INT32_MIN, x[4] = INT32_MAX;
    FOR_EACH_ISA(isa) {
        RUN(sort, .integers = 1, .x = (float *)x, .y = (float *)y, .index = index, .outer = 1, .r = N, .inner = 1, .k = N);
        for (int i = 0; i < N; i++)
            CHECK(y[i] == x[index[i]] && (i == 0 || y[i - 1] <= y[i]), "isa %d at %d", isa, i);
        for (int reverse = 0; reverse < 2; reverse++)
            for (int add = 0; add < 2; add++)
                for (int inner = 1; inner <= 100; inner += 99) { /* sums wrap around */
                    for (int i = 0; i < N; i++) y[i] = i;
                    RUN(cumsum, .integers = 1, .x = (float *)x, .y = (float *)y, .outer = 1, .r = N / inner, .inner = inner,
                        .reverse = reverse, .add = add);
                    for (int c = 0; c < inner; c++) {
                        uint32_t sum = 0;
                        for (int i = 0; i < N / inner; i++) {
                            int at = (reverse ? N / inner - 1 - i : i) * inner + c;
                            sum += (uint32_t)x[at];
                            CHECK((uint32_t)y[at] == sum + (add ? (uint32_t)at : 0), "isa %d at %d", isa, at);
                        }
                    }
                }
    }
}

int main(void) {
    for (int i = 0; i < COUNT(shapes); i++) {
        cumsum(shapes[i][0], shapes[i][1], shapes[i][2]);
        for (int what = 0; what < 3; what++) sort(shapes[i][0], shapes[i][1], shapes[i][2], what);
    }
    integers();
    return DONE();
}
