/*
 * dots and dots_int8 on every instruction set: dots is near the sum in double for sizes around the vector and the tile, and has the same
 * bits for a row and a query alone as among others; dots_int8 is the exact sum, of the extremes too, and wraps around beyond int32.
 */
#include "check.h"

static void dots(int isa, int64_t rows, int64_t queries, int64_t c) {
    float *x = guarded_random(rows * c, 4, -1, 1), *q = guarded_random(queries * c, 8, -1, 1), *y = guarded_floats(rows * queries, 12);
    RUN(dots, .x = x, .q = q, .y = y, .rows = rows, .queries = queries, .c = c);
    for (int64_t j = 0; j < queries; j++)
        for (int64_t i = 0; i < rows; i++) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < c; k++) {
                double product = (double)x[i * c + k] * q[j * c + k];
                sum += product, size += fabs(product);
            }
            CHECK_NEAR(y[j * rows + i], sum, 1e-6 * size, "row %lld of %lld, query %lld of %lld, c %lld, isa %d", (long long)i,
                       (long long)rows, (long long)j, (long long)queries, (long long)c, isa);
            float alone;
            RUN(dots, .x = x + i * c, .q = q + j * c, .y = &alone, .rows = 1, .queries = 1, .c = c);
            CHECK_BITS(y + j * rows + i, &alone, 1, "alone, c %lld, isa %d", (long long)c, isa);
        }
    release_guarded();
}

/* a third of the numbers are the extremes */
static void dots_int8(int isa, int64_t rows, int64_t queries, int64_t c) {
    int8_t *x = guarded((size_t)(rows * c), 1);
    int16_t *q = guarded((size_t)(queries * c) * 2, 2);
    int32_t *y = guarded((size_t)(rows * queries) * 4, 4);
    for (int64_t i = 0; i < rows * c; i++) x[i] = (int8_t)(random_below(3) ? (int32_t)random_below(256) - 128 : -128);
    for (int64_t i = 0; i < queries * c; i++) q[i] = (int16_t)(random_below(3) ? (int32_t)random_below(65535) - 32767 : -32767);
    RUN(dots_int8, .x = (uint8_t *)x, .q = (uint8_t *)q, .y = y, .rows = rows, .queries = queries, .c = c);
    for (int64_t j = 0; j < queries; j++)
        for (int64_t i = 0; i < rows; i++) {
            int64_t sum = 0;
            for (int64_t k = 0; k < c; k++) sum += x[i * c + k] * q[j * c + k];
            CHECK(y[j * rows + i] == (int32_t)(uint32_t)sum, "row %lld of %lld, query %lld, c %lld is %d, not %lld, isa %d", (long long)i,
                  (long long)rows, (long long)j, (long long)c, y[j * rows + i], (long long)sum, isa);
        }
    release_guarded();
}

int main(void) {
    static const int64_t sizes[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 384, 771};
    FOR_EACH_ISA(isa) {
        for (int s = 0; s < COUNT(sizes); s++)
            for (int64_t rows = 1; rows <= 9; rows += rows < 5 ? 1 : 4)
                for (int64_t queries = 1; queries <= 9; queries += rows < 5 ? 2 : 3) {
                    dots(isa, rows, queries, sizes[s]);
                    dots_int8(isa, rows, queries, sizes[s]);
                }
        dots(isa, 0, 3, 5), dots(isa, 3, 0, 5), dots(isa, 3, 2, 0);
        dots_int8(isa, 0, 3, 5), dots_int8(isa, 3, 0, 5), dots_int8(isa, 3, 2, 0);
        dots_int8(isa, 2, 1, 5000); /* beyond int32 */
    }
    return DONE();
}
