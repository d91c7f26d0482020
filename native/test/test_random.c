/* Random streams: Philox's published answers, the mapping of words to elements, statistics, the same bits everywhere. */
#include "check.h"

/* The reference: philox4x32-10, word by word, from the paper's description. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c[4], k[2] = {key[0], key[1]};
    memcpy(c, counter, sizeof c);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53 * c[0], p1 = (uint64_t)0xCD9E8D57 * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k[1], (uint32_t)p0};
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    memcpy(out, c, sizeof c);
}

static uint32_t word(int64_t seed, int64_t counter, int64_t i, uint32_t attempt) {
    uint64_t block = (uint64_t)(counter + i / 4);
    uint32_t c[4] = {(uint32_t)block, (uint32_t)(block >> 32), attempt, 0};
    uint32_t k[2] = {(uint32_t)seed, (uint32_t)((uint64_t)seed >> 32)}, out[4];
    philox(c, k, out);
    return out[i % 4];
}

/* kat_vectors of Random123 */
static void known_answers(void) {
    static const uint32_t rows[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        philox(rows[i], rows[i] + 4, out);
        CHECK(!memcmp(out, rows[i] + 6, sizeof out), "row %d: %08x %08x %08x %08x", i, out[0], out[1], out[2], out[3]);
    }
}

static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 61, 127, 1021, 1024, 1025, 4099};
static const int64_t seeds[][2] = {
    {0, 0}, {42, 7}, {-1, 0xfffffffe}, {0x123456789abcdef, 0x1fffffff0}, {5, -3}}; /* carries into the high word */

static void uniform_words(void) {
    FOR_EACH_ISA(isa)
        for (int s = 0; s < COUNT(seeds); s++)
            for (int k = 0; k < COUNT(sizes); k++) {
                int64_t n = sizes[k], seed = seeds[s][0], counter = seeds[s][1];
                float *y = guarded_floats(n, 4), *z = guarded_floats(n, 0);
                CHECK(RUN(uniform, .y = y, .n = n, .lo = 0, .hi = 1, .seed = seed, .counter = counter) == FATHOM_OK, "isa %d",
                      isa);
                RUN(uniform, .y = z, .n = n, .lo = -3, .hi = 5, .seed = seed, .counter = counter);
                for (int64_t i = 0; i < n; i++) {
                    double u = (word(seed, counter, i, 0) >> 8) * 0x1p-24;
                    CHECK(y[i] == (float)u, "isa %d seed %d n %lld i %lld: %g", isa, s, (long long)n, (long long)i, y[i]);
                    CHECK_NEAR(z[i], -3 + 8 * u, 1e-6, "isa %d n %lld i %lld", isa, (long long)n, (long long)i);
                }
                release_guarded();
            }
}

static void uniform_bounds(void) {
    const int64_t n = 100003;
    static const float bounds[][2] = {{1, 2}, {-1, -0.999999f}, {16777214, 16777216}, {-3e38f, 3e38f}, {1e-40f, 2e-40f}, {7, 7}};
    FOR_EACH_ISA(isa)
        for (int b = 0; b < COUNT(bounds); b++) {
            float lo = as_read(bounds[b][0]), hi = as_read(bounds[b][1]), *y = guarded_floats(n, 8);
            int64_t outside = 0;
            RUN(uniform, .y = y, .n = n, .lo = bounds[b][0], .hi = bounds[b][1], .seed = 3, .counter = 9);
            for (int64_t i = 0; i < n; i++) outside += !(y[i] >= lo && (y[i] < hi || lo == hi));
            CHECK(outside == 0, "isa %d [%g, %g): %lld outside", isa, lo, hi, (long long)outside);
            release_guarded();
        }
}

static void dropout_rule(void) {
    static const float ps[] = {0, 0x1p-32f, 0.1f, 0.3f, 0.4f, 0.5f, 0.999999f, 0x1.fffffep-1f, 1};
    FOR_EACH_ISA(isa)
        for (int p = 0; p < COUNT(ps); p++)
            for (int k = 0; k < COUNT(sizes); k++)
                for (int add = 0; add < 2; add++) {
                    int64_t n = sizes[k], seed = 11 * p, counter = 1000 * k;
                    float *x = guarded_random(n, 4, -2, 2), *y = guarded_floats(n, 12), *want = guarded_floats(n, 0);
                    x[n / 2] = INFINITY; /* dropped it is 0 all the same */
                    for (int64_t i = 0; i < n; i++) {
                        int keep = (double)word(seed, counter, i, 0) >= (double)ps[p] * 0x1p32;
                        y[i] = (float)i;
                        want[i] = (keep ? x[i] * 1.5f : 0) + (add ? y[i] : 0);
                    }
                    RUN(dropout, .x = x, .y = y, .n = n, .p = ps[p], .scale = 1.5f, .seed = seed, .counter = counter, .add = add);
                    CHECK_BITS(y, want, n, "isa %d p %g n %lld add %d", isa, ps[p], (long long)n, add);
                    release_guarded();
                }
}

static void normal_formula(void) {
    FOR_EACH_ISA(isa)
        for (int s = 0; s < COUNT(seeds); s++)
            for (int k = 0; k < COUNT(sizes); k++) {
                int64_t n = sizes[k], seed = seeds[s][0], counter = seeds[s][1];
                float *y = guarded_floats(n, 4);
                RUN(normal, .y = y, .n = n, .mean = 3, .std = 2, .seed = seed, .counter = counter);
                for (int64_t i = 0; i < n; i++) {
                    double u = ((word(seed, counter, i & ~1, 0) >> 1) + 0.5) * 0x1p-31;
                    double turn = word(seed, counter, i | 1, 0) * 0x1p-32 * 6.283185307179586, radius = sqrt(-2 * log(u));
                    double want = 3 + 2 * radius * (i % 2 ? sin(turn) : cos(turn));
                    CHECK_NEAR(y[i], want, 4e-6, "isa %d seed %d n %lld i %lld", isa, s, (long long)n, (long long)i);
                }
                release_guarded();
            }
}

/* Moments within five standard errors. */
static void statistics(void) {
    const int64_t n = 1 << 20;
    float *y = guarded_floats(n, 0), *one = guarded_floats(n, 0);
    for (int64_t i = 0; i < n; i++) one[i] = 1;
    FOR_EACH_ISA(isa)
        for (int64_t seed = 1; seed <= 3; seed++) {
            double root = sqrt((double)n), sum = 0, square = 0, lag = 0, fourth = 0;
            RUN(uniform, .y = y, .n = n, .lo = 0, .hi = 1, .seed = seed, .counter = 0);
            for (int64_t i = 0; i < n; i++) {
                double z = y[i] - 0.5;
                sum += z, square += z * z, lag += i ? z * (y[i - 1] - 0.5) : 0;
            }
            CHECK(fabs(sum / n) < 5 * sqrt(1 / 12.0) / root, "uniform mean %g", sum / n);
            CHECK(fabs(square / n - 1 / 12.0) < 5 * sqrt(1 / 180.0) / root, "uniform variance %g", square / n);
            CHECK(fabs(lag / n) < 5 / 12.0 / root, "uniform lag %g", lag / n);

            sum = square = lag = 0;
            RUN(normal, .y = y, .n = n, .mean = 0, .std = 1, .seed = seed, .counter = 1 << 20);
            int64_t beyond = 0, broken = 0;
            for (int64_t i = 0; i < n; i++) {
                double z = y[i];
                sum += z, square += z * z, fourth += z * z * z * z, lag += i ? z * y[i - 1] : 0;
                beyond += fabs(z) > 3;
                broken += !isfinite(z);
            }
            CHECK(broken == 0, "%lld not finite", (long long)broken);
            CHECK(fabs(sum / n) < 5 / root, "normal mean %g", sum / n);
            CHECK(fabs(square / n - 1) < 5 * sqrt(2) / root, "normal variance %g", square / n);
            CHECK(fabs(fourth / n - 3) < 5 * sqrt(96) / root, "normal fourth moment %g", fourth / n);
            CHECK(fabs(lag / n) < 5 / root, "normal lag %g", lag / n);
            CHECK(fabs(beyond - 0.0026998 * n) < 5 * sqrt(0.0026998 * n), "beyond 3 sigma: %lld", (long long)beyond);

            static const float ps[] = {0.1f, 0.3f, 0.4f, 0.5f};
            for (int p = 0; p < COUNT(ps); p++) {
                RUN(dropout, .x = one, .y = y, .n = n, .p = ps[p], .scale = 1, .seed = seed, .counter = 77);
                sum = 0;
                for (int64_t i = 0; i < n; i++) sum += y[i];
                CHECK(fabs(sum - n * (1.0 - ps[p])) < 5 * sqrt(n * ps[p] * (1.0 - ps[p])), "p %g kept %g", ps[p], sum / n);
            }
        }
    release_guarded();
}

static void permutations(void) {
    static const int64_t ns[] = {1, 2, 3, 4, 31, 32, 33, 1000, 60000};
    FOR_EACH_ISA(isa)
        for (int k = 0; k < COUNT(ns); k++) {
            int64_t n = ns[k], wrong = 0;
            int32_t *y = guarded((size_t)n * 4, 4), *want = guarded((size_t)n * 4, 0);
            RUN(permutation, .y = y, .n = n, .seed = 21, .counter = 5);
            for (int64_t i = 0; i < n; i++) { /* by division, against Lemire's multiplication: rejected words too */
                uint64_t product;
                uint32_t attempt = 0;
                do product = (uint64_t)word(21, 5, i, attempt++) * (uint64_t)(i + 1);
                while ((uint32_t)product < (0x100000000u - (uint64_t)(i + 1)) % (uint64_t)(i + 1));
                want[i] = (int32_t)i;
                want[i] = want[product >> 32];
                want[product >> 32] = (int32_t)i;
            }
            for (int64_t i = 0; i < n; i++) wrong += y[i] != want[i];
            CHECK(wrong == 0, "isa %d n %lld: %lld differ", isa, (long long)n, (long long)wrong);
            memset(want, 0, (size_t)n * 4);
            for (int64_t i = 0; i < n; i++) want[y[i]]++;
            for (int64_t i = 0; i < n; i++) wrong += want[i] != 1;
            CHECK(wrong == 0, "isa %d n %lld: not a permutation", isa, (long long)n);
            release_guarded();
        }
    /* the 24 orders of 4 are equally likely: chi-square with 23 degrees of freedom stays below its 1 - 1e-6 point */
    int32_t y[4];
    double seen[256] = {0}, chi = 0;
    const int draws = 48000;
    for (int i = 0; i < draws; i++) {
        RUN(permutation, .y = y, .n = 4, .seed = 1, .counter = i);
        seen[y[0] | y[1] << 2 | y[2] << 4 | y[3] << 6]++;
    }
    for (int i = 0; i < 256; i++)
        if (seen[i]) chi += (seen[i] - draws / 24.0) * (seen[i] - draws / 24.0) / (draws / 24.0);
    CHECK(chi < 73, "chi-square %g", chi);
}

/* Large enough for parts: v3, v4 and every cut give the same bits; all but normal do so on the baseline too. */
static void same_bits(void) {
    const int64_t n = 300007;
    float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 8), *first[3];
    for (int i = 0; i < 3; i++) first[i] = guarded_floats(n, 0);
    for (int kernel = 0; kernel < 3; kernel++) {
        int reference = -1;
        FOR_EACH_ISA(isa)
            FOR_EACH_PARTS(parts) {
                memset(y, 0, (size_t)n * 4);
                if (kernel == 0) RUN(uniform, .y = y, .n = n, .lo = -1, .hi = 2, .seed = 8, .counter = 1);
                if (kernel == 1)
                    RUN(dropout, .x = x, .y = y, .n = n, .p = 0.3f, .scale = 1 / 0.7f, .seed = 8, .counter = 1, .add = 1);
                if (kernel == 2) RUN(normal, .y = y, .n = n, .mean = 1, .std = 3, .seed = 8, .counter = 1);
                if (reference < 0 || (kernel == 2 && !is_fused(reference) && is_fused(isa))) {
                    memcpy(first[kernel], y, (size_t)n * 4);
                    reference = isa;
                }
                CHECK_BITS(y, first[kernel], n, "kernel %d isa %d parts %d", kernel, isa, parts);
            }
    }
    release_guarded();
}

int main(void) {
    known_answers();
    uniform_words();
    uniform_bounds();
    dropout_rule();
    normal_formula();
    statistics();
    permutations();
    same_bits();
    return DONE();
}
