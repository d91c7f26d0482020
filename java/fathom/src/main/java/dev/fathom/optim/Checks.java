package dev.fathom.optim;

/** Hyperparameters that make sense. */
final class Checks {
    private Checks() {}

    static void learningRate(String who, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    who + ": learningRate=" + value + " must be above 0 and finite, e.g. 1e-3");
        }
    }

    static void notNegative(String who, String name, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be 0 or more and finite");
        }
    }
}
