/* Along r of x[outer][r][inner]: cumulative sums, and values in order. */
#include "isa.h"
#include "sizes.h"

/* ---- cumsum: one sum for each column, of floats in doubles, so that a long line costs no digits ---- */

enum { SCAN_STRIP = 64 }; /* columns whose sums stay in L1 */

static void cumsum_integers(const struct cumsum_args *a, const uint32_t *x, uint32_t *y, int64_t columns) {
    uint32_t sum[SCAN_STRIP] = {0};
    for (int64_t i = 0; i < a->r; i++) {
        int64_t line = (a->reverse ? a->r - 1 - i : i) * a->inner;
        for (int64_t c = 0; c < columns; c++) y[line + c] = (sum[c] += x[line + c]) + (a->add ? y[line + c] : 0);
    }
}

static void cumsum_strip(const struct cumsum_args *a, const float *x, float *y, int64_t columns) {
    double sum[SCAN_STRIP] = {0};
    for (int64_t i = 0; i < a->r; i++) {
        int64_t line = (a->reverse ? a->r - 1 - i : i) * a->inner;
        for (int64_t c = 0; c < columns; c++) {
            sum[c] += x[line + c];
            y[line + c] = a->add ? y[line + c] + (float)sum[c] : (float)sum[c];
        }
    }
}

static void cumsum_part(void *context, int64_t part, int64_t parts) {
    const struct cumsum_args *a = context;
    int64_t from, to, strips = (a->inner + SCAN_STRIP - 1) / SCAN_STRIP;
    fathom_range(a->outer * strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t c0 = unit % strips * SCAN_STRIP, at = unit / strips * a->r * a->inner + c0;
        int64_t columns = a->inner - c0 < SCAN_STRIP ? a->inner - c0 : SCAN_STRIP;
        if (a->integers) cumsum_integers(a, (const uint32_t *)a->x + at, (uint32_t *)a->y + at, columns);
        else cumsum_strip(a, a->x + at, a->y + at, columns);
    }
}

static int32_t k_cumsum(const struct cumsum_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->outer * a->r * a->inner) * (a->inner == 1 ? 1.5 : 0.4);
    fathom_parallel(cumsum_part, (void *)a, fathom_parts(nanos, a->outer * ((a->inner + SCAN_STRIP - 1) / SCAN_STRIP)));
    return FATHOM_OK;
}

/*
 * ---- sort ----
 * A line becomes words of 64 bits, above a key whose unsigned order is that of the values and below the place: no two are equal,
 * and equal values keep their order. Short lines are sorted by insertion, long ones by the bytes of the key, lowest first.
 */
enum { SORT_INSERTION = 48 };

/* zeros of both signs are equal, NaN is above all */
static inline uint32_t float_key(uint32_t bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) return UINT32_MAX;
    if (bits == 0x80000000) bits = 0;
    return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

static void sort_insertion(uint64_t *a, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        uint64_t word = a[i];
        int64_t j = i;
        for (; j > 0 && a[j - 1] > word; j--) a[j] = a[j - 1];
        a[j] = word;
    }
}

/* a[n] in order, by way of b[n]; returns where it lies */
static uint64_t *sort_bytes(uint64_t *a, uint64_t *b, int64_t n) {
    int64_t count[4][256] = {0};
    for (int64_t i = 0; i < n; i++)
        for (int byte = 0; byte < 4; byte++) count[byte][a[i] >> (32 + 8 * byte) & 255]++;
    for (int byte = 0; byte < 4; byte++) {
        int shift = 32 + 8 * byte;
        int64_t *first = count[byte], sum = 0;
        if (first[a[0] >> shift & 255] == n) continue; /* all alike */
        for (int value = 0; value < 256; value++) {
            int64_t here = first[value];
            first[value] = sum;
            sum += here;
        }
        for (int64_t i = 0; i < n; i++) b[first[a[i] >> shift & 255]++] = a[i];
        uint64_t *other = a;
        a = b;
        b = other;
    }
    return a;
}

static void sort_line(const struct sort_args *s, const float *x, float *y, int32_t *index, uint64_t *words) {
    const uint32_t *bits = (const uint32_t *)x;
    const uint32_t turn = s->descending ? UINT32_MAX : 0;
    uint32_t *to = (uint32_t *)y;
    for (int64_t j = 0; j < s->r; j++) {
        uint32_t key = s->integers ? bits[j * s->inner] ^ 0x80000000 : float_key(bits[j * s->inner]);
        words[j] = (uint64_t)(key ^ turn) << 32 | (uint64_t)j;
    }
    if (s->r <= SORT_INSERTION) sort_insertion(words, s->r);
    else words = sort_bytes(words, words + s->r, s->r);
    for (int64_t j = 0; j < s->k; j++) {
        uint32_t place = (uint32_t)words[j];
        to[j * s->inner] = bits[place * s->inner];
        index[j * s->inner] = (int32_t)place;
    }
}

static void sort_part(void *context, int64_t part, int64_t parts) {
    const struct sort_args *s = context;
    int64_t from, to;
    fathom_range(s->outer * s->inner, 1, part, parts, &from, &to);
    uint64_t *words = (uint64_t *)fathom_own();
    for (int64_t line = from; line < to; line++) {
        int64_t o = line / s->inner, i = line % s->inner, at = o * s->k * s->inner + i;
        sort_line(s, s->x + o * s->r * s->inner + i, s->y + at, s->index + at, words);
    }
}

/* two words for each place of the line that is sorted */
static int64_t sort_scratch(const struct sort_args *s) {
    return s->outer == 0 || s->inner == 0 ? 0 : PRODUCT(2 * sizeof(uint64_t) / sizeof(float), s->r);
}

static int32_t k_sort(const struct sort_args *s, int64_t *detail) {
    (void)detail;
    int64_t lines = s->outer * s->inner;
    double nanos = (double)(lines * s->r) * 10;
    fathom_parallel_with(sort_part, (void *)s, fathom_parts(nanos, lines), s->scratch, sort_scratch(s));
    return FATHOM_OK;
}

EXPORT(cumsum)
EXPORT(sort)
EXPORT_SCRATCH(sort, sort_scratch)
