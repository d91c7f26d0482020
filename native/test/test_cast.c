/*
 * cast from each type to each on every instruction set, bit for bit with any number of parts: all values of the types of 8 and 16 bits,
 * the numbers halfway between two of those with their neighbors, a sample of all floats and of all int32; and the sizes around a vector.
 */
#include "check.h"

enum { STRIDE = 40009, SAMPLE = (int)((UINT64_C(1) << 32) / STRIDE), SHORTS = 1 << 16, NUMBERS = SAMPLE + 6 * SHORTS };

static int width_of(int type) { return (const int[]){4, 4, 1, 1, 2, 2}[type]; }
static int is_whole(int type) { return type == ELEMENT_I32 || type == ELEMENT_U8 || type == ELEMENT_I8; }

static int32_t saturated(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }
static int32_t java_cast(float x) {
    return isnan(x) ? 0 : x >= 0x1p31f ? INT32_MAX : x <= -0x1p31f ? INT32_MIN : (int32_t)x;
}
static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

/* The number of 16 bits, `digits` of them behind the point, that is nearest to x; units of the last place begin at 2^least. */
static uint16_t narrow(float x, int digits, int least) {
    const uint32_t bits = bits_of(x);
    const int infinity = 0x7fff >> digits << digits, sign = (int)(bits >> 16 & 0x8000);
    if (isnan(x)) return (uint16_t)(sign | infinity | 1 << (digits - 1) | (bits >> (23 - digits) & ((1 << digits) - 1)));
    if (isinf(x)) return (uint16_t)(sign | infinity);
    int exponent;
    frexp(x, &exponent);
    const int unit = x == 0 || exponent - 1 - digits < least ? least : exponent - 1 - digits;
    const int magnitude = ((unit - least) << digits) + (int)nearbyint(ldexp(fabs(x), -unit));
    return (uint16_t)(sign | (magnitude > infinity ? infinity : magnitude));
}

/* the float of 16 bits; a quiet NaN of F16 */
static float widen(int type, uint16_t x) {
    const int rest = x & 0x7fff, special = type == ELEMENT_F16 && rest >= 0x7c00;
    const uint32_t bits = special ? 0x7f800000u | (uint32_t)(rest & 0x3ff) << 13 | (rest > 0x7c00 ? 0x400000u : 0) : (uint32_t)rest << 16;
    float y;
    memcpy(&y, &bits, 4);
    if (type == ELEMENT_F16 && !special)
        y = (float)ldexp(rest < 0x400 ? rest : (rest & 0x3ff) | 0x400, rest < 0x400 ? -24 : (rest >> 10) - 25);
    return x & 0x8000 ? -y : y;
}

/* y[i] = x[i] by one line of C for each type */
static void reference(int from, int to, const uint8_t *x, uint8_t *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        float f = 0;
        int32_t whole = 0;
        uint16_t s = 0;
        memcpy(width_of(from) == 2 ? (void *)&s : from == ELEMENT_F32 ? (void *)&f : (void *)&whole, x + i * width_of(from),
               (size_t)width_of(from));
        if (from == ELEMENT_I8) whole = (int8_t)whole;
        if (width_of(from) == 2) f = widen(from, s);
        if (is_whole(from)) f = from == to ? 0 : (float)whole;
        else whole = java_cast(f);
        if (to == ELEMENT_U8) whole = saturated(whole, 0, 255);
        if (to == ELEMENT_I8) whole = saturated(whole, -128, 127);
        s = to == ELEMENT_F16 ? narrow(f, 10, -24) : narrow(f, 7, -133);
        memcpy(y + i * width_of(to), is_whole(to) ? (void *)&whole : to == ELEMENT_F32 ? (void *)&f : (void *)&s,
               (size_t)width_of(to));
    }
}

/* Four bytes of each number: the float, or in their lowest ones what the other types hold. */
static void numbers(int type, uint32_t *x) {
    for (int64_t i = 0; i < SAMPLE; i++) x[i] = (uint32_t)(i * STRIDE);
    for (uint32_t i = 0; i < SHORTS; i++) {
        uint32_t *at = x + SAMPLE + 6 * i, half = bits_of(widen(ELEMENT_F16, (uint16_t)i)), bfloat = i << 16;
        for (int k = 0; k < 3; k++) {
            at[k] = width_of(type) == 4 ? half + (1u << 12) + (uint32_t)k - 1 : i; /* a half has 13 bits less, and a bfloat 16 */
            at[3 + k] = width_of(type) == 4 ? bfloat + (1u << 15) + (uint32_t)k - 1 : i;
        }
    }
}

/* small halves lie further apart than 2^13 units of a float's last place: those that are halfway between two, and their neighbors */
static void small_halves(float *x) {
    for (int i = 0; i < 0x400; i++) {
        const float middle = ldexpf((float)i + 0.5f, -24);
        x[4 * i] = middle, x[4 * i + 1] = nextafterf(middle, 0), x[4 * i + 2] = nextafterf(middle, 1), x[4 * i + 3] = -middle;
    }
}

static void casts(int from, int to) {
    const size_t wx = (size_t)width_of(from), wy = (size_t)width_of(to);
    uint32_t *all = guarded(NUMBERS * 4, 0);
    uint8_t *x = guarded(NUMBERS * wx, wx), *y = guarded(NUMBERS * wy, wy), *want = guarded(NUMBERS * wy, 0);
    numbers(from, all);
    if (from == ELEMENT_F32) small_halves((float *)all);
    for (int64_t i = 0; i < NUMBERS; i++) memcpy(x + i * (int64_t)wx, all + i, wx);
    reference(from, to, x, want, NUMBERS);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        memset(y, 0x55, NUMBERS * wy);
        CHECK(RUN(cast, .from = from, .to = to, .x = x, .y = y, .n = NUMBERS) == FATHOM_OK, "cast");
        for (int64_t i = 0; i < NUMBERS; i++)
            if (memcmp(y + i * (int64_t)wy, want + i * (int64_t)wy, wy)) {
                CHECK(0, "type %d to %d, isa %d, %d parts: number %lld, %x", from, to, isa, parts, (long long)i, all[i]);
                break;
            }
    }
    FOR_EACH_ISA(isa) for (int64_t n = 0; n < 70; n++) {
        uint8_t *exact = guarded((size_t)n * wx, wx), *made = guarded((size_t)n * wy, wy);
        memcpy(exact, x + 1000 * wx, (size_t)n * wx);
        RUN(cast, .from = from, .to = to, .x = exact, .y = made, .n = n);
        CHECK(!memcmp(made, want + 1000 * wy, (size_t)n * wy), "%lld of type %d to %d, isa %d", (long long)n, from, to, isa);
        release_guarded_from(4);
    }
    release_guarded();
}

int main(void) {
    for (int from = 0; from < ELEMENT_TYPES; from++)
        for (int to = 0; to < ELEMENT_TYPES; to++)
            if (from != to) casts(from, to);
    return DONE();
}
