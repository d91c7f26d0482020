/* The tiles of block_products.h in one of their forms, which a unit names before it includes this. */
#define FLOATS 0 /* for every processor: sums of floats hold such whole numbers */
#define PAIRS 1  /* of bytes, in int16: vpmaddubsw */
#define WORDS 2  /* of bytes: VNNI */
#include "block_products.h"

/* ---- the sum of a block, for VL rows of w ---- */

#if FORM == FLOATS
typedef v block_sum;
enum { ZERO = 0 };
INLINE block_sum add_words(int q4, block_sum sum, vu words, const int8_t *x) {
    UNROLLED for (uint32_t p = 0; p < 4; p++) {
        const vi q = q4 ? (vi)(words >> 8 * p & 255) : (vi)(words << (24 - 8 * p)) >> 24;
        sum = sum + __builtin_convertvector(q, v) * v_set(x[p]);
    }
    return sum;
}
INLINE v whole_sum(int q4, block_sum sum, block_sum zero) { return (void)q4, (void)zero, sum; }
#else
typedef vi block_sum;
INLINE vi four(const int8_t *x) {
    int32_t word;
    memcpy(&word, x, 4);
    return vi_set(word);
}
#if FORM == WORDS
enum { ZERO = 128 }; /* of two bytes that are multiplied one is unsigned: with Q8 that of x */
INLINE block_sum add_words(int q4, block_sum sum, vu words, const int8_t *x) {
    return q4 ? add_byte_products(sum, (vi)words, four(x)) : add_byte_products(sum, four(x), (vi)words);
}
INLINE v whole_sum(int q4, block_sum sum, block_sum zero) { return __builtin_convertvector(q4 ? sum : sum - zero, v); }
#else
enum { ZERO = 0 };
#if VL == 16
#define OF_BYTES(name) _mm512_##name
typedef __m512i bytes_v;
#else
#define OF_BYTES(name) _mm256_##name
typedef __m256i bytes_v;
#endif
/* Sums of int16 hold a whole block of Q4, 32 products of at most 15 * 127, and two products of Q8, 128 * 127 each. */
INLINE block_sum add_words(int q4, block_sum sum, vu words, const int8_t *x) {
    const bytes_v right = (bytes_v)words, left = (bytes_v)four(x);
    if (q4) return (vi)OF_BYTES(add_epi16)((bytes_v)sum, OF_BYTES(maddubs_epi16)(right, left));
#if VL == 16
    const bytes_v turned = _mm512_mask_sub_epi8(left, _mm512_movepi8_mask(right), (bytes_v)vi_set(0), left);
#else
    const bytes_v turned = _mm256_sign_epi8(left, right);
#endif
    return add_byte_products(sum, (vi)OF_BYTES(abs_epi8)(right), (vi)turned);
}
INLINE v whole_sum(int q4, block_sum sum, block_sum zero) {
    (void)zero;
    return __builtin_convertvector(q4 ? (vi)OF_BYTES(madd_epi16)((bytes_v)sum, OF_BYTES(set1_epi16)(1)) : sum, v);
}
#endif
#endif

/* ---- tiles ---- */

INLINE void block_product(int R, int NV, int q4, const struct block_sweep *s, float *c) {
    const int64_t blocks = block_count(s->k), bytes = blocks_strip(q4, s->k);
    const int8_t *left = s->left;
    const uint8_t *strip[TILE_VECS];
    int64_t lane[TILE_VECS];
    UNROLLED for (int j = 0; j < NV; j++) {
        const int64_t column = s->column + j * VL;
        strip[j] = s->packed + column / BLOCK_STRIP * bytes, lane[j] = VL == BLOCK_STRIP ? 0 : column % BLOCK_STRIP;
    }
    v total[R][TILE_CHAINS];
    tile_begin(R, NV, 0, c, s->end.ldc, 0, total);
    for (int64_t block = 0; block < blocks; block++, left += BLOCK) {
        const int64_t first = block_start(q4, block) + block_head(q4);
        block_sum sum[R][TILE_VECS], zero[TILE_VECS];
        UNROLLED for (int j = 0; j < NV; j++) {
            zero[j] = (block_sum){0};
            UNROLLED for (int i = 0; i < R; i++) sum[i][j] = (block_sum){0};
        }
        UNROLLED for (int p = 0; p < BLOCK; p += q4 ? 8 : 4) {
            vu words[TILE_VECS];
            UNROLLED for (int j = 0; j < NV; j++) words[j] = words_load(strip[j] + first + p / (q4 ? 8 : 4) * BLOCK_WORDS + 4 * lane[j]);
#if FORM == WORDS
            UNROLLED for (int j = 0; j < NV && !q4; j++) zero[j] = add_byte_products(zero[j], vi_set((int32_t)0x80808080), (vi)words[j]);
#endif
            UNROLLED for (int i = 0; i < R; i++) {
                const int8_t *x = left + i * blocks * BLOCK + p;
                UNROLLED for (int j = 0; j < NV; j++) {
                    if (q4) {
                        sum[i][j] = add_words(1, sum[i][j], words[j] & 0x0f0f0f0f, x);
                        sum[i][j] = add_words(1, sum[i][j], words[j] >> 4 & 0x0f0f0f0f, x + 4);
                    } else {
                        sum[i][j] = add_words(0, sum[i][j], words[j], x);
                    }
                }
            }
        }
        UNROLLED for (int j = 0; j < NV; j++) {
            const struct block_scale scale = block_scale(q4, strip[j], block, lane[j]);
            UNROLLED for (int i = 0; i < R; i++) {
                const v one = whole_sum(q4, sum[i][j], zero[j]);
                total[i][j] = v_fma(one, scale.times * s->scales[i * blocks + block], total[i][j]);
                if (q4) total[i][j] = v_fma(scale.plus, v_set(s->sums[i * blocks + block]), total[i][j]);
            }
        }
    }
    held_sweep end = &s->end;
    const int64_t last = s->end.last;
    linear_end(R, NV, &end, last, total);
    tile_store(R, NV, c, s->end.ldc, last, total);
}

#define BLOCK_TILE(R, NV)                                                                                                        \
    static void q8_##R##_##NV(const struct block_sweep *s, float *c) { block_product(R, NV, 0, s, c); }                          \
    static void q4_##R##_##NV(const struct block_sweep *s, float *c) { block_product(R, NV, 1, s, c); }
EACH_TILE(BLOCK_TILE)
#define Q8_ENTRY(R, NV) [BLOCK_Q8][NV][R] = q8_##R##_##NV,
#define Q4_ENTRY(R, NV) [BLOCK_Q4][NV][R] = q4_##R##_##NV,
#define BLOCK_TILES(cost) {ZERO, cost, {EACH_TILE(Q8_ENTRY) EACH_TILE(Q4_ENTRY)}}
