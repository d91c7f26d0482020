package dev.fathom.nn;

/** Weights of classes. */
final class Weights {
    private Weights() {}

    /** A copy of them. */
    static float[] checked(String what, float[] weights) {
        float sum = 0;
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        what + " " + i + " is " + weights[i] + "; it must be 0 or more and finite");
            }
            sum += weights[i];
        }
        if (sum == 0) {
            throw new IllegalArgumentException(what + "s: none is above 0");
        }
        return weights.clone();
    }
}
