package dev.fathom.pretrained;

import java.nio.FloatBuffer;

/**
 * How the vectors of a text's tokens become one: each is multiplied by a weight, and all are added (Reimers and
 * Gurevych 2019).
 */
public enum Pooling {
    /** The mean, with the weight 1 / n for each of n tokens. */
    MEAN,
    /** The vector of the first token, which is [CLS] in BERT. */
    CLS,
    /** The vector of the last token, which alone has seen the others in a decoder. */
    LAST,
    /** The mean in which token t of n, counted from 1, has the weight t / (1 + 2 + ... + n) (Muennighoff 2022). */
    WEIGHTED_MEAN,
    /** The sum with the weight 1 / sqrt(n) for each of n tokens. */
    MEAN_SQRT_LENGTH;

    /** The weights of n tokens, from place {@code at} on. */
    void weights(int n, FloatBuffer to, int at) {
        for (int t = 0; t < n; t++) {
            float weight = switch (this) {
                case MEAN -> 1f / n;
                case CLS -> t == 0 ? 1 : 0;
                case LAST -> t == n - 1 ? 1 : 0;
                case WEIGHTED_MEAN -> (float) (2.0 * (t + 1) / ((double) n * (n + 1)));
                case MEAN_SQRT_LENGTH -> (float) (1 / Math.sqrt(n));
            };
            to.put(at + t, weight);
        }
    }
}
