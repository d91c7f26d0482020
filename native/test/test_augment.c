/* warp, tone, noise, erase and mix against plain loops in double; the same bits for every cut, and of v3 and v4. */
#include "check.h"

/* n, h, w, c */
static const int64_t SIZES[][4] = {{1, 1, 1, 1},  {2, 1, 7, 3},   {3, 5, 1, 2},    {4, 4, 4, 1},  {2, 9, 17, 3},
                                   {3, 3, 33, 5}, {2, 6, 5, 17}, {37, 32, 32, 3}, {0, 4, 4, 3}, {50, 28, 28, 1}};

/* results of one size under the parts and ISAs so far: baseline (0) and the others (1) */
static float *first_bits[2];
static void same_bits(int isa, const float *y, int64_t n, const char *what, int size) {
    float **first = &first_bits[is_fused(isa)];
    if (!*first) {
        *first = malloc((size_t)(n ? n : 1) * 4);
        memcpy(*first, y, (size_t)n * 4);
    }
    CHECK_BITS(y, *first, n, "%s size %d isa %d", what, size, isa);
}
static void forget_bits(void) {
    for (int k = 0; k < 2; k++) {
        free(first_bits[k]);
        first_bits[k] = NULL;
    }
}

/* ---- warp ---- */

static double pixel(const float *x, int64_t r, int64_t q, int64_t ch, const int64_t *s, int64_t edge) {
    if (!edge && (r < 0 || r >= s[1] || q < 0 || q >= s[2])) return 0;
    r = r < 0 ? 0 : r >= s[1] ? s[1] - 1 : r;
    q = q < 0 ? 0 : q >= s[2] ? s[2] - 1 : q;
    return x[(r * s[2] + q) * s[3] + ch];
}

static void map_of(int kind, const int64_t *s, float m[6]) {
    double h = (double)s[1], w = (double)s[2], angle = random_uniform(-3, 3), scale = random_uniform(0.3, 2.5);
    double shear = random_uniform(-1, 1);
    const float maps[][6] = {
        {1, 0, 0, 0, 1, 0},                                                           /* as it is */
        {1, 0, 0, 0, -1, (float)(w - 1)},                                             /* flipped */
        {-1, 0, (float)(h - 1 - 2), 0, 1, 3},                                         /* upside down, shifted */
        {1, 0, -3, 0, -1, (float)(w + 1)},                                            /* flipped, shifted */
        {1, 0, 0, 0, 1, (float)(2 * w)},                                              /* all outside */
        {1, 0, 0.25f, 0, 1, -0.75f},                                                  /* by parts of a pixel */
        {(float)(scale * cos(angle)), (float)(scale * sin(angle)), (float)random_uniform(-h, h), (float)(-scale * sin(angle)),
         (float)(scale * (cos(angle) + shear)), (float)random_uniform(-w, w)},         /* anything */
        {1e30f, 0, 0, 0, 1e30f, -1e30f},                                              /* beyond every bound */
    };
    memcpy(m, maps[kind], sizeof *maps);
}
enum { MAPS = 8 };

static void warp(void) {
    for (int k = 0; k < COUNT(SIZES); k++)
        for (int64_t edge = 0; edge <= 1; edge++)
            for (int kind = 0; kind < MAPS; kind++) {
                uint64_t state = random_state;
                FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
                    const int64_t *s = SIZES[k], n = s[0] * s[1] * s[2] * s[3];
                    random_state = state;
                    float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8), *maps = guarded_floats(6 * s[0], 4);
                    for (int64_t i = 0; i < s[0]; i++) map_of(kind, s, maps + 6 * i);
                    CHECK(RUN(warp, .x = x, .y = y, .n = s[0], .h = s[1], .w = s[2], .c = s[3], .maps = maps, .edge = edge)
                              == FATHOM_OK,
                          "status");
                    int64_t wrong = 0;
                    for (int64_t i = 0; i < n; i++) {
                        int64_t ch = i % s[3], q = i / s[3] % s[2], r = i / s[3] / s[2] % s[1], image = i / s[3] / s[2] / s[1];
                        const float *m = maps + 6 * image, *from = x + image * s[1] * s[2] * s[3];
                        double row = m[0] * (double)r + m[1] * (double)q + m[2], column = m[3] * (double)r + m[4] * (double)q + m[5];
                        double r0 = floor(row), q0 = floor(column), a = row - r0, b = column - q0;
                        double limit = 1e6; /* far away is far away */
                        int64_t ri = (int64_t)fmin(fmax(r0, -limit), limit), qi = (int64_t)fmin(fmax(q0, -limit), limit);
                        double want = (1 - a) * ((1 - b) * pixel(from, ri, qi, ch, s, edge) + b * pixel(from, ri, qi + 1, ch, s, edge))
                                      + a * ((1 - b) * pixel(from, ri + 1, qi, ch, s, edge)
                                             + b * pixel(from, ri + 1, qi + 1, ch, s, edge));
                        wrong += kind < 5 ? y[i] != want : !near(y[i], want, 1e-4);
                    }
                    CHECK(wrong == 0, "isa %d parts %d size %d edge %d map %d: %lld wrong", isa, parts, k, (int)edge, kind,
                          (long long)wrong);
                    same_bits(isa, y, n, "warp", k);
                    release_guarded();
                }
                forget_bits();
            }
}

/* ---- the others ---- */

static void tone(void) {
    for (int k = 0; k < COUNT(SIZES); k++) {
        uint64_t state = random_state;
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
            const int64_t *s = SIZES[k], pixels = s[1] * s[2], c = s[3], n = s[0] * pixels * c;
            random_state = state;
            float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8), *tones = guarded_random(s[0] * 2, 4, 0.5, 2);
            if (s[0] > 1) tones[2] = 1;
            memcpy(y, x, (size_t)n * 4);
            CHECK(RUN(tone, .x = y, .n = s[0], .pixels = pixels, .c = c, .tones = tones) == FATHOM_OK, "status");
            int64_t wrong = 0;
            for (int64_t i = 0; i < s[0]; i++)
                for (int64_t ch = 0; ch < c; ch++) {
                    double mean = 0, gain = tones[2 * i], offset = tones[2 * i + 1];
                    for (int64_t p = 0; p < pixels; p++) mean += x[(i * pixels + p) * c + ch] / (double)pixels;
                    for (int64_t p = 0; p < pixels; p++) {
                        int64_t at = (i * pixels + p) * c + ch;
                        wrong += !near(y[at], (x[at] - mean) * gain + mean + offset, 3e-6);
                    }
                }
            CHECK(wrong == 0, "isa %d parts %d size %d: %lld wrong", isa, parts, k, (long long)wrong);
            same_bits(isa, y, n, "tone", k);
            release_guarded();
        }
        forget_bits();
    }
}

/* the numbers of each row are those that `normal` draws from the row's own blocks */
static void noise(void) {
    for (int k = 0; k < COUNT(SIZES); k++) {
        uint64_t state = random_state;
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
            const int64_t *s = SIZES[k], cols = s[1] * s[2] * s[3], n = s[0] * cols;
            random_state = state;
            float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8), *z = guarded_floats(cols, 4);
            memcpy(y, x, (size_t)n * 4);
            CHECK(RUN(noise, .x = y, .n = s[0], .cols = cols, .std = 0.5f, .seed = 77, .counter = 1000) == FATHOM_OK, "status");
            int64_t wrong = 0;
            for (int64_t i = 0; i < s[0]; i++) {
                RUN(normal, .y = z, .n = cols, .mean = 0, .std = 1, .seed = 77, .counter = 1000 + i * ((cols + 3) / 4));
                for (int64_t j = 0; j < cols; j++) wrong += !near(y[i * cols + j], x[i * cols + j] + 0.5 * z[j], 4e-7);
            }
            CHECK(wrong == 0, "isa %d parts %d size %d: %lld wrong", isa, parts, k, (long long)wrong);
            same_bits(isa, y, n, "noise", k);
            release_guarded();
        }
        forget_bits();
    }
}

static void erase(void) {
    for (int k = 0; k < COUNT(SIZES); k++)
        FOR_EACH_ISA(isa) {
            const int64_t *s = SIZES[k], n = s[0] * s[1] * s[2] * s[3];
            float *x = guarded_random(n, 4, 1, 2);
            int32_t *boxes = guarded((size_t)s[0] * 16, 4);
            for (int64_t i = 0; i < s[0]; i++)
                for (int axis = 0; axis < 2; axis++) {
                    int64_t from = random_below(s[1 + axis] + 1);
                    boxes[4 * i + 2 * axis] = (int32_t)from;
                    boxes[4 * i + 2 * axis + 1] = (int32_t)(from + random_below(s[1 + axis] + 1 - from));
                }
            CHECK(RUN(erase, .x = x, .n = s[0], .h = s[1], .w = s[2], .c = s[3], .boxes = boxes) == FATHOM_OK, "status");
            int64_t wrong = 0;
            for (int64_t i = 0; i < n; i++) {
                int64_t q = i / s[3] % s[2], r = i / s[3] / s[2] % s[1];
                const int32_t *box = boxes + 4 * (i / s[3] / s[2] / s[1]);
                wrong += (x[i] == 0) != (r >= box[0] && r < box[1] && q >= box[2] && q < box[3]);
            }
            CHECK(wrong == 0, "isa %d size %d: %lld wrong", isa, k, (long long)wrong);
            release_guarded();
        }
}

static void mix(void) {
    for (int k = 0; k < COUNT(SIZES); k++) {
        uint64_t state = random_state;
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
            const int64_t rows = SIZES[k][0], cols = SIZES[k][1] * SIZES[k][2] * SIZES[k][3], n = rows * cols;
            random_state = state;
            float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8), *share = guarded_random(rows, 4, 0, 1);
            if (rows > 1) share[0] = 1;
            memcpy(y, x, (size_t)n * 4);
            CHECK(RUN(mix, .x = y, .n = rows, .cols = cols, .share = share) == FATHOM_OK, "status");
            int64_t wrong = 0;
            for (int64_t i = 0; i < n; i++) {
                int64_t row = i / cols, other = (rows - 1 - row) * cols + i % cols;
                double part = share[row];
                wrong += row == rows - 1 - row || part == 1 ? y[i] != x[i] : !near(y[i], part * x[i] + (1 - part) * x[other], 3e-7);
            }
            CHECK(wrong == 0, "isa %d parts %d size %d: %lld wrong", isa, parts, k, (long long)wrong);
            same_bits(isa, y, n, "mix", k);
            release_guarded();
        }
        forget_bits();
    }
}

int main(void) {
    warp();
    tone();
    noise();
    erase();
    mix();
    return DONE();
}
