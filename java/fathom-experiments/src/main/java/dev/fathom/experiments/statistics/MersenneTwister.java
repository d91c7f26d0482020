package dev.fathom.experiments.statistics;

/** The generator MT19937 (Matsumoto and Nishimura 1998), from which both NumPy and R draw. */
final class MersenneTwister {
    static final int WORDS = 624;
    private static final int AHEAD = 397;

    private final int[] state;
    private int at = WORDS;

    /** A generator with this state, which is not copied. */
    MersenneTwister(int[] state) {
        this.state = state;
    }

    /** The next 32 bits. */
    int next() {
        if (at == WORDS) {
            for (int i = 0; i < WORDS; i++) {
                int joined = state[i] & 0x8000_0000 | state[(i + 1) % WORDS] & 0x7fff_ffff;
                state[i] = state[(i + AHEAD) % WORDS] ^ joined >>> 1 ^ (joined & 1) * 0x9908_b0df;
            }
            at = 0;
        }
        int y = state[at++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        return y ^ y >>> 18;
    }
}
