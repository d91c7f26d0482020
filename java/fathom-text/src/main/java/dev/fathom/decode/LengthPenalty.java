package dev.fathom.decode;

import dev.fathom.op.Checks;

/**
 * What the log-probability of a hypothesis is divided by, as a function of its length: the number of its tokens, the
 * stop symbol among them. Every further token makes a sequence less probable, so that without a penalty short ones win.
 */
@FunctionalInterface
public interface LengthPenalty {
    /** Returns the divisor for this length, which is 1 or more. */
    double of(int length);

    /** Returns a penalty that is 1 for every length: sequences are ranked by their probability. */
    static LengthPenalty none() {
        return length -> 1;
    }

    /**
     * Returns ((5 + length) / 6)^alpha (Wu et al. 2016, Google's Neural Machine Translation System), where 0 ranks by
     * probability; 0.6 to 1 is usual.
     *
     * @throws IllegalArgumentException if alpha is negative or not finite
     */
    static LengthPenalty gnmt(double alpha) {
        double a = checked("gnmt", alpha);
        return length -> Math.pow((5.0 + length) / 6, a);
    }

    /**
     * Returns length^alpha, where 1 ranks by the mean log-probability of a token.
     *
     * @throws IllegalArgumentException if alpha is negative or not finite
     */
    static LengthPenalty power(double alpha) {
        double a = checked("power", alpha);
        return length -> Math.pow(length, a);
    }

    private static double checked(String what, double alpha) {
        Checks.notNegative("LengthPenalty." + what, "alpha", alpha);
        return alpha;
    }
}
